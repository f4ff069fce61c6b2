// `npm run bench [-- macro|scale|latency|hostile|micro|lapi|firewall|hub|differential|dates]`. Macro: replays generated logs beside Debian's crowdsec
// with the same rules; alerts are compared before anything is reported. Scale, a part of it: rules, workers, cores. Latency: from
// a line to its alert. Hostile: input made to cost much, a million buckets. Micro: the inner loops with benchmark.js. Hub: what loading and explaining cost. Differential and dates
// compare answers only. Results also go to bench/record/.

import { cpus, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chunksOf } from '../ts/instance/corpus.js';
import { type ReplayCase, replayCases } from './cases/replay.js';
import { crowdsecEngine } from './engines/crowdsec.js';
import { matchWithFail2ban } from './engines/fail2ban.js';
import { palisadeEngine } from './engines/palisade.js';
import type { Replay, ReplayEngine } from './replay-engine.js';
import { runDatesBesideGo } from './suites/dates-beside-go.js';
import { runDifferential } from './suites/differential.js';
import { runFirewall } from './suites/firewall.js';
import { runHostile } from './suites/hostile.js';
import { runHub } from './suites/hub.js';
import { runLapi } from './suites/lapi.js';
import { runLatency } from './suites/latency.js';
import { runMicro } from './suites/micro.js';
import { runScale } from './suites/scale.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const work = join(root, 'var/bench');

/** Cost of a line as the slope between two lengths; start-up is what the shorter run costs beyond that. */
interface Slope {
  readonly cpuPerLine: number;
  readonly wallPerLine: number;
  readonly startCpuSeconds: number;
  readonly short: Replay;
  readonly long: Replay;
}

/** Runs the benches that the arguments name, all without arguments. */
export async function main(argv: readonly string[]): Promise<void> {
  mkdirSync(work, { recursive: true });
  const what = argv.length === 0 ? ['macro', 'micro'] : argv;
  const report: string[] = [`# ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0].model.trim()}), `
    + `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, commit ${commit()}\n`];
  const tell = (line: string): void => {
    report.push(line);
    process.stdout.write(`${line}\n`);
  };
  if (what.includes('macro')) await macro(tell);
  if (what.includes('macro') || what.includes('scale')) {
    await runScale({ work, tell, writeLog, out: join(root, 'bench/record', `${new Date().toISOString().slice(0, 10)}-scale`) });
  }
  if (what.includes('macro') || what.includes('latency')) await runLatency(work, tell);
  if (what.includes('macro') || what.includes('hostile')) {
    await runHostile(work, tell, join(root, 'bench/record', `${new Date().toISOString().slice(0, 10)}-hostile`));
  }
  if (what.includes('micro')) await runMicro(tell, join(root, 'bench/record', `${new Date().toISOString().slice(0, 10)}-micro`));
  if (what.includes('lapi')) await runLapi(work, tell);
  if (what.includes('firewall')) runFirewall(work, tell);
  if (what.includes('hub')) await runHub(work, tell);
  if (what.includes('dates')) runDatesBesideGo(tell);
  if (what.includes('differential')) await runDifferential(work, tell);
  const file = join(root, 'bench/record', `${new Date().toISOString().slice(0, 10)}-${what.join('-')}.md`);
  mkdirSync(join(root, 'bench/record'), { recursive: true });
  // Added, since a record may hold what somebody wrote beside its tables.
  appendFileSync(file, `${existsSync(file) ? '\n' : ''}${report.join('\n')}\n`);
  process.stdout.write(`\nwritten to ${file.slice(root.length)}\n`);
}

async function macro(tell: (line: string) => void): Promise<void> {
  const peer = crowdsecEngine(join(work, 'crowdsec'), 18_480);
  if (peer === null) throw new Error('the peer is not to be had: apt-get cannot download the package crowdsec');
  const ours = palisadeEngine(join(work, 'palisade'), peer.hub, 18_481, 0);
  tell(`## Replay, same rules (${peer.name}'s hub, ${peer.hub.items.length} items), same logs\n`);
  tell('| log | engine | CPU µs/line | lines per CPU-second | start-up CPU s | wall s (long) | peak MB | alerts in the prefix |');
  tell('|---|---|---|---|---|---|---|---|');
  for (const one of replayCases) await compare(one, peer, ours, tell);
  await tellFail2ban(tell);
}

async function compare(one: ReplayCase, peer: ReplayEngine, ours: ReplayEngine, tell: (line: string) => void): Promise<void> {
  const prefix = writeLog(one, one.peerLines[1]);
  const peerSlope = await slope(one, peer, one.peerLines);
  const ourPrefix = await ours.replay(prefix, one.type);
  checkAlerts(one, peerSlope.long, ourPrefix, peer.name);
  const ourSlope = await slope(one, ours, one.ourLines);
  row(one, peer, peerSlope, peerSlope.long.alerts.length, tell);
  row(one, ours, ourSlope, ourPrefix.alerts.length, tell);
  const times = (theirs: number, our: number): string => `${(theirs / our).toFixed(1)}×`;
  tell(`| **${one.name}** | **theirs / ours** | **${times(peerSlope.cpuPerLine, ourSlope.cpuPerLine)}** | | `
    + `${times(peerSlope.startCpuSeconds, ourSlope.startCpuSeconds)} | ${times(peerSlope.wallPerLine, ourSlope.wallPerLine)} a line | `
    + `${times(peerSlope.long.cost.peakBytes, ourSlope.long.cost.peakBytes)} | the same |`);
}

/** fail2ban reads the same sshd log; it must match every line of an attack. It counts some log-ins beside them. */
async function tellFail2ban(tell: (line: string) => void): Promise<void> {
  const one = replayCases.find(({ name }) => name === 'sshd')!;
  const costs: number[] = [];
  for (const lines of one.peerLines) {
    const log = writeLog(one, lines);
    const match = await matchWithFail2ban(join(work, 'fail2ban'), log);
    if (match === null) return tell('| sshd | fail2ban | the package is not to be had | | | | | |');
    const attacks = readFileSync(log, 'utf8').match(/: (Failed password|Invalid user)/g)?.length ?? 0;
    if (match.matched < attacks || match.matched > attacks * 1.02) throw new Error(`fail2ban matched ${match.matched} of ${attacks} lines`);
    costs.push(match.cost.cpuSeconds);
  }
  const perLine = (costs[1] - costs[0]) / (one.peerLines[1] - one.peerLines[0]);
  tell(`| sshd | fail2ban-regex (Debian), matching alone | ${(perLine * 1e6).toFixed(2)} | ${Math.round(1 / perLine)} | | | | |`);
}

async function slope(one: ReplayCase, engine: ReplayEngine, [few, many]: readonly [number, number]): Promise<Slope> {
  const short = await engine.replay(writeLog(one, few), one.type);
  const long = await engine.replay(writeLog(one, many), one.type);
  const cpuPerLine = (long.cost.cpuSeconds - short.cost.cpuSeconds) / (many - few);
  const wallPerLine = (long.cost.wallSeconds - short.cost.wallSeconds) / (many - few);
  return { short, long, cpuPerLine, wallPerLine, startCpuSeconds: short.cost.cpuSeconds - few * cpuPerLine };
}

function row(one: ReplayCase, engine: ReplayEngine, { cpuPerLine, startCpuSeconds, long }: Slope, alerts: number, tell: (line: string) => void): void {
  tell(`| ${one.name} | ${engine.name} | ${(cpuPerLine * 1e6).toFixed(2)} | ${Math.round(1 / cpuPerLine)} | ${startCpuSeconds.toFixed(2)} | `
    + `${long.cost.wallSeconds.toFixed(2)} | ${Math.round(long.cost.peakBytes / 2 ** 20)} | ${alerts} |`);
}

/** The same sources must be accused of the same scenarios on the log that both read. */
function checkAlerts(one: ReplayCase, theirs: Replay, ours: Replay, peer: string): void {
  const pairs = ({ alerts }: Replay): Set<string> => new Set(alerts.map(({ scenario, source }) => `${scenario} ${source}`));
  const [a, b] = [pairs(theirs), pairs(ours)];
  const onlyTheirs = [...a].filter((pair) => !b.has(pair));
  const onlyOurs = [...b].filter((pair) => !a.has(pair));
  if (onlyTheirs.length + onlyOurs.length > 0) {
    throw new Error(`${one.name}: the alerts differ\n only ${peer}: ${onlyTheirs.join(', ')}\n only palisade: ${onlyOurs.join(', ')}`);
  }
  if (ours.alerts.length < one.alertsMin) throw new Error(`${one.name}: ${ours.alerts.length} alerts, at least ${one.alertsMin} are wanted`);
}

function writeLog(one: ReplayCase, lines: number): string {
  const path = join(work, `${one.name}-${lines}.log`);
  const file = openSync(path, 'w');
  for (const chunk of chunksOf(one.lines(one.options), lines)) writeSync(file, chunk);
  closeSync(file);
  return path;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
