// What happens to the lines of a followed log when more come than the engine can take: it waits for itself (the log is the
// queue), takes a sample, or skips to the newest lines. What is left out is counted. Not for replays, which always wait.

import type { RawBatch } from '../acquisition/source.js';
import type { OverloadConfig } from '../config/overload.js';
import { limits } from '../limits.js';
import type { Counters } from '../metrics/counters.js';

/** The lag of one source, and its choice. */
export class Overload {
  readonly #config: OverloadConfig;
  readonly #counters: Counters;
  readonly #now: () => number;
  /** When a read last left nothing behind in the log. */
  #caughtUpMs: number;
  #isBehind = false;
  /** Lines since the last one that a sample kept. */
  #passed = 0;

  constructor(config: OverloadConfig, counters: Counters, now: () => number = Date.now) {
    this.#config = config;
    this.#counters = counters;
    this.#now = now;
    this.#caughtUpMs = now();
  }

  /** Milliseconds since the source was last read to its end: no line being worked on has waited longer. 0 when it is. */
  get lagMs(): number {
    return this.#isBehind ? Math.max(0, this.#now() - this.#caughtUpMs) : 0;
  }

  /** The batch as it goes to the workers: whole, thinned out or empty. Its position stays, so that a stop loses nothing else. */
  take(batch: RawBatch): RawBatch {
    this.#isBehind = isFull(batch);
    if (!this.#isBehind) {
      this.#caughtUpMs = this.#now();
      return batch;
    }
    const { policy, lagMs, keepOneIn } = this.#config;
    if (policy === 'wait' || this.lagMs < lagMs) return batch;
    const kept = policy === 'sample' ? this.#sample(batch, keepOneIn) : without(batch);
    this.#counters.add(this.#counters.handle('palisade_lines_shed_total', { source: batch.source.src, policy }), batch.count - kept.count);
    return kept;
  }

  #sample(batch: RawBatch, keepOneIn: number): RawBatch {
    const { spans, flags } = batch;
    let count = 0;
    for (let index = 0; index < batch.count; index++) {
      if (++this.#passed < keepOneIn) continue;
      this.#passed = 0;
      spans.copyWithin(2 * count, 2 * index, 2 * index + 2);
      flags[count++] = flags[index];
    }
    return { ...batch, count };
  }
}

/** A read that came back with half of what it could hold had more to read: a reader gives what there is. */
function isFull({ count, bytes }: RawBatch): boolean {
  return count > limits.batchLinesMax / 2 || bytes.length > limits.batchBytesMax / 2;
}

function without(batch: RawBatch): RawBatch {
  return { ...batch, bytes: new Uint8Array(0), spans: new Uint32Array(0), flags: new Uint8Array(0), count: 0 };
}
