// One machine as JSON and as a sheet, and the sums of the usage metrics it sent.

import type { Machine } from '../../lapi/store/machines.js';
import { renderTable, type Look } from '../render/table.js';
import { printable } from '../render/text.js';
import { systemText } from './bouncers.js';
import { exactText, sheetText } from './time-text.js';

/** Lines of one source since the machine's first report. */
export interface AcquisitionRow {
  readonly source: string;
  read: number;
  parsed: number;
  unparsed: number;
}

/** Lines of one source in one parser. */
export interface ParserRow {
  readonly source: string;
  readonly parser: string;
  readonly stage: string;
  parsed: number;
  unparsed: number;
}

export interface HubItem {
  readonly name: string;
  readonly status: string;
  readonly version: string;
}

interface MetricItem {
  readonly name: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What overflows were post-processed by; they have lost their source. */
const afterOverflow = 'Postoverflows';

/** The machine in the JSON form of `machines list`. */
export function machineJson(machine: Machine): object {
  const orNone = (text: string): string | undefined => (text === '' ? undefined : text);
  const sources = dataSources(machine);
  return { created_at: exactText(machine.createdAt), updated_at: exactText(machine.updatedAt),
    last_push: exactText(machine.lastPush) ?? exactText(machine.createdAt),
    last_heartbeat: exactText(machine.lastHeartbeat) ?? undefined, machineId: machine.name,
    ipAddress: orNone(machine.ipAddress), version: orNone(machine.version), isValidated: machine.isValidated,
    auth_type: machine.authType, os: systemText(machine.os),
    featureflags: machine.featureFlags === '' ? undefined : machine.featureFlags.split(','),
    datasources: sources.length === 0 ? undefined : Object.fromEntries(sources) };
}

/** The sheet of a machine: facts, then its metrics. */
export function machineSheet(machine: Machine, acquisition: readonly AcquisitionRow[], parsers: readonly ParserRow[],
  look: Look): string {
  const collections = hubItems(machine).find(([type]) => type === 'collections')?.[1] ?? [];
  const features = machine.featureFlags === '' ? [] : machine.featureFlags.split(',');
  const facts = [['IP Address', machine.ipAddress], ['Created At', sheetText(machine.createdAt)],
    ['Last Update', sheetText(machine.updatedAt)], ['Last Heartbeat', sheetText(machine.lastHeartbeat) || '<nil>'],
    ['Validated?', String(machine.isValidated)], ['CrowdSec version', machine.version], ['OS', systemText(machine.os)],
    ['Auth type', machine.authType], ...dataSources(machine).map(([name, count]) => ['Datasources', `${name}: ${count}`]),
    ...features.map((feature) => ['Feature Flags', feature]), ...collections.map(({ name }) => ['Collections', name])];
  let text = renderTable({ style: 'boxed', title: `Machine: ${printable(machine.name)}`, rows: merged(facts) }, look);
  if (acquisition.length > 0) {
    text += renderTable({ style: 'boxed', title: 'Acquisition Metrics', header: ['Source', 'Read', 'Parsed', 'Unparsed'],
      alignments: ['left', 'right', 'right', 'right'],
      rows: merged(acquisition.map((row) => [row.source, ...[row.read, row.parsed, row.unparsed].map(String)])) }, look);
  }
  if (parsers.length > 0) {
    text += renderTable({ style: 'boxed', title: 'Parser Metrics', header: ['Source', 'Parser', 'Parsed', 'Unparsed'],
      alignments: ['left', 'left', 'right', 'right'], rows: merged(parsers.map((row) =>
        [row.source, `${row.stage}/${row.parser}`, String(row.parsed), String(row.unparsed)])) }, look);
  }
  return text;
}

/** The machine's hub items by type, types in alphabetical order. */
export function hubItems(machine: Machine): (readonly [string, readonly HubItem[]])[] {
  if (typeof machine.hubState !== 'object' || machine.hubState === null) return [];
  return Object.entries(machine.hubState as Record<string, readonly HubItem[] | null>)
    .map(([type, items]) => [type, items ?? []] as const).filter(([, items]) => items.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Sums of read, parsed and unparsed lines by source, from the payloads of its reports. */
export function acquisitionRows(payloads: readonly string[]): AcquisitionRow[] {
  const columns: Readonly<Record<string, 'read' | 'parsed' | 'unparsed'>> = { read: 'read', global_parsed: 'parsed',
    global_unparsed: 'unparsed' };
  const rows = new Map<string, AcquisitionRow>();
  for (const { name, value, labels } of payloads.flatMap(itemsOf)) {
    if (!Object.hasOwn(columns, name) || labels['source'] === undefined) continue;
    const source = sourceText(labels);
    const row = rows.get(source) ?? { source, read: 0, parsed: 0, unparsed: 0 };
    row[columns[name]] += Math.trunc(value);
    rows.set(source, row);
  }
  return [...rows.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

/** Sums of parsed and unparsed lines by source and parser. */
export function parserRows(payloads: readonly string[]): ParserRow[] {
  const rows = new Map<string, ParserRow>();
  for (const { name, value, labels } of payloads.flatMap(itemsOf)) {
    if (name !== 'parsed' && name !== 'unparsed') continue;
    const source = sourceText(labels);
    const [parser, stage] = [labels['parser_name'] ?? '', labels['parser_stage'] ?? ''];
    const key = JSON.stringify([source, parser]);
    const row = rows.get(key) ?? { source, parser, stage, parsed: 0, unparsed: 0 };
    row[name] += Math.trunc(value);
    rows.set(key, row);
  }
  const order = ({ source, stage, parser }: ParserRow): string =>
    [source === afterOverflow ? '1' : '0', source, stage, parser].join('\0');
  return [...rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function sourceText(labels: Readonly<Record<string, string>>): string {
  const { datasource_type: type = '', source = '', acquis_type: label = '' } = labels;
  return type === '' && source === '' && label === '' ? afterOverflow : `${type}:${source} (${label})`;
}

function itemsOf(payload: string): MetricItem[] {
  try {
    const { metrics } = JSON.parse(payload) as { metrics?: { items?: MetricItem[] | null }[] };
    return (metrics ?? []).flatMap(({ items }) => items ?? [])
      .filter(({ name, value, labels }) => typeof name === 'string' && typeof value === 'number' && labels != null);
  } catch {
    return []; // a report that cannot be read counts nothing
  }
}

function dataSources(machine: Machine): [string, number][] {
  const { dataSources: sources } = machine;
  return typeof sources === 'object' && sources !== null ? Object.entries(sources as Record<string, number>) : [];
}

/** A first cell that repeats the one above is left blank. */
function merged(rows: readonly (readonly string[])[]): string[][] {
  return rows.map((row, index) => [index > 0 && rows[index - 1][0] === row[0] ? '' : printable(row[0]),
    ...row.slice(1).map(printable)]);
}
