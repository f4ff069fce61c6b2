// The methods that statics may name (`method: GeoIpCity`), by CrowdSec's names. Each puts what it finds into
// evt.Enriched; one that finds nothing, or fails, leaves the event as it is.

import type { Log } from '../config/log.js';
import type { Event } from '../event/event.js';
import type { DnsCache } from '../expr-helpers/dns.js';
import type { GeoReader } from '../expr-helpers/geo-reader.js';
import type { GoTime } from '../util/go-time.js';
import { newDateMethod } from './date.js';
import { enrichAsn, enrichCity, enrichRange } from './geoip.js';
import { enrichReverseDns } from './rdns.js';
import { unmarshalLine } from './unmarshal.js';

/** What the methods reach beyond the event. The helpers' context of a thread is one. */
export interface EnrichContext {
  /** Null when data_dir has no geographic databases. */
  readonly geo: GeoReader | null;
  readonly dns: DnsCache;
  readonly log: Log;
  now(): GoTime;
}

/** A method, linked. An asynchronous one has written when its promise resolves; it never rejects. */
export interface Enricher {
  readonly name: string;
  readonly isAsync: boolean;
  enrich(value: string, event: Event): void | Promise<void>;
}

/** Methods by name. */
export type Enrichers = ReadonlyMap<string, Enricher>;

type Run = (value: string, event: Event) => void | Promise<void>;

interface Method {
  readonly isAsync: boolean;
  link(context: EnrichContext): Run;
}

const methods: Readonly<Record<string, Method>> = {
  ParseDate: { isAsync: false, link: newDateMethod },
  GeoIpCity: { isAsync: false, link: ({ geo }) => (value, event) => enrichCity(geo, value, event.enriched) },
  GeoIpASN: { isAsync: false, link: ({ geo }) => (value, event) => enrichAsn(geo, value, event.enriched) },
  IpToRange: { isAsync: false, link: ({ geo }) => (value, event) => enrichRange(geo, value, event.enriched) },
  reverse_dns: { isAsync: true, link: ({ dns }) => (value, event) => enrichReverseDns(dns, value, event.enriched) },
  UnmarshalJSON: { isAsync: false, link: ({ log }) => (_, event) => unmarshalLine(event, log) },
};

/** Names of all methods: any other is a warning when rules load and does nothing when they run. */
export const enrichMethods: ReadonlySet<string> = new Set(Object.keys(methods));

/** Names of those that wait for an answer from outside. */
export const asyncEnrichMethods: ReadonlySet<string> =
  new Set(Object.keys(methods).filter((name) => methods[name].isAsync));

/** The methods of a runtime (thread). */
export function linkEnrichers(context: EnrichContext): Enrichers {
  return new Map(Object.entries(methods).map(([name, { isAsync, link }]) =>
    [name, { name, isAsync, enrich: link(context) }]));
}
