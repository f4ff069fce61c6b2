// Our bouncer on the stream of changes of a Local API that answers from memory: a hundred thousand bans and ten thousand
// more, a million, then one ban and one unban on top of them, from the event to the kernel's own notification of it. Runs
// inside `unshare -n`. Usage: node dist/bench/cases/firewall-load.js

import { spawnSync } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadNftablesAddon } from '../../native/index.js';
import { ipv4 } from '../../ts/util/ip.js';
import { murmur3 } from '../../ts/util/murmur.js';
import { palisadeBouncer, startEngine } from '../engines/firewall-bouncers.js';
import { quantile } from '../quantile.js';

const single = 200;
const eventDecisions = 1_000;
const firstAddress = 0x14000000;

spawnSync('ip', ['link', 'set', 'lo', 'up']);
let whole: readonly Buffer[] = [];
let stream: ServerResponse | null = null;
const server = createServer((request, response) => {
  if (!request.url!.startsWith('/v1/decisions/changes')) return void response.writeHead(404).end();
  stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const piece of whole) response.write(piece);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const { Monitor } = loadNftablesAddon();

process.stdout.write('| | wall | CPU | peak |\n|---|---|---|---|\n');
for (const count of [100_000, 1_000_000]) {
  spawnSync('nft', ['flush', 'ruleset']);
  whole = everything(count);
  const startMs = performance.now();
  const bouncer = startEngine(palisadeBouncer, url, 'bench');
  await bouncer.said;
  row(`${count.toLocaleString('en')} bans from the start of the process`, performance.now() - startMs, bouncer.usage());
  let changed = 0;
  let heard = (): void => {};
  const monitor = new Monitor(0, (changes) => {
    changed += changes.filter(({ kind }) => kind === 'elements').length;
    heard();
  });
  /** Milliseconds from an event to the kernel's word that so many elements came or went. */
  const timed = async (added: readonly object[], deleted: readonly object[]): Promise<number> => {
    const from = performance.now();
    const wanted = changed + added.length + deleted.length;
    const done = new Promise<void>((resolve) => { heard = () => { if (changed >= wanted) resolve(); }; });
    stream!.write(event('decisions', { new: added, deleted }));
    await done;
    return performance.now() - from;
  };
  if (count === 100_000) {
    const before = bouncer.usage();
    const ms = await timed(Array.from({ length: 10_000 }, (_, index) => decision(count + index)), []);
    const { cpuSeconds, residentMb } = bouncer.usage();
    row('10,000 more on top', ms, { cpuSeconds: cpuSeconds - before.cpuSeconds, residentMb });
  }
  const bans: number[] = [];
  const unbans: number[] = [];
  for (let index = 0; index < single; index++) {
    const one = [decision(2_000_000 + index)];
    bans.push(await timed(one, []));
    unbans.push(await timed([], one));
  }
  tellTimes(`one ban on top of ${count.toLocaleString('en')}`, bans);
  tellTimes(`one unban on top of ${count.toLocaleString('en')}`, unbans);
  monitor.close();
  await bouncer.stop();
}
server.close();

function decision(index: number): { readonly id: number; readonly value: string } {
  const value = ipv4(firstAddress + index * 7).toString();
  return { duration: '3h59m58s', id: index + 1, origin: 'cscli', scenario: 'crowdsecurity/ssh-bf', scope: 'Ip', type: 'ban', value } as never;
}

function event(name: string, data: object, id = ''): Buffer {
  return Buffer.from(`event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`);
}

/** The whole set as events, with its sum. */
function everything(count: number): Buffer[] {
  const pieces = [event('reset', { reason: 'start' })];
  const sums = [0, 0];
  for (let from = 0; from < count; from += eventDecisions) {
    const decisions = Array.from({ length: Math.min(eventDecisions, count - from) }, (_, index) => decision(from + index));
    for (const { id, value } of decisions) sums.forEach((sum, seed) => { sums[seed] = (sum + murmur3(`${id} ${value}`, seed)) % 2 ** 32; });
    pieces.push(event('decisions', { new: decisions, deleted: [] }));
  }
  const checksum = sums.map((sum) => sum.toString(16).padStart(8, '0')).join('');
  return [...pieces, event('state', { count, checksum }, 'id: 1\n')];
}

function row(name: string, ms: number, { cpuSeconds, residentMb }: { readonly cpuSeconds: number; readonly residentMb: number }): void {
  process.stdout.write(`| ${name} | ${ms.toFixed(0)} ms | ${cpuSeconds.toFixed(2)} s | ${residentMb.toFixed(0)} MB |\n`);
}

function tellTimes(name: string, times: readonly number[]): void {
  process.stdout.write(`| ${name}: median, 99 of 100 | ${quantile(times, 0.5).toFixed(2)} ms, `
    + `${quantile(times, 0.99).toFixed(2)} ms | | |\n`);
}
