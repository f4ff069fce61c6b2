// The first half of pouring, without any lock: which scenarios take an event, into which bucket, with which distinct
// value. In load order, so what a filter sets in an event is seen by the scenarios after it.

import type { Event } from '../event/event.js';
import * as abi from '../../engine-wasm/abi.js';
import type { BucketCounters } from './bucket-counters.js';
import type { CandidateIndex } from './candidates.js';
import { ExprError } from '../expr/values.js';
import type { LinkedScenario, OfEvent } from './linked.js';
import { noRoom, type Staging } from './staging.js';

/** Stages the pours of single events. */
export class Matcher {
  readonly #scenarios: readonly LinkedScenario[];
  readonly #candidates: CandidateIndex;
  readonly #staging: Staging;
  readonly #counters: BucketCounters;
  #lastKey = '';
  #lastKeyAt = noRoom;
  #lastKeyLength = 0;

  constructor(scenarios: readonly LinkedScenario[], candidates: CandidateIndex, staging: Staging, counters: BucketCounters) {
    this.#scenarios = scenarios;
    this.#candidates = candidates;
    this.#staging = staging;
    this.#counters = counters;
  }

  /** Forgets where keys were written: the staging area was emptied. */
  reset(): void {
    this.#lastKeyAt = noRoom;
  }

  /** Looks at the first `count` events of a batch, which are then matched one by one. */
  take(events: readonly Event[], count: number): void {
    this.#candidates.take(events, count);
  }

  /** Stages a pour for each scenario that takes the event at a position of the batch; `onPour` hears of each. */
  match(event: Event, position: number, onPour: (scenario: number) => void): void {
    let list = this.#candidates.of(event, position);
    for (let i = 0; i < list.length; i++) {
      const scenario = this.#scenarios[list[i]];
      if (this.#takes(scenario, event) && this.#stage(scenario, event)) onPour(scenario.index);
      if (!scenario.hasEffects) continue;
      const changed = this.#candidates.of(event, position);
      if (changed === list) continue;
      list = changed;
      i = positionAfter(list, scenario.index) - 1;
    }
  }

  #takes(scenario: LinkedScenario, event: Event): boolean {
    try {
      return scenario.filter(event) === true;
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      this.#counters.mishap(scenario.index, 'filter_error');
      return false;
    }
  }

  #stage(scenario: LinkedScenario, event: Event): boolean {
    const key = scenario.groupby === null ? '' : this.#partition(scenario, scenario.groupby, event);
    if (key === null || !this.#writeKey(key)) return false;
    const keyAt = this.#lastKeyAt;
    const keyLength = this.#lastKeyLength;
    let flags = 0;
    let distinctAt = 0;
    let distinctLength = 0;
    if (scenario.distinct !== null) {
      const value = distinctValue(scenario.distinct, event);
      distinctAt = value === null ? noRoom : this.#staging.writeText(value);
      if (distinctAt !== noRoom) {
        distinctLength = this.#staging.textLength;
        flags |= abi.recordDistinct;
      }
    }
    if (scenario.cancelOn !== null && isCancelled(scenario.cancelOn, event)) flags |= abi.recordCancel;
    this.#staging.addRecord(scenario.index, keyAt, keyLength, distinctAt, distinctLength, flags);
    return true;
  }

  /** The text that `groupby` gives; null ends the scenario for this event. */
  #partition(scenario: LinkedScenario, groupby: OfEvent, event: Event): string | null {
    try {
      const value = groupby(event);
      if (typeof value === 'string') return value;
      this.#counters.mishap(scenario.index, 'groupby_not_string');
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      this.#counters.mishap(scenario.index, 'groupby_error');
    }
    return null;
  }

  /** Most scenarios that take an event group it by the same text: it is written once. */
  #writeKey(key: string): boolean {
    if (this.#lastKeyAt !== noRoom && key === this.#lastKey) return true;
    this.#lastKeyAt = this.#staging.writeText(key);
    this.#lastKey = key;
    this.#lastKeyLength = this.#staging.textLength;
    return this.#lastKeyAt !== noRoom;
  }
}

/** The value of `distinct`: anything but a text counts as ''. Null when it fails: the event is taken, unremembered. */
function distinctValue(distinct: OfEvent, event: Event): string | null {
  try {
    const value = distinct(event);
    return typeof value === 'string' ? value : '';
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return null;
  }
}

function isCancelled(cancelOn: OfEvent, event: Event): boolean {
  try {
    return cancelOn(event) === true;
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return false;
  }
}

function positionAfter(list: Uint16Array, scenario: number): number {
  let position = 0;
  while (position < list.length && list[position] <= scenario) position++;
  return position;
}
