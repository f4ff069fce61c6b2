// The methods that CrowdSec's events, alerts and sources offer to expressions, over our own objects.
// event-types.ts says which types have them; here is only what they do.

import { isIP } from 'node:net';
import { EventType, type Event, type Overflow } from '../event/event.js';
import type { Alert, AlertEvent, AlertSource, MetaItem } from '../model/alert.js';

/** What the fields of an absent struct read from: Go structs are never absent, only zero. */
export const zeroStructs = {
  overflow: Object.freeze({
    mapkey: '', bucketId: '', whitelisted: false, reprocess: false, sources: Object.freeze(Object.create(null)),
    alert: null, apiAlerts: Object.freeze([]),
  }),
  appsec: Object.freeze({}),
} as const;

/** An address as ParseIPSources gives it. */
export interface IpAddress {
  readonly text: string;
}

/** evt.GetType(). */
export function eventGetType(event: Event): string {
  if (event.type === EventType.overflow) return 'overflow';
  return event.type === EventType.log ? 'log' : 'unknown';
}

/** Of a log its own meta; of an overflow the first non-empty one among the events of its alerts. */
export function eventGetMeta(event: Event, key: string): string {
  if (event.type === EventType.log) return event.meta.get(key);
  for (const alert of event.overflow?.apiAlerts ?? []) {
    for (const kept of alert.events ?? []) {
      const value = alertEventGetMeta(kept, key);
      if (value !== '') return value;
    }
  }
  return '';
}

/** evt.SetMeta(): changes the event, gives true. */
export function eventSetMeta(event: Event, key: string, value: string): boolean {
  event.meta.set(key, value);
  return true;
}

/** evt.SetParsed(): changes the event, gives true. */
export function eventSetParsed(event: Event, key: string, value: string): boolean {
  event.parsed.set(key, value);
  return true;
}

/** The valid addresses among a log's source_ip or an overflow's sources. */
export function eventParseIpSources(event: Event): IpAddress[] {
  const texts = event.type === EventType.log ? [event.meta.get('source_ip')]
    : Object.keys(event.overflow?.sources ?? {});
  return texts.filter((text) => isIP(text) !== 0).map((text) => ({ text }));
}

/** The values of the sources of an overflow. */
export function overflowGetSources(overflow: Overflow): string[] {
  return Object.keys(overflow.sources);
}

/** Scope of the source of an alert. */
export function alertGetScope(alert: Alert): string {
  return sourceGetScope(alert.source);
}

/** Value of the source of an alert. */
export function alertGetValue(alert: Alert): string {
  return sourceGetValue(alert.source);
}

/** Name of the scenario of an alert. */
export function alertGetScenario(alert: Alert): string {
  return alert.scenario ?? '';
}

/** How many events an alert counts. */
export function alertGetEventsCount(alert: Alert): number {
  return alert.events_count ?? 0;
}

/** A meta value of an alert, empty when absent. */
export function alertGetMeta(alert: Alert, key: string): string {
  return metaValue(alert.meta, key);
}

/** A meta value of an event of an alert, empty when absent. */
export function alertEventGetMeta(event: AlertEvent, key: string): string {
  return metaValue(event.meta, key);
}

/** Scope of a source. */
export function sourceGetScope(source: AlertSource): string {
  return source.scope ?? '';
}

/** Value of a source. */
export function sourceGetValue(source: AlertSource): string {
  return source.value ?? '';
}

/** `15169 GOOGLE`: number and name of the autonomous system. */
export function sourceGetAsNumberName(source: AlertSource): string {
  const number = source.as_number === '0' ? '' : (source.as_number ?? '');
  return source.as_name ? `${number} ${source.as_name}` : number;
}

/** How CrowdSec shows a source in a sentence: `ip 1.2.3.4 (FR/3215)`. */
export function sourceString(source: AlertSource): string {
  if (!source.scope) return 'empty source';
  const origin = (source.cn ?? '') + (source.as_number ? `/${source.as_number}` : '');
  const suffix = origin === '' ? '' : ` (${origin})`;
  if (source.scope === 'Ip') return `ip ${source.value}${suffix}`;
  return source.scope === 'Range' ? `range ${source.value}${suffix}` : `${source.scope} ${source.value}`;
}

/** Whether an address is IPv4. */
export function ipIs4(ip: IpAddress): boolean {
  return isIP(ip.text) === 4;
}

/** Whether an address is IPv6. */
export function ipIs6(ip: IpAddress): boolean {
  return isIP(ip.text) === 6;
}

function metaValue(items: readonly MetaItem[] | null | undefined, key: string): string {
  return items?.find((item) => item.key === key)?.value ?? '';
}
