// `cscli hub`: what the hub has and what of it is installed, across all item types.

import { existsSync } from 'node:fs';
import { copyEmbeddedHub } from '../../ts/hub/embedded.js';
import { hubStatistics, type Hub } from '../../ts/hub/hub.js';
import { itemTypes, statusOf, statusSign, type Item, type ItemType } from '../../ts/hub/item.js';
import { Plan } from '../../ts/hub/plan.js';
import { installedForest, itemsIn, type ItemNode } from '../../ts/hub/tree.js';
import type { CommandSpec, FlagSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { renderTable, type Look } from '../render/table.js';
import { printable } from '../render/text.js';
import { applyPlan, changeFlags } from './hub-changes.js';
import { checkStatuses, hasStatus, printItems, statusWords } from './item-list.js';

interface TableRow {
  readonly item: Item;
  readonly depth: number;
  /** The branches drawn before the name. */
  readonly prefix: string;
}

const statusFlag: FlagSpec = { long: 'status', kind: 'strings', choices: statusWords,
  text: `Only items with this status (${statusWords.join(', ')})` };
const colours = { 'not-installed': '90', tainted: '38;5;208;1', local: '36', outdated: '38;5;154', 'up-to-date': '32' };

/** `cscli hub` and its subcommands. */
export const hubSpec: CommandSpec = {
  use: 'hub [action]', text: 'Show and upgrade what comes from the hub', run: ({ command }) => command.outputHelp(),
  examples: ['cscli hub list', 'cscli hub search ssh'],
  commands: [
    {
      use: 'list [-a]', text: 'List what is installed, collections as a tree', run: list,
      flags: [
        { long: 'all', short: 'a', kind: 'bool', text: 'List what is not installed as well' },
        { long: 'full', kind: 'bool', text: 'List the members of collections one by one' },
        statusFlag,
      ],
      exclusive: [['all', 'full']],
    },
    {
      use: 'search <term>...', text: 'Find items whose name or description has all the terms', run: search,
      args: { kind: 'atLeast', count: 1 }, flags: [statusFlag], examples: ['cscli hub search ssh bruteforce'],
    },
    {
      use: 'update', text: 'Write the index of the embedded hub where there is no index', run: update,
      flags: [{ long: 'with-content', kind: 'bool', text: 'Accepted; the embedded index always has the files in it' }],
    },
    {
      use: 'upgrade', text: 'Bring everything installed to the newest version in the index', run: upgrade,
      flags: [...changeFlags, { long: 'force', kind: 'bool', text: 'Replace files that were edited, and data files' }],
      exclusive: [['interactive', 'dry-run']],
    },
    {
      use: 'branch', text: 'Show the branch of the hub in the configuration',
      flags: [{ long: 'all', short: 'a', kind: 'bool', text: 'Accepted, has no effect' }],
      run: ({ context }) => context.print(context.config.raw.cscli?.hub_branch || 'master'),
    },
    { use: 'types', text: 'List the types of items', run: ({ context }) => printTypes(context) },
  ],
};

function printTypes(context: Context): void {
  if (context.output === 'json') context.print(JSON.stringify(itemTypes));
  else for (const type of itemTypes) context.print(context.output === 'raw' ? type : `- ${type}`);
}

function list({ context, flags }: Invocation): void {
  const statuses = flags.texts('status');
  checkStatuses(statuses);
  const hub = context.loadHub();
  const all = flags.bool('all');
  for (const line of [...hub.warnings, ...hubStatistics(hub)]) context.io.stderr.write(`${line}\n`);
  const byType = new Map(itemTypes.map((type) => [type,
    (all ? hub.all(type) : hub.installed(type)).filter((item) => hasStatus(item, statuses))] as const));
  if (context.output !== 'human') {
    printItems(context, byType, true);
    return;
  }
  const rows = all ? flat([...byType.values()].flat()) : installedRows(hub, byType, statuses, flags.bool('full'));
  printTable(context, rows, false, 'No items to display');
}

function installedRows(hub: Hub, byType: ReadonlyMap<ItemType, readonly Item[]>, statuses: readonly string[],
  isFull: boolean): TableRow[] {
  const forest = installedForest(hub);
  const rows = forest.flatMap((node) => treeRows(node, 0, statuses, isFull));
  if (!isFull) return rows;
  const placed = itemsIn(forest);
  return [...rows, ...flat([...byType.values()].flat().filter((item) => !placed.has(item)))];
}

/** A collection always shows; a leaf when asked for or tainted; a branch with nothing to show goes away. */
function treeRows(node: ItemNode, depth: number, statuses: readonly string[], isFull: boolean): TableRow[] {
  const subtrees = node.children.map((child) => {
    if (child.item.type === 'collections') return treeRows(child, depth + 1, statuses, isFull);
    const isShown = hasStatus(child.item, statuses)
      && (isFull || statuses.length > 0 || statusOf(child.item) === 'tainted');
    return isShown ? [{ item: child.item, depth: depth + 1, prefix: '' }] : [];
  }).filter((rows) => rows.length > 0);
  if (subtrees.length === 0 && !hasStatus(node.item, statuses)) return [];
  const below = subtrees.flatMap((rows, index) => {
    const isLast = index === subtrees.length - 1;
    return rows.map((row, at) => {
      const branch = at === 0 ? (isLast ? '└─ ' : '├─ ') : (isLast ? '   ' : '│  ');
      return { ...row, prefix: branch + row.prefix };
    });
  });
  return [{ item: node.item, depth, prefix: '' }, ...below];
}

function flat(items: readonly Item[]): TableRow[] {
  return items.map((item) => ({ item, depth: 0, prefix: '' }));
}

function printTable(context: Context, rows: readonly TableRow[], withDescription: boolean, ifEmpty: string): void {
  if (rows.length === 0) {
    context.print(ifEmpty);
    return;
  }
  const cells: (string[] | 'separator')[] = [];
  let isBelowCollections = false;
  for (const row of rows) {
    if (row.depth === 0 && row.item.type !== 'collections' && isBelowCollections) cells.push('separator');
    if (row.depth === 0) isBelowCollections = row.item.type === 'collections';
    cells.push(rowCells(row, withDescription, context.look));
  }
  const header = ['Type', 'Name', '\u{1F4E6} Status', 'Version', 'Details', ...(withDescription ? ['Description'] : [])];
  context.io.stdout.write(renderTable({ style: 'light', header, rows: cells }, context.look));
}

function rowCells({ item, prefix }: TableRow, withDescription: boolean, look: Look): string[] {
  const status = statusOf(item);
  const paint = (text: string, code: string): string =>
    (look.isColoured && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text);
  const name = item.type === 'collections' ? paint(printable(item.name), '1') : printable(item.name);
  return [paint(item.type, '90'), paint(prefix, '90') + name, `${statusSign(item)}  ${paint(status, colours[status])}`,
    item.state.localVersion, paint(details(item), '90'),
    ...(withDescription ? [printable(item.description.trim())] : [])];
}

function details(item: Item): string {
  const status = statusOf(item);
  const change = `${item.state.localVersion} → ${item.version}`;
  if (item.type !== 'collections') return status === 'tainted' ? 'edited locally' : status === 'outdated' ? change : '';
  const counts = itemTypes.map((type) => [item.dependencies[type]?.length ?? 0, type] as const)
    .filter(([count]) => count > 0).map(([count, type]) => `${count} ${type.replace(/s$/, '')}(s)`);
  return [...(status === 'outdated' ? [change] : []), ...(counts.length > 0 ? [counts.join(' / ')] : [])].join(' · ');
}

function search({ context, args, flags }: Invocation): void {
  const statuses = flags.texts('status');
  checkStatuses(statuses);
  const hub = context.loadHub();
  const terms = args.map((term) => term.toLowerCase());
  const byType = new Map(itemTypes.map((type) => [type, hub.all(type).filter((item) => {
    const text = `${item.name} ${item.description}`.toLowerCase();
    return terms.every((term) => text.includes(term)) && hasStatus(item, statuses);
  })] as const));
  if (context.output !== 'human') printItems(context, byType, true);
  else printTable(context, flat([...byType.values()].flat()), true, 'No matching items');
}

function update({ context }: Invocation): void {
  if (existsSync(context.hubPaths.indexPath)) {
    throw new Error(`${context.hubPaths.indexPath} is there already; updating it over the network is not built yet`);
  }
  context.print(`Writing ${context.hubPaths.indexPath}`);
  copyEmbeddedHub(context.hubPaths);
}

async function upgrade(invocation: Invocation): Promise<void> {
  const { context, flags } = invocation;
  const hub = context.loadHub();
  const plan = new Plan(hub, context.log, flags.bool('force'));
  for (const type of itemTypes) for (const item of hub.installed(type)) plan.download(item);
  plan.refreshData();
  await applyPlan(plan, invocation);
}
