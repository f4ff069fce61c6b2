// `cscli allowlists`: addresses that are never banned. Lists are read over the Local API, changed in its database.

import type { Allowlist, NewAllowlistItem } from '../../lapi/store/allowlists.js';
import type { Store } from '../../lapi/store/store.js';
import { parseDurationWithDays } from '../../ts/util/go-duration.js';
import { goQuote } from '../../ts/util/go-quote.js';
import { GoTime } from '../../ts/util/go-time.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { parseCsv } from '../csv.js';
import type { AllowlistItemView, AllowlistView } from '../lapi.js';
import { lightList } from '../render/human.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import { renderTable, type Look } from '../render/table.js';
import { printable } from '../render/text.js';

const oneName = { kind: 'exact', count: 1 } as const;
const nameAndValues = { kind: 'atLeast', count: 2 } as const;

/** `cscli allowlists` and its subcommands. */
export const allowlistsSpec: CommandSpec = {
  use: 'allowlists [action]', aliases: ['allowlist'], text: 'Manage allowlists',
  run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'create [allowlist_name]', text: 'Create a list', args: oneName, run: create,
      examples: ["cscli allowlists create office -d 'our own addresses'"],
      flags: [{ long: 'description', short: 'd', kind: 'string', isRequired: true, text: 'What the list is for' }] },
    { use: 'list', text: 'List the lists', run: list, examples: ['cscli allowlists list'] },
    { use: 'delete [allowlist_name]', text: 'Delete a list', args: oneName, run: remove,
      examples: ['cscli allowlists delete office'] },
    { use: 'add [allowlist_name] [value...] [-e expiration] [-d comment]', text: 'Add addresses or ranges',
      args: nameAndValues, run: add, examples: ['cscli allowlists add office 1.2.3.4 10.0.0.0/8 -e 7d -d "the office"'],
      flags: [{ long: 'expiration', short: 'e', kind: 'duration', text: 'How long they stay (0: for ever)' },
        { long: 'comment', short: 'd', kind: 'string', text: 'Remark on the values' }] },
    { use: 'import [allowlist_name] -i <file>', text: 'Add the values of a CSV file', args: oneName, run: importFile,
      longText: 'Adds values from a CSV file with a header line: value, and where wanted expiration and comment.',
      examples: ['cscli allowlists import office -i office.csv'],
      flags: [{ long: 'input', short: 'i', kind: 'string', isRequired: true, text: 'File to read, - for standard input' }] },
    { use: 'remove [allowlist_name] [value]', text: 'Remove values', args: nameAndValues, run: removeValues,
      examples: ['cscli allowlists remove office 1.2.3.4'] },
    { use: 'inspect [allowlist_name]', text: 'Show a list with its values', args: oneName, run: inspect,
      examples: ['cscli allowlists inspect office'] },
    { use: 'check [value...]', text: 'Say whether values are allowlisted', run: check,
      args: { kind: 'atLeast', count: 1 }, examples: ['cscli allowlists check 1.2.3.4'] },
  ],
};

async function create({ context, args: [name], flags }: Invocation): Promise<void> {
  const isNew = await context.withStore((store) => store.allowlists.add(name, flags.text('description')));
  if (!isNew) throw new Error(`allowlist '${name}' already exists`);
  context.print(`allowlist '${name}' created successfully`);
}

async function remove({ context, args: [name] }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    await editable(store, name, 'delete');
    await store.allowlists.remove(name);
  });
  context.print(`allowlist '${name}' deleted successfully`);
}

async function list({ context }: Invocation): Promise<void> {
  const lists = await context.lapi.listAllowlists();
  if (context.output === 'json') context.print(json(lists, '  '));
  else if (context.output === 'raw') {
    context.io.stdout.write(csv([['name', 'description', 'created_at', 'updated_at', 'console_managed', 'size'],
      ...lists.map((each) => [each.name, each.description ?? '', seconds(each.created_at), seconds(each.updated_at),
        String(each.console_managed ?? false), String(each.items?.length ?? 0)])]));
  } else {
    context.io.stdout.write(lightList(['Name', 'Description', 'Created at', 'Updated at', 'Managed by Console', 'Size'],
      lists.map((each) => [each.name, each.description ?? '', each.created_at ?? '', each.updated_at ?? '',
        each.console_managed === true ? 'yes' : 'no', String(each.items?.length ?? 0)]), context.look));
  }
}

async function inspect({ context, args: [name] }: Invocation): Promise<void> {
  const found = await context.lapi.getAllowlist(name, 'unable to get allowlist');
  if (context.output === 'json') context.print(json(found, '  '));
  else if (context.output === 'raw') {
    context.io.stdout.write(csv([['name', 'description', 'value', 'comment', 'expiration', 'created_at', 'console_managed'],
      ...(found.items ?? []).map((item) => [found.name, found.description ?? '', item.value, item.description ?? '',
        seconds(expiryOf(item)) || 'never', seconds(item.created_at), String(found.console_managed ?? false)])]));
  } else context.io.stdout.write(sheet(found, context.look));
}

function sheet(found: AllowlistView, look: Look): string {
  const facts = [['Name', found.name], ['Description', found.description ?? ''], ['Created at', found.created_at ?? ''],
    ['Updated at', found.updated_at ?? ''], ['Managed by Console', found.console_managed === true ? 'yes' : 'no']];
  const head = renderTable({ style: 'light', title: `Allowlist: ${printable(found.name)}`,
    rows: facts.map((row) => row.map(printable)) }, look);
  return `${head}\n${lightList(['Value', 'Comment', 'Expiration', 'Created at'], (found.items ?? []).map((item) =>
    [item.value, item.description ?? '', expiryOf(item) || 'never', seconds(item.created_at)]), look)}`;
}

/** '' for an item that never expires. */
function expiryOf({ expiration }: AllowlistItemView): string {
  return expiration === undefined || expiration.startsWith('0001-01-01') ? '' : expiration;
}

/** An instant of the Local API without its fraction. */
function seconds(instant: string | undefined): string {
  return (instant ?? '').replace(/\.\d+/, '');
}

async function check({ context, args }: Invocation): Promise<void> {
  for (const value of args) {
    const reason = await context.lapi.allowlistReason(value, `cannot check if ${value} is in allowlist`);
    context.print(reason === undefined ? `${value} is not allowlisted`
      : `${value} is allowlisted by item ${printable(reason)}`);
  }
}

async function add({ context, args: [name, ...values], flags }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    const ageNs = flags.duration('expiration');
    const expiresAt = ageNs === 0 ? GoTime.zero : store.now().add(ageNs);
    await addValues(context, store, await editable(store, name, 'update'),
      values.map((value) => ({ value, comment: flags.text('comment'), expiresAt })));
  });
}

async function importFile({ context, args: [name], flags }: Invocation): Promise<void> {
  const input = flags.text('input');
  const text = await context.readInput(input);
  const rows = readRows(text);
  await context.withStore(async (store) => {
    const found = await editable(store, name, 'update');
    await addValues(context, store, found, rows.map((row, index) => itemOf(row, index + 1, store.now())));
  });
}

interface Row {
  readonly value: string;
  readonly expiration: string;
  readonly comment: string;
}

function readRows(text: string): Row[] {
  let records: string[][];
  try {
    records = parseCsv(text);
  } catch (error) {
    throw new Error(`unable to parse CSV: ${(error as Error).message}`);
  }
  const [header, ...rest] = records;
  if (header === undefined) throw new Error('unable to parse CSV: EOF');
  if (rest.length === 0) throw new Error('no values to import');
  const column = (record: readonly string[], name: string): string => record[header.indexOf(name)] ?? '';
  return rest.map((record) => ({ value: column(record, 'value'), expiration: column(record, 'expiration'),
    comment: column(record, 'comment') }));
}

function itemOf(row: Row, number: number, now: GoTime): NewAllowlistItem {
  if (row.value === '') throw new Error(`row ${number}: missing 'value'`);
  if (row.expiration === '') return { value: row.value, comment: row.comment, expiresAt: GoTime.zero };
  try {
    return { value: row.value, comment: row.comment, expiresAt: now.add(parseDurationWithDays(row.expiration)) };
  } catch (error) {
    throw new Error(`row ${number}: invalid expiration ${goQuote(row.expiration)}: ${(error as Error).message}`);
  }
}

/** Adds what is not there yet, then ends the decisions that are allowlisted now. */
async function addValues(context: Context, store: Store, found: Allowlist, items: readonly NewAllowlistItem[]):
Promise<void> {
  const fresh = items.filter(({ value }) => {
    const isKnown = found.items.some((item) => item.value === value);
    if (isKnown) context.log.warn(`value ${value} already in allowlist`);
    return !isKnown;
  });
  if (fresh.length === 0) {
    context.print('no new values for allowlist');
    return;
  }
  try {
    const count = await store.allowlists.addItems(found.id, fresh);
    context.print(`added ${count} values to allowlist ${found.name}`);
  } catch (error) {
    context.log.error((error as Error).message);
    return;
  }
  const ended = await store.allowlists.applyToDecisions();
  if (ended > 0) context.print(`${ended} decisions deleted by allowlists`);
}

async function removeValues({ context, args: [name, ...values] }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    const found = await editable(store, name, 'delete');
    const known = values.filter((value) => found.items.some((item) => item.value === value));
    if (known.length === 0) {
      context.print('no value to remove from allowlist');
      return;
    }
    const count = await store.allowlists.removeItems(found.id, known);
    context.io.stdout.write(`removed ${count} values from allowlist ${name}`);
  });
}

/** The list with its items; throws when it is missing or belongs to the console. */
async function editable(store: Store, name: string, verb: string): Promise<Allowlist> {
  const found = await store.allowlists.get(name, true);
  if (found === null) throw new Error(`allowlist '${name}' not found`);
  if (found.isFromConsole) throw new Error(`allowlist ${name} is managed by console, cannot ${verb} with cscli`);
  return found;
}
