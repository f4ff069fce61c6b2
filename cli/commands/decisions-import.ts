// `cscli decisions import`: decisions from a CSV, JSON or plain file, sent as one alert or in batches.

import { setImmediate } from 'node:timers/promises';
import type { Decision } from '../../ts/model/alert.js';
import { goJsonError } from '../../ts/util/go-json.js';
import type { CommandSpec, FlagValues, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { csvRecords } from '../csv.js';
import { printable } from '../render/text.js';
import { canonicalScope } from './alert-filter.js';
import { manualAlert } from './decisions.js';

const keys = ['duration', 'reason', 'scope', 'type', 'value'] as const;

/** One entry of the file; '' or nothing where it says nothing. */
type Entry = Readonly<Partial<Record<typeof keys[number], string>>>;
const manyDecisions = 1000;
/** Records read before what else goes on gets its turn. */
const recordsPerTurn = 5000;

/** `cscli decisions import`. */
export const importSpec: CommandSpec = {
  use: 'import [options]', text: 'Import decisions from a file or pipe', keepsFlagOrder: true, run: importDecisions,
  longText: 'Imports decisions. CSV has a header line with any of duration, reason, scope, type, value; JSON is a list\n'
    + 'of objects with these keys; "values" is one value a line.',
  examples: ['cscli decisions import -i decisions.csv', 'echo 1.2.3.4 | cscli decisions import -i - --format values'],
  flags: [
    { long: 'input', short: 'i', kind: 'string', isRequired: true, text: 'File to read, - for standard input' },
    { long: 'duration', short: 'd', kind: 'string', fallback: '4h', text: 'Duration where the file has none' },
    { long: 'scope', kind: 'string', fallback: 'Ip', text: 'Scope where the file has none' },
    { long: 'reason', short: 'R', kind: 'string', fallback: 'manual', text: 'Reason where the file has none' },
    { long: 'type', short: 't', kind: 'string', fallback: 'ban', text: 'Type where the file has none' },
    { long: 'batch', kind: 'int', text: 'Decisions sent at once (0: all)' },
    { long: 'format', kind: 'string', text: 'json, csv or values; guessed from the file name when not given' },
  ],
};

async function importDecisions({ context, flags }: Invocation): Promise<void> {
  const defaults = ['duration', 'scope', 'reason', 'type'] as const;
  const empty = defaults.find((name) => flags.text(name) === '');
  if (empty !== undefined) throw new Error(`default ${empty} cannot be empty`);
  const input = flags.text('input');
  const format = flags.text('format') || /\.(json|csv)$/.exec(input)?.[1];
  if (format === undefined) {
    throw new Error('unable to guess format from file extension, please provide a format with --format flag');
  }
  // A password takes the server a tenth of a second, in which the file is read. Whatever goes wrong with it, the first request says.
  void logIn(context).catch(() => {});
  const text = await context.readInput(input);
  const entries = await parseEntries(context, text, format);
  if (entries.length === 0) throw new Error('no decisions found');
  const decisions = entries.map((entry, index) => toDecision(entry, index, flags));
  if (decisions.length > manyDecisions) {
    context.print(`You are about to add ${decisions.length} decisions, this may take a while`);
  }
  const batch = flags.int('batch');
  if (batch !== 0) context.print(`batch size: ${batch}`);
  const wanted = await withoutAllowlisted(context, decisions, batch || decisions.length);
  for (const chunk of chunks(wanted, batch || decisions.length)) {
    await context.lapi.addAlerts([{ ...manualAlert(context.io.now(), chunk),
      scenario: `import ${input === '-' ? 'stdin' : input}: ${chunk.length} IPs` }]);
  }
  context.io.stdout.write(`Imported ${wanted.length} decisions`);
}

async function logIn(context: Context): Promise<void> {
  await context.lapi.client.authenticate();
}

async function parseEntries(context: Context, text: string, format: string): Promise<Entry[]> {
  if (format === 'values') {
    context.print('Parsing values');
    return text.replace(/\n$/, '').split('\n').filter((_, index, all) => all.length > 1 || all[index] !== '')
      .map((line) => ({ value: line.trim() }));
  }
  if (format === 'json') {
    context.print('Parsing json');
    return parseJson(text);
  }
  if (format !== 'csv') throw new Error(`invalid format '${format}', expected one of 'json', 'csv', 'values'`);
  context.print('Parsing csv');
  return parseTable(text);
}

function parseJson(text: string): Entry[] {
  const goType = '[]clidecision.decisionRaw';
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new Error(goJsonError(text));
  }
  if (list === null) return [];
  if (!Array.isArray(list)) throw new Error(`json: cannot unmarshal ${jsonKind(list)} into Go value of type ${goType}`);
  return list.map((item: unknown) => {
    if (item === null) return {};
    if (typeof item !== 'object' || Array.isArray(item)) {
      throw new Error(`json: cannot unmarshal ${jsonKind(item)} into Go value of type ${goType.slice(2)}`);
    }
    const values = Object.entries(item).flatMap(([name, value]) => {
      const key = keys.find((each) => each === name.toLowerCase());
      if (key === undefined || value === null) return [];
      if (typeof value === 'string') return [[key, value] as const];
      const field = `${goType.slice(2)}.${key}`;
      throw new Error(`json: cannot unmarshal ${jsonKind(value)} into Go struct field ${field} of type string`);
    });
    return Object.fromEntries(values) as Entry;
  });
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

async function parseTable(text: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let columns: (readonly [key: typeof keys[number], column: number])[] | null = null;
  let before: Entry = {};
  try {
    for (const record of csvRecords(text)) {
      if (columns === null) {
        columns = keys.map((key) => [key, record.indexOf(key)] as const).filter(([, column]) => column >= 0);
        continue;
      }
      const entry: Partial<Record<typeof keys[number], string>> = {};
      // Lines mostly repeat each other: of equal texts one is kept.
      for (const [key, column] of columns) entry[key] = record[column] === before[key] ? before[key] : record[column];
      before = entry;
      if (entries.push(entry) % recordsPerTurn === 0) await setImmediate();
    }
  } catch (error) {
    throw new Error(`unable to parse csv: '${(error as Error).message}'`);
  }
  if (columns === null) throw new Error("unable to parse csv: 'EOF'");
  return entries;
}

function toDecision(entry: Entry, index: number, flags: FlagValues): Decision {
  if (!entry.value) throw new Error(`item ${index}: missing 'value'`);
  return { value: entry.value, duration: entry.duration || flags.text('duration'), origin: 'cscli-import',
    scenario: entry.reason || flags.text('reason'), type: entry.type || flags.text('type'),
    scope: entry.scope || flags.text('scope'), simulated: false };
}

async function withoutAllowlisted(context: Context, decisions: readonly Decision[], batch: number): Promise<Decision[]> {
  const listed = new Set<string>();
  for (const chunk of chunks(decisions, batch)) {
    const values = chunk.filter(({ scope }) => ['Ip', 'Range'].includes(canonicalScope(scope))).map(({ value }) => value);
    if (values.length === 0) continue;
    const matches = await context.lapi.allowlisted(values);
    if (matches === null) {
      context.log.warn('the Local API knows no allowlists: nothing is left out for them');
      return [...decisions];
    }
    for (const { target, allowlists } of matches) {
      context.print(printable(`Value ${target} is allowlisted by [${allowlists.join(' ')}]`));
      listed.add(target);
    }
  }
  return decisions.filter(({ value }) => !listed.has(value));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
