// The answers to starting bouncers: all decisions in force, serialised once and shared by every bouncer that asks the
// same while nothing changes. What was serialised is kept up to a bound of bytes, over all answers, and made again for
// one who reads so slowly that it is gone: neither a thousand bouncers that start together nor slow ones that start one
// after the other cost more memory than that.

import { setImmediate } from 'node:timers/promises';
import type { GoTime } from '../ts/util/go-time.js';
import { lapiLimits } from './limits.js';
import { cursorAt } from './store/decision-delta.js';
import type { Followed } from './store/decision-follower.js';
import type { IndexedDecision } from './store/decision-index.js';
import { passes, type DecisionFilter } from './store/decisions.js';
import { itemsText } from './stream-items.js';

/** Decisions, the instant they were in force, and the cursor that goes on from there. */
export interface StartupStream {
  readonly now: GoTime;
  readonly cursor: string;
  /** By id; all of one generation. */
  readonly rows: readonly IndexedDecision[];
}

interface Kept {
  readonly generation: number;
  readonly stream: StartupStream;
}

/** The start-up streams of a server. */
export class StartupStreams {
  readonly #kept = new Map<string, Kept>();
  /** The slices that were read last, by stream and first row. */
  readonly #slices = new Map<string, Buffer>();
  #sliceBytes = 0;
  readonly #numbers = new WeakMap<StartupStream, number>();
  #count = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number = lapiLimits.startupBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#sliceBytes;
  }

  /** Returns the stream of a filter; `filter` and `dedup` are all that tells streams apart. */
  get(followed: Followed, filter: DecisionFilter, dedup: boolean, now: GoTime): StartupStream {
    const { index } = followed;
    const key = JSON.stringify([filter, dedup], (_key, value: unknown) => typeof value === 'bigint' ? `${value}` : value);
    const kept = this.#kept.get(key);
    if (kept?.generation === index.generation && now.since(kept.stream.now) < lapiLimits.startupSharedMsMax * 1e6) {
      return kept.stream;
    }
    const rows = index.all().filter((row) => row.until.compare(now) > 0 && passes(row, filter)
      && (!dedup || index.isLongest(row)));
    const stream = { now, cursor: cursorAt(followed, now), rows };
    this.#numbers.set(stream, this.#count++);
    this.#kept.delete(key);
    this.#kept.set(key, { generation: index.generation, stream });
    if (this.#kept.size > lapiLimits.startupStreamsMax) this.#kept.delete(this.#kept.keys().next().value!);
    return stream;
  }

  /** The items of a stream in pieces, each a list of items separated by commas. Others get their turn before one is made. */
  async* slices(stream: StartupStream): AsyncGenerator<Buffer> {
    for (let from = 0; from < stream.rows.length; from += lapiLimits.startupSliceRows) {
      const key = `${this.#numbers.get(stream)} ${from}`;
      if (!this.#slices.has(key)) await setImmediate();
      yield this.#slice(key, stream, from);
    }
  }

  #slice(key: string, { rows, now }: StartupStream, from: number): Buffer {
    const slice = this.#slices.get(key) ?? Buffer.from(itemsText(rows.slice(from, from + lapiLimits.startupSliceRows), now));
    if (!this.#slices.delete(key)) this.#sliceBytes += slice.length;
    this.#slices.set(key, slice);
    for (const [oldest, { length }] of this.#slices) {
      if (this.#sliceBytes <= this.#bytesMax) break;
      this.#slices.delete(oldest);
      this.#sliceBytes -= length;
    }
    return slice;
  }
}
