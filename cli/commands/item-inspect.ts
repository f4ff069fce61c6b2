// `inspect` of hub items: what the index says, what is on this host, the difference of an edited item, and the
// item's metrics while the daemon runs.

import { readFileSync } from 'node:fs';
import type { Hub } from '../../ts/hub/hub.js';
import { newestContent } from '../../ts/hub/execute.js';
import { fullName, isDownloaded, isInstalled, type Item, type ItemType } from '../../ts/hub/item.js';
import type { Invocation } from '../command.js';
import type { Context } from '../context.js';
import { unifiedDiff } from '../render/diff.js';
import { json } from '../render/json.js';
import { printable } from '../render/text.js';
import { yamlText } from '../render/yaml.js';
import { itemMetrics } from './item-metrics.js';

/** Prints the named items; human output ends with metrics for what is installed. */
export async function inspectItems(type: ItemType, { context, args, flags }: Invocation): Promise<void> {
  if (flags.bool('rev') && !flags.bool('diff')) throw new Error('--rev can only be used with --diff');
  const hub = context.loadHub();
  const url = flags.text('url') === '' ? context.config.cscli.prometheusUrl : flags.text('url');
  for (const name of args) {
    const item = hub.get(type, name);
    if (item === undefined) throw new Error(`can't find '${name}' in ${type}`);
    if (flags.bool('diff')) {
      context.print(whyTainted(hub, item, context.hubPaths.indexPath, flags.bool('rev')));
      continue;
    }
    printItem(context, hub, item);
    if (context.output !== 'human') continue;
    if (item.state.isTainted) {
      context.print(`\nThis item is tainted. Use 'cscli ${type} inspect --diff ${name}' to see why.`);
    }
    if (!flags.bool('no-metrics') && isInstalled(item)) {
      context.print('\nCurrent metrics: ');
      context.io.stdout.write(await itemMetrics(hub, item, url, context.look));
    }
  }
}

function printItem(context: Context, hub: Hub, item: Item): void {
  const text = context.output === 'json' ? `${json(jsonForm(hub, item), '  ')}\n` : yamlText(yamlForm(hub, item), 2);
  context.io.stdout.write(text);
}

function yamlForm(hub: Hub, item: Item): object {
  const { state } = item;
  return { ...identity(item), dependencies: nonEmpty(hub.currentDependencies(item)),
    local_path: optional(state.localPath), local_version: optional(state.localVersion),
    local_hash: optional(item.state.isLocal ? '' : state.localHash), downloadpath: state.downloadPath,
    up_to_date: state.isUpToDate, tainted: state.isTainted, tainted_by: optionalList(state.taintedBy),
    belongs_to_collections: optionalList(state.belongsTo), installed: isInstalled(item), local: state.isLocal };
}

function jsonForm(hub: Hub, item: Item): object {
  const { state } = item;
  const { type, stage, name, file_name, description, references, path, version } = identity(item);
  return { type, stage, name, file_name, description, content: optional(item.content), references, path, version,
    versions: versionsForm(item), ...nonEmpty(hub.currentDependencies(item)), local_path: optional(state.localPath),
    local_version: optional(state.localVersion), local_hash: optional(item.state.isLocal ? '' : state.localHash),
    installed: isInstalled(item), downloaded: isDownloaded(item), up_to_date: state.isUpToDate,
    tainted: state.isTainted, local: state.isLocal, belongs_to_collections: optionalList(state.belongsTo) };
}

function identity(item: Item): Record<string, unknown> {
  return { type: item.type, stage: optional(item.stage), name: item.name, file_name: item.fileName,
    description: optional(item.description), references: optionalList(item.references), path: optional(item.path),
    version: optional(item.version) };
}

function versionsForm(item: Item): object | undefined {
  const versions = Object.keys(item.versions).sort().map((version) => {
    const { digest, deprecated } = item.versions[version];
    return [version, { digest, deprecated: deprecated === true ? true : undefined }] as const;
  });
  return versions.length === 0 ? undefined : Object.fromEntries(versions);
}

const dependencyOrder: readonly ItemType[] = ['parsers', 'postoverflows', 'scenarios', 'collections', 'contexts',
  'appsec-configs', 'appsec-rules'];

function nonEmpty(dependencies: { readonly [K in ItemType]?: readonly string[] }): object {
  return Object.fromEntries(dependencyOrder.map((type) => [type, dependencies[type] ?? []] as const)
    .filter(([, names]) => names.length > 0));
}

function optional(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function optionalList(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function whyTainted(hub: Hub, item: Item, indexPath: string, isReversed: boolean): string {
  if (!isInstalled(item)) return `# ${fullName(item)} is not installed`;
  if (!item.state.isTainted) return `# ${fullName(item)} is not tainted`;
  const parts = [`# Let's see why ${fullName(item)} is tainted.`];
  for (const cause of item.state.taintedBy) {
    parts.push(`\n-> ${cause}\n`);
    const [type, name] = cause.split(':') as [ItemType, string];
    const member = hub.get(type, name);
    if (member === undefined) continue;
    const difference = itemDiff(member, indexPath, isReversed);
    const others = member.state.taintedBy.filter((each) => each !== cause);
    if (difference !== '') parts.push(difference);
    else if (others.length > 0) parts.push(`# ${cause} is tainted by ${member.state.taintedBy.join(', ')}`);
  }
  return parts.join('\n');
}

function itemDiff(item: Item, indexPath: string, isReversed: boolean): string {
  if (!isInstalled(item)) return `'${fullName(item)}' is not installed`;
  const local = { name: item.state.localPath, text: readFileSync(item.state.localPath, 'utf8') };
  const newest = { name: `(embedded in ${indexPath})`, text: newestContent(item).toString('utf8') };
  const [from, to] = isReversed ? [newest, local] : [local, newest];
  return unifiedDiff(from, to).split('\n').map(printable).join('\n');
}
