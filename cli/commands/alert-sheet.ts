// One alert in full: the sheet that `alerts inspect` prints, and its YAML form.

import type { Alert, AlertEvent, Decision } from '../../ts/model/alert.js';
import { boxedList } from '../render/human.js';
import type { Look } from '../render/table.js';
import { printable } from '../render/text.js';
import { yamlText } from '../render/yaml.js';

const rule = '#'.repeat(96);

/** The sheet: what happened, the decisions in force, the context, and with `withEvents` each event. */
export function alertSheet(alert: Alert, withEvents: boolean, look: Look): string {
  const { source } = alert;
  const facts: readonly (readonly [string, unknown])[] = [
    ['ID', alert.id], ['Date', alert.created_at], ['Machine', alert.machine_id], ['Simulation', alert.simulated],
    ['Remediation', alert.remediation ?? false], ['Kind', alert.kind], ['Reason', alert.scenario],
    ['Events Count', alert.events_count], ['Scope:Value', target(source)], ['Country', source.cn],
    ['AS', source.as_name], ['Begin', alert.start_at], ['End', alert.stop_at], ['UUID', alert.uuid]];
  const lines = facts.map(([name, value]) => ` - ${name.padEnd(12)} : ${printable(String(value ?? ''))}\n`);
  let text = `\n${rule}\n\n${lines.join('')}\n`;
  const active = (alert.decisions ?? []).filter(isActive);
  if (active.length > 0) {
    text += boxedList(['ID', 'scope:value', 'action', 'expiration', 'created_at'], active.map((decision) =>
      [String(decision.id), target(decision), decision.type, decision.duration, alert.created_at ?? '']), look,
    'Active Decisions');
  }
  if ((alert.meta ?? []).length > 0) text += `\n - Context  :\n${boxedList(['Key', 'Value'], contextRows(alert), look)}`;
  if (withEvents) text += `\n - Events  :\n${(alert.events ?? []).map((event) => eventTable(event, look)).join('')}`;
  return text;
}

/** The alert as YAML with CrowdSec's lower-cased field names. */
export function alertYaml(alert: Alert): string {
  const { source } = alert;
  return yamlText({
    capacity: alert.capacity, createdat: alert.created_at ?? '',
    decisions: (alert.decisions ?? []).map(decisionForm),
    events: (alert.events ?? []).map(({ meta, timestamp }) =>
      ({ meta: meta.map(({ key, value }) => ({ key, value })), timestamp })),
    eventscount: alert.events_count, id: alert.id, kind: alert.kind ?? '', labels: alert.labels ?? [],
    leakspeed: alert.leakspeed, machineid: alert.machine_id ?? '', message: alert.message,
    meta: (alert.meta ?? []).map(({ key, value }) => ({ key, value })), remediation: alert.remediation ?? false,
    scenario: alert.scenario, scenariohash: alert.scenario_hash, scenarioversion: alert.scenario_version,
    simulated: alert.simulated,
    source: { asname: source.as_name ?? '', asnumber: source.as_number ?? '', cn: source.cn ?? '', ip: source.ip ?? '',
      latitude: source.latitude ?? 0, longitude: source.longitude ?? 0, range: source.range ?? '', scope: source.scope,
      value: source.value },
    startat: alert.start_at, stopat: alert.stop_at, uuid: alert.uuid ?? '',
  });
}

function decisionForm(decision: Decision): object {
  const { duration, id, origin, scenario, scope, simulated, type, until, uuid, value } = decision;
  return { duration, id, origin, scenario, scope, simulated, type, until: until ?? '', uuid: uuid ?? '', value };
}

function isActive({ duration }: Decision): boolean {
  return !duration.startsWith('-') && duration !== '0s';
}

function target({ scope, value }: { readonly scope: string; readonly value: string }): string {
  return value === '' ? scope : `${scope}:${value}`;
}

/** One row for each value; a value is a JSON list of texts. */
function contextRows(alert: Alert): string[][] {
  const sorted = [...(alert.meta ?? [])].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return sorted.flatMap(({ key, value }) => valuesOf(value).map((each) => [key, each]));
}

function valuesOf(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list.map(String);
  } catch {
    // Not a list: shown as it is, as anything else would hide it.
  }
  return [text];
}

function eventTable(event: AlertEvent, look: Look): string {
  const rows = [...event.meta].sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ key, value }) => [key, value]);
  return `\n- Date: ${printable(event.timestamp)}\n${boxedList(['Key', 'Value'], rows, look)}`;
}
