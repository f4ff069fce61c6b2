// The firewall bouncers, in a network namespace of their own: from the start of the process to all bans in the kernel.
// What is measured and how is bench/cases/firewall-start.ts; this unpacks the peer and runs it.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bansCount = 100_000;
const rounds = 3;
const peerCapSeconds = 100;

/** Measures and tells. Needs root and Debian's package sources. */
export function runFirewall(work: string, tell: (line: string) => void): void {
  const peer = join(work, 'crowdsec-firewall-bouncer');
  if (!existsSync(peer)) {
    execFileSync('apt-get', ['download', 'crowdsec-firewall-bouncer'], { cwd: work, stdio: 'ignore' });
    const deb = readdirSync(work).find((name) => /^crowdsec-firewall-bouncer_.*\.deb$/.test(name))!;
    execFileSync('dpkg', ['-x', join(work, deb), peer]);
  }
  const script = fileURLToPath(new URL('../cases/firewall-start.js', import.meta.url));
  const child = spawnSync('unshare', ['-n', process.execPath, script, String(bansCount), String(rounds), peer,
    String(peerCapSeconds)], { encoding: 'utf8', env: { ...process.env, PALISADE_BENCH_NAMESPACE: '1' } });
  if (child.status !== 0) throw new Error(`the bench of the bouncers failed: ${child.stderr}`);
  for (const line of child.stdout.trimEnd().split('\n')) tell(line);
}
