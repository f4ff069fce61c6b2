// Whether an overflow that a rule sends back into the buckets (`reprocess`) can concern any scenario. Hardly any installation
// has one that takes overflows, and without one a worker need not wait for the postoverflows before its next batch.

import { Event, type EventNames } from '../event/event.js';
import { type FieldReads, type FieldTest, link, type Requirement } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
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
  /** Filters that see no difference between an overflow before the postoverflows and after; not asked where somebody sees one. */
  readonly #blind: readonly LinkedScenario[];
  readonly #somebodySees: boolean;

  constructor(scenarios: readonly LinkedScenario[], names: EventNames, runtime: ExprRuntime, filled: FilledKeys) {
    const withoutFields = new Event(names);
    const fails = (test: FieldTest): boolean => isEmpty(test.path, filled) && attempt(() => link(test, runtime)(withoutFields)) === false;
    // What a filter requires, and tests, it does for its effects, too.
    const isRefused = ({ spec: { filter } }: LinkedScenario): boolean => filter.requires.some((requirement) => isMissing(requirement, filled))
      || (filter.tests ?? []).some((list) => list.every(fails));
    const isBlind = ({ spec: { filter } }: LinkedScenario): boolean => !filter.hasEffects && seesNothing(filter.reads, filled);
    this.#somebodySees = scenarios.some((scenario) => !isBlind(scenario) && !isRefused(scenario));
    this.#blind = this.#somebodySees ? [] : scenarios.filter((scenario) => isBlind(scenario) && !isRefused(scenario));
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
  return !values.includes('') && isEmpty(path, filled);
}

/** Whether an overflow surely has nothing in a field. */
function isEmpty(path: string, filled: FilledKeys): boolean {
  const [, map, key] = /^(Meta|Parsed)\.(.+)$/s.exec(path) ?? [];
  return map !== undefined && !filled.all && !(map === 'Meta' ? filled.meta : filled.parsed).has(key);
}

function seesNothing(reads: FieldReads, filled: FilledKeys): boolean {
  return !reads.all && !filled.all && !reads.unmarshaled && !reads.lineRaw && reads.enriched.length === 0 && reads.other.length === 0
    && !reads.parsed.some((key) => filled.parsed.has(key)) && !reads.meta.some((key) => filled.meta.has(key));
}
