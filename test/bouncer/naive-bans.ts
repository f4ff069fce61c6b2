// The wanted state the slow way: all decisions in a list, every address asked by scanning it. The oracle of
// bouncer/state.ts; shares no code with it.

import { randomFrom } from '../../ts/util/random.js';

/** A decision in numbers; `last` equals `first` for a single address. */
export interface NaiveDecision {
  readonly id: number;
  readonly group: string;
  readonly first: number;
  readonly last: number;
  readonly untilMs: number;
}

/** All decisions. */
export class NaiveBans {
  decisions: NaiveDecision[] = [];

  add(decision: NaiveDecision): void {
    this.remove(decision.id);
    this.decisions.push(decision);
  }

  remove(id: number): void {
    this.decisions = this.decisions.filter((other) => other.id !== id);
  }

  /** When the single-address decisions of an address end, with the group of the longest; null: none. */
  single(address: number, nowMs: number): { group: string; untilMs: number } | null {
    let best: NaiveDecision | null = null;
    for (const decision of this.decisions) {
      if (decision.first !== address || decision.last !== address || decision.untilMs <= nowMs) continue;
      if (best === null || decision.untilMs > best.untilMs) best = decision;
    }
    return best === null ? null : { group: best.group, untilMs: best.untilMs };
  }

  /** When the ranges of a group stop covering an address; 0: not covered. */
  covered(group: string, address: number, nowMs: number): number {
    return Math.max(0, ...this.decisions.filter((decision) => decision.group === group && decision.last > decision.first
      && decision.first <= address && address <= decision.last && decision.untilMs > nowMs).map(({ untilMs }) => untilMs));
  }
}

/** Whole numbers from 0 to below what each is asked for, from a seed. */
export function randomBelow(seed: number): (below: number) => number {
  const random = randomFrom(seed);
  return (below) => Math.floor(random() * below);
}
