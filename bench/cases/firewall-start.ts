// From the start of a bouncer's process to all bans in the kernel, ours beside Debian's, alternated, against one Local
// API that answers from memory. Runs in a network namespace of its own (`unshare -n`); the number of elements in the
// kernel is the answer that must agree. Usage: unshare -n node dist/bench/cases/firewall-start.js COUNT ROUNDS PEER CAP_S

import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadNftablesAddon } from '../../native/index.js';
import { ipv4 } from '../../ts/util/ip.js';
import { debianBouncer, palisadeBouncer, startEngine, type BouncerEngine } from '../engines/firewall-bouncers.js';

const [count, rounds, peer, capSeconds] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 3),
  process.argv[4] ?? 'var/bench/crowdsec-firewall-bouncer', Number(process.argv[5] ?? 100)];
const ipv4Family = 2;
const lookIntervalMs = 2_000;
const apiKey = 'bench';

/** Everything, or nothing new. */
const everything = Buffer.from(`{"new": [${Array.from({ length: count }, (_, index) => JSON.stringify({
  duration: '3h59m58s', id: index + 1, origin: 'cscli', scenario: 'crowdsecurity/ssh-bf', scope: 'Ip', type: 'ban',
  value: ipv4(0x14000000 + index * 7).toString() })).join(',')}], "deleted": []}`);
const nothing = Buffer.from('{"new": [], "deleted": []}');

if (readlinkSync('/proc/self/ns/net') === readlinkSync(`/proc/${process.ppid}/ns/net`)
  && process.env['PALISADE_BENCH_NAMESPACE'] === undefined) {
  const child = spawnSync('unshare', ['-n', process.execPath, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, PALISADE_BENCH_NAMESPACE: '1' } });
  process.exit(child.status ?? 1);
}
spawnSync('ip', ['link', 'set', 'lo', 'up']);
const server = createServer((request, response) => {
  if (!request.url!.startsWith('/v1/decisions/stream')) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(request.url!.includes('startup=true') ? everything : nothing);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const connection = new (loadNftablesAddon().Connection)(8 << 20, 1 << 20);

for (let round = 1; round <= rounds; round++) {
  for (const engine of [palisadeBouncer, debianBouncer(peer)]) await measure(engine, round);
}
server.close();
connection.close();

async function measure(engine: BouncerEngine, round: number): Promise<void> {
  spawnSync('nft', ['flush', 'ruleset']);
  const started = performance.now();
  const bouncer = startEngine(engine, url, apiKey);
  const deadline = started + capSeconds * 1000;
  let held = 0;
  let ended: number = started;
  // A dump of a large set takes the kernel long and restarts with every transaction: who fills the set says when it is
  // full, and is believed after a look; who does not say it is looked at now and then.
  while (held < count && performance.now() < deadline && bouncer.child.exitCode === null) {
    await (engine.says === undefined ? new Promise((resolve) => setTimeout(resolve, lookIntervalMs)) : bouncer.said);
    ended = performance.now();
    held = await elements();
  }
  const seconds = ((ended - started) / 1000).toFixed(2);
  const { cpuSeconds, residentMb } = bouncer.usage();
  process.stdout.write(`round ${round}  ${engine.name.padEnd(26)} ${String(held).padStart(7)} of ${count} after ${seconds} s`
    + `  cpu ${cpuSeconds.toFixed(2)} s  peak ${residentMb.toFixed(0)} MB${held < count ? '  (capped)' : ''}\n`);
  await bouncer.stop();
}

/** Elements of all sets of bans. */
async function elements(): Promise<number> {
  let sum = 0;
  for (const set of await connection.listObjects('set', ipv4Family)) {
    if (!set.name.startsWith('crowdsec-blacklists') || set.name.endsWith('.never')) continue;
    sum += (await connection.listElements(set.family, set.table, set.name, set.keyLength)).count;
  }
  return sum;
}
