// Whether an overflow that a rule sends back into the buckets (`reprocess`) can concern any scenario. Hardly any installation
// has one that takes overflows, and without one a worker need not wait for the postoverflows before its next batch.

import type { Event } from '../event/event.js';
import type { FieldReads, Requirement } from '../expr/compiled.js';
import { attempt, failed, type LinkedScenario } from './linked.js';

/** Keys of an overflow that postoverflows may fill before it comes back; else it has no fields but the overflow itself. */
export interface FilledKeys {
  /** Anything may be filled. */
  readonly all: boolean;
  readonly parsed: ReadonlySet<string>;
  readonly meta: ReadonlySet<string>;
}

/** Asks scenarios about overflows before the postoverflows have run. */
export class OverflowTakers {
  /** Filters that see no difference between an overflow before the postoverflows and after. */
  readonly #blind: readonly LinkedScenario[];
  readonly #somebodySees: boolean;

  constructor(scenarios: readonly LinkedScenario[], filled: FilledKeys) {
    // What a filter requires it requires for its effects, too.
    const others = scenarios.filter(({ spec: { filter } }) => !filter.requires.some((requirement) => isMissing(requirement, filled)));
    this.#blind = others.filter(({ spec: { filter } }) => !filter.hasEffects && seesNothing(filter.reads, filled));
    this.#somebodySees = this.#blind.length < others.length;
  }

  /** False when no scenario takes any overflow: which one it is need not be known. */
  get mayTakeSome(): boolean {
    return this.#somebodySees || this.#blind.length > 0;
  }

  /** False when every scenario surely refuses the overflow once it comes back. */
  mayTake(overflow: Event): boolean {
    return this.#somebodySees || this.#blind.some(({ filter }) => {
      const answer = attempt(() => filter(overflow));
      return answer === true || answer === failed;
    });
  }
}

/** Whether an overflow surely lacks what a filter requires. */
function isMissing({ path, values }: Requirement, filled: FilledKeys): boolean {
  const [, map, key] = /^(Meta|Parsed)\.(.+)$/s.exec(path) ?? [];
  return map !== undefined && !filled.all && !values.includes('') && !(map === 'Meta' ? filled.meta : filled.parsed).has(key);
}

function seesNothing(reads: FieldReads, filled: FilledKeys): boolean {
  return !reads.all && !filled.all && !reads.unmarshaled && !reads.lineRaw && reads.enriched.length === 0 && reads.other.length === 0
    && !reads.parsed.some((key) => filled.parsed.has(key)) && !reads.meta.some((key) => filled.meta.has(key));
}
