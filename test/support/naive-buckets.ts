// The naive oracle of buckets: maps, arrays and BigInt nanoseconds, one event after the other, written from the
// specification and sharing nothing with ts/buckets but the event. It says which alerts a strictly sequential reading
// of a log leads to. Slow on purpose.

import { createHash } from 'node:crypto';
import { EventType, type Event } from '../../ts/event/event.js';

export type Evaluate = (...args: never[]) => unknown;

/** What a rule says, its expressions as functions that may throw. */
export interface NaiveScenario {
  readonly name: string;
  readonly type: 'leaky' | 'trigger' | 'counter' | 'conditional' | 'bayesian';
  readonly filterText: string;
  readonly filter: (event: Event) => unknown;
  readonly groupby?: (event: Event) => unknown;
  readonly distinct?: (event: Event) => unknown;
  readonly cancelOn?: (event: Event) => unknown;
  readonly condition?: (event: Event, queue: NaiveQueue, leaky: NaiveLeaky) => unknown;
  readonly overflowFilter?: (event: null, queue: NaiveQueue, signal: NaiveOverflow, leaky: NaiveLeaky) => unknown;
  readonly bayesian?: {
    readonly prior: number;
    readonly threshold: number;
    readonly conditions: readonly { readonly condition: (event: Event, queue: NaiveQueue, leaky: NaiveLeaky) => unknown;
      readonly evil: number; readonly benign: number; readonly guillotine: boolean }[];
  };
  readonly capacity: number;
  readonly leakspeedNs: number;
  readonly durationNs: number;
  readonly blackholeNs: number;
  readonly cacheSize: number;
  readonly reprocess: boolean;
  readonly scope: { readonly type: string; readonly expression?: (event: Event) => unknown };
}

export interface NaiveQueue {
  readonly queue: readonly Event[];
  readonly l: number;
}

export interface NaiveLeaky {
  readonly totalCount: number;
  readonly queue: NaiveQueue;
}

/** What an alert must agree on. */
export interface NaiveOverflow {
  readonly scenario: string;
  /** Hex SHA-1 of filter, partition and name, NUL between them. */
  readonly mapkey: string;
  readonly scope: string;
  /** Values of the sources, in the order they were first seen. */
  readonly sources: readonly string[];
  readonly count: number;
  readonly startNs: bigint;
  readonly stopNs: bigint;
  /** Meta of each kept event, keys sorted. */
  readonly events: readonly (readonly (readonly [string, string])[])[];
  readonly reprocess: boolean;
  readonly eventIndex: number;
}

interface Bucket {
  /** The rule that made it. */
  readonly maker: NaiveScenario;
  readonly live: boolean;
  readonly partition: string;
  first: bigint | null;
  last: bigint;
  tokens: number;
  count: number;
  queue: Event[];
  seen: Set<string>;
  latched: Set<number>;
}

/** A scenario that takes an event. */
interface Chosen {
  readonly scenario: NaiveScenario;
  readonly partition: string;
  readonly distinct: string | null;
  readonly cancelled: boolean;
}

const second = 1_000_000_000n;

export class NaiveBuckets {
  readonly #scenarios: readonly NaiveScenario[];
  readonly #copy: (event: Event) => Event;
  readonly #buckets = new Map<string, Bucket>();
  readonly #mutes = new Map<string, bigint>();
  /** The longest queue where the rule sets no bound. */
  readonly #queueMax: number;

  /** `copy` makes an event of its own, for the queues. */
  constructor(scenarios: readonly NaiveScenario[], copy: (event: Event) => Event, queueMax: number) {
    this.#scenarios = scenarios;
    this.#copy = copy;
    this.#queueMax = queueMax;
  }

  /** Buckets alive. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Pours one event: first all scenarios choose (a filter may change the event), then the buckets take it. */
  pour(event: Event, nowMs: number, eventIndex: number): NaiveOverflow[] {
    if (!event.process || event.whitelisted) return [];
    const chosen: Chosen[] = [];
    for (const scenario of this.#scenarios) {
      if (valueOf(scenario.filter, event) !== true) continue;
      const partition = scenario.groupby === undefined ? '' : valueOf(scenario.groupby, event);
      if (typeof partition !== 'string') continue;
      const value = scenario.distinct === undefined ? undefined : valueOf(scenario.distinct, event);
      const distinct = value === undefined ? null : typeof value === 'string' ? value : '';
      chosen.push({ scenario, partition, distinct,
        cancelled: scenario.cancelOn !== undefined && valueOf(scenario.cancelOn, event) === true });
    }
    const now = BigInt(Math.floor(nowMs)) * 1_000_000n;
    return chosen.flatMap((pour) => this.#pourOne({ ...pour, chosen, event: this.#copy(event), original: event, now, eventIndex }));
  }

  /** Live buckets with a duration that has passed. */
  expire(nowMs: number, eventIndex: number): NaiveOverflow[] {
    const now = BigInt(Math.floor(nowMs)) * 1_000_000n;
    const overflows: NaiveOverflow[] = [];
    for (const [key, bucket] of [...this.#buckets]) {
      const { maker: scenario } = bucket;
      if (!bucket.live || bucket.first === null || scenario.durationNs === 0) continue;
      const end = bucket.first + lifetime(scenario);
      if (now > end) overflows.push(...this.#overflow(scenario, key, bucket, end, eventIndex));
    }
    return overflows;
  }

  #pourOne(pour: Chosen & { chosen: readonly Chosen[]; event: Event; original: Event; now: bigint; eventIndex: number }): NaiveOverflow[] {
    const { scenario, partition, event, now, eventIndex } = pour;
    const key = `${scenario.name}\0${scenario.filterText}\0${partition}`;
    const logTime = nanosecondsOf(event.marshaledTime);
    if (scenario.type === 'trigger') {
      const time = event.expectMode === 1 ? (logTime ?? now) : now;
      const bucket: Bucket = { maker: scenario, live: event.expectMode === 0, partition, first: time, last: time, tokens: 0, count: 1,
        queue: [event], seen: new Set(), latched: new Set() };
      return this.#overflow(scenario, key, bucket, time, eventIndex);
    }
    const overflows = this.#discardExpired(key, logTime, now, eventIndex);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { maker: scenario, live: event.expectMode === 0, partition, first: null, last: 0n, tokens: scenario.capacity, count: 0, queue: [],
        seen: new Set(), latched: new Set() };
      this.#buckets.set(key, bucket);
    }
    // A rule may pour into the bucket of another of the same name and filter: what counts is the rule that made it.
    const { maker } = bucket;
    const hooks = maker === scenario ? pour : pour.chosen.find((other) => other.scenario === maker && other.partition === partition);
    if (hooks !== undefined && hooks.distinct !== null) {
      if (bucket.seen.has(hooks.distinct)) return overflows;
      bucket.seen.add(hooks.distinct);
    }
    if (hooks?.cancelled === true) {
      this.#buckets.delete(key);
      return overflows;
    }
    const time = bucket.live ? now : logTime;
    if (time === null) return overflows;
    const full = !this.#accept(maker, bucket, event, time);
    if (full || this.#hooks(maker, bucket, pour.original)) {
      overflows.push(...this.#overflow(maker, key, bucket, time, eventIndex));
    }
    return overflows;
  }

  #discardExpired(key: string, logTime: bigint | null, now: bigint, eventIndex: number): NaiveOverflow[] {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined || bucket.first === null) return [];
    const { maker: scenario } = bucket;
    if (!bucket.live) {
      if (logTime !== null && logTime > bucket.last + lifetime(scenario)) this.#buckets.delete(key);
      return [];
    }
    if (scenario.durationNs !== 0) {
      const end = bucket.first + lifetime(scenario);
      return now > end ? this.#overflow(scenario, key, bucket, end, eventIndex) : [];
    }
    if (now > bucket.last + lifetime(scenario)) this.#buckets.delete(key);
    return [];
  }

  /** Takes an event in; false when the bucket was full. */
  #accept(scenario: NaiveScenario, bucket: Bucket, event: Event, time: bigint): boolean {
    const { capacity } = scenario;
    let accepted = true;
    if (capacity !== -1 && scenario.type !== 'conditional') {
      const rate = 1 / seconds(BigInt(scenario.leakspeedNs));
      let tokens = capacity;
      if (bucket.first !== null) {
        const elapsed = time > bucket.last ? time - bucket.last : 0n;
        tokens = Math.min(bucket.tokens + seconds(elapsed) * rate, capacity);
      }
      tokens -= 1;
      accepted = tokens >= 0 || Math.trunc((-tokens / rate) * 1e9) <= 0;
      if (accepted) bucket.tokens = tokens;
    }
    bucket.count++;
    bucket.first ??= time;
    bucket.last = time;
    bucket.queue.push(event);
    const most = Math.min(queueBound(scenario) + 1, queueBound(scenario) === Infinity ? this.#queueMax : Infinity);
    while (bucket.queue.length > most) bucket.queue.shift();
    return accepted;
  }

  #hooks(scenario: NaiveScenario, bucket: Bucket, event: Event): boolean {
    const queue = { queue: bucket.queue, l: queueBound(scenario) };
    const leaky = { totalCount: bucket.count, queue };
    if (scenario.condition !== undefined && valueOf(scenario.condition, event, queue, leaky) === true) return true;
    if (scenario.bayesian === undefined) return false;
    const f = Math.fround;
    let posterior = f(scenario.bayesian.prior);
    for (const [index, { condition, evil, benign, guillotine }] of scenario.bayesian.conditions.entries()) {
      let holds: unknown = true;
      if (!bucket.latched.has(index)) {
        holds = valueOf(condition, event, queue, leaky);
        if (holds === undefined) continue;
        if (holds === true && guillotine) bucket.latched.add(index);
      }
      const a = holds === true ? f(evil) : f(1 - f(evil));
      const b = holds === true ? f(benign) : f(1 - f(benign));
      posterior = f(f(a * posterior) / f(f(a * posterior) + f(b * f(1 - posterior))));
    }
    return posterior > f(scenario.bayesian.threshold);
  }

  #overflow(scenario: NaiveScenario, key: string, bucket: Bucket, time: bigint, eventIndex: number): NaiveOverflow[] {
    this.#buckets.delete(key);
    const alert = this.#alert(scenario, bucket, time, eventIndex);
    if (scenario.overflowFilter !== undefined) {
      const queue = { queue: bucket.queue, l: queueBound(scenario) };
      const verdict = valueOf(scenario.overflowFilter, null, queue, alert as NaiveOverflow, { totalCount: bucket.count, queue });
      if (verdict === false) return [];
    }
    if (scenario.blackholeNs > 0) {
      const end = this.#mutes.get(key);
      if (end !== undefined && time < end) return [];
      this.#mutes.set(key, time + BigInt(scenario.blackholeNs));
    }
    return alert === null ? [] : [alert];
  }

  #alert(scenario: NaiveScenario, bucket: Bucket, time: bigint, eventIndex: number): NaiveOverflow | null {
    const sources = new Set<string>();
    for (const event of bucket.queue) {
      const values = sourceValues(scenario, event);
      if (values === null) return null;
      values.forEach((value) => sources.add(value));
    }
    if (sources.size === 0) return null;
    const mapkey = createHash('sha1').update([scenario.filterText, bucket.partition, scenario.name].join('\0')).digest('hex');
    return { scenario: scenario.name, mapkey, scope: scenario.scope.type, sources: [...sources], count: bucket.count,
      startNs: bucket.first as bigint, stopNs: time, reprocess: scenario.reprocess, eventIndex,
      events: bucket.queue.map((event) => Object.entries(event.meta.toObject()).sort(([a], [b]) => (a < b ? -1 : 1))) };
  }
}

/** Nanoseconds since 1970 of an RFC 3339 text, null for any other. */
export function nanosecondsOf(text: string): bigint | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return null;
  const ms = Date.parse(match[1] + match[3]);
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').slice(0, 9).padEnd(9, '0'));
}

function sourceValues(scenario: NaiveScenario, event: Event): string[] | null {
  const { type, expression } = scenario.scope;
  if (event.type === EventType.overflow) {
    return Object.values(event.overflow?.sources ?? {}).filter((source) => source.scope === type).map(({ value }) => value);
  }
  if (type === 'Ip') return /^\d+\.\d+\.\d+\.\d+$/.test(event.meta.get('source_ip')) ? [event.meta.get('source_ip')] : null;
  const value = expression === undefined ? undefined : valueOf(expression, event);
  if (value === undefined) return null;
  return [typeof value === 'string' ? value : ''];
}

function lifetime({ type, capacity, leakspeedNs, durationNs }: NaiveScenario): bigint {
  if (type === 'conditional' || type === 'bayesian') return BigInt(leakspeedNs);
  return durationNs !== 0 ? BigInt(durationNs) : BigInt(capacity + 1) * BigInt(leakspeedNs);
}

function queueBound({ capacity, cacheSize }: NaiveScenario): number {
  if (cacheSize > 0 && (capacity === -1 || cacheSize <= capacity)) return cacheSize;
  return capacity === -1 ? Infinity : capacity;
}

/** Go's Duration.Seconds. */
function seconds(ns: bigint): number {
  return Number(ns / second) + Number(ns % second) / 1e9;
}

/** The value, or undefined for an expression that fails. */
function valueOf<A extends unknown[]>(evaluate: (...args: A) => unknown, ...args: A): unknown {
  try {
    const value = evaluate(...args);
    return value === undefined ? null : value;
  } catch {
    return undefined;
  }
}
