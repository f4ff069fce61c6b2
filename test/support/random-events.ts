// Random events for an expression: the fields it names hold the texts it compares them with, or something close, or nothing.

import type { Event, Overflow } from '../../ts/event/event.js';
import { lineFlags, type LineBatch } from '../../ts/event/line.js';
import { childrenOf, type Node } from '../../ts/expr/ast.js';
import { parse } from '../../ts/expr/parser.js';
import { newStringMap } from '../../ts/expr/values.js';
import type { Alert } from '../../ts/model/alert.js';
import { GoTime } from '../../ts/util/go-time.js';

const commonTexts = ['', '1.2.3.4', '2001:db8::1', '80', '6.5', 'admin', 'GET', '/index.php?a=%2e', '2024-05-06T07:08:09Z', 'é',
  'a=1 b="2 3"', '{"a": {"b": [1, "x"]}, "status": "401"}', '<Event><System><EventID>5</EventID></System></Event>'];

/** What an expression names: texts, and words after dots or in brackets. */
export interface Vocabulary {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

/** Collects the vocabulary of an expression. */
export function vocabularyOf(text: string): Vocabulary {
  const texts = new Set<string>();
  const names = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === 'string') texts.add(node.value);
    if (node.kind === 'member' && node.property.kind === 'string') names.add(node.property.value);
    childrenOf(node).forEach(visit);
  };
  visit(parse(text));
  return { texts: [...texts], names: [...names] };
}

/** A plan for one event: applied twice it gives two events alike, as expressions may change what they see. */
export type EventPlan = (event: Event) => Event;

/** Returns a random plan for events that an expression with that vocabulary may look at. */
export function randomPlan(random: () => number, { texts, names }: Vocabulary): EventPlan {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const text = (): string => {
    const base = random() < 0.75 && texts.length > 0 ? pick(texts) : pick(commonTexts);
    return random() < 0.2 ? `x${base}y` : random() < 0.15 ? base.toUpperCase() : base;
  };
  const deep = (depth: number): unknown => {
    const kind = random();
    if (depth <= 0 || kind < 0.4) return pick<unknown>([text(), text(), Math.floor(random() * 500), 401, true, null]);
    if (kind < 0.5) return [deep(depth - 1), deep(depth - 1)];
    const map: Record<string, unknown> = kind < 0.6 ? newStringMap() : Object.create(null);
    for (const name of names) if (random() < 0.8) map[name] = kind < 0.6 ? text() : deep(depth - 1);
    return map;
  };
  const line = text();
  const fields = (['parsed', 'meta', 'enriched'] as const).map((store) =>
    [store, names.filter(() => random() < 0.7).map((name): [string, string] => [name, text()])] as const);
  const unmarshaled = names.filter(() => random() < 0.8).map((name): [string, unknown] => [name, deep(3)]);
  const label = text();
  const overflow = random() < 0.3 ? randomOverflow(text) : null;
  return (event) => {
    if (overflow !== null) event.resetToOverflow(structuredClone(overflow), new GoTime(1_700_000_000, 5));
    else event.resetToLine(batchOf(line, label), Buffer.from(line), 0);
    for (const [store, pairs] of fields) for (const [name, value] of pairs) event[store].set(name, value);
    for (const [name, value] of unmarshaled) event.unmarshaled[name] = clone(value);
    event.strTime = line;
    return event;
  };
}

/** Everything of an event that an expression can change, as text. */
export function stateOf(event: Event): string {
  return JSON.stringify([event.parsed.toObject(), event.meta.toObject(), event.enriched.toObject(), event.unmarshaled]);
}

function batchOf(line: string, type: string): LineBatch {
  const bytes = Buffer.from(line);
  return {
    seq: 0, source: { src: '/var/log/x.log', module: 'file', labels: { type, program: type }, mode: 0 }, bytes,
    spans: Uint32Array.of(0, bytes.length), flags: Uint8Array.of(bytes.length === line.length ? lineFlags.ascii : 0), count: 1,
    readAtMs: 1_700_000_000_000,
  };
}

function randomOverflow(text: () => string): Overflow {
  const source = { scope: 'Ip', value: '1.2.3.4', ip: '1.2.3.4', range: '1.2.3.0/24', cn: 'FR', as_number: '64512' };
  const alert: Alert = {
    scenario: text(), scenario_hash: 'h', scenario_version: '1', message: 'm', events_count: 6, start_at: '2024-01-01T00:00:00Z',
    stop_at: '2024-01-01T00:00:09Z', capacity: 5, leakspeed: '10s', simulated: false, remediation: text() !== '',
    events: [{ timestamp: '2024-01-01T00:00:00Z', meta: [{ key: 'k', value: text() }] }], source,
  };
  return {
    mapkey: 'k', bucketId: 'b', whitelisted: false, reprocess: false, sources: { [source.value]: source }, alert, apiAlerts: [alert],
  };
}

/** A copy that keeps which maps are maps of texts. */
function clone(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clone);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(value) as object | null);
  for (const [key, each] of Object.entries(value)) copy[key] = clone(each);
  return copy;
}
