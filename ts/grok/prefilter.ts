// Tells for each line which of many patterns can match it, in one pass over the line: an RE2::Set over a batch.
// A prefilter: where its memory runs out it answers "any of them", so what it rules out is always ruled out rightly.

import { loadGrokAddon, type NativePatternSet } from '../../native/index.js';
import { limits } from '../limits.js';
import { refusal } from './program.js';

/** Several regular expressions searched together. */
export class GrokSet {
  /** Number of expressions. */
  readonly size: number;
  /** Words of 32 bits a span takes in the result of `match`. */
  readonly words: number;
  /** Spans so far for which the memory ran out and every expression was reported. For a counter. */
  exhausted = 0;
  readonly #set: NativePatternSet;
  #masks = new Uint32Array(0);

  /** Throws E_PATTERN when RE2 refuses one of the expressions. */
  constructor(regexes: readonly string[], memoryBytesMax: number = limits.patternSetMemoryBytesMax) {
    this.size = regexes.length;
    this.words = Math.ceil(regexes.length / 32);
    const { PatternSet } = loadGrokAddon();
    try {
      this.#set = new PatternSet(regexes, memoryBytesMax);
    } catch (error) {
      throw refusal(error as Error, undefined);
    }
  }

  /**
   * Searches the first `count` spans (pairs of start and end in `bytes`). Returns `words` words a span; bit i of a row
   * (word i >>> 5, bit i & 31) says whether expression i can match. The array is reused by the next call.
   */
  match(bytes: Uint8Array, spans: Uint32Array, count: number): Uint32Array {
    const length = this.words * count;
    if (this.#masks.length < length) this.#masks = new Uint32Array(Math.max(length, 2 * this.#masks.length));
    this.exhausted += this.#set.match(bytes, spans, count, this.#masks);
    return this.#masks;
  }
}
