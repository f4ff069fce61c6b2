// How the engine scales: with the rules that are installed, with workers and cores, with the length of a log. The same log
// must lead to the same alerts each time; the cost of a line is the slope between two lengths. A row is told even where a
// goal is missed.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceHub } from '../cases/reference-hub.js';
import { type ReplayCase, replayCases, writeReplayLog } from '../cases/replay.js';
import { palisadeEngine } from '../engines/palisade.js';
import { barChart } from '../plot.js';
import type { Replay } from '../replay-engine.js';

interface Row {
  readonly log: string;
  readonly rules: 'usual' | 'all';
  readonly cores: string;
  readonly workers: number;
  readonly linesPerCpuSecond: number;
  readonly linesPerSecond: number;
  readonly peakMegabytes: number;
  /** How much the peak grows with the log: what leaks shows here, and what alerts leave in the database's pages. */
  readonly megabytesPerMillionLines: number;
  readonly alerts: number;
}

/** V8 goes on compiling for 300,000 lines (bench/record/2026-11-23-engine.md) in each worker: two have compiled by the shorter one. */
const lengths = [600_000, 1_200_000] as const;

/** What is run: rules, the cores the process may use ('' for all), workers. */
const runs: readonly (readonly ['usual' | 'all', string, number])[] = [
  ['usual', '0', 1], ['usual', '', 2], ['usual', '', 4], ['usual', '', 8], ['all', '0', 1],
];

/**
 * Tells a table and writes it as CSV and SVG. Throws when the same log leads to other alerts.
 * @param work Scratch folder.
 * @param out Path without extension of the CSV and SVG files.
 */
export async function runScale(work: string, tell: (line: string) => void, out: string): Promise<void> {
  if (referenceHub('usual') === null) return tell('\nscale: the reference hub is not here (PALISADE_SHARED)');
  tell('\n## Scale: CrowdSec\'s reference hub, palisade alone\n\n| log | rules | cores | workers | lines per CPU-second | lines per second | peak MB | MB per million lines | alerts |');
  tell('|---|---|---|---|---|---|---|---|---|');
  const rows: Row[] = [];
  for (const one of replayCases) {
    const alerts = new Map<string, string>();
    for (const [rules, cores, workers] of runs) {
      const { row, found } = await measureOne(work, one, rules, cores, workers);
      const known = alerts.get(rules);
      if (known !== undefined && known !== found) throw new Error(`${one.name}: other alerts with ${workers} workers`);
      alerts.set(rules, found);
      rows.push(row);
      tell(`| ${row.log} | ${rules} | ${cores || 'all'} | ${workers} | ${Math.round(row.linesPerCpuSecond)} | ${Math.round(row.linesPerSecond)} | `
        + `${Math.round(row.peakMegabytes)} | ${Math.round(row.megabytesPerMillionLines)} | ${row.alerts} |`);
    }
  }
  write(out, rows);
}

async function measureOne(work: string, one: ReplayCase, rules: 'usual' | 'all', cores: string,
  workers: number): Promise<{ row: Row; found: string }> {
  const engine = palisadeEngine(join(work, 'scale'), referenceHub(rules)!, 18_482, workers, cores);
  const [short, long] = [await engine.replay(writeReplayLog(work, one, lengths[0]), one.type),
    await engine.replay(writeReplayLog(work, one, lengths[1]), one.type)];
  const lines = lengths[1] - lengths[0];
  return { found: alertsOf(long), row: { log: one.name, rules, cores, workers,
    linesPerCpuSecond: lines / (long.cost.cpuSeconds - short.cost.cpuSeconds),
    linesPerSecond: lines / (long.cost.wallSeconds - short.cost.wallSeconds),
    peakMegabytes: long.cost.peakBytes / 2 ** 20,
    megabytesPerMillionLines: ((long.cost.peakBytes - short.cost.peakBytes) / 2 ** 20) / (lines / 1e6), alerts: long.alerts.length } };
}

function alertsOf({ alerts }: Replay): string {
  return alerts.map(({ scenario, source }) => `${scenario} ${source}`).sort().join('\n');
}

function write(out: string, rows: readonly Row[]): void {
  const columns = ['log', 'rules', 'cores', 'workers', 'linesPerCpuSecond', 'linesPerSecond', 'peakMegabytes', 'megabytesPerMillionLines', 'alerts'] as const;
  writeFileSync(`${out}.csv`, `${columns.join(',')}\n${rows.map((row) => columns.map((column) => (
    typeof row[column] === 'number' ? Math.round(row[column]) : row[column] || 'all')).join(',')).join('\n')}\n`);
  const labelOf = ({ log, rules, cores, workers }: Row): string => `${log}, ${rules} rules, ${cores === '' ? 'all cores' : 'one core'}, ${workers} workers`;
  writeFileSync(`${out}.svg`, barChart('Lines', 'per CPU-second', rows.map((row) => ({ label: labelOf(row), value: row.linesPerCpuSecond }))));
}
