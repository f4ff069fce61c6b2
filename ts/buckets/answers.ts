// What the module asks while a batch is poured, and the answers: whether a condition holds, whether a filter lets a bucket
// run over. The overflows it tells of are kept here until their alerts are built, after the turns are passed on.

import * as abi from '../../engine-wasm/abi.js';
import type { Event, Overflow } from '../event/event.js';
import { ExpectMode } from '../event/line.js';
import { GoTime } from '../util/go-time.js';
import { isBelieved } from './bayesian.js';
import { BucketArguments, type BucketReader, type RanOver, snapshot, triggered } from './bucket.js';
import type { BucketCounters } from './bucket-counters.js';
import { conditionHolds } from './conditional.js';
import { instantAt } from './event-time.js';
import type { LinkedScenario } from './linked.js';
import type { BucketEngine } from './memory.js';
import { type AlertBuilder, compareOverflows, passesFilter, type PouredOverflow } from './overflow.js';

/** An overflow found while pouring, its alert perhaps not built yet. */
interface Found {
  readonly ranOver: RanOver;
  readonly scenario: LinkedScenario;
  readonly eventIndex: number;
  /** Null: to be built. */
  readonly overflow: Overflow | null;
}

/** What a worker's answers are made with. */
export interface AnswersOptions {
  readonly engine: BucketEngine;
  readonly worker: number;
  readonly scenarios: readonly LinkedScenario[];
  readonly reader: BucketReader;
  readonly counters: BucketCounters;
  readonly alerts: AlertBuilder;
}

/** Answers for one worker, batch after batch. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #stagingAt: number;
  readonly #bucket: BucketArguments;
  /** Batch position of each staged event. */
  readonly #positions: number[] = [];
  #events: readonly Event[] = [];
  #count = 0;
  #nowMs = 0;
  #found: Found[] = [];

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#stagingAt = options.engine.stagingAt(options.worker);
    this.#bucket = new BucketArguments(options.reader);
  }

  /** Starts with the first `count` events of a batch. */
  begin(events: readonly Event[], count: number, nowMs: number): void {
    this.#events = events;
    this.#count = count;
    this.#nowMs = nowMs;
    this.#found = [];
  }

  /** Notes which event of the batch was staged at a place. */
  staged(place: number, position: number): void {
    this.#positions[place] = position;
  }

  /** The reply to a code that `pour` returned (abi.pour… to abi.reply…). */
  answer(code: number): number {
    const { uint32 } = this.#options.engine;
    if (code === abi.pourRing) return this.#takeRing();
    const record = uint32[(this.#stagingAt + abi.stagingRecord) / 4];
    const slot = uint32[(this.#stagingAt + abi.stagingSlot) / 4];
    return code === abi.pourAsk ? this.#ask(record, slot) : this.#filter(this.#ranOver(code, slot, record));
  }

  /** Whether an overflow was found that its rule sends back into the buckets. */
  get someReprocess(): boolean {
    return this.#found.some(({ scenario }) => scenario.spec.reprocess);
  }

  /** Builds the alerts that are still to be built. Returns the overflows in the order of the log. */
  finish(seq: number): PouredOverflow[] {
    const { alerts, counters } = this.#options;
    const poured: PouredOverflow[] = [];
    for (const { ranOver, scenario, eventIndex, overflow: built } of this.#found) {
      const overflow = built ?? alerts.build(ranOver);
      if (overflow.alert === null) counters.mishap(scenario.index, 'alert_failed');
      else {
        poured.push({ overflow, time: ranOver.overflowTime, scenario: scenario.spec.name, scenarioIndex: scenario.index,
          reprocess: overflow.reprocess, seq, eventIndex });
      }
    }
    this.#found = [];
    return poured.sort(compareOverflows);
  }

  /** Notes the overflows of the ring. Their alerts are built after the turn is passed on. */
  #takeRing(): number {
    const { uint32 } = this.#options.engine;
    const length = uint32[(this.#stagingAt + abi.stagingRingCount) / 4];
    for (let i = 0; i < length; i++) {
      const at = (this.#stagingAt + abi.stagingRingAt + i * abi.ringEntryBytes) / 4;
      this.#found.push(this.#ranOver(uint32[at + abi.ringCode / 4], uint32[at + abi.ringSlot / 4], uint32[at + abi.ringRecord / 4]));
    }
    return abi.replyTaken;
  }

  /** Batch position of the event of a pour; overflows that no event caused stand behind the last one. */
  #eventOf(record: number): number {
    return record === 0 ? this.#count : this.#positions[this.#options.engine.uint32[(record + abi.recordEvent) / 4]];
  }

  #ask(record: number, slot: number): number {
    const { reader, scenarios } = this.#options;
    const event = this.#events[this.#eventOf(record)];
    const scenario = scenarios[reader.scenarioOf(slot)];
    const bucket = this.#bucket.of(slot, scenario.spec);
    return conditionHolds(scenario, event, bucket) || isBelieved(scenario, event, bucket, reader, slot)
      ? abi.replyOverflow : abi.replyKeep;
  }

  #ranOver(code: number, slot: number, record: number): Found {
    const { engine, reader, scenarios } = this.#options;
    const eventIndex = this.#eventOf(record);
    const scenario = scenarios[code === abi.pourTrigger ? engine.uint32[(record + abi.recordScenario) / 4] : reader.scenarioOf(slot)];
    const ranOver = code === abi.pourTrigger ? this.#triggered(scenario, this.#events[eventIndex], record)
      : snapshot(reader, slot, scenario.spec, code === abi.pourExpired);
    return { scenario, ranOver, eventIndex, overflow: null };
  }

  #triggered(scenario: LinkedScenario, event: Event, record: number): RanOver {
    const { float64, int32, uint32 } = this.#options.engine;
    const staged = this.#stagingAt + abi.stagingEventsAt + uint32[(record + abi.recordEvent) / 4] * abi.stagedEventBytes;
    const timeMachine = event.expectMode === ExpectMode.timeMachine;
    const isTimed = (uint32[(staged + abi.stagedFlags) / 4] & abi.stagedTimed) !== 0;
    const time = timeMachine && isTimed
      ? instantAt(float64[staged / 8], int32[staged / 4 + 2], int32[staged / 4 + 3]) : GoTime.fromMs(this.#nowMs);
    return triggered(scenario.spec, this.#options.reader.partitionOfRecord(record, this.#stagingAt), event, time, timeMachine);
  }

  /** A filter needs the alert at once: what it refuses does not mute the key for the next pour. */
  #filter(found: Found): number {
    const overflow = this.#options.alerts.build(found.ranOver);
    if (!passesFilter(found.scenario, found.ranOver, overflow)) return abi.replyClose;
    this.#found.push({ ...found, overflow });
    return abi.replyCloseAndMute;
  }
}
