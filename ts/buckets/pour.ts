// Pours batches of events into the buckets. First, without any lock, the scenarios choose in load order, so that what a filter sets
// in an event is seen by those after it, and the pours are staged; then shard by shard, each in its turn, the module pours them in the order of the log and asks back
// where only an expression can decide (answers.ts). The turn of a shard is 2 × seq for a batch, 2 × seq + 1 for what its overflows
// bring back, so any number of workers gives the same alerts. Speed matters: bench/suites/buckets.ts.

import { randomInt } from 'node:crypto';
import * as abi from '../../engine-wasm/abi.js';
import { PalisadeError } from '../errors.js';
import type { Event, EventNames } from '../event/event.js';
import { ExpectMode } from '../event/line.js';
import type { FieldReads } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import type { Counters } from '../metrics/counters.js';
import { Answers } from './answers.js';
import { BucketReader } from './bucket.js';
import { BucketCounters } from './bucket-counters.js';
import { CandidateIndex } from './candidates.js';
import { EventEncoder } from './encode.js';
import { EventTimeReader } from './event-time.js';
import { KeptFieldsTable } from './kept-fields.js';
import { failed, type LinkedScenario, linkScenarios, type OfEvent } from './linked.js';
import { BucketEngine, type SharedBuckets } from './memory.js';
import { type FilledKeys, OverflowTakers } from './overflow-takers.js';
import type { AlertBuilder, PouredOverflow } from './overflow.js';
import type { ScenarioSpec } from './scenario.js';
import { SharedTexts } from './shared-texts.js';
import { noRoom, Staging } from './staging.js';

/** What a worker's pourer works with. */
export interface PourerOptions {
  readonly scenarios: readonly ScenarioSpec[];
  readonly names: EventNames;
  readonly runtime: ExprRuntime;
  readonly buckets: SharedBuckets;
  /** Number of this worker, from 0, below the workerCount of the memory. */
  readonly worker: number;
  readonly counters: Counters;
  readonly alerts: AlertBuilder;
  /** What the alert contexts read of kept events. */
  readonly contextReads: readonly FieldReads[];
  /** Events keep where they came from: file and head of the line. */
  readonly keepsOrigin?: boolean;
  /** What postoverflows may fill in an overflow before it comes back; by default anything. */
  readonly filledByPostoverflows?: FilledKeys;
  /** Sees each pour of an event as it then is, by the name of the scenario (dumps). */
  readonly onPour?: (event: Event, scenario: string) => void;
  /** Called before the thread sleeps until its turn comes, all of the batch being staged, until it says that it has done nothing. */
  readonly whileWaiting?: () => boolean;
}

/** How long one wait for a turn lasts before it is looked at again; only a stop ends it earlier without the turn. */
const turnWaitMs = 10_000;
/** Ids of kept events: each worker has its own range. */
const idsPerWorker = 2 ** 44;
const noPlan = -1;

/** Pours for one worker. */
export class Pourer {
  readonly #engine: BucketEngine;
  readonly #worker: number;
  readonly #scenarios: readonly LinkedScenario[];
  readonly #staging: Staging;
  readonly #answers: Answers;
  readonly #counters: BucketCounters;
  readonly #candidates: CandidateIndex;
  readonly #encoder: EventEncoder;
  readonly #kept: KeptFieldsTable;
  readonly #takers: OverflowTakers;
  readonly #times = new EventTimeReader();
  readonly #onPour: PourerOptions['onPour'];
  readonly #whileWaiting: () => boolean;
  #nextId: number;
  /** What is kept of the event at work. */
  #plan = noPlan;
  /** The key written last, and where. */
  #lastKey = '';
  #lastKeyAt = noRoom;
  #lastKeyLength = 0;
  /** The batch that surely brings nothing back, so that the next one need not wait until its alerts are built. */
  #finishedSeq = -1;

  constructor(options: PourerOptions) {
    const { scenarios, names, worker } = options;
    this.#engine = new BucketEngine(options.buckets);
    if (worker >= this.#engine.workerCount || scenarios.length > this.#engine.scenarioCount) {
      const { workerCount, scenarioCount } = this.#engine;
      throw new TypeError(`the bucket memory is for ${workerCount} workers and ${scenarioCount} scenarios`);
    }
    this.#worker = worker;
    this.#scenarios = linkScenarios(scenarios, options.runtime);
    this.#staging = new Staging(this.#engine, worker);
    const texts = new SharedTexts(this.#engine, worker);
    this.#counters = new BucketCounters(this.#engine, worker, scenarios, options.counters);
    this.#answers = new Answers({ engine: this.#engine, worker, scenarios: this.#scenarios, counters: this.#counters, alerts: options.alerts,
      reader: new BucketReader(this.#engine, names, texts, this.#scenarios.flatMap(({ conditionTail }) => conditionTail?.reads ?? [])) });
    this.#candidates = new CandidateIndex(scenarios, names, options.runtime);
    this.#encoder = new EventEncoder(this.#engine.bytes, texts);
    this.#kept = new KeptFieldsTable(scenarios, options.contextReads, names, options.keepsOrigin);
    this.#takers = new OverflowTakers(this.#scenarios, names, options.runtime,
      options.filledByPostoverflows ?? { all: true, parsed: new Set(), meta: new Set() });
    this.#onPour = options.onPour;
    this.#whileWaiting = options.whileWaiting ?? (() => false);
    // A restarted worker must not give an id again that another worker still remembers.
    this.#nextId = worker * idsPerWorker + randomInt(2 ** 43);
  }

  /**
   * Pours the first `count` events of batch `seq`, those that parsed and are not whitelisted, waiting for its turn at
   * each shard, and lets expire what `nowMs` lets expire (a batch without events does only that). Returns the overflows
   * in the order of the log. Afterwards finishBatch must be called, or pourReprocessed where mayTake says so.
   */
  pourBatch(events: readonly Event[], count: number, seq: number, nowMs: number): PouredOverflow[] {
    return this.#pour(events, count, seq, 2 * seq, nowMs, true);
  }

  /**
   * Pours the overflows of batch `seq` that came back from the postoverflow stages, before any batch after it. Returns
   * the overflows they led to. `isLast` false keeps the turn: call it again, or finishBatch, with what those bring back.
   */
  pourReprocessed(events: readonly Event[], seq: number, nowMs: number, isLast = true): PouredOverflow[] {
    return this.#pour(events, events.length, seq, 2 * seq + 1, nowMs, false, isLast);
  }

  /** False when no scenario will take this overflow once the postoverflows have sent it back: it need not come back. */
  mayTake(overflow: Event): boolean {
    return this.#takers.mayTake(overflow);
  }

  /** Lets the next batch pour: batch `seq` brings nothing back. */
  finishBatch(seq: number): void {
    if (seq === this.#finishedSeq) return;
    this.#finishedSeq = seq;
    for (let shard = 0; shard < abi.shardCount; shard++) {
      this.#sleepUntilTurn(shard, 2 * seq + 1);
      this.#engine.exports.passTurn(shard);
    }
  }

  #pour(events: readonly Event[], count: number, seq: number, turn: number, nowMs: number, isBatch: boolean,
    isLast = true): PouredOverflow[] {
    this.#answers.begin(events, count, nowMs);
    this.#candidates.take(events, count);
    let from = 0;
    let isFirstRound = true;
    do {
      this.#staging.begin(nowMs);
      from = this.#stageEvents(events, from, count);
      const isLastRound = from >= count;
      this.#staging.finish(isLastRound && isBatch);
      this.#engine.exports.stage(this.#worker);
      if (isFirstRound && isLastRound) while (!this.#isTurn(turn) && this.#whileWaiting());
      this.#pourShards(isFirstRound ? turn : null, isLastRound && isLast);
      isFirstRound = false;
    } while (from < count);
    if (isBatch && !(this.#takers.mayTakeSome && this.#answers.someReprocess)) this.finishBatch(seq);
    this.#countPours(events, count);
    return this.#answers.finish(seq);
  }

  /** Stages events until all are staged or the area is full. Returns the position of the first one left. */
  #stageEvents(events: readonly Event[], from: number, count: number): number {
    this.#lastKeyAt = noRoom;
    let position = from;
    for (; position < count; position++) {
      const event = events[position];
      if (!event.process || event.whitelisted) continue;
      if (!this.#staging.hasRoom(this.#scenarios.length)) break;
      this.#plan = noPlan;
      const before = this.#staging.recordCount;
      this.#match(event, position);
      if (this.#staging.recordCount > before) this.#stageEvent(event, position);
    }
    return position;
  }

  /** Stages a pour for each scenario that takes the event. */
  #match(event: Event, position: number): void {
    let list = this.#candidates.of(event, position);
    for (let i = 0; i < list.length; i++) {
      const scenario = this.#scenarios[list[i]];
      if (this.#takes(scenario, event) && this.#stagePour(scenario, event)) this.#notePour(scenario, event);
      if (!scenario.hasEffects) continue;
      const changed = this.#candidates.of(event, position);
      if (changed === list) continue;
      list = changed;
      i = positionAfter(list, scenario.index) - 1;
    }
  }

  #takes(scenario: LinkedScenario, event: Event): boolean {
    const value = ask(scenario.filter, event);
    if (value === failed) this.#counters.mishap(scenario.index, 'filter_error');
    return value === true;
  }

  #stagePour(scenario: LinkedScenario, event: Event): boolean {
    const { groupby, distinct, cancelOn } = scenario;
    const key = groupby === null ? '' : this.#partition(scenario, groupby, event);
    if (key === null || !this.#writeKey(key)) return false;
    const keyAt = this.#lastKeyAt;
    const keyLength = this.#lastKeyLength;
    let flags = 0;
    let distinctAt = 0;
    let distinctLength = 0;
    if (distinct !== null) {
      const value = ask(distinct, event);
      // Anything but a text counts as ''. Where it fails the event is taken, unremembered.
      distinctAt = value === failed ? noRoom : this.#staging.writeText(typeof value === 'string' ? value : '');
      if (distinctAt !== noRoom) {
        distinctLength = this.#staging.textLength;
        flags |= abi.recordDistinct;
      }
    }
    if (cancelOn !== null && ask(cancelOn, event) === true) flags |= abi.recordCancel;
    this.#staging.addRecord(scenario.index, keyAt, keyLength, distinctAt, distinctLength, flags);
    return true;
  }

  /** The text that `groupby` gives; null ends the scenario for this event. */
  #partition(scenario: LinkedScenario, groupby: OfEvent, event: Event): string | null {
    const value = ask(groupby, event);
    if (typeof value === 'string') return value;
    this.#counters.mishap(scenario.index, value === failed ? 'groupby_error' : 'groupby_not_string');
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

  #notePour({ index, spec }: LinkedScenario, event: Event): void {
    this.#onPour?.(event, spec.name);
    // A trigger reads the event itself, which is still here.
    if (spec.type === 'trigger') return;
    const plan = this.#kept.ofScenario[index];
    this.#plan = this.#plan === noPlan ? plan : this.#kept.join(this.#plan, plan);
  }

  #stageEvent(event: Event, position: number): void {
    const times = this.#times;
    let flags = event.expectMode === ExpectMode.timeMachine ? abi.stagedTimeMachine : 0;
    if (times.read(event.marshaledTime)) flags |= abi.stagedTimed;
    const length = this.#plan === noPlan ? 0
      : this.#encoder.encode(event, this.#kept.plans[this.#plan], this.#nextId++, this.#staging.encodingAt);
    if (length > 0 && this.#encoder.leftOut > 0) this.#counters.eventCut();
    this.#answers.staged(this.#staging.eventCount, position);
    this.#staging.addEvent(times.seconds, times.nanos, times.offsetSeconds, flags, length);
  }

  /** `turn` null means that this worker holds all turns already, from the round before. */
  #pourShards(turn: number | null, passTurns: boolean): void {
    const { exports } = this.#engine;
    for (let shard = 0; shard < abi.shardCount; shard++) {
      if (turn !== null) this.#sleepUntilTurn(shard, turn);
      let code = exports.pour(this.#worker, shard, abi.replyNone);
      while (code !== abi.pourDone) code = exports.pour(this.#worker, shard, this.#answers.answer(code));
      if (passTurns) exports.passTurn(shard);
    }
    exports.clear(this.#worker);
  }

  /** Whether pouring can begin now. The turn of the first shard comes first. */
  #isTurn(turn: number): boolean {
    return this.#engine.exports.awaitTurn(0, turn, 0) === abi.turnCame;
  }

  #sleepUntilTurn(shard: number, turn: number): void {
    let result: number = abi.turnTimedOut;
    while (result === abi.turnTimedOut) result = this.#engine.exports.awaitTurn(shard, turn, turnWaitMs);
    if (result === abi.turnStopped) throw new PalisadeError('E_NATIVE', 'the bucket memory was stopped');
  }

  /** All lines of a batch come from one source; overflows that come back have none. */
  #countPours(events: readonly Event[], count: number): void {
    const line = count > 0 ? events[0].line : null;
    this.#counters.take(line?.src ?? '', line?.module ?? '');
  }
}

/** As attempt() does, but without a function made for each of millions of events. */
function ask(expression: OfEvent, event: Event): unknown {
  try {
    return expression(event);
  } catch (error) {
    if (error instanceof ExprError) return failed;
    throw error;
  }
}

function positionAfter(list: Uint16Array, scenario: number): number {
  let position = 0;
  while (position < list.length && list[position] <= scenario) position++;
  return position;
}
