// The commands of one item type: `parsers`, `scenarios`, `collections` … with list, inspect, install, remove, upgrade.

import { editDistance } from '../../ts/config/document.js';
import type { Hub } from '../../ts/hub/hub.js';
import { type Item, type ItemType } from '../../ts/hub/item.js';
import { Plan, planInstall, planRemoval } from '../../ts/hub/plan.js';
import type { CommandSpec, Completion, Invocation } from '../command.js';
import { applyPlan, changeFlags } from './hub-changes.js';
import { inspectItems } from './item-inspect.js';
import { printItems } from './item-list.js';

interface ItemNoun {
  readonly type: ItemType;
  readonly singular: string;
  readonly aliases?: readonly string[];
}

const nouns: readonly ItemNoun[] = [
  { type: 'parsers', singular: 'parser' },
  { type: 'postoverflows', singular: 'postoverflow' },
  { type: 'scenarios', singular: 'scenario' },
  { type: 'contexts', singular: 'context' },
  { type: 'appsec-configs', singular: 'appsec-config', aliases: ['waf-configs'] },
  { type: 'appsec-rules', singular: 'appsec-rule', aliases: ['waf-rules'] },
  { type: 'collections', singular: 'collection' },
];

const suggestionDistanceMax = 7;
const force = (text: string) => ({ long: 'force', kind: 'bool', text }) as const;

/** One command for each item type. */
export function itemCommands(): CommandSpec[] {
  return nouns.map((noun) => ({
    use: `${noun.type} <action> [item]...`, aliases: [noun.singular, ...(noun.aliases ?? [])],
    text: `List, install and remove ${noun.type}`, run: ({ command }) => command.outputHelp(),
    commands: [listSpec(noun), inspectSpec(noun), installSpec(noun), removeSpec(noun), upgradeSpec(noun)],
  }));
}

function listSpec({ type }: ItemNoun): CommandSpec {
  return {
    use: 'list [item... | -a]', text: `List ${type}: the installed ones, those named, or all`, args: { kind: 'any' },
    examples: [`cscli ${type} list`, `cscli ${type} list -a`],
    flags: [{ long: 'all', short: 'a', kind: 'bool', text: 'List what is not installed as well' }],
    run: ({ context, args, flags }) => {
      const hub = context.loadHub();
      printItems(context, new Map([[type, chooseItems(hub, type, args, flags.bool('all'))]]), false);
    },
  };
}

function chooseItems(hub: Hub, type: ItemType, names: readonly string[], all: boolean): Item[] {
  const unknown = names.filter((name) => hub.get(type, name) === undefined);
  if (unknown.length > 0) throw new Error(`item(s) '${unknown.join(', ')}' not found in ${type}`);
  if (names.length > 0) return names.map((name) => hub.get(type, name) as Item);
  return all ? hub.all(type) : hub.installed(type);
}

function inspectSpec({ type }: ItemNoun): CommandSpec {
  return {
    use: 'inspect [item]...', text: `Show what is known about ${type}, with their metrics`,
    args: { kind: 'atLeast', count: 1 }, complete: ({ context, word }) => installedNames(context.loadHub(), type, word),
    examples: [`cscli ${type} inspect NAME`, `cscli ${type} inspect NAME --diff`],
    flags: [
      { long: 'url', short: 'u', kind: 'string', text: 'Metrics page of the daemon' },
      { long: 'diff', kind: 'bool', text: 'Show how an edited item differs from the newest version' },
      { long: 'rev', kind: 'bool', text: 'Show the difference the other way round' },
      { long: 'no-metrics', kind: 'bool', text: 'Leave the metrics out' },
    ],
    run: (invocation) => inspectItems(type, invocation),
  };
}

function installSpec({ type }: ItemNoun): CommandSpec {
  return {
    use: 'install [item]...', text: `Install ${type} and all they need`, args: { kind: 'atLeast', count: 1 },
    examples: [`cscli ${type} install NAME`, `cscli ${type} install NAME --dry-run`],
    complete: ({ context, args, word }) => {
      const names = context.loadHub().all(type).map(({ name }) => name)
        .filter((name) => !args.includes(name) && name.includes(word));
      return { words: names, label: type };
    },
    flags: [...changeFlags,
      { long: 'download-only', short: 'd', kind: 'bool', text: 'Put the files into the hub directory and stop there' },
      force('Replace files that were edited or are outdated'),
      { long: 'ignore', kind: 'bool', text: 'Go on after a name that is not in the hub' },
    ],
    exclusive: [['interactive', 'dry-run']],
    run: (invocation) => install(type, invocation),
  };
}

async function install(type: ItemType, invocation: Invocation): Promise<void> {
  const { context, args, flags } = invocation;
  const hub = context.loadHub();
  const plan = new Plan(hub, context.log, flags.bool('force'));
  for (const name of args) {
    const item = hub.get(type, name);
    if (item !== undefined) {
      planInstall(plan, [item], flags.bool('download-only'));
      continue;
    }
    const message = notFound(hub, type, name);
    if (!flags.bool('ignore')) throw new Error(message);
    context.log.error(message);
  }
  try {
    await applyPlan(plan, invocation);
  } catch (error) {
    if (!flags.bool('ignore')) throw error;
    context.log.error((error as Error).message);
  }
}

function removeSpec({ type, singular }: ItemNoun): CommandSpec {
  return {
    use: 'remove [item]...', aliases: ['delete'], text: `Remove ${type}, and what only they need`, args: { kind: 'any' },
    examples: [`cscli ${type} remove NAME`, `cscli ${type} remove --all`],
    complete: ({ context, word }) => installedNames(context.loadHub(), type, word),
    flags: [...changeFlags,
      { long: 'purge', kind: 'bool', text: 'Delete the files in the hub directory too' },
      force('Remove what is edited or belongs to an installed collection'),
      { long: 'all', kind: 'bool', text: `Remove all ${type}` },
    ],
    exclusive: [['interactive', 'dry-run']],
    run: async (invocation) => {
      const { context, args, flags } = invocation;
      if (args.length > 0 && flags.bool('all')) throw new Error("can't specify items and '--all' at the same time");
      const hub = context.loadHub();
      const plan = new Plan(hub, context.log, flags.bool('force'));
      planRemoval(plan, chooseForRemoval(hub, { type, singular }, invocation), flags.bool('purge'));
      await applyPlan(plan, invocation);
    },
  };
}

function chooseForRemoval(hub: Hub, { type, singular }: ItemNoun, { context, args, flags }: Invocation): Item[] {
  if (flags.bool('all')) return flags.bool('purge') ? hub.all(type) : hub.installed(type);
  if (args.length === 0) throw new Error(`specify at least one ${singular} to remove or '--all'`);
  return args.flatMap((name) => {
    const item = hub.get(type, name);
    if (item === undefined) throw new Error(`can't find '${name}' in ${type}`);
    const parents = hub.installedParents(item);
    if (flags.bool('force') || parents.length === 0) return [item];
    context.log.warn(`${name} belongs to collections: [${parents.map((parent) => parent.name).join(' ')}]`);
    context.log.warn(`Run 'sudo cscli ${type} remove ${name} --force' if you want to force remove this ${singular}`);
    return [];
  });
}

function upgradeSpec({ type, singular }: ItemNoun): CommandSpec {
  return {
    use: 'upgrade [item]...', text: `Bring ${type} to the newest version in the index`, args: { kind: 'any' },
    examples: [`cscli ${type} upgrade NAME`, `cscli ${type} upgrade --all`],
    complete: ({ context, word }) => installedNames(context.loadHub(), type, word),
    flags: [...changeFlags,
      { long: 'all', short: 'a', kind: 'bool', text: `Upgrade all ${type}` },
      force('Replace files that were edited'),
    ],
    exclusive: [['interactive', 'dry-run']],
    run: async (invocation) => {
      const { context, args, flags } = invocation;
      const hub = context.loadHub();
      if (!flags.bool('all') && args.length === 0) {
        throw new Error(`specify at least one ${singular} to upgrade or '--all'`);
      }
      const items = flags.bool('all') ? hub.installed(type) : args.map((name) => {
        const item = hub.get(type, name);
        if (item === undefined) throw new Error(`can't find '${name}' in ${type}`);
        return item;
      });
      const plan = new Plan(hub, context.log, flags.bool('force'));
      for (const item of items) plan.download(item);
      await applyPlan(plan, invocation);
    },
  };
}

function installedNames(hub: Hub, type: ItemType, word: string): Completion {
  return { words: hub.installed(type).map(({ name }) => name).filter((name) => name.includes(word)), label: type };
}

/** Names the nearest item when there is one near enough. */
function notFound(hub: Hub, type: ItemType, name: string): string {
  const near = hub.all(type).map((item) => ({ name: item.name, distance: editDistance(name, item.name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = near !== undefined && near.distance < suggestionDistanceMax ? `, did you mean '${near.name}'?` : '';
  return `can't find '${name}' in ${type}${hint}`;
}
