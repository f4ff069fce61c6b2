// Decisions in force in memory: found by address, walked for a start-up, and asked whether anything began or ended since
// a moment. Pure: it is told of every change and looks nothing up itself. Following the database is decision-follower.ts.

import { GoTime } from '../../ts/util/go-time.js';
import type { IpRange } from './ip-range.js';
import { NetworkMap, parseNetwork, type Network } from './network.js';

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

/** Ended decisions are remembered this long, so that bouncers that poll are told "nothing" without a query. */
export const keptAfterEndSeconds = 300;
/** Longest pause between two pulls that is looked at second by second. */
const windowSecondsMax = keptAfterEndSeconds - 10;

/** The index. */
export class DecisionIndex {
  readonly #byId = new Map<number, IndexedDecision>();
  readonly #networks = new NetworkMap<IndexedDecision>();
  /** By value, for "the longest wins"; a list only where several decisions share one. */
  readonly #byValue = new Map<string, IndexedDecision | IndexedDecision[]>();
  /** How many decisions end in each second. */
  readonly #endsIn = new Map<number, number>();
  #newest = GoTime.zero;
  #isOrdered = true;
  #lastId = 0;
  #generation = 0;
  /** Before this instant the index does not know what ended. */
  readonly #knownFrom: GoTime;

  constructor(knownFrom = GoTime.zero) {
    this.#knownFrom = knownFrom;
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
    const same = this.#byValue.get(decision.value);
    if (same === undefined) this.#byValue.set(decision.value, decision);
    else if (Array.isArray(same)) same.push(decision);
    else this.#byValue.set(decision.value, [same, decision]);
    const network = networkOf(decision);
    if (network !== null) this.#networks.add(network, decision);
    const end = decision.until.seconds;
    this.#endsIn.set(end, (this.#endsIn.get(end) ?? 0) + 1);
    if (decision.createdAt.compare(this.#newest) > 0) this.#newest = decision.createdAt;
    this.#generation++;
  }

  remove(id: number): void {
    const decision = this.#byId.get(id);
    if (decision === undefined) return;
    this.#byId.delete(id);
    const same = this.#byValue.get(decision.value);
    if (Array.isArray(same) && same.length > 1) same.splice(same.indexOf(decision), 1);
    else this.#byValue.delete(decision.value);
    const network = networkOf(decision);
    if (network !== null) this.#networks.remove(network, decision);
    const end = decision.until.seconds;
    const left = this.#endsIn.get(end)! - 1;
    if (left > 0) this.#endsIn.set(end, left);
    else this.#endsIn.delete(end);
    this.#generation++;
  }

  /** Forgets decisions that ended long before `now`. */
  sweep(now: GoTime): void {
    for (const { id, until } of this.#byId.values()) {
      if (until.seconds < now.seconds - keptAfterEndSeconds) this.remove(id);
    }
  }

  /** Decisions whose address or range contains the whole of `range`, by id; ended ones too. */
  containing(range: IpRange): IndexedDecision[] {
    const found = this.#networks.containing(range);
    return found.length < 2 ? found : found.sort((a, b) => a.id - b.id);
  }

  /** All decisions by id; ended ones too. */
  all(): readonly IndexedDecision[] {
    const all = [...this.#byId.values()];
    return this.#isOrdered ? all : all.sort((a, b) => a.id - b.id);
  }

  /** Whether no other decision on the same value, type and scope ends later. */
  isLongest(decision: IndexedDecision): boolean {
    const same = this.#byValue.get(decision.value);
    return !Array.isArray(same) || !same.some((other) => other.type === decision.type && other.scope === decision.scope
      && other.until.compare(decision.until) > 0);
  }

  /**
   * Whether it is certain that no decision was created after `createdAfter` and none ended between `endedAfter` and
   * `now`. False also means: the index cannot tell.
   */
  isQuiet(createdAfter: GoTime, endedAfter: GoTime, now: GoTime): boolean {
    if (endedAfter.compare(this.#knownFrom) < 0 || this.#newest.compare(createdAfter) > 0) return false;
    if (now.seconds - endedAfter.seconds > windowSecondsMax) return false;
    for (let second = endedAfter.seconds; second <= now.seconds; second++) if (this.#endsIn.has(second)) return false;
    return true;
  }
}

function networkOf({ scope, value }: IndexedDecision): Network | null {
  const name = scope.toLowerCase();
  return name === 'ip' || name === 'range' ? parseNetwork(value) : null;
}
