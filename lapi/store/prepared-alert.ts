// Turns an alert of a request into rows: times read, metas cut to the columns' widths, addresses turned into numbers.
// Pure: nothing is written here, so a request with a fault is refused before the first insert.

import { randomUUID } from 'node:crypto';
import type { Alert, AlertEvent, Decision, MetaItem } from '../../ts/model/alert.js';
import { DurationError, parseDurationWithDays } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { encodeJson } from '../json.js';
import { lapiLimits } from '../limits.js';
import { parseRfc3339, rfc3339ToColumn, toColumn } from './columns.js';
import { IpRangeError, parseIpRange, type IpRange } from './ip-range.js';
import { addressColumns } from './range-condition.js';
import type { AlertsTable } from './tables.js';

/** An alert as the API accepts it; decisions already made by profiles or by the sender. */
export type IncomingAlert = Omit<Alert, 'id' | 'created_at' | 'machine_id'>;

type AlertColumns = Omit<AlertsTable, 'id' | 'created_at' | 'updated_at' | 'uuid' | 'machine_alerts' | 'bucket_id'>;

/** Rows of one alert, without ids and stamps. */
export interface PreparedAlert {
  readonly uuid: string;
  readonly columns: AlertColumns;
  readonly events: readonly EventRow[];
  readonly metas: readonly MetaRow[];
  readonly decisions: readonly DecisionRow[];
  /**
   * More decisions, to be written after it; `rowsOf` makes rows of them, a slice at a time, for thousands of rows that wait are copied by
   * each collection of garbage. None of an alert with an id of its sender's: a repeat has to find all or nothing.
   */
  readonly following: readonly Decision[];
  rowsOf(decisions: readonly Decision[]): DecisionRow[];
}

/** What the writer fills in. Rows of a table have one shape, and are filled in rather than copied, for there are many. */
type Stamped = {
  created_at: string;
  updated_at: string;
};

/** A row of events. */
export type EventRow = Stamped & {
  readonly time: string;
  readonly serialized: string;
  alert_events: number;
};

/** A row of meta. */
export type MetaRow = Stamped & {
  readonly key: string;
  readonly value: string;
  alert_metas: number;
};

/** A row of decisions. */
export type DecisionRow = Stamped & {
  readonly until: string;
  readonly scenario: string;
  readonly type: string;
  readonly start_ip: bigint;
  readonly end_ip: bigint;
  readonly start_suffix: bigint;
  readonly end_suffix: bigint;
  readonly ip_size: number;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
  readonly simulated: number;
  readonly uuid: string;
  alert_decisions: number;
};

/**
 * Returns the rows of an alert, or null when it brought decisions and none of them is usable. What was cut, replaced
 * or dropped is added to `remarks`. Throws DurationError when the duration of a decision cannot be read.
 */
export function prepareAlert(alert: IncomingAlert, now: GoTime, ownId: string | undefined,
  remarks: string[]): PreparedAlert | null {
  const uuid = ownId || uuidAt(now);
  const stoppedAt = timeOr(now, alert.stop_at, 'stop_at', remarks);
  const wanted = alert.decisions ?? [];
  const context: DecisionContext = { stoppedAt, ends: new Map(), alert, uuid, remarks };
  const decisions = wanted.filter((decision) => isUsable(decision, context));
  if (wanted.length > 0 && decisions.length === 0) {
    remarks.push(`alert of ${alert.scenario} dropped: none of its decisions is usable`);
    return null;
  }
  const rowsOf = (some: readonly Decision[]): DecisionRow[] => some.map((decision) => decisionRow(decision, context));
  const { source } = alert;
  const together = ownId ? decisions.length : lapiLimits.decisionSliceRows;
  return {
    uuid,
    columns: {
      scenario: alert.scenario, message: alert.message, events_count: alert.events_count,
      started_at: toColumn(timeOr(now, alert.start_at, 'start_at', remarks)), stopped_at: toColumn(stoppedAt),
      source_ip: source.ip ?? '', source_range: source.range ?? '', source_as_number: source.as_number ?? '',
      source_as_name: source.as_name ?? '', source_country: source.cn ?? '',
      source_latitude: Math.fround(source.latitude ?? 0), source_longitude: Math.fround(source.longitude ?? 0),
      source_scope: source.scope, source_value: source.value, capacity: alert.capacity, leak_speed: alert.leakspeed,
      scenario_version: alert.scenario_version, scenario_hash: alert.scenario_hash,
      simulated: alert.simulated ? 1 : 0, remediation: alert.remediation ? 1 : 0, kind: alert.kind ?? '',
    },
    events: (alert.events ?? []).map((event) => eventRow(event, now, remarks)),
    metas: (alert.meta ?? []).map((meta) => metaRow(meta, remarks)),
    decisions: rowsOf(decisions.slice(0, together)),
    following: decisions.slice(together),
    rowsOf,
  };
}

/** A uuid that begins with the time: those that come together stand together in the index, which else has another page to write for each. */
function uuidAt({ seconds, nanos }: GoTime): string {
  const ms = (seconds * 1000 + Math.floor(nanos / 1e6)).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`;
}

function timeOr(fallback: GoTime, text: string, name: string, remarks: string[]): GoTime {
  const time = parseRfc3339(text);
  if (time === null) remarks.push(`${name} ${JSON.stringify(text)} is not RFC3339, the present time was taken`);
  return time ?? fallback;
}

interface DecisionContext {
  readonly stoppedAt: GoTime;
  /** Time columns by duration text: an import of thousands has a handful. */
  readonly ends: Map<string, string>;
  readonly alert: IncomingAlert;
  readonly uuid: string;
  readonly remarks: string[];
}

/** Whether rows can be made of a decision; what is no address or range is told of. Throws DurationError. */
function isUsable(decision: Decision, context: DecisionContext): boolean {
  try {
    rangeOf(decision);
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    context.remarks.push(`decision dropped: ${error.message}`);
    return false;
  }
  endOf(decision, context);
  return true;
}

function rangeOf({ scope, value }: Decision): IpRange | null {
  const name = scope.toLowerCase();
  return name === 'ip' || name === 'range' ? parseIpRange(value) : null;
}

function decisionRow(decision: Decision, context: DecisionContext): DecisionRow {
  const address = addressColumns(rangeOf(decision));
  return { created_at: '', updated_at: '', until: endOf(decision, context), scenario: decision.scenario,
    type: decision.type, start_ip: address.start_ip, end_ip: address.end_ip, start_suffix: address.start_suffix,
    end_suffix: address.end_suffix, ip_size: address.ip_size, scope: decision.scope, value: decision.value,
    origin: decision.origin, simulated: context.alert.simulated || decision.simulated ? 1 : 0, uuid: randomUUID(),
    alert_decisions: 0 };
}

function endOf({ duration }: Decision, { stoppedAt, ends, uuid }: DecisionContext): string {
  let end = ends.get(duration);
  if (end !== undefined) return end;
  try {
    end = toColumn(stoppedAt.add(parseDurationWithDays(duration)));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new DurationError(`building decisions for alert ${uuid}: creating alert decisions: decision duration '${
      duration}': ${error.message}: unable to parse duration`);
  }
  ends.set(duration, end);
  return end;
}

function eventRow(event: AlertEvent, now: GoTime, remarks: string[]): EventRow {
  return { created_at: '', updated_at: '', time: rfc3339ToColumn(event.timestamp) ?? toColumn(now),
    serialized: serializeMeta(event.meta, remarks), alert_events: 0 };
}

/** The JSON of an event's meta; long values are halved until it fits the column, else it is dropped. */
function serializeMeta(items: readonly MetaItem[], remarks: string[]): string {
  if (items.every(isPlain)) {
    const text = encodeJson(items);
    if (Buffer.byteLength(text) <= lapiLimits.eventMetaBytesMax) return text;
  }
  let kept = items.map(({ key, value }) => ({ key, value }));
  for (let keepBytes = 4096; ; keepBytes /= 2) {
    // Go leaves out empty keys and values.
    const text = encodeJson(kept.map(({ key, value }) => ({ ...(key && { key }), ...(value && { value }) })));
    if (Buffer.byteLength(text) <= lapiLimits.eventMetaBytesMax) return text;
    if (keepBytes < 2) break;
    const strip = keepBytes / 2;
    kept = kept.map(({ key, value }) => Buffer.byteLength(value) > keepBytes
      ? { key, value: `${cutBytes(value, strip)}<stripped>` } : { key, value });
    if (keepBytes === 4096) remarks.push('long meta values of an event were stripped');
  }
  remarks.push('the meta of an event was dropped: too long');
  return '';
}

/** Whether an item is stored as it came: key and value, in this order, neither empty, and nothing else. */
function isPlain(item: MetaItem): boolean {
  let at = 0;
  for (const name in item) if (name !== (at++ === 0 ? 'key' : 'value')) return false;
  return at === 2 && Boolean(item.key) && Boolean(item.value);
}

function metaRow(meta: MetaItem, remarks: string[]): MetaRow {
  const key = cutBytes(meta.key ?? '', lapiLimits.alertMetaKeyBytesMax);
  const value = cutBytes(meta.value ?? '', lapiLimits.alertMetaValueBytesMax);
  if (key !== (meta.key ?? '') || value !== (meta.value ?? '')) remarks.push(`truncated meta ${meta.key}: too long`);
  return { created_at: '', updated_at: '', key, value, alert_metas: 0 };
}

/** At most `bytes` bytes of UTF-8, never half a character. */
function cutBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && (encoded[end] & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}
