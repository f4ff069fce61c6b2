// `cscli alerts`: list, inspect and delete through the Local API; flush on the database itself.

import type { Alert, AlertSource } from '../../ts/model/alert.js';
import { UsageError } from '../args.js';
import type { CommandSpec, Invocation } from '../command.js';
import { boxedList } from '../render/human.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import type { Look } from '../render/table.js';
import { filterFlags, filterQuery, kinds } from './alert-filter.js';
import { alertSheet, alertYaml } from './alert-sheet.js';

const deleteNames = { scope: 'scope', value: 'value', scenario: 'scenario', ip: 'ip', range: 'range' };
const listNames = { ...deleteNames, type: 'decision_type', origin: 'origin', kind: 'kind' };
const weekNs = 7 * 86_400e9;

/** `cscli alerts` and its subcommands. */
export const alertsSpec: CommandSpec = {
  use: 'alerts [action]', aliases: ['alert'], text: 'Show and delete alerts', run: ({ command }) => command.outputHelp(),
  commands: [
    {
      use: 'list [filters]', text: 'List alerts, newest first', keepsFlagOrder: true, run: list,
      examples: ['cscli alerts list', 'cscli alerts list --ip 1.2.3.4', 'cscli alerts list -s crowdsecurity/ssh-bf'],
      flags: [filterFlags.all, filterFlags.until, filterFlags.since, filterFlags.ip, filterFlags.scenario,
        filterFlags.range, { long: 'type', kind: 'string', text: 'Type of a decision, e.g. ban, captcha' },
        filterFlags.scope, filterFlags.value, filterFlags.origin,
        { long: 'kind', kind: 'string', text: `Kind (${kinds} ...)` }, filterFlags.contained, filterFlags.machine,
        { long: 'limit', short: 'l', kind: 'int', fallback: 50, text: 'Number of alerts to show (0: all)' }],
    },
    {
      use: 'inspect "alert_id"', text: 'Show all about an alert', keepsFlagOrder: true, run: inspect,
      args: { kind: 'atLeast', count: 1 }, examples: ['cscli alerts inspect 123', 'cscli alerts inspect -d 123'],
      flags: [{ long: 'details', short: 'd', kind: 'bool', text: 'Show the events too' }],
    },
    {
      use: 'delete [filters] [--all]', aliases: ['remove'], text: 'Delete alerts (on the host of the Local API)',
      keepsFlagOrder: true, run: remove, examples: ['cscli alerts delete --ip 1.2.3.4', 'cscli alerts delete --id 42'],
      flags: [filterFlags.scope, filterFlags.value, filterFlags.scenario, filterFlags.ip, filterFlags.range,
        { long: 'id', kind: 'string', text: 'Number of the alert' },
        { long: 'all', short: 'a', kind: 'bool', text: 'Delete all alerts' }, filterFlags.contained],
    },
    {
      use: 'flush', text: 'Delete old alerts (on the host of the Local API)', keepsFlagOrder: true, run: flush,
      examples: ['cscli alerts flush --max-items 1000 --max-age 7d'],
      flags: [{ long: 'max-items', kind: 'int', fallback: 5000, text: 'Number of alerts that stay' },
        { long: 'max-age', kind: 'duration', fallback: weekNs, text: 'Alerts older than this go' }],
    },
  ],
};

/** An instant as the Local API takes it: RFC3339, whole seconds. */
export function instantText(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** `64496 Example Ltd`, or '' when the network is not known. */
export function asNumberAndName(source: AlertSource): string {
  return [source.as_number, source.as_name].filter((part) => part !== undefined && part !== '' && part !== '0').join(' ');
}

async function list({ context, flags }: Invocation): Promise<void> {
  const query = filterQuery(flags, listNames);
  query['include_capi'] = String(flags.bool('all'));
  query['limit'] = String(flags.bool('all') ? 0 : flags.int('limit'));
  const alerts = await context.lapi.listAlerts(query, 'unable to list alerts');
  const withMachine = flags.bool('machine');
  if (context.output === 'json') context.io.stdout.write(alerts.length === 0 ? '[]\n' : json(alerts, ' '));
  else if (context.output === 'raw') context.io.stdout.write(csv(rawRows(alerts, withMachine)));
  else if (alerts.length === 0) context.print('No active alerts');
  else context.io.stdout.write(humanTable(alerts, withMachine, context.look));
}

function humanTable(alerts: readonly Alert[], withMachine: boolean, look: Look): string {
  const headings = ['ID', 'value', 'reason', 'country', 'as', 'decisions', 'created_at', 'kind',
    ...(withMachine ? ['machine'] : [])];
  const rows = alerts.map((alert) => [String(alert.id), targetOf(alert), alert.scenario, alert.source.cn ?? '',
    asNumberAndName(alert.source), decisionCounts(alert), alert.start_at, alert.kind ?? '',
    ...(withMachine ? [alert.machine_id ?? ''] : [])]);
  return boxedList(headings, rows, look);
}

function targetOf({ source, decisions }: Alert): string {
  if (decisions !== undefined && decisions !== null && decisions.length > 1) {
    return `${source.scope} (${decisions.length} ${decisions[0].scope}s)`;
  }
  return source.value === '' ? source.scope : `${source.scope}:${source.value}`;
}

/** `ban:2 captcha:1`. */
function decisionCounts(alert: Alert): string {
  const counts = new Map<string, number>();
  for (const { type, simulated } of alert.decisions ?? []) {
    const key = simulated === true ? `(simul)${type}` : type;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `${type}:${count}`).join(' ');
}

function rawRows(alerts: readonly Alert[], withMachine: boolean): string[][] {
  const header = ['id', 'scope', 'value', 'reason', 'country', 'as', 'decisions', 'created_at', 'kind',
    ...(withMachine ? ['machine'] : [])];
  return [header, ...alerts.map((alert) => [String(alert.id), alert.source.scope, alert.source.value, alert.scenario,
    alert.source.cn ?? '', asNumberAndName(alert.source), decisionCounts(alert), alert.created_at ?? '', alert.kind ?? '',
    ...(withMachine ? [alert.machine_id ?? ''] : [])])];
}

async function inspect({ context, args, flags }: Invocation): Promise<void> {
  for (const id of args) {
    if (!/^[+-]?\d+$/.test(id)) throw new Error(`bad alert id ${id}`);
    const alert = await context.lapi.getAlert(id, `can't find alert with id ${id}`);
    if (context.output === 'json') context.print(json(alert, '  '));
    else if (context.output === 'raw') context.print(alertYaml(alert));
    else context.io.stdout.write(alertSheet(alert, flags.bool('details'), context.look));
  }
}

async function remove({ context, flags }: Invocation): Promise<void> {
  const id = flags.text('id');
  const all = flags.bool('all');
  const hasFilter = Object.keys(deleteNames).some((name) => flags.text(name) !== '');
  if (!all && !hasFilter && id === '') throw new UsageError('at least one filter or --all must be specified', true);
  const query = all ? {} : filterQuery(flags, deleteNames);
  const count = id === '' ? await context.lapi.deleteAlerts({ ...query, limit: '0' }, 'unable to delete alerts')
    : await context.lapi.deleteAlert(id, 'unable to delete alert');
  context.log.info(`${count} alert(s) deleted`);
}

async function flush({ context, flags }: Invocation): Promise<void> {
  await context.withStore(async (store) => {
    context.log.info('Flushing alerts. !! This may take a long time !!');
    const [ageMaxNs, countMax] = [flags.duration('max-age'), flags.int('max-items')];
    await store.retention.flushAlerts({ ageMaxNs: ageMaxNs || undefined, countMax: countMax || undefined });
    context.log.info('Alerts flushed');
  });
}
