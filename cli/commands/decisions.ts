// `cscli decisions`: list, add, delete. Everything goes through the Local API.

import type { Alert, Decision } from '../../ts/model/alert.js';
import { UsageError } from '../args.js';
import type { CommandSpec, Invocation } from '../command.js';
import { boxedList } from '../render/human.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import type { Look } from '../render/table.js';
import { checkedScope, filterFlags, filterQuery, origins } from './alert-filter.js';
import { asNumberAndName, instantText } from './alerts.js';
import { importSpec } from './decisions-import.js';

const deleteNames = { ip: 'ip', range: 'range', type: 'type', value: 'value', scenario: 'scenario', origin: 'origin' };
const listNames = { ...deleteNames, type: 'decision_type', scope: 'scope' };

/** `cscli decisions` and its subcommands. */
export const decisionsSpec: CommandSpec = {
  use: 'decisions [action]', aliases: ['decision'], text: 'Show, add and delete decisions',
  run: ({ command }) => command.outputHelp(),
  commands: [
    {
      use: 'list [options]', text: 'List the decisions in force', keepsFlagOrder: true, run: list,
      examples: ['cscli decisions list', 'cscli decisions list -i 1.2.3.4', 'cscli decisions list --since 30d -o json'],
      flags: [filterFlags.all, filterFlags.since, filterFlags.until,
        { long: 'type', short: 't', kind: 'string', text: 'Type of decision, e.g. ban, captcha' },
        filterFlags.scope, filterFlags.origin, filterFlags.value, filterFlags.scenario, filterFlags.ip, filterFlags.range,
        { long: 'limit', short: 'l', kind: 'int', fallback: 100, text: 'Number of alerts to read (0: all)' },
        { long: 'no-simu', kind: 'bool', text: 'Leave out simulated decisions' },
        filterFlags.machine, filterFlags.contained],
    },
    {
      use: 'add [options]', text: 'Add a decision', keepsFlagOrder: true, run: add,
      examples: ['cscli decisions add --ip 1.2.3.4', 'cscli decisions add --range 1.2.3.0/24 --duration 24h --type captcha',
        'cscli decisions add --scope username --value foobar'],
      flags: [filterFlags.ip, filterFlags.range,
        { long: 'duration', short: 'd', kind: 'string', fallback: '4h', text: 'How long it holds (1h, 30m, 2d)' },
        filterFlags.value,
        { long: 'scope', kind: 'string', fallback: 'Ip', text: 'Scope, e.g. ip, range, username' },
        { long: 'reason', short: 'R', kind: 'string', text: 'Reason, e.g. the name of a scenario' },
        { long: 'type', short: 't', kind: 'string', fallback: 'ban', text: 'Type, e.g. ban, captcha, throttle' },
        { long: 'bypass-allowlist', short: 'B', kind: 'bool', text: 'Add it even for an allowlisted address' }],
    },
    {
      use: 'delete [options]', aliases: ['remove'], text: 'End decisions', keepsFlagOrder: true, run: remove,
      examples: ['cscli decisions delete -i 1.2.3.4', 'cscli decisions delete --id 42', 'cscli decisions delete --all'],
      flags: [filterFlags.ip, filterFlags.range,
        { long: 'type', short: 't', kind: 'string', text: 'Type of decision, e.g. ban, captcha' },
        filterFlags.value, filterFlags.scenario,
        { long: 'origin', kind: 'string', text: `Origin (${origins} ...)` },
        { long: 'id', kind: 'string', text: 'Number of the decision' },
        { long: 'all', kind: 'bool', text: 'End all decisions' }, filterFlags.contained],
    },
    importSpec,
  ],
};

async function list({ context, flags }: Invocation): Promise<void> {
  const query = filterQuery(flags, listNames);
  if (flags.bool('no-simu')) query['simulated'] = 'false';
  query['has_active_decision'] = 'true';
  query['include_capi'] = String(flags.bool('all'));
  query['limit'] = String(flags.bool('all') ? 0 : flags.int('limit'));
  const alerts = await context.lapi.listAlerts(query, 'unable to retrieve decisions');
  const { kept, skipped } = withoutRepeats(alerts);
  const withMachine = flags.bool('machine');
  if (context.output === 'json') context.print(kept.length === 0 ? '[]' : json(kept, ' '));
  else if (context.output === 'raw') context.io.stdout.write(csv(rawRows(kept, withMachine)));
  else if (kept.length === 0) context.print('No active decisions');
  else {
    context.io.stdout.write(humanTable(kept, withMachine, context.look));
    if (skipped > 0) context.print(`${skipped} duplicated entries skipped`);
  }
}

/** The newest decision on a target is shown; older ones of the same kind are counted. */
function withoutRepeats(alerts: readonly Alert[]): { kept: Alert[]; skipped: number } {
  const seen = new Set<string>();
  let skipped = 0;
  const kept = alerts.map((alert) => {
    const decisions = (alert.decisions ?? []).filter(({ simulated, type, scope, value }) => {
      const key = JSON.stringify([simulated, type, scope, value]);
      if (!seen.has(key)) return seen.add(key);
      skipped += 1;
      return false;
    });
    return { ...alert, decisions };
  });
  return { kept, skipped };
}

function humanTable(alerts: readonly Alert[], withMachine: boolean, look: Look): string {
  const headings = ['ID', 'Source', 'Scope:Value', 'Reason', 'Action', 'Country', 'AS', 'Events', 'expiration', 'Alert ID',
    ...(withMachine ? ['Machine'] : [])];
  const rows = alerts.flatMap((alert) => (alert.decisions ?? []).map((decision) => [String(decision.id), decision.origin,
    `${decision.scope}:${decision.value}`, decision.scenario, (alert.simulated ? '(simul)' : '') + decision.type,
    alert.source.cn ?? '', asNumberAndName(alert.source), String(alert.events_count), decision.duration,
    String(alert.id), ...(withMachine ? [alert.machine_id ?? ''] : [])]));
  return boxedList(headings, rows, look);
}

function rawRows(alerts: readonly Alert[], withMachine: boolean): string[][] {
  const header = ['id', 'source', 'ip', 'reason', 'action', 'country', 'as', 'events_count', 'expiration', 'simulated',
    'alert_id', ...(withMachine ? ['machine'] : [])];
  return [header, ...alerts.flatMap((alert) => (alert.decisions ?? []).map((decision) => [String(decision.id),
    decision.origin, `${decision.scope}:${decision.value}`, decision.scenario, decision.type, alert.source.cn ?? '',
    asNumberAndName(alert.source), String(alert.events_count), decision.duration, String(decision.simulated ?? false),
    String(alert.id), ...(withMachine ? [alert.machine_id ?? ''] : [])]))];
}

async function add({ context, flags }: Invocation): Promise<void> {
  const [ip, range] = [flags.text('ip'), flags.text('range')];
  const given = checkedScope(flags.text('scope'), ip, range);
  const scope = ip !== '' ? 'Ip' : range !== '' ? 'Range' : given;
  const value = ip || range || flags.text('value');
  if (value === '') throw new Error('missing arguments, a value is required (--ip, --range or --scope and --value)');
  const type = flags.text('type');
  const scenario = flags.text('reason') || `manual '${type}' from '${context.lapi.login}'`;
  if (!flags.bool('bypass-allowlist') && (scope === 'Ip' || scope === 'Range')) {
    const reason = await allowlistReason(context, value);
    if (reason !== undefined) {
      throw new Error(`${value} is allowlisted by item ${reason}, use --bypass-allowlist to add the decision anyway`);
    }
  }
  const decision: Decision = { duration: flags.text('duration'), scope, value, type, scenario, origin: 'cscli' };
  await context.lapi.addAlerts([{ ...manualAlert(context.io.now(), [decision]), leakspeed: '0', message: scenario, scenario,
    remediation: true, source: { ip: value, scope, value } }]);
  context.log.info('Decision successfully added');
}

async function allowlistReason(context: Invocation['context'], value: string): Promise<string | undefined> {
  try {
    return await context.lapi.allowlistReason(value);
  } catch (error) {
    context.log.error(`Cannot check if ${value} is in allowlist: ${(error as Error).message}`);
    return undefined;
  }
}

/** An alert made by hand: the decisions and the present time, everything else empty. */
export function manualAlert(now: Date, decisions: Decision[]): Alert {
  const time = instantText(now);
  return { capacity: 0, created_at: time, decisions, events: [], events_count: decisions.length, kind: 'cscli',
    leakspeed: '', message: '', scenario: '', scenario_hash: '', scenario_version: '', simulated: false,
    source: { scope: '', value: '' }, start_at: time, stop_at: time };
}

async function remove({ context, flags }: Invocation): Promise<void> {
  const id = flags.text('id');
  const hasFilter = Object.keys(deleteNames).some((name) => flags.text(name) !== '');
  if (!flags.bool('all') && !hasFilter && id === '') {
    throw new UsageError('at least one filter or --all must be specified', true);
  }
  const query = filterQuery(flags, deleteNames);
  if (id !== '' && !/^[+-]?\d+$/.test(id)) {
    throw new Error(`id '${id}' is not an integer: strconv.Atoi: parsing ${JSON.stringify(id)}: invalid syntax`);
  }
  const count = id === '' ? await context.lapi.deleteDecisions(query, 'unable to delete decisions')
    : await context.lapi.deleteDecision(id, 'unable to delete decision');
  context.log.info(`${count} decision(s) deleted`);
}
