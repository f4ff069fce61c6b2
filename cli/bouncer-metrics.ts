// What bouncers reported: sums by origin over all their reports in the database, and the table of one bouncer.

import type { UsageReport } from '../lapi/store/usage-metrics.js';
import { GoTime } from '../ts/util/go-time.js';
import { addSum, newSums, sortedEntries, type Sums } from './metric-sections.js';
import { renderTable, type Alignment, type Look } from './render/table.js';
import { printable } from './render/text.js';

/** The reports of all bouncers. */
export interface BouncerSums {
  /** By bouncer, origin, metric and unit. */
  readonly byOrigin: Sums;
  /** Seconds since 1970 of the first report of each bouncer. */
  readonly since: ReadonlyMap<string, number>;
}

interface Item {
  readonly atSeconds: number;
  readonly bouncer: string;
  readonly origin: string;
  readonly name: string;
  readonly unit: string;
  readonly ipType: string;
  readonly value: number;
}

const plurals: Readonly<Record<string, string>> = { byte: 'bytes', packet: 'packets', ip: 'IPs' };
const originNotes: Readonly<Record<string, string>> = { CAPI: ' (community blocklist)', cscli: ' (manual decisions)',
  crowdsec: ' (security engine)' };

/** Sums the reports: gauges count with their latest value, everything else is added up; repeated items count once. */
export function sumReports(reports: readonly UsageReport[]): BouncerSums {
  const items = new Map(reports.flatMap(itemsOf).map((item) => [JSON.stringify(item), item] as const));
  const since = new Map<string, number>();
  const latest = new Map<string, Item>();
  const byOrigin = newSums();
  for (const item of [...items.values()].sort((a, b) => a.atSeconds - b.atSeconds)) {
    since.set(item.bouncer, Math.min(since.get(item.bouncer) ?? Infinity, item.atSeconds));
    if (isGauge(item.name)) latest.set(JSON.stringify({ ...item, atSeconds: 0, value: 0 }), item);
    else addItem(byOrigin, item);
  }
  for (const item of latest.values()) addItem(byOrigin, item);
  return { byOrigin, since };
}

function addItem(sums: Sums, { bouncer, origin, name, unit, value }: Item): void {
  addSum(sums, [bouncer, origin, name, unit], Math.trunc(value));
}

/** One table a bouncer. */
export function bouncerTables(sums: BouncerSums, number: (value: number) => string, look: Look): string {
  return sortedEntries(sums.byOrigin).map(([bouncer, origins]) => {
    const since = GoTime.fromMs((sums.since.get(bouncer) ?? 0) * 1000).toString();
    return bouncerTable(`Bouncer Metrics (${bouncer}) since ${since}`, origins as Sums, number, look);
  }).join('');
}

/** Metric names across the top, units below, origins down the side; what has no origin counts in the total only. */
function bouncerTable(title: string, origins: Sums, number: (value: number) => string, look: Look): string {
  const totals = newSums();
  for (const metrics of Object.values(origins)) {
    for (const [name, units] of Object.entries(metrics as Sums)) {
      for (const [unit, value] of Object.entries(units as Sums)) addSum(totals, [name, unit], value as number);
    }
  }
  const columns = sortedEntries(totals)
    .flatMap(([name, units]) => sortedEntries(units as Sums).map(([unit]) => ({ name, unit })));
  const valueIn = (metrics: Sums, { name, unit }: { name: string; unit: string }): number | undefined =>
    (metrics[name] as Sums | undefined)?.[unit] as number | undefined;
  const rows = sortedEntries(origins).filter(([origin]) => origin !== '').map(([origin, metrics]) =>
    [printable(origin) + (Object.hasOwn(originNotes, origin) ? originNotes[origin] : ''), ...columns.map((column) => {
      const value = valueIn(metrics as Sums, column);
      return value === undefined ? '-' : number(value);
    })]);
  const right: Alignment[] = columns.map(() => 'right');
  return renderTable({
    style: 'boxed', title: printable(title), rows,
    groupHeader: ['Origin', ...columns.map(({ name }) => printable(name.replace(/_gauge$/, '')))],
    header: ['', ...columns.map(({ unit }) => (Object.hasOwn(plurals, unit) ? plurals[unit] : printable(unit)))],
    headerAlignment: ['left', ...columns.map(() => 'center' as const)], alignments: ['left', ...right],
    footer: ['Total', ...columns.map((column) => number(valueIn(totals, column) ?? 0))],
  }, look);
}

function isGauge(name: string): boolean {
  return name === 'active_decisions' || name.endsWith('_gauge');
}

/** The items of a report; what is not complete is left out. */
function itemsOf({ by, payload }: UsageReport): Item[] {
  let metrics: RawMetrics[];
  try {
    metrics = (JSON.parse(payload) as { metrics?: RawMetrics[] }).metrics ?? [];
  } catch {
    return [];
  }
  return metrics.flatMap(({ meta, items }) => {
    const atSeconds = meta?.utc_now_timestamp;
    if (typeof atSeconds !== 'number') return [];
    return (items ?? []).flatMap(({ name, unit, value, labels }) => {
      if (typeof name !== 'string' || typeof unit !== 'string' || typeof value !== 'number') return [];
      return [{ atSeconds, bouncer: by, origin: labels?.['origin'] ?? '', name, unit,
        ipType: labels?.['ip_type'] ?? '', value }];
    });
  });
}

interface RawMetrics {
  readonly meta?: { readonly utc_now_timestamp?: number };
  readonly items?: readonly { readonly name?: string; readonly unit?: string; readonly value?: number;
    readonly labels?: Readonly<Record<string, string>> | null }[] | null;
}
