// The sections of `cscli metrics`: which counters of the daemon belong to each, and its table. Samples in, sums out;
// fetching is scrape.ts, drawing is table.ts.

import type { Sample } from './scrape.js';

/** Sums by labels: nested as deep as the section has labels, names in alphabetical order when shown. */
export interface Sums {
  [label: string]: Sums | number;
}

export interface Section {
  readonly title: string;
  readonly description: string;
  readonly header: readonly string[];
  /** Where a sample is counted: the path of labels, or undefined when it is not this section's. */
  readonly pathOf: (sample: Sample) => readonly string[] | undefined;
  /** The cells of the table's rows; `number` formats a sum, 0 and absent ones as `-`. */
  readonly rows: (sums: Sums, number: (value: number) => string) => string[][];
}

type Columns = Readonly<Record<string, string>>;

const whole = (value: number | undefined): string => (value === undefined || value === 0 ? '-' : String(value));

/** The sections by name, in the order in which they are shown. Those on bouncers come from the database. */
export const sections: Readonly<Record<string, Section>> = {
  acquisition: {
    title: 'Acquisition Metrics',
    description: 'Lines of each source: read, parsed, not parsed, poured into buckets, whitelisted.',
    header: ['Source', 'Lines read', 'Lines parsed', 'Lines unparsed', 'Lines poured to bucket', 'Lines whitelisted'],
    pathOf: (sample) => counted(sample, { cs_parser_hits_total: 'reads', cs_parser_hits_ok_total: 'parsed',
      cs_parser_hits_ko_total: 'unparsed', cs_bucket_poured_total: 'pour', cs_node_wl_hits_ok_total: 'whitelisted' },
    sourceOf(sample)),
    rows: (sums, number) => columnRows(sums, ['reads', 'parsed', 'unparsed', 'pour', 'whitelisted'], number),
  },
  alerts: {
    title: 'Local API Alerts',
    description: 'Alerts in the database, by scenario.',
    header: ['Reason', 'Count'],
    pathOf: (sample) => named(sample, 'cs_alerts', ['reason']),
    rows: (sums) => leafRows(sums, String),
  },
  decisions: {
    title: 'Local API Decisions',
    description: 'Decisions in force, by reason, origin and action.',
    header: ['Reason', 'Origin', 'Action', 'Count'],
    pathOf: (sample) => named(sample, 'cs_active_decisions', ['reason', 'origin', 'action']),
    rows: (sums) => leafRows(sums, String),
  },
  lapi: {
    title: 'Local API Metrics',
    description: 'Requests to the Local API, by route and method.',
    header: ['Route', 'Method', 'Hits'],
    pathOf: (sample) => named(sample, 'cs_lapi_route_requests_total', ['route', 'method']),
    rows: (sums) => leafRows(sums, String),
  },
  'lapi-bouncer': {
    title: 'Local API Bouncers Metrics',
    description: 'Requests of each bouncer, by route and method.',
    header: ['Bouncer', 'Route', 'Method', 'Hits'],
    pathOf: (sample) => named(sample, 'cs_lapi_bouncer_requests_total', ['bouncer', 'route', 'method']),
    rows: (sums) => leafRows(sums, whole),
  },
  'lapi-decisions': {
    title: 'Local API Bouncers Decisions',
    description: 'Answers to live queries of each bouncer: with decisions or without.',
    header: ['Bouncer', 'Empty answers', 'Non-empty answers'],
    pathOf: (sample) => counted(sample, { cs_lapi_decisions_ok_total: 'NonEmpty', cs_lapi_decisions_ko_total: 'Empty' },
      sample.labels['bouncer'] ?? ''),
    rows: (sums) => columnRows(sums, ['Empty', 'NonEmpty'], String),
  },
  'lapi-machine': {
    title: 'Local API Machines Metrics',
    description: 'Requests of each machine, by route and method.',
    header: ['Machine', 'Route', 'Method', 'Hits'],
    pathOf: (sample) => named(sample, 'cs_lapi_machine_requests_total', ['machine', 'route', 'method']),
    rows: (sums) => leafRows(sums, whole),
  },
  parsers: {
    title: 'Parser Metrics',
    description: 'Events that each parser tried, matched and did not match.',
    header: ['Parsers', 'Hits', 'Parsed', 'Unparsed'],
    pathOf: (sample) => counted(sample, { cs_node_hits_total: 'hits', cs_node_hits_ok_total: 'parsed',
      cs_node_hits_ko_total: 'unparsed' }, sample.labels['name'] ?? ''),
    rows: (sums, number) => columnRows(sums, ['hits', 'parsed', 'unparsed'], number),
  },
  scenarios: {
    title: 'Scenario Metrics',
    description: 'Buckets of each scenario: alive now, overflowed, made, events poured, expired.',
    header: ['Scenario', 'Current Count', 'Overflows', 'Instantiated', 'Poured', 'Expired'],
    pathOf: (sample) => counted(sample, { cs_buckets: 'curr_count', cs_bucket_overflowed_total: 'overflow',
      cs_bucket_instantiation_total: 'instantiation', cs_bucket_poured_total: 'pour',
      cs_bucket_underflowed_total: 'underflow' }, sample.labels['name'] ?? ''),
    rows: (sums, number) => columnRows(sums, ['curr_count', 'overflow', 'instantiation', 'pour', 'underflow'], number),
  },
  stash: {
    title: 'Parser Stash Metrics',
    description: 'Entries of each stash.',
    header: ['Name', 'Type', 'Items'],
    pathOf: (sample) => named(sample, 'cs_cache_size', ['name', 'type']),
    rows: (sums) => leafRows(sums, String),
  },
  whitelists: {
    title: 'Whitelist Metrics',
    description: 'Events that each whitelist looked at and let go.',
    header: ['Whitelist', 'Reason', 'Hits', 'Whitelisted'],
    pathOf: (sample) => {
      const path = counted(sample, { cs_node_wl_hits_total: 'hits', cs_node_wl_hits_ok_total: 'whitelisted' },
        sample.labels['name'] ?? '');
      return path === undefined ? undefined : [path[0], sample.labels['reason'] ?? '', path[1]];
    },
    rows: (sums) => sortedEntries(sums).flatMap(([name, reasons]) =>
      columnRows(reasons as Sums, ['hits', 'whitelisted'], String).map((cells) => [name, ...cells])),
  },
};

/** Section names that stand for several. */
export const sectionGroups: Readonly<Record<string, readonly string[]>> = {
  engine: ['acquisition', 'parsers', 'scenarios', 'stash', 'whitelists'],
  lapi: ['alerts', 'decisions', 'lapi', 'lapi-bouncer', 'lapi-decisions', 'lapi-machine'],
};

/** The sums of one section. */
export function sumSection(section: Section, samples: readonly Sample[]): Sums {
  const sums = newSums();
  for (const sample of samples) {
    const path = section.pathOf(sample);
    if (path !== undefined) addSum(sums, path, Math.trunc(sample.value));
  }
  return sums;
}

/** Adds to the number at a path of labels. */
export function addSum(sums: Sums, path: readonly string[], value: number): void {
  let level = sums;
  for (const label of path.slice(0, -1)) level = (level[label] ??= newSums()) as Sums;
  const last = path[path.length - 1];
  level[last] = ((level[last] as number | undefined) ?? 0) + value;
}

/** Entries by name. */
export function sortedEntries(sums: Sums): [string, Sums | number][] {
  return Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** No prototype: labels are a remote's text. */
export function newSums(): Sums {
  return Object.create(null) as Sums;
}

function counted({ name }: Sample, columns: Columns, label: string): readonly string[] | undefined {
  return Object.hasOwn(columns, name) ? [label, columns[name]] : undefined;
}

function named({ name, labels }: Sample, metric: string, keys: readonly string[]): readonly string[] | undefined {
  return name === metric ? keys.map((key) => labels[key] ?? '') : undefined;
}

function sourceOf({ labels: { type, source } }: Sample): string {
  return type === undefined || source === undefined ? source ?? '' : `${type}:${source}`;
}

function columnRows(sums: Sums, columns: readonly string[], number: (value: number) => string): string[][] {
  return sortedEntries(sums).map(([label, counts]) => [label, ...columns.map((column) => {
    const value = (counts as Sums)[column] as number | undefined;
    return value === undefined || value === 0 ? '-' : number(value);
  })]);
}

function leafRows(sums: Sums | number, number: (value: number) => string, path: readonly string[] = []): string[][] {
  if (typeof sums === 'number') return [[...path, number(sums)]];
  return sortedEntries(sums).flatMap(([label, inner]) => leafRows(inner, number, [...path, label]));
}
