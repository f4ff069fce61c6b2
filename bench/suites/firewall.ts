// The firewall bouncers, in a network namespace of their own: from the start of the process to all bans in the kernel,
// and from the log line to the dropped packet. What is measured and how is in bench/cases/; this unpacks the peer.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bansCount = 100_000;
const rounds = 3;
const timedBansCount = 200;
const peerCapSeconds = 100;

/** Measures and tells. Needs root and Debian's package sources. */
export function runFirewall(work: string, tell: (line: string) => void): void {
  const peer = join(work, 'crowdsec-firewall-bouncer');
  if (!existsSync(peer)) {
    execFileSync('apt-get', ['download', 'crowdsec-firewall-bouncer'], { cwd: work, stdio: 'ignore' });
    const deb = readdirSync(work).find((name) => /^crowdsec-firewall-bouncer_.*\.deb$/.test(name))!;
    execFileSync('dpkg', ['-x', join(work, deb), peer]);
  }
  tell('## From the start of the process to all bans in the kernel\n');
  inNamespace('firewall-start.js', [String(bansCount), String(rounds), peer, String(peerCapSeconds)], tell);
  tell('\n## On the stream of changes\n');
  inNamespace('firewall-load.js', [], tell);
  tell('\n## The wanted state alone, a million bans\n');
  inNamespace('firewall-state.js', [], tell, ['--expose-gc']);
  tell('\n## From the last offending line to the first dropped packet\n');
  tell('| | bans | median | 90 of 100 | 99 of 100 | longest |\n|---|---|---|---|---|---|');
  inNamespace('firewall-latency.js', [String(timedBansCount)], tell);
}

function inNamespace(name: string, args: readonly string[], tell: (line: string) => void, options: readonly string[] = []): void {
  const script = fileURLToPath(new URL(`../cases/${name}`, import.meta.url));
  const child = spawnSync('unshare', ['-n', process.execPath, ...options, script, ...args],
    { encoding: 'utf8', env: { ...process.env, PALISADE_BENCH_NAMESPACE: '1' } });
  if (child.status !== 0) throw new Error(`the bench of the bouncers failed: ${child.stderr}`);
  for (const line of child.stdout.trimEnd().split('\n')) tell(line);
}
