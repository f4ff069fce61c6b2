// Replays generated logs beside Debian's crowdsec with the same rules. Alerts are compared before anything is reported; the cost
// of a line is the slope between two lengths, so that start-up and warm-up drop out.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReplayCase, replayCases, writeReplayLog } from '../cases/replay.js';
import { crowdsecEngine } from '../engines/crowdsec.js';
import { matchWithFail2ban } from '../engines/fail2ban.js';
import { palisadeEngine } from '../engines/palisade.js';
import type { Replay, ReplayEngine } from '../replay-engine.js';

/** Cost of a line as the slope between two lengths; start-up is what the shorter run costs beyond that. */
interface Slope {
  readonly cpuPerLine: number;
  readonly wallPerLine: number;
  readonly startCpuSeconds: number;
  readonly short: Replay;
  readonly long: Replay;
}

/** Both logs, both engines, a table row each. */
export async function runReplay(work: string, tell: (line: string) => void): Promise<void> {
  const peer = crowdsecEngine(join(work, 'crowdsec'), 18_480);
  if (peer === null) throw new Error('the peer is not to be had: apt-get cannot download the package crowdsec');
  const ours = palisadeEngine(join(work, 'palisade'), peer.hub, 18_481, 0);
  tell(`## Replay, same rules (${peer.name}'s hub, ${peer.hub.items.length} items), same logs\n`);
  tell('| log | engine | CPU µs/line | lines per CPU-second | start-up CPU s | wall s (long) | peak MB | alerts in the prefix |');
  tell('|---|---|---|---|---|---|---|---|');
  for (const one of replayCases) await compare(work, one, peer, ours, tell);
  await tellFail2ban(work, tell);
}

async function compare(work: string, one: ReplayCase, peer: ReplayEngine, ours: ReplayEngine,
  tell: (line: string) => void): Promise<void> {
  const prefix = writeReplayLog(work, one, one.peerLines[1]);
  const peerSlope = await slope(work, one, peer, one.peerLines);
  const ourPrefix = await ours.replay(prefix, one.type);
  checkAlerts(one, peerSlope.long, ourPrefix, peer.name);
  const ourSlope = await slope(work, one, ours, one.ourLines);
  row(one, peer, peerSlope, peerSlope.long.alerts.length, tell);
  row(one, ours, ourSlope, ourPrefix.alerts.length, tell);
  const times = (theirs: number, our: number): string => `${(theirs / our).toFixed(1)}×`;
  tell(`| **${one.name}** | **theirs / ours** | **${times(peerSlope.cpuPerLine, ourSlope.cpuPerLine)}** | | `
    + `${times(peerSlope.startCpuSeconds, ourSlope.startCpuSeconds)} | ${times(peerSlope.wallPerLine, ourSlope.wallPerLine)} a line | `
    + `${times(peerSlope.long.cost.peakBytes, ourSlope.long.cost.peakBytes)} | the same |`);
}

/** fail2ban reads the same sshd log; it must match every line of an attack. It counts some log-ins beside them. */
async function tellFail2ban(work: string, tell: (line: string) => void): Promise<void> {
  const one = replayCases.find(({ name }) => name === 'sshd')!;
  const costs: number[] = [];
  for (const lines of one.peerLines) {
    const log = writeReplayLog(work, one, lines);
    const match = await matchWithFail2ban(join(work, 'fail2ban'), log);
    if (match === null) return tell('| sshd | fail2ban | the package is not to be had | | | | | |');
    const attacks = readFileSync(log, 'utf8').match(/: (Failed password|Invalid user)/g)?.length ?? 0;
    if (match.matched < attacks || match.matched > attacks * 1.02) throw new Error(`fail2ban matched ${match.matched} of ${attacks} lines`);
    costs.push(match.cost.cpuSeconds);
  }
  const perLine = (costs[1] - costs[0]) / (one.peerLines[1] - one.peerLines[0]);
  tell(`| sshd | fail2ban-regex (Debian), matching alone | ${(perLine * 1e6).toFixed(2)} | ${Math.round(1 / perLine)} | | | | |`);
}

async function slope(work: string, one: ReplayCase, engine: ReplayEngine,
  [few, many]: readonly [number, number]): Promise<Slope> {
  const short = await engine.replay(writeReplayLog(work, one, few), one.type);
  const long = await engine.replay(writeReplayLog(work, one, many), one.type);
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
