// A bucket as it lies in the shared memory, read through its slot: for conditions, overflows and alerts. Valid only
// while the worker holds the turn of the bucket's shard; `snapshot` takes what an alert needs out of the memory.

import { createHash } from 'node:crypto';
import * as abi from '../../engine-wasm/abi.js';
import { type Event, EventBlocks, type EventNames } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import type { LeakyArgument, QueueArgument } from '../expr/env.js';
import { GoTime } from '../util/go-time.js';
import { decodeEvent, keptId } from './decode.js';
import { instantAt } from './event-time.js';
import { KeptTexts } from './kept-texts.js';
import { type BucketEngine, textBytes } from './memory.js';
import type { QueueTail } from './linked.js';
import { lifetimeOf, queueLengthOf, type ScenarioSpec } from './scenario.js';
import type { SharedTexts } from './shared-texts.js';

/** A bucket that ran over, as plain values and events of its own. */
export interface RanOver {
  readonly spec: ScenarioSpec;
  readonly mapkey: string;
  readonly bucketId: string;
  readonly timeMachine: boolean;
  readonly firstTime: GoTime;
  readonly lastTime: GoTime;
  readonly overflowTime: GoTime;
  /** Events poured, which may be more than were kept. */
  readonly count: number;
  readonly queue: readonly Event[];
}

/** Decoded events kept for the next condition of the same bucket. */
const decodedMax = 4096;

/** Reads slots of one shared memory. */
export class BucketReader {
  readonly #engine: BucketEngine;
  readonly #texts: SharedTexts;
  readonly #blocks: EventBlocks;
  readonly #decoded = new Map<number, { readonly id: number; readonly event: Event }>();
  readonly #keptTexts: KeptTexts;

  /** `reads` are those of conditions that need only texts of the end of their queue (QueueTail). */
  constructor(engine: BucketEngine, names: EventNames, texts: SharedTexts, reads: readonly FieldReads[]) {
    this.#engine = engine;
    this.#texts = texts;
    this.#blocks = new EventBlocks(names);
    this.#keptTexts = new KeptTexts(engine.bytes, texts, reads, names);
  }

  scenarioOf(slot: number): number {
    return this.#engine.uint32[(slot + abi.slotScenario) / 4] & 0xffff;
  }

  isTimeMachine(slot: number): boolean {
    return (this.#flags(slot) & abi.slotTimeMachine) !== 0;
  }

  count(slot: number): number {
    return this.#engine.uint32[(slot + abi.slotCount) / 4];
  }

  firstTime(slot: number): GoTime {
    return this.#time(slot + abi.slotFirstSeconds, slot + abi.slotFirstNanos, slot + abi.slotFirstOffset);
  }

  lastTime(slot: number): GoTime {
    return this.#time(slot + abi.slotLastSeconds, slot + abi.slotLastNanos, slot + abi.slotLastOffset);
  }

  /** The text that `groupby` gave. */
  partition(slot: number): string {
    const { uint32 } = this.#engine;
    const length = uint32[(slot + abi.slotKeyLength) / 4];
    const isInline = textBytes(length) <= abi.slotKeyInlineBytes;
    return this.#engine.textAt(isInline ? slot + abi.slotKeyInline : uint32[(slot + abi.slotKeyBlock) / 4], length);
  }

  /** The same of a staged pour. */
  partitionOfRecord(record: number, stagingAt: number): string {
    const { uint32 } = this.#engine;
    return this.#engine.textAt(stagingAt + abi.stagingBytesAt + uint32[(record + abi.recordKeyAt) / 4],
      uint32[(record + abi.recordKeyLength) / 4]);
  }

  /** The kept events, oldest first. Shared between calls: not to be changed. */
  queue(slot: number): Event[] {
    const length = this.#queueLength(slot);
    // Filled from the front: arrays that are made with a length go to other threads element by element.
    const events: Event[] = [];
    for (let index = 0; index < length; index++) events.push(this.#event(this.#keptAt(slot, index)));
    return events;
  }

  /** The last kept events that pass, oldest first, as far as they are read. They may be others after the next call. */
  queueTail(slot: number, { count, passes, reads }: QueueTail): Event[] {
    const texts = this.#keptTexts;
    texts.begin();
    const found: Event[] = new Array<Event>(Math.min(count, this.#queueLength(slot)));
    let place = found.length;
    for (let index = this.#queueLength(slot) - 1; index >= 0 && place > 0; index--) {
      const kept = this.#keptAt(slot, index);
      const event = reads === null ? this.#event(kept) : texts.event(kept + abi.keptBytesAt, this.#engine.uint32[(kept + abi.keptLength) / 4]);
      if (passes === null || passes(event)) found[--place] = event;
    }
    return place === 0 ? found : found.slice(place);
  }

  #queueLength(slot: number): number {
    return this.#engine.uint32[(slot + abi.slotQueueLength) / 4];
  }

  #keptAt(slot: number, index: number): number {
    const { uint32 } = this.#engine;
    if ((this.#flags(slot) & abi.slotQueueOut) === 0) return uint32[(slot + abi.slotQueueInline) / 4 + index];
    const place = (uint32[(slot + abi.slotQueueHead) / 4] + index) % uint32[(slot + abi.slotQueueSpace) / 4];
    return uint32[uint32[(slot + abi.slotQueueBlock) / 4] / 4 + place];
  }

  #flags(slot: number): number {
    const { bytes } = this.#engine;
    return bytes[slot + abi.slotFlags] | (bytes[slot + abi.slotFlags + 1] << 8);
  }

  /** Bits of guillotine conditions that have been true. */
  latches(slot: number): { low: number; high: number } {
    const at = (slot + abi.slotLatches) / 4;
    return { low: this.#engine.uint32[at], high: this.#engine.uint32[at + 1] };
  }

  setLatches(slot: number, { low, high }: { readonly low: number; readonly high: number }): void {
    const at = (slot + abi.slotLatches) / 4;
    this.#engine.uint32[at] = low;
    this.#engine.uint32[at + 1] = high;
  }

  #time(secondsAt: number, nanosAt: number, offsetAt: number): GoTime {
    const { bytes, float64, int32 } = this.#engine;
    return instantAt(float64[secondsAt / 8], int32[nanosAt / 4], 60 * bytes.readInt16LE(offsetAt));
  }

  /** Addresses are reused, ids are not. */
  #event(kept: number): Event {
    const { bytes, uint32 } = this.#engine;
    const from = kept + abi.keptBytesAt;
    const id = keptId(bytes, from);
    const known = this.#decoded.get(kept);
    if (known !== undefined && known.id === id) return known.event;
    const event = decodeEvent(bytes, from, uint32[(kept + abi.keptLength) / 4], this.#texts, this.#blocks.next());
    if (this.#decoded.size >= decodedMax) this.#decoded.clear();
    this.#decoded.set(kept, { id, event });
    return event;
  }
}

/** Takes a bucket out of the memory. `expired` is one whose duration has passed: its overflow time is that end. */
export function snapshot(reader: BucketReader, slot: number, spec: ScenarioSpec, expired: boolean): RanOver {
  const firstTime = reader.firstTime(slot);
  const lastTime = reader.lastTime(slot);
  const mapkey = mapkeyOf(spec, reader.partition(slot));
  const life = lifetimeOf(spec);
  const overflowTime = expired ? firstTime.add(life.nanos).add(life.seconds * 1e9) : lastTime;
  const count = reader.count(slot);
  return { spec, mapkey, bucketId: bucketIdOf(mapkey, firstTime), timeMachine: reader.isTimeMachine(slot), firstTime,
    lastTime, overflowTime, count, queue: reader.queue(slot) };
}

/** A trigger's bucket: one event, over at once. */
export function triggered(spec: ScenarioSpec, partition: string, event: Event, time: GoTime, timeMachine: boolean): RanOver {
  const mapkey = mapkeyOf(spec, partition);
  return { spec, mapkey, bucketId: bucketIdOf(mapkey, time), timeMachine, firstTime: time, lastTime: time,
    overflowTime: time, count: 1, queue: [event] };
}

/** `leaky` and `queue` of conditions, read when asked for. One serves all buckets of a worker, one after the other. */
export class BucketArguments implements LeakyArgument {
  readonly #reader: BucketReader;
  #slot = 0;
  #spec!: ScenarioSpec;
  #queue: QueueArgument | null = null;

  constructor(reader: BucketReader) {
    this.#reader = reader;
  }

  /** Makes this the arguments of a bucket; returns it. */
  of(slot: number, spec: ScenarioSpec): this {
    this.#slot = slot;
    this.#spec = spec;
    this.#queue = null;
    return this;
  }

  get queue(): QueueArgument {
    return (this.#queue ??= queueArgument(this.#spec, this.#reader.queue(this.#slot)));
  }

  /** A queue that holds only the end. */
  endOfQueue(tail: QueueTail): QueueArgument {
    return queueArgument(this.#spec, this.#reader.queueTail(this.#slot, tail));
  }

  get mode(): number {
    return this.#reader.isTimeMachine(this.#slot) ? 1 : 0;
  }

  get mapkey(): string {
    return mapkeyOf(this.#spec, this.#reader.partition(this.#slot));
  }

  get uuid(): string {
    return bucketIdOf(this.mapkey, this.firstTime);
  }

  get firstTime(): GoTime {
    return this.#reader.firstTime(this.#slot);
  }

  get lastTime(): GoTime {
    return this.#reader.lastTime(this.#slot);
  }

  /** Not over yet. */
  get overflowTime(): GoTime {
    return GoTime.zero;
  }

  get totalCount(): number {
    return this.#reader.count(this.#slot);
  }

  get durationNs(): number {
    return durationNsOf(this.#spec);
  }
}

/** `leaky` of an overflow filter. */
export function leakyArgument(ranOver: RanOver): LeakyArgument {
  return { mode: ranOver.timeMachine ? 1 : 0, queue: queueArgument(ranOver.spec, ranOver.queue), mapkey: ranOver.mapkey,
    uuid: ranOver.bucketId, firstTime: ranOver.firstTime, lastTime: ranOver.lastTime, overflowTime: ranOver.overflowTime,
    totalCount: ranOver.count, durationNs: durationNsOf(ranOver.spec) };
}

/** Returns `queue` of an expression; L is Go's largest int where the rule sets no bound. */
export function queueArgument(spec: ScenarioSpec, queue: readonly Event[]): QueueArgument {
  const length = queueLengthOf(spec);
  return { queue, l: length === null ? 2 ** 63 : length - 1 };
}

/** Returns CrowdSec's key of a bucket: what was filtered, for whom, by which rule. */
export function mapkeyOf(spec: ScenarioSpec, partition: string): string {
  return createHash('sha1').update(`${spec.filter.text}\0${partition}\0${spec.name}`).digest('hex');
}

/** A name for one bucket of a key: the same in every run over the same log. */
function bucketIdOf(mapkey: string, firstTime: GoTime): string {
  return createHash('sha1').update(`${mapkey}\0${firstTime.seconds}\0${firstTime.nanos}`).digest('hex').slice(0, 16);
}

function durationNsOf(spec: ScenarioSpec): number {
  const { seconds, nanos } = lifetimeOf(spec);
  return seconds * 1e9 + nanos;
}
