// Who a bucket that ran over is about: the sources of its events, by value, as the scope of its scenario asks.

import { EventType, type Event } from '../event/event.js';
import type { AlertSource } from '../model/alert.js';
import { formatFloatShortest } from '../util/go-float.js';
import { parseLooseCidr, parseLooseIp } from '../util/ip.js';

/** The scope of a scenario, its expression a function. */
export interface Scope {
  readonly type: string;
  /** Null when the rule has none. May throw ExprError. */
  readonly expression: ((event: Event) => unknown) | null;
}

/** An alert cannot be built: why. Data, not a fault of ours. */
export class NoSource {
  constructor(readonly reason: string) {}
}

/** Returns the sources of all events by value, later ones replacing earlier ones, or why there are none. */
export function sourcesOf(queue: readonly Event[], scope: Scope): Map<string, AlertSource> | NoSource {
  const sources = new Map<string, AlertSource>();
  for (const event of queue) {
    if (event.type === EventType.overflow) addOverflowSources(event, scope, sources);
    else {
      const failure = addLogSource(event, scope, sources);
      if (failure !== null) return failure;
    }
  }
  return sources;
}

function addLogSource(event: Event, scope: Scope, sources: Map<string, AlertSource>): NoSource | null {
  if (scope.type !== 'Ip' && scope.type !== 'Range') {
    if (scope.expression === null) return new NoSource(`the scope ${scope.type} has no expression`);
    const value = textOf(scope.expression(event));
    sources.set(value, { scope: scope.type, value });
    return null;
  }
  if (!event.meta.has('source_ip')) return new NoSource(`the scope is ${scope.type}, an event has no source_ip`);
  const ip = event.meta.get('source_ip');
  if (parseLooseIp(ip) === null) return new NoSource(`the scope is ${scope.type}, "${ip}" is no address`);
  const range = rangeOf(event);
  if (range === null) return new NoSource(`the range ${event.meta.get('SourceRange')} of ${ip} is none`);
  const value = scope.type === 'Ip' ? ip : scope.expression === null ? range : textOf(scope.expression(event));
  sources.set(value, { scope: scope.type, value, ip, ...(range === '' ? {} : { range }), ...originOf(event) });
  return null;
}

/** Overflows have sources already; those of addresses become ranges where the scenario asks for ranges. */
function addOverflowSources(event: Event, scope: Scope, sources: Map<string, AlertSource>): void {
  for (const source of Object.values(event.overflow?.sources ?? {})) {
    if (source.scope === scope.type) sources.set(source.value, source);
    else if (scope.type === 'Range' && source.scope === 'Ip') {
      const { ip: _ip, ...rest } = source;
      const value = scope.expression === null ? (source.range ?? '') : textOf(scope.expression(event));
      if (value !== '') sources.set(value, { ...rest, scope: scope.type, value });
    }
  }
}

/** The network of the address as enrichment found it, '' without one, null when it is not a network. */
function rangeOf(event: Event): string | null {
  const text = event.meta.get('SourceRange');
  return text === '' ? '' : (parseLooseCidr(text)?.toString() ?? null);
}

/** Country, place and network owner; what enrichment did not find is left out. */
function originOf(event: Event): Partial<AlertSource> {
  const { enriched } = event;
  const asNumber = enriched.has('ASNumber') ? enriched.get('ASNumber') : enriched.get('ASNNumber');
  const latitude = coordinate(enriched.get('Latitude'));
  const longitude = coordinate(enriched.get('Longitude'));
  return {
    ...(asNumber === '' ? {} : { as_number: asNumber }),
    ...(enriched.get('ASNOrg') === '' ? {} : { as_name: enriched.get('ASNOrg') }),
    ...(enriched.get('IsoCode') === '' ? {} : { cn: enriched.get('IsoCode') }),
    ...(latitude === 0 ? {} : { latitude }), ...(longitude === 0 ? {} : { longitude }),
  };
}

/** A 32-bit float as the shortest number that reads back as it: what its JSON shows. */
function coordinate(text: string): number {
  const value = text === '' ? 0 : Number(text);
  return Number.isFinite(value) ? Number(formatFloatShortest(Math.fround(value), 32)) : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
