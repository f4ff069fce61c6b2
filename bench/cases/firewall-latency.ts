// From the last offending line in a log to the first dropped packet: engine, Local API and bouncer as processes of their
// own, packets over a wire between two namespaces, about one a millisecond. At rest, during imports of 100,000 decisions
// and during listings of 500,000. Runs inside `unshare -n`. Usage: node dist/bench/cases/firewall-latency.js BANS LOADED_BANS

import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FarHost } from '../../test/bouncer/far-host.js';
import { freePort } from '../../test/support/free-port.js';
import { RunningDaemon, TestInstance } from '../../test/support/instance.js';
import { run } from '../../test/support/network-namespace.js';
import { projectRoot } from '../../test/support/shared.js';
import { ipv4 } from '../../ts/util/ip.js';
import { quantile } from '../quantile.js';
import { importFile } from './lapi.js';

const bans = Number(process.argv[2] ?? 200);
const loadedBans = Number(process.argv[3] ?? bans);
const here = '10.9.0.1';
/** Attackers; private addresses would be whitelisted. */
const attackers = 0x2d0a0001;
const linesToOverflow = 6;
const importCount = 100_000;
const listedCount = 500_000;
/** No datagram for so long: the ban is in force. */
const silenceMs = 150;
/** A ban that takes longer counts as this. */
const banMsMax = 30_000;
/** Between two imports or listings. */
const restMs = 1_000;
let attacker = 0;

run('ip', ['link', 'set', 'lo', 'up']);
const far = await FarHost.start('near', [`${here}/24`], ['10.9.0.2/24']);
far.run('ip', ['route', 'add', 'local', '45.10.0.0/16', 'dev', 'lo']);
run('ip', ['route', 'add', '45.10.0.0/16', 'via', '10.9.0.2']);
// It stands for a machine of its own: its packets must not wait for a processor of this one.
setPriority(far.pid, -15);
const received = new Map<string, { last: number; atMs: number }>();
const server = createSocket('udp4');
server.on('message', (data, { address }) => received.set(address, { last: Number(String(data)), atMs: performance.now() }));
await new Promise<void>((resolve) => server.bind(0, here, resolve));

const instance = await TestInstance.create({ hub: 'embedded', collections: ['palisade/sshd', 'palisade/linux'] });
const log = join(instance.dir, 'auth.log');
writeFileSync(log, '');
writeFileSync(join(instance.dir, 'etc/acquis.yaml'), `source: file\nfilenames: ['${log}']\nlabels: {type: syslog}\n`);
const lapi = await instance.daemon(['-no-cs']);
const engine = await startEngine();
const bouncer = await startBouncer();
try {
  await measure('at rest', bans);
  const file = join(instance.dir, 'import.csv');
  writeFileSync(file, importFile(importCount));
  await measureDuring(`during imports of ${importCount.toLocaleString('en')} decisions`, ['decisions', 'import', '-i', file]);
  for (let held = 0; held < listedCount; held += importCount) await instance.cscli(['decisions', 'import', '-i', file]);
  await measureDuring(`during listings of ${listedCount.toLocaleString('en')} decisions`, ['decisions', 'list', '-a', '-o', 'json']);
} finally {
  bouncer.kill();
  await engine.stop();
  await lapi.stop();
  far.stop();
  server.close();
  instance.remove();
}

async function startEngine(): Promise<RunningDaemon> {
  const config = join(instance.dir, 'etc/engine.yaml');
  const port = await freePort();
  writeFileSync(config, readFileSync(instance.config, 'utf8').replace(`listen_port: ${instance.metricsPort}`, `listen_port: ${port}`));
  const daemon = new RunningDaemon(spawn(process.execPath, [join(projectRoot, 'bin/palisade'), '-c', config, '-no-api'],
    { stdio: ['ignore', 'pipe', 'pipe'] }));
  await daemon.until(() => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.ok, () => false));
  return daemon;
}

async function startBouncer(): Promise<ChildProcess> {
  const added = await instance.cscli(['bouncers', 'add', 'bench', '-o', 'raw']);
  const config = join(instance.dir, 'etc/bouncer.yaml');
  writeFileSync(config, `mode: nftables\napi_url: http://127.0.0.1:${instance.apiPort}/\napi_key: ${added.stdout.trim()}\n`);
  const child = spawn(process.execPath, [join(projectRoot, 'bin/palisade-firewall-bouncer'), '-c', config],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (data: Buffer) => { if (String(data).includes('decisions in force')) resolve(); });
    child.once('exit', () => reject(new Error('the bouncer ended')));
  });
  return child;
}

/** Bans one attacker after the other; tells the distribution. */
async function measure(name: string, count: number): Promise<void> {
  const times: number[] = [];
  while (times.length < count) times.push(await timeBan());
  const at = (share: number): string => quantile(times, share).toFixed(1);
  process.stdout.write(`| ${name} | ${times.length} | ${at(0.5)} ms | ${at(0.9)} ms | ${at(0.99)} ms | ${at(1)} ms |\n`);
}

/** As `measure`, while a command runs again and again. */
async function measureDuring(name: string, command: readonly string[]): Promise<void> {
  let isOver = false;
  const loading = (async () => {
    while (!isOver) {
      const { exit, stderr } = await instance.cscli(command);
      if (exit !== 0) throw new Error(`cscli ${command.join(' ')}: ${stderr}\n${lapi.output.slice(-3000)}`);
      await sleep(restMs);
    }
  })();
  await Promise.race([measure(name, loadedBans), loading]).finally(() => { isOver = true; });
  await loading;
}

/** Milliseconds from the last offending line to the first packet that does not arrive. */
async function timeBan(): Promise<number> {
  const source = ipv4(attackers + attacker++).toString();
  const line = `${syslogTime()} host sshd[1]: Failed password for root from ${source} port 4242 ssh2\n`;
  appendFileSync(log, line.repeat(linesToOverflow - 1));
  await far.ask('probe', source, here, server.address().port);
  while (!received.has(source)) await sleep(1);
  await sleep(20 + 10 * Math.random());
  const startMs = Number(process.hrtime.bigint()) / 1e6;
  appendFileSync(log, line);
  for (const from = performance.now(); !await isSilent(source);) {
    if (performance.now() - from > banMsMax) {
      await far.ask('stopProbe');
      return banMsMax;
    }
    await sleep(5);
  }
  const sentMs = await far.ask('stopProbe');
  return sentMs[received.get(source)!.last + 1] - startMs;
}

/** Whether packets are sent and none has come for a while: on a busy machine the sender may be what is silent. */
async function isSilent(source: string): Promise<boolean> {
  const { last, atMs } = received.get(source)!;
  return performance.now() - atMs > silenceMs && await far.ask('probeCount') > last + silenceMs / 4;
}

function syslogTime(): string {
  const [, month, day, , time] = /^\w+ (\w+) (\d+) (\d+) ([\d:]+)/.exec(new Date().toString())!;
  return `${month} ${day.replace(/^0/, ' ')} ${time}`;
}
