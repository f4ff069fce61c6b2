// `cscli metrics`: what the daemon counted since it started, and what bouncers reported.

import type { CommandSpec, FlagSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { bouncerTables, sumReports, type BouncerSums } from '../bouncer-metrics.js';
import { sectionGroups, sections, sortedEntries, sumSection, type Sums } from '../metric-sections.js';
import { shortNumber, boxedList } from '../render/human.js';
import { json } from '../render/json.js';
import { renderTable } from '../render/table.js';
import { printable } from '../render/text.js';
import { scrape, type Sample } from '../scrape.js';

const bouncerSection = { title: 'Bouncer Metrics', description: 'What bouncers dropped and processed, by origin.' };
const sectionNames = [...Object.keys(sections), 'bouncers'].sort();

const flags: readonly FlagSpec[] = [
  { long: 'url', short: 'u', kind: 'string', text: 'Metrics page of the daemon (http://<ip>:<port>/metrics)' },
  { long: 'no-unit', kind: 'bool', text: 'Show whole numbers instead of 1.23k' },
];

/** `cscli metrics` and its subcommands. */
export const metricsSpec: CommandSpec = {
  use: 'metrics', text: 'Show metrics', flags, run: (invocation) => show(invocation, []),
  longText: 'Shows what the daemon counted since it started, and what bouncers reported. Empty tables are left out.',
  examples: ['cscli metrics', 'cscli metrics show engine', 'cscli metrics list'],
  commands: [
    { use: 'show [type]...', text: 'Show some of the metrics', args: { kind: 'any' }, flags,
      run: (invocation) => show(invocation, invocation.args),
      examples: ['cscli metrics show acquisition parsers', 'cscli metrics show lapi'],
      complete: ({ args, word }) =>
        ({ words: sectionNames.filter((name) => !args.includes(name) && name.includes(word)) }) },
    { use: 'list', text: 'List the types of metrics', run: list },
  ],
};

async function show({ context, flags: values }: Invocation, wanted: readonly string[]): Promise<void> {
  const { prometheus, cscli } = context.config;
  if (!prometheus.enabled) throw new Error("prometheus is not enabled, can't show metrics");
  const chosen = wanted.flatMap((name) => (Object.hasOwn(sectionGroups, name) ? sectionGroups[name] : [name]));
  const { samples, bouncers } = await collect(context, values.text('url') || cscli.prometheusUrl);
  const unknown = chosen.find((name) => !sectionNames.includes(name));
  if (unknown !== undefined) throw new Error(`unknown metrics type: ${unknown}`);
  if (context.output === 'raw') throw new Error("output format 'raw' not supported for this command");
  const names = chosen.length === 0 ? sectionNames : sectionNames.filter((name) => chosen.includes(name));
  if (context.output === 'json') {
    const forms = names.map((name) => [name, jsonForm(name, samples, bouncers)] as const);
    context.io.stdout.write(json(Object.fromEntries(forms), ' '));
    return;
  }
  const number = (value: number): string => shortNumber(value, !values.bool('no-unit'));
  for (const name of names) context.io.stdout.write(table(name, samples, bouncers, number, chosen.length > 0, context));
}

/** The daemon's samples and the bouncers' reports; what cannot be had is warned about and left out. */
async function collect(context: Context, url: string): Promise<{ samples: readonly Sample[]; bouncers: BouncerSums }> {
  let bouncers = sumReports([]);
  if (context.config.database !== null && context.config.server?.enabled === true) {
    try {
      bouncers = sumReports(await context.withStore((store) => store.usageMetrics.list('RC')));
    } catch (error) {
      context.log.warn(`unable to open database: ${(error as Error).message}`);
    }
  }
  try {
    return { samples: await scrape(url), bouncers };
  } catch (error) {
    context.log.warn((error as Error).message);
    return { samples: [], bouncers };
  }
}

function table(name: string, samples: readonly Sample[], bouncers: BouncerSums, number: (value: number) => string,
  showEmpty: boolean, { look }: Context): string {
  if (name === 'bouncers') {
    const text = bouncerTables(bouncers, number, look);
    return text === '' && showEmpty ? 'No bouncer metrics found.\n' : text;
  }
  const section = sections[name];
  const rows = section.rows(sumSection(section, samples), number);
  if (rows.length === 0 && !showEmpty) return '';
  return renderTable({ style: 'boxed', title: section.title, header: section.header,
    rows: rows.map((row) => row.map(printable)) }, look);
}

function jsonForm(name: string, samples: readonly Sample[], bouncers: BouncerSums): unknown {
  if (name === 'bouncers') return sorted(bouncers.byOrigin);
  const sums = sumSection(sections[name], samples);
  if (name === 'stash') {
    return Object.fromEntries(sortedEntries(sums).map(([stash, types]) => {
      const [[type, count]] = Object.entries(types as Sums);
      return [stash, { Type: type, Count: count }];
    }));
  }
  if (name === 'lapi-decisions') {
    return Object.fromEntries(sortedEntries(sums).map(([bouncer, counts]) =>
      [bouncer, { NonEmpty: (counts as Sums)['NonEmpty'] ?? 0, Empty: (counts as Sums)['Empty'] ?? 0 }]));
  }
  return sorted(sums);
}

function sorted(sums: Sums | number): unknown {
  if (typeof sums === 'number') return sums;
  return Object.fromEntries(sortedEntries(sums).map(([label, inner]) => [label, sorted(inner)]));
}

function list({ context }: Invocation): void {
  if (context.output === 'raw') throw new Error("output format 'raw' not supported for this command");
  const rows = sectionNames.map((type) => {
    const { title, description } = type === 'bouncers' ? bouncerSection : sections[type];
    return { type, title, description };
  });
  if (context.output === 'json') context.print(json(rows, ' '));
  else {
    context.io.stdout.write(boxedList(['Type', 'Title', 'Description'],
      rows.map(({ type, title, description }) => [type, title, description]), context.look));
  }
}
