// `cscli bouncers`: who may ask for decisions. Works on the database of this host's Local API.

import type { Bouncer } from '../../lapi/store/bouncers.js';
import { generateApiKey, hashApiKey } from '../../lapi/store/credentials.js';
import type { OperatingSystem } from '../../lapi/store/machines.js';
import type { Store } from '../../lapi/store/store.js';
import type { CommandSpec, Invocation } from '../command.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import { renderTable, type Look } from '../render/table.js';
import { printable } from '../render/text.js';
import { lightList } from '../render/human.js';
import { isConfirmed } from './question.js';
import { exactText, secondsText, sheetText } from './time-text.js';

const minuteNs = 60e9;
const oneName = { kind: 'exact', count: 1 } as const;

/** `cscli bouncers` and its subcommands. */
export const bouncersSpec: CommandSpec = {
  use: 'bouncers [action]', aliases: ['bouncer'], text: 'Manage bouncers (on the host of the Local API)',
  run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'list', text: 'List bouncers', run: list, examples: ['cscli bouncers list'] },
    { use: 'add MyBouncerName', text: 'Add a bouncer and show its key', args: oneName, run: add,
      examples: ['cscli bouncers add my-firewall'],
      flags: [{ long: 'key', short: 'k', kind: 'string', text: 'Key to use instead of a random one' },
        { long: 'length', short: 'l', kind: 'string', text: 'Accepted, has no effect', isHidden: true }] },
    { use: 'inspect [bouncer_name]', text: 'Show all about a bouncer', args: oneName, run: inspect,
      examples: ['cscli bouncers inspect my-firewall'] },
    { use: 'delete MyBouncerName', aliases: ['remove'], text: 'Delete bouncers', args: { kind: 'atLeast', count: 1 },
      run: remove, examples: ['cscli bouncers delete my-firewall'],
      flags: [{ long: 'ignore-missing', kind: 'bool', text: 'Say nothing about bouncers that do not exist' }] },
    { use: 'prune', text: 'Delete bouncers that have not been heard of for long', run: prune,
      examples: ['cscli bouncers prune -d 45m --force'],
      flags: [{ long: 'duration', short: 'd', kind: 'duration', fallback: 60 * minuteNs, text: 'Time since the last pull' },
        { long: 'force', kind: 'bool', text: 'Do not ask' }] },
  ],
};

/** `debian/12`, `?` when not known. */
export function systemText({ name, version }: OperatingSystem): string {
  return [name, version].filter((part) => part !== '').join('/') || '?';
}

async function list({ context }: Invocation): Promise<void> {
  const bouncers = await context.withStore((store) => store.bouncers.list());
  if (context.output === 'json') context.print(json(bouncers.map(jsonForm), '  '));
  else if (context.output === 'raw') {
    context.io.stdout.write(csv([['name', 'ip', 'revoked', 'last_pull', 'type', 'version', 'auth_type'],
      ...bouncers.map((each) => [each.name, each.ipAddress, each.revoked ? 'pending' : 'validated',
        secondsText(each.lastPull), each.type, each.version, each.authType])]));
  } else context.io.stdout.write(humanList(bouncers, context.look));
}

function humanList(bouncers: readonly Bouncer[], look: Look): string {
  return lightList(['Name', 'IP Address', 'Valid', 'Last API pull', 'Type', 'Version', 'Auth Type'],
    bouncers.map((each) => [each.name, each.ipAddress, each.revoked ? '\u{1F6AB}' : '\u2714\uFE0F',
      secondsText(each.lastPull), each.type, each.version, each.authType]), look);
}

function jsonForm(bouncer: Bouncer): object {
  return { created_at: exactText(bouncer.createdAt), updated_at: exactText(bouncer.updatedAt), name: bouncer.name,
    revoked: bouncer.revoked, ip_address: bouncer.ipAddress, type: bouncer.type, version: bouncer.version,
    last_pull: exactText(bouncer.lastPull), auth_type: bouncer.authType, os: systemText(bouncer.os),
    featureflags: bouncer.featureFlags === '' ? undefined : bouncer.featureFlags.split(','),
    auto_created: bouncer.isAutoCreated };
}

async function add({ context, args: [name], flags }: Invocation): Promise<void> {
  const key = flags.text('key') || generateApiKey();
  const added = await context.withStore((store) => store.bouncers.add({ name, keyHash: hashApiKey(key), ipAddress: '',
    isAutoCreated: false }));
  if (added === null) throw new Error(`unable to create bouncer: bouncer ${name} already exists`);
  if (context.output === 'raw') context.io.stdout.write(key);
  else if (context.output === 'json') context.io.stdout.write(json(key, ''));
  else {
    context.print(`API key for '${name}':\n\n   ${key}\n\n`
      + 'Please keep this key since you will not be able to retrieve it!');
  }
}

async function inspect({ context, args: [name] }: Invocation): Promise<void> {
  const bouncer = await context.withStore((store) => store.bouncers.get(name));
  if (bouncer === null) throw new Error(`unable to read bouncer data '${name}': ent: bouncer not found`);
  if (context.output === 'raw') throw new Error(`output format 'raw' not supported for this command`);
  if (context.output === 'json') {
    context.print(json(jsonForm(bouncer), '  '));
    return;
  }
  const features = bouncer.featureFlags === '' ? [] : bouncer.featureFlags.split(',');
  const rows = [['Created At', sheetText(bouncer.createdAt)], ['Last Update', sheetText(bouncer.updatedAt)],
    ['Revoked?', String(bouncer.revoked)], ['IP Address', bouncer.ipAddress], ['Type', bouncer.type],
    ['Version', bouncer.version], ['Last Pull', sheetText(bouncer.lastPull)], ['Auth type', bouncer.authType],
    ['OS', systemText(bouncer.os)], ['Auto Created', String(bouncer.isAutoCreated)],
    ...features.map((feature, index) => [index === 0 ? 'Feature Flags' : '', feature])];
  context.io.stdout.write(renderTable({ style: 'light', title: `Bouncer: ${printable(name)}`,
    rows: rows.map((row) => row.map(printable)) }, context.look).trimEnd());
}

async function remove({ context, args, flags }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    const all = await store.bouncers.list();
    for (const name of args) {
      const bouncer = all.find((each) => each.name === name);
      if (bouncer !== undefined) await removeOne(store, bouncer, all, context.log);
      else if (!flags.bool('ignore-missing')) throw new Error(`unable to delete bouncer ${name}: ent: bouncer not found`);
    }
  });
}

/** A bouncer goes with those that the Local API made for its other addresses; one of those alone cannot go. */
async function removeOne(store: Store, bouncer: Bouncer, all: readonly Bouncer[], log: Invocation['context']['log']):
Promise<void> {
  if (bouncer.isAutoCreated && bouncer.authType !== 'tls') {
    const parent = all.find((each) => !each.isAutoCreated && each.name.startsWith(bouncer.name.split('@')[0]));
    if (parent === undefined) log.error(`bouncer '${bouncer.name}' is auto-created, but couldn't find a parent bouncer`);
    else {
      log.warn(`bouncer '${bouncer.name}' is auto-created and cannot be deleted, `
        + `delete parent bouncer ${parent.name} instead`);
    }
    return;
  }
  const children = all.filter((each) => each.isAutoCreated && each.name.startsWith(`${bouncer.name}@`));
  for (const { name } of [...children, bouncer]) {
    await store.bouncers.remove(name);
    log.info(`bouncer '${name}' deleted successfully`);
  }
}

async function prune({ context, flags }: Invocation): Promise<void> {
  const duration = flags.duration('duration');
  if (duration < 2 * minuteNs && !(await isConfirmed(context,
    'The duration you provided is less than 2 minutes. This may remove active bouncers. Continue?'))) {
    context.print('User aborted prune. No changes were made.');
    return;
  }
  await context.withStore(async (store) => {
    const idle = await store.bouncers.inactiveSince(store.now().add(-duration));
    if (idle.length === 0) {
      context.print('No bouncers to prune.');
      return;
    }
    context.io.stdout.write(humanList(idle, context.look));
    if (!flags.bool('force') && !(await isConfirmed(context, 'You are about to PERMANENTLY remove the above bouncers '
      + 'from the database. These will NOT be recoverable. Continue?'))) {
      context.print('User aborted prune. No changes were made.');
      return;
    }
    const count = await store.bouncers.removeMany(idle.map(({ name }) => name));
    context.io.stderr.write(`Successfully deleted ${count} bouncers\n`);
  });
}
