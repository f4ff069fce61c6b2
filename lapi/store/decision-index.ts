// Decisions in force in memory: found by address, walked for a start-up, and by the time they end. Pure: it is told of every change and looks nothing up itself. Following the database is decision-follower.ts.

import { GoTime } from '../../ts/util/go-time.js';
import { DecisionSums, type DecisionSum } from './decision-sums.js';
import type { IpRange } from './ip-range.js';
import { file, NetworkMap, parseNetwork, unfile, type Filed, type Network } from './network.js';

/** A decision as the index keeps it. */
export interface IndexedDecision {
  readonly id: number;
  readonly createdAt: GoTime;
  readonly until: GoTime;
  readonly scenario: string;
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
  readonly uuid: string;
  readonly simulated: boolean;
}

/** Ended decisions are remembered this long, so that bouncers that poll hear of them without a query. */
export const keptAfterEndSeconds = 300;

/** The index. */
export class DecisionIndex {
  readonly #byId = new Map<number, IndexedDecision>();
  readonly #networks = new NetworkMap<IndexedDecision>();
  /** What is no network, by value. */
  readonly #byValue: Filed<string, IndexedDecision> = new Map();
  /** By the second in which they end; a set only where several do. */
  readonly #endsIn = new Map<number, IndexedDecision | Set<IndexedDecision>>();
  /** These seconds in order, when they were asked for since the last one came or went. */
  #seconds: Float64Array | null = null;
  #isOrdered = true;
  #lastId = 0;
  #generation = 0;
  /** Before this instant the index does not know what ended, and before that one it has forgotten some of it. */
  readonly #knownFrom: GoTime;
  #sweptTo = GoTime.zero;
  /** Over what ends after an instant. */
  readonly #sums = new DecisionSums();
  #sumsAt: GoTime;

  constructor(knownFrom = GoTime.zero) {
    this.#knownFrom = knownFrom;
    this.#sumsAt = knownFrom;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A number that is another one after every change. */
  get generation(): number {
    return this.#generation;
  }

  /** Adds a decision, or replaces the one with its id. */
  put(decision: IndexedDecision): void {
    if (this.#byId.has(decision.id)) this.remove(decision.id);
    if (decision.id < this.#lastId) this.#isOrdered = false;
    else this.#lastId = decision.id;
    this.#byId.set(decision.id, decision);
    const network = networkOf(decision);
    if (network !== null) this.#networks.add(network, decision);
    else file(this.#byValue, decision.value, decision);
    const end = decision.until.seconds;
    const others = this.#endsIn.get(end);
    if (others === undefined) {
      this.#endsIn.set(end, decision);
      this.#seconds = null;
    } else if (others instanceof Set) others.add(decision);
    else this.#endsIn.set(end, new Set([others, decision]));
    if (decision.until.compare(this.#sumsAt) > 0) this.#sums.add(decision);
    this.#generation++;
  }

  remove(id: number): void {
    const decision = this.#byId.get(id);
    if (decision === undefined) return;
    this.#byId.delete(id);
    const network = networkOf(decision);
    if (network !== null) this.#networks.remove(network, decision);
    else unfile(this.#byValue, decision.value, decision);
    const end = decision.until.seconds;
    const others = this.#endsIn.get(end);
    if (!(others instanceof Set) || (others.delete(decision) && others.size === 0)) {
      this.#endsIn.delete(end);
      this.#seconds = null;
    }
    if (decision.until.compare(this.#sumsAt) > 0) this.#sums.remove(decision);
    this.#generation++;
  }

  /** Forgets decisions that ended long before `now`. */
  sweep(now: GoTime): void {
    this.#moveSums(now);
    const end = now.seconds - keptAfterEndSeconds;
    this.#sweptTo = new GoTime(end, 0);
    for (const { id, until } of this.#byId.values()) if (until.seconds < end) this.remove(id);
  }

  /**
   * Count and checksum of what ends after `at` and passes, which must not look at address, value or id; null when some may be
   * forgotten already. Cheap for instants that grow.
   */
  sum(passes: (decision: IndexedDecision) => boolean, at: GoTime): DecisionSum | null {
    this.#moveSums(at);
    const more = at.compare(this.#sumsAt) < 0 ? this.endedBetween(at, this.#sumsAt) : [];
    return more === null ? null : this.#sums.total(passes, more);
  }

  /** How many end after `at`, of each kind that a filter can tell apart. Cheap for instants that grow. */
  counts(at: GoTime): ReturnType<DecisionSums['counts']> {
    this.#moveSums(at);
    return this.#sums.counts();
  }

  #moveSums(to: GoTime): void {
    if (to.compare(this.#sumsAt) <= 0) return;
    // Never forgotten: each sweep moves the sums on first.
    for (const decision of this.endedBetween(this.#sumsAt, to) ?? []) this.#sums.remove(decision);
    this.#sumsAt = to;
  }

  /** Decisions whose address or range contains the whole of `range`, by id; ended ones too. */
  containing(range: IpRange): IndexedDecision[] {
    const found = this.#networks.containing(range);
    return found.length < 2 ? found : found.sort((a, b) => a.id - b.id);
  }

  /** Decisions on addresses and ranges that lie within `range`, in no order; ended ones too. Looks at all. */
  within(range: IpRange): IndexedDecision[] {
    return this.#networks.within(range);
  }

  get(id: number): IndexedDecision | undefined {
    return this.#byId.get(id);
  }

  /** Decisions on exactly this value; ended ones too. */
  withValue(value: string): readonly IndexedDecision[] {
    const network = parseNetwork(value);
    // One network has several spellings, and may be the value of something else.
    const onNetwork = network === null ? [] : [this.#networks.on(network) ?? []].flat();
    return [...onNetwork.filter((decision) => decision.value === value), ...[this.#byValue.get(value) ?? []].flat()];
  }

  /** All decisions in no order; ended ones too. */
  each(): Iterable<IndexedDecision> {
    return this.#byId.values();
  }

  /** All decisions by id; ended ones too. */
  all(): readonly IndexedDecision[] {
    const all = [...this.#byId.values()];
    return this.#isOrdered ? all : all.sort((a, b) => a.id - b.id);
  }

  /** Decisions that end from `from` on and pass, those that end sooner first: the ones of a second together, in no order. */
  * inOrderOfEnd(from: GoTime, passes: (decision: IndexedDecision) => boolean): Generator<IndexedDecision[]> {
    const isWanted = (decision: IndexedDecision): boolean => decision.until.compare(from) >= 0 && passes(decision);
    for (const second of this.#seconds ??= inOrder(this.#endsIn)) {
      if (second < from.seconds) continue;
      const ending = this.#endsIn.get(second)!;
      if (ending instanceof Set) {
        const wanted: IndexedDecision[] = [];
        for (const decision of ending) if (isWanted(decision)) wanted.push(decision);
        if (wanted.length > 0) yield wanted;
      } else if (isWanted(ending)) yield [ending];
    }
  }

  /** Whether no other decision on the same value, type and scope ends later; those that end up to `after` do not count. */
  isLongest(decision: IndexedDecision, after = GoTime.zero): boolean {
    const network = networkOf(decision);
    const same = network === null ? this.#byValue.get(decision.value) : this.#networks.on(network);
    // Mostly it stands there alone.
    if (same === undefined || same === decision) return true;
    const outlives = (other: IndexedDecision): boolean => other.value === decision.value && other.type === decision.type
      && other.scope === decision.scope && other.until.compare(decision.until) > 0 && other.until.compare(after) > 0;
    return !(Array.isArray(same) ? same.some(outlives) : outlives(same as IndexedDecision));
  }

  /** Decisions that end after `after` and not after `upTo`, in no order; null when some may be forgotten already. */
  endedBetween(after: GoTime, upTo: GoTime): IndexedDecision[] | null {
    if (after.compare(this.#knownFrom) < 0 || after.compare(this.#sweptTo) < 0) return null;
    const found: IndexedDecision[] = [];
    const take = (decision: IndexedDecision): void => {
      if (decision.until.compare(after) > 0 && decision.until.compare(upTo) <= 0) found.push(decision);
    };
    const takeAll = (ending: IndexedDecision | Set<IndexedDecision> | undefined): void => {
      if (ending instanceof Set) ending.forEach(take);
      else if (ending !== undefined) take(ending);
    };
    if (upTo.seconds - after.seconds > this.#endsIn.size) for (const ending of this.#endsIn.values()) takeAll(ending);
    else for (let second = after.seconds; second <= upTo.seconds; second++) takeAll(this.#endsIn.get(second));
    return found;
  }
}

function inOrder(bySecond: ReadonlyMap<number, unknown>): Float64Array {
  const seconds = new Float64Array(bySecond.size);
  let index = 0;
  for (const second of bySecond.keys()) seconds[index++] = second;
  return seconds.sort();
}

function networkOf({ scope, value }: IndexedDecision): Network | null {
  const name = scope.toLowerCase();
  return name === 'ip' || name === 'range' ? parseNetwork(value) : null;
}
