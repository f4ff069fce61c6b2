// `cscli machines`: the engines that may push alerts. Works on the database of this host's Local API.

import { existsSync } from 'node:fs';
import { hashPassword } from '../../lapi/store/credentials.js';
import type { Machine } from '../../lapi/store/machines.js';
import { formatGoDuration } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import type { CommandSpec, FlagSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { credentialsText, newMachineName, newPassword, writeCredentials } from '../credentials-file.js';
import { lightList } from '../render/human.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import type { Look } from '../render/table.js';
import { systemText } from './bouncers.js';
import { machineJson } from './machine-sheet.js';
import { inspect } from './machine-inspect.js';
import { isConfirmed } from './question.js';
import { secondsText } from './time-text.js';

const minuteNs = 60e9;
const silentAfterNs = 2 * minuteNs;
const passwordMax = 72;
const oneName = { kind: 'exact', count: 1 } as const;

const addFlags: readonly FlagSpec[] = [
  { long: 'password', short: 'p', kind: 'string', text: 'Password of the machine', check: (value) =>
    (value.length > passwordMax ? `password too long (max ${passwordMax} characters)` : undefined) },
  { long: 'file', short: 'f', kind: 'string', text: 'Credentials file to write, - for standard output' },
  { long: 'url', short: 'u', kind: 'string', text: 'URL of the Local API' },
  { long: 'interactive', short: 'i', kind: 'bool', text: 'Ask for the password' },
  { long: 'auto', short: 'a', kind: 'bool', text: 'Make up a password, and a name where none is given' },
  { long: 'force', kind: 'bool', text: 'Replace the password of a machine that exists, and its credentials file' },
];

/** `cscli machines` and its subcommands. */
export const machinesSpec: CommandSpec = {
  use: 'machines [action]', aliases: ['machine'], text: 'Manage machines (on the host of the Local API)',
  run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'list', text: 'List machines', run: list, examples: ['cscli machines list'] },
    { use: 'add', text: 'Add a machine and write its credentials', args: { kind: 'atMost', count: 1 }, flags: addFlags,
      run: add, examples: ['cscli machines add --auto', 'cscli machines add web1 --password SECRET -f web1.yaml'] },
    { use: 'validate', text: 'Let a registered machine in', args: oneName, run: validate,
      examples: ['cscli machines validate web1'] },
    { use: 'inspect [machine_name]', text: 'Show all about a machine', args: oneName, run: inspect,
      examples: ['cscli machines inspect web1'],
      flags: [{ long: 'hub', short: 'H', kind: 'bool', text: 'Show its hub items instead' }] },
    { use: 'delete [machine_name]...', aliases: ['remove'], text: 'Delete machines', run: remove,
      args: { kind: 'atLeast', count: 1 }, examples: ['cscli machines delete web1'],
      flags: [{ long: 'ignore-missing', kind: 'bool', text: 'Say nothing about machines that do not exist' }] },
    { use: 'prune', text: 'Delete machines that have not been heard of for long', run: prune,
      examples: ['cscli machines prune --duration 1h', 'cscli machines prune --not-validated-only --force'],
      flags: [{ long: 'duration', short: 'd', kind: 'duration', fallback: 10 * minuteNs, text: 'Time since the last heartbeat' },
        { long: 'not-validated-only', kind: 'bool', text: 'Only machines that were never let in' },
        { long: 'force', kind: 'bool', text: 'Do not ask' }] },
  ],
};

async function list({ context }: Invocation): Promise<void> {
  const { machines, now } = await context.withStore(async (store) =>
    ({ machines: await store.machines.list(), now: store.now() }));
  if (context.output === 'json') context.print(json(machines.map(machineJson), '  '));
  else if (context.output === 'raw') context.io.stdout.write(csv(rawRows(machines)));
  else context.io.stdout.write(humanList(machines, now, context.look));
}

function humanList(machines: readonly Machine[], now: GoTime, look: Look): string {
  return lightList(['Name', 'IP Address', 'Last Update', 'Status', 'Version', 'OS', 'Auth Type', 'Last Heartbeat'],
    machines.map((each) => [each.name, each.ipAddress, secondsText(each.updatedAt),
      each.isValidated ? '\u2714\uFE0F' : '\u{1F6AB}', each.version, systemText(each.os), each.authType,
      heartbeatText(each.lastHeartbeat, now)]), look);
}

function heartbeatText(time: GoTime, now: GoTime): string {
  if (time.isZero) return '\u26A0\uFE0F -';
  const ageNs = now.since(time);
  const text = formatGoDuration(Math.trunc(ageNs / 1e9) * 1e9);
  return ageNs > silentAfterNs ? `\u26A0\uFE0F ${text}` : text;
}

function rawRows(machines: readonly Machine[]): string[][] {
  const header = ['machine_id', 'ip_address', 'updated_at', 'validated', 'version', 'auth_type', 'last_heartbeat', 'os'];
  return [header, ...machines.map((each) => [each.name, each.ipAddress, secondsText(each.updatedAt),
    String(each.isValidated), each.version, each.authType, secondsText(each.lastHeartbeat) || '-',
    `${each.os.name}/${each.os.version}`])];
}

async function add({ context, args, flags }: Invocation): Promise<void> {
  const isAuto = flags.bool('auto');
  if (args.length === 0 && !isAuto) throw new Error('please specify a machine name to add, or use --auto');
  const name = args[0] ?? newMachineName();
  const file = credentialsTarget(context, flags.text('file'), flags.bool('force'));
  const password = await choosePassword(context, flags.text('password'), flags.bool('interactive'), isAuto);
  const passwordHash = await hashPassword(password);
  if (passwordHash === null) throw new Error('unable to create machine: unable to hash');
  await context.withStore(async (store) => {
    const isNew = await store.machines.add({ name, passwordHash, ipAddress: '', isValidated: true }, flags.bool('force'));
    if (!isNew) throw new Error(`unable to create machine: user '${name}': user already exist`);
  });
  context.io.stderr.write(`Machine '${name}' successfully added to the local API.\n`);
  const text = credentialsText(flags.text('url') || apiUrl(context), name, password);
  if (file === '-') context.io.stderr.write(text);
  else {
    writeCredentials(context.path(file), text);
    context.io.stderr.write(`API credentials written to '${file}'.\n`);
  }
}

/** Where the credentials go: the file of the flag, else the configured one when it is free. */
function credentialsTarget(context: Context, given: string, force: boolean): string {
  if (given !== '') return given;
  const configured = context.config.client?.credentialsPath ?? '';
  if (configured === '') {
    throw new Error('please specify a file to dump credentials to, with -f ("-f -" for standard output)');
  }
  if (existsSync(configured) && !force) {
    throw new Error(`credentials file '${configured}' already exists: please remove it, use "--force" or specify a `
      + 'different file with "-f" ("-f -" for standard output)');
  }
  return configured;
}

async function choosePassword(context: Context, given: string, isInteractive: boolean, isAuto: boolean): Promise<string> {
  if (given !== '') return given;
  if (isInteractive) {
    context.io.stdout.write('Please provide a password for the machine: ');
    const answer = await context.io.readLine();
    if (answer === '') throw new Error('EOF');
    return answer;
  }
  if (isAuto) return newPassword();
  throw new Error('please specify a password with --password or use --auto');
}

/** The url that this host's machine uses, else the one the server listens on. */
function apiUrl(context: Context): string {
  const { client, server } = context.config;
  if (client !== null && existsSync(client.credentialsPath)) {
    const { url } = context.credentials;
    return url.startsWith('/') ? url : url.replace(/\/$/, '');
  }
  if (server !== null && server.listenSocket !== '') return server.listenSocket;
  if (server !== null && server.listenUri !== '') return `http://${server.listenUri}`;
  throw new Error('unable to dump an api URL. Please provide it in your configuration or with the -u parameter');
}

async function validate({ context, args: [name] }: Invocation): Promise<void> {
  const isKnown = await context.withStore((store) => store.machines.validate(name));
  if (!isKnown) throw new Error(`unable to validate machine '${name}': machine not found`);
  context.log.info(`machine '${name}' validated successfully`);
}

/** Stops at the first name that is not there, without an error exit, as scripts expect. */
async function remove({ context, args, flags }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    for (const name of args) {
      if (!(await store.machines.remove(name))) {
        if (!flags.bool('ignore-missing')) context.log.error(`unable to delete machine: '${name}' does not exist`);
        return;
      }
      context.log.info(`machine '${name}' deleted successfully`);
    }
  });
}

async function prune({ context, flags }: Invocation): Promise<void> {
  const duration = flags.duration('duration');
  const pendingOnly = flags.bool('not-validated-only');
  if (duration < 2 * minuteNs && !pendingOnly && !(await isConfirmed(context, 'The duration you provided is less than 2 '
    + 'minutes. This can break installations if the machines are only temporarily disconnected. Continue?'))) {
    context.print('User aborted prune. No changes were made.');
    return;
  }
  await context.withStore(async (store) => {
    const pending = await store.machines.notValidated();
    const idle = pendingOnly ? [] : await store.machines.inactiveSince(store.now().add(-duration));
    const chosen = [...pending, ...idle.filter(({ id }) => !pending.some((each) => each.id === id))];
    if (chosen.length === 0) {
      context.print('No machines to prune.');
      return;
    }
    context.io.stdout.write(humanList(chosen, store.now(), context.look));
    if (!flags.bool('force') && !(await isConfirmed(context, 'You are about to PERMANENTLY remove the above machines from '
      + 'the database. These will NOT be recoverable. Continue?'))) {
      context.print('User aborted prune. No changes were made.');
      return;
    }
    const count = await store.machines.removeMany(chosen.map(({ name }) => name));
    context.io.stderr.write(`successfully deleted ${count} machines\n`);
  });
}
