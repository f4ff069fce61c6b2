// The bouncer as a process that is killed with SIGKILL before each of its transactions (or programs): from an empty kernel, and over the
// bans of an earlier life. What is banned before and after stays banned all the time, and a life to the end makes it exact.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { projectRoot } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-kill-'));
after(() => rmSync(folder, { recursive: true }));
const preload = fileURLToPath(new URL('kill-at-transaction.js', import.meta.url));

/** Values that the Local API says are banned. */
let banned: readonly string[] = [];

type Mode = 'nftables' | 'iptables' | 'ipset';

/** Starts a bouncer that dies at a transaction. */
function start(mode: Mode, port: number, killAt: number): ChildProcess {
  const file = join(folder, 'bouncer.yaml');
  writeFileSync(file, `mode: ${mode}\napi_url: http://127.0.0.1:${port}\napi_key: k\ndisable_ipv6: true\n`);
  return spawn(process.execPath, ['--import', preload, join(projectRoot, 'bin/palisade-firewall-bouncer'), '-c', file],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PALISADE_KILL_AT: String(killAt) } });
}

/** One life up to its death or until its decisions are in force, when it is killed too. True: they are. */
async function live(mode: Mode, port: number, killAt: number): Promise<boolean> {
  const child = start(mode, port, killAt);
  let isDone = false;
  const lines: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    lines.push(line);
    if (!line.includes('decisions in force')) return;
    isDone = true;
    child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'exit') as [number, string];
  assert.equal(signal, 'SIGKILL', lines.join('\n'));
  return isDone;
}

/** What is banned by the sets that rules look at, without times. With iptables: nothing when a rule is missing. */
function held(mode: Mode): string[] {
  if (mode === 'nftables') {
    const text = run('nft', ['list', 'ruleset']).replace(/set crowdsec-blacklists\.never \{[^}]*elements = \{[^}]*\}/, '');
    return [...text.matchAll(/(\d+\.\d+\.\d+\.\d+(?:\/\d+)?) timeout/g)].map(([, value]) => value).sort();
  }
  if (mode === 'iptables') {
    const rules = run('iptables', ['-S']);
    if (!rules.includes('-A INPUT -j CROWDSEC_CHAIN') || rules.match(/-A CROWDSEC_CHAIN .*-j DROP/g)?.length !== 2) return [];
  }
  return [...run('ipset', ['save']).matchAll(/^add crowdsec-blacklists(?:-net)? (\S+) timeout/gm)].map(([, value]) => value).sort();
}

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables'], () => {
  for (const mode of ['nftables', 'iptables', 'ipset'] as const) test(`mode ${mode}: a bouncer killed before any of its transactions leaves no ban out`, async () => {
    const server = createServer((request, response) => response.end(JSON.stringify({ deleted: [],
      new: banned.map((value, index) => ({ id: index + 1 + 100 * banned.length, duration: '4h', origin: 'cscli', scenario: 's',
        scope: value.includes('/') ? 'Range' : 'Ip', type: 'ban', value })) })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      banned = ['192.0.2.1', '192.0.2.2', '198.51.100.0/24'];
      let lives = 1;
      while (!await live(mode, port, lives)) lives++;
      assert.ok(lives > 4, `${lives} lives`);
      assert.deepEqual(held(mode), ['192.0.2.1', '192.0.2.2', '198.51.100.0/24']);
      // Another list: what both have must never be gone.
      banned = ['192.0.2.2', '192.0.2.3', '198.51.100.0/24', '203.0.113.0/24'];
      for (lives = 1; !await live(mode, port, lives); lives++) {
        const now = held(mode);
        assert.ok(now.includes('192.0.2.2') && now.includes('198.51.100.0/24'), `life ${lives}: ${now.join(' ')}`);
      }
      assert.deepEqual(held(mode), banned);
      assert.ok(lives > 3, `${lives} lives`);
    } finally {
      server.close();
      run('nft', ['flush', 'ruleset']);
      run('ipset', ['destroy']);
    }
  });
});
