// The staging area of one worker in the shared memory: events, keys and pours of the batch at hand, written here as
// bytes and numbers, read by the module. Speed matters (bench/suites/buckets.ts): one call for each pour.

import * as abi from '../../engine-wasm/abi.js';
import { limits } from '../limits.js';
import { encodingBytesMax, nativeWriteMin } from './encode.js';
import type { BucketEngine } from './memory.js';

/** Room kept free for the encoding of the event whose pours are being staged. */
const eventBytesReserved = encodingBytesMax + 8;

/** A text in the staging area could not be written: there is no room left. */
export const noRoom = -1;

/** Writes the staging area of a worker. */
export class Staging {
  readonly #uint32: Uint32Array;
  readonly #int32: Int32Array;
  readonly #float64: Float64Array;
  readonly #bytes: Buffer;
  readonly #at: number;
  readonly #bytesAt: number;
  #records = 0;
  #events = 0;
  #next = 0;
  /** Length of the text written last, with abi.textWide when its letters take two bytes. */
  textLength = 0;

  constructor(engine: BucketEngine, worker: number) {
    this.#uint32 = engine.uint32;
    this.#int32 = engine.int32;
    this.#float64 = engine.float64;
    this.#bytes = engine.bytes;
    this.#at = engine.stagingAt(worker);
    this.#bytesAt = this.#at + abi.stagingBytesAt;
  }

  get eventCount(): number {
    return this.#events;
  }

  get recordCount(): number {
    return this.#records;
  }

  /** Starts an empty area for a batch read at `nowMs`. */
  begin(nowMs: number): void {
    this.#records = 0;
    this.#events = 0;
    this.#next = 0;
    const seconds = Math.floor(nowMs / 1000);
    this.#float64[(this.#at + abi.stagingNowSeconds) / 8] = seconds;
    this.#int32[(this.#at + abi.stagingNowNanos) / 4] = Math.round((nowMs - seconds * 1000) * 1e6);
  }

  /** Whether another event with this many pours surely fits. */
  hasRoom(pours: number): boolean {
    return this.#events < abi.stagingEventsMax && this.#records + pours <= abi.stagingRecordsMax
      && this.#next < abi.stagingBytesMax - eventBytesReserved - 4 * limits.lineBytesMax;
  }

  /** Writes the counts; the module may then stage. `reap` lets it expire buckets after the pours. */
  finish(reap: boolean): void {
    this.#uint32[(this.#at + abi.stagingFlags) / 4] = reap ? abi.stagingReap : 0;
    this.#uint32[(this.#at + abi.stagingRecordCount) / 4] = this.#records;
    this.#uint32[(this.#at + abi.stagingEventCount) / 4] = this.#events;
  }

  /**
   * Writes a key or distinct value: Latin-1 where it can, UTF-16 otherwise, so equal texts are equal bytes. Returns its
   * place or noRoom.
   */
  writeText(text: string): number {
    const at = this.#next;
    const length = text.length;
    if (at + 2 * length > abi.stagingBytesMax - eventBytesReserved) return noRoom;
    const bytes = this.#bytes;
    const base = this.#bytesAt + at;
    // As many bytes of UTF-8 as letters means that all are ASCII, and so the same in Latin-1. What is not so takes up to three each.
    if (length >= nativeWriteMin && at + 3 * length <= abi.stagingBytesMax && bytes.utf8Write(text, base) === length) return this.#written(at, length);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) return this.#writeWide(text, at);
      bytes[base + i] = unit;
    }
    return this.#written(at, length);
  }

  /** Adds a pour of the event that `addEvent` will add next. */
  addRecord(scenario: number, keyAt: number, keyLength: number, distinctAt: number, distinctLength: number,
    flags: number): void {
    const at = (this.#at + abi.stagingRecordsAt + this.#records * abi.recordBytes) / 4;
    const words = this.#uint32;
    words[at] = scenario;
    words[at + 1] = this.#events;
    words[at + 2] = keyAt;
    words[at + 3] = keyLength;
    words[at + 4] = distinctAt;
    words[at + 5] = distinctLength;
    words[at + 6] = flags;
    this.#records++;
  }

  /** Where the encoding of the next event starts: an absolute address, a multiple of 8. */
  get encodingAt(): number {
    return this.#bytesAt + ((this.#next + 7) & ~7);
  }

  /** Adds the event whose pours were added, its encoding being the `length` bytes from `encodingAt` on. */
  addEvent(seconds: number, nanos: number, offset: number, flags: number, length: number): void {
    const at = this.#at + abi.stagingEventsAt + this.#events * abi.stagedEventBytes;
    const bytesAt = (this.#next + 7) & ~7;
    this.#float64[at / 8] = seconds;
    const words = this.#int32;
    words[at / 4 + 2] = nanos;
    words[at / 4 + 3] = offset;
    words[at / 4 + 4] = flags;
    words[at / 4 + 5] = bytesAt;
    words[at / 4 + 6] = length;
    words[at / 4 + 7] = 0;
    this.#events++;
    this.#next = bytesAt + length;
  }

  #written(at: number, length: number): number {
    this.#next = at + length;
    this.textLength = length;
    return at;
  }

  #writeWide(text: string, at: number): number {
    const base = this.#bytesAt + at;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.#bytes[base + 2 * i] = unit & 0xff;
      this.#bytes[base + 2 * i + 1] = unit >>> 8;
    }
    this.#next = at + 2 * text.length;
    this.textLength = (2 * text.length) | abi.textWide;
    return at;
  }
}
