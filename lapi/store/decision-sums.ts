// How many decisions there are and a checksum over them, for any filter by scope, origin, scenario, type and simulation:
// kept for each combination of these as decisions come and go. docs/stream.md defines the checksum. Pure; it does not
// know what time it is, decision-index.ts tells it what ended.

import { murmur3 } from '../../ts/util/murmur.js';
import type { IndexedDecision } from './decision-index.js';

/** What a client compares with what it holds. */
export interface DecisionSum {
  readonly count: number;
  /** 16 hexadecimal digits. */
  readonly checksum: string;
}

/** Decisions that no filter tells apart. */
interface Group {
  readonly sample: IndexedDecision;
  count: number;
  first: number;
  second: number;
}

/** The sums of an index. */
export class DecisionSums {
  readonly #groups = new Map<string, Group>();
  #recent: Group | null = null;

  add(decision: IndexedDecision): void {
    count(this.#groupOf(decision), decision, 1);
  }

  remove(decision: IndexedDecision): void {
    const group = this.#groupOf(decision);
    count(group, decision, -1);
    if (group.count > 0) return;
    this.#groups.delete(keyOf(decision));
    this.#recent = null;
  }

  /** The sum of what passes, with some more that were taken out already. */
  total(passes: (decision: IndexedDecision) => boolean, more: readonly IndexedDecision[]): DecisionSum {
    const sum: Counted = { count: 0, first: 0, second: 0 };
    for (const group of this.#groups.values()) {
      if (!passes(group.sample)) continue;
      sum.count += group.count;
      sum.first = sum.first + group.first | 0;
      sum.second = sum.second + group.second | 0;
    }
    for (const decision of more) if (passes(decision)) count(sum, decision, 1);
    return { count: sum.count, checksum: hex(sum.first) + hex(sum.second) };
  }

  /** How many there are of each kind, told by one of them. */
  counts(): { readonly sample: IndexedDecision; readonly count: number }[] {
    return [...this.#groups.values()];
  }

  /** Decisions of one import stand in one group, so the last one is asked first. */
  #groupOf(decision: IndexedDecision): Group {
    const recent = this.#recent;
    if (recent !== null && isAlike(recent.sample, decision)) return recent;
    const key = keyOf(decision);
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, group = { sample: decision, count: 0, first: 0, second: 0 });
    this.#recent = group;
    return group;
  }
}

interface Counted {
  count: number;
  first: number;
  second: number;
}

/** Sums of whole numbers of 32 bits, which wrap. */
function count(sum: Counted, { id, value }: IndexedDecision, sign: 1 | -1): void {
  const text = `${id} ${value}`;
  sum.count += sign;
  sum.first = sum.first + sign * murmur3(text, 0) | 0;
  sum.second = sum.second + sign * murmur3(text, 1) | 0;
}

function isAlike(a: IndexedDecision, b: IndexedDecision): boolean {
  return a.scenario === b.scenario && a.origin === b.origin && a.scope === b.scope && a.type === b.type
    && a.simulated === b.simulated;
}

function keyOf({ scenario, origin, scope, type, simulated }: IndexedDecision): string {
  return JSON.stringify([scenario, origin, scope, type, simulated]);
}

function hex(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
