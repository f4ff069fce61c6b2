// The same alerts as Debian's crowdsec over that package's whole hub, all of its items on, both sides: the reference logs and
// generated lines of every kind. CrowdSec is not deterministic, so it runs several times. What differs must be known.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedPath } from '../../test/support/shared.js';
import { type HubLog, hubLogs } from '../cases/hub-logs.js';
import { knownDifferences } from '../cases/known-differences.js';
import { compareAlerts, type SeenAlert } from '../compare-alerts.js';
import { unpackCrowdsec } from '../engines/crowdsec.js';
import { allItems, type LogFile, type Seen, seenByCrowdsec, seenByPalisade } from '../engines/side-by-side.js';

const referenceLogs = [['openssh-2k', 'syslog'], ['apache-access-10k', 'apache2'], ['apache-error-2k', 'apache2']] as const;

/** Runs the comparison; throws when something differs that is not known. `PALISADE_DIFF_LINES`, `_RUNS` and `_SEED` change it. */
export async function runDifferential(work: string, tell: (line: string) => void): Promise<void> {
  const setting = (name: string, otherwise: number): number => Number(process.env[`PALISADE_DIFF_${name}`] ?? otherwise);
  const root = unpackCrowdsec(join(work, 'crowdsec'));
  if (root === null) throw new Error('the peer is not to be had: apt-get cannot download the package crowdsec');
  const folder = join(work, 'differential');
  mkdirSync(folder, { recursive: true });
  const items = allItems(join(root, 'usr/share/crowdsec/hub'));
  const seed = setting('SEED', 1);
  const logs = writeLogs(folder, setting('LINES', 100_000), seed);
  const lines = logs.reduce((sum, log) => sum + log.lineCount, 0);
  tell(`\n## Alerts beside Debian's crowdsec: ${items.length} rules, ${logs.length} logs, ${lines} lines (seed ${seed})\n`);
  const phases = phasesOf(logs, (await seenByPalisade(root, join(folder, 'ours'), items, logs)).alerts);
  const ours = await inPhases(phases, (phase) => seenByPalisade(root, join(folder, 'ours'), items, phase));
  const theirs: Seen[] = [];
  for (let run = 0; run < setting('RUNS', 3); run++) {
    theirs.push(await inPhases(phases, (phase) => seenByCrowdsec(root, join(folder, 'theirs'), items, phase)));
  }
  report(ours, theirs, phases.length, folder, tell);
}

interface WrittenLog extends LogFile {
  readonly lineCount: number;
  /** The addresses that occur in it. */
  readonly addresses: ReadonlySet<string>;
}

function writeLogs(folder: string, count: number, seed: number): WrittenLog[] {
  const generated = hubLogs(sharedPath('hub/.tests') === null ? null : sharedPath('hub'), count, seed).map((log: HubLog) => {
    const path = join(folder, `${log.name}.log`);
    writeFileSync(path, `${log.lines.join('\n')}\n`);
    return { path, labels: log.labels };
  });
  const reference = referenceLogs.map(([name, type]) => ({ path: sharedPath(`logs/${name}.log`), labels: { type } }))
    .flatMap(({ path, labels }) => (path === null ? [] : [{ path, labels }]));
  return [...generated, ...reference].map((log) => {
    const text = readFileSync(log.path, 'latin1');
    return { ...log, lineCount: text.split('\n').length - 1, addresses: new Set(text.match(/\d{1,3}(\.\d{1,3}){3}/g)) };
  });
}

/**
 * Logs that are read side by side must not raise the same scenarios: CrowdSec forgets a blackhole as soon as the scenario
 * overflows at a later time of another log. `alerts` are those of all logs at once.
 */
function phasesOf(logs: readonly WrittenLog[], alerts: readonly SeenAlert[]): WrittenLog[][] {
  const phases: { readonly logs: WrittenLog[]; readonly scenarios: Set<string> }[] = [];
  for (const log of logs) {
    const own = new Set(alerts.filter(({ source }) => log.addresses.has(source)).map(({ scenario }) => scenario));
    let phase = phases.find(({ scenarios }) => [...own].every((scenario) => !scenarios.has(scenario)));
    if (phase === undefined) phases.push(phase = { logs: [], scenarios: new Set() });
    phase.logs.push(log);
    for (const scenario of own) phase.scenarios.add(scenario);
  }
  return phases.map((phase) => phase.logs);
}

async function inPhases(phases: readonly (readonly LogFile[])[], see: (logs: readonly LogFile[]) => Promise<Seen>): Promise<Seen> {
  const seen: Seen[] = [];
  for (const phase of phases) seen.push(await see(phase));
  return { alerts: seen.flatMap(({ alerts }) => alerts), cpuSeconds: seen.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) };
}

function report(ours: Seen, theirs: readonly Seen[], phaseCount: number, folder: string, tell: (line: string) => void): void {
  writeFileSync(join(folder, 'alerts.json'), JSON.stringify({ ours: ours.alerts, theirs: theirs.map(({ alerts }) => alerts) }));
  const { stableCount, differences } = compareAlerts(ours.alerts, theirs.map(({ alerts }) => alerts));
  const scenarios = new Set([...ours.alerts, ...theirs.flatMap(({ alerts }) => alerts)].map(({ scenario }) => scenario));
  tell(`${ours.alerts.length} alerts of ${scenarios.size} scenarios here (${ours.cpuSeconds.toFixed(0)} CPU s in ${phaseCount} starts), `
    + `${theirs.map(({ alerts, cpuSeconds }) => `${alerts.length} (${cpuSeconds.toFixed(0)} CPU s)`).join(', ')} in ${theirs.length} runs of theirs, `
    + `${stableCount} of them the same in all. Differences:\n`);
  const unknown = differences.filter((difference) => !knownDifferences.some(({ holds }) => holds(difference)));
  for (const { holds, why, shareMax } of knownDifferences) {
    const found = differences.filter((difference) => holds(difference));
    if (found.length > 0) tell(`- ${found.length}: ${why}`);
    if (found.length > shareMax * ours.alerts.length) unknown.push(...found);
  }
  if (differences.length === 0) tell('No difference.');
  if (unknown.length > 0) throw new Error(`${unknown.length} unknown differences\n${unknown.map(({ text }) => `  ${text}`).join('\n')}`);
}
