// An alert of the store as CrowdSec shows it: keys in alphabetical order, null for empty lists, empty texts left out.

import { formatGoDuration, nanosecondsPer, roundDuration } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { float32 } from '../json.js';
import type { StoredAlert, StoredDecision } from '../store/alerts.js';

/** Returns the wire form of an alert. */
export function alertJson(alert: StoredAlert, now: GoTime): object {
  const { row } = alert;
  const simulated = Boolean(row.simulated);
  return {
    capacity: row.capacity ?? 0,
    created_at: alert.createdAt.toRfc3339(),
    decisions: orNull(alert.decisions.map((decision) => decisionJson(decision, simulated, now))),
    events: orNull(alert.events.map((event) =>
      ({ meta: readMeta(event.serialized), timestamp: event.time.toString() }))),
    events_count: row.events_count ?? 0,
    id: row.id,
    ...present('kind', row.kind),
    labels: null,
    leakspeed: row.leak_speed ?? '',
    machine_id: alert.owner ?? 'N/A',
    message: row.message ?? '',
    ...(alert.metas.length > 0 && {
      meta: alert.metas.map((meta) => ({ ...present('key', meta.key), ...present('value', meta.value) })) }),
    ...(row.remediation && { remediation: true }),
    scenario: row.scenario,
    scenario_hash: row.scenario_hash ?? '',
    scenario_version: row.scenario_version ?? '',
    simulated,
    source: sourceJson(row),
    start_at: alert.startedAt.toRfc3339(),
    stop_at: alert.stoppedAt.toRfc3339(),
    ...present('uuid', row.uuid),
  };
}

/** Go's text of the time from now to the end of a decision, in whole seconds; negative once it is over. */
export function timeLeft(until: GoTime, now: GoTime): string {
  return formatGoDuration(roundDuration(until.since(now), nanosecondsPer.second));
}

/** A decision as its alert shows it. */
export function decisionJson(decision: StoredDecision, simulated: boolean, now: GoTime): object {
  return { duration: timeLeft(decision.until, now), id: decision.id, origin: decision.origin,
    scenario: decision.scenario, scope: decision.scope, simulated, type: decision.type, value: decision.value };
}

function sourceJson(row: StoredAlert['row']): object {
  const latitude = float32(row.source_latitude ?? 0);
  const longitude = float32(row.source_longitude ?? 0);
  return {
    ...present('as_name', row.source_as_name), ...present('as_number', row.source_as_number),
    ...present('cn', row.source_country), ...present('ip', row.source_ip), ...(latitude !== 0 && { latitude }),
    ...(longitude !== 0 && { longitude }), ...present('range', row.source_range), scope: row.source_scope ?? '',
    value: row.source_value ?? '',
  };
}

function readMeta(serialized: string): unknown {
  try {
    return JSON.parse(serialized);
  } catch {
    return null;
  }
}

function present(key: string, value: string | null): Record<string, string> {
  return value === null || value === '' ? {} : { [key]: value };
}

function orNull<T>(items: readonly T[]): readonly T[] | null {
  return items.length === 0 ? null : items;
}
