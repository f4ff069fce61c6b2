// Runs grok patterns over whole batches of lines through the native addon, which this folder alone uses.
// Patterns come in as GrokSpec (expand.ts) and are compiled once in each thread.

import { loadGrokAddon, type NativePattern } from '../../native/index.js';
import { PalisadeError, type Place } from '../errors.js';
import { limits } from '../limits.js';
import type { GrokField, GrokSpec } from './expand.js';

/** One grok pattern, compiled in this thread. */
export class GrokProgram {
  readonly fields: readonly GrokField[];
  /** Numbers a span takes in the result of `exec`: 1 + 2 * fields. */
  readonly stride: number;
  readonly #pattern: NativePattern;
  readonly #groups: Uint32Array;
  #rows = new Int32Array(0);

  /** Throws E_PATTERN when RE2 refuses the expression or it does not fit in the memory. */
  constructor(spec: GrokSpec, memoryBytesMax: number = limits.patternMemoryBytesMax) {
    this.fields = spec.fields;
    this.stride = 1 + 2 * spec.fields.length;
    this.#pattern = compileRegex(spec.regex, memoryBytesMax);
    this.#groups = Uint32Array.from(spec.fields, (field) => field.group);
  }

  /**
   * Matches the first `count` spans (pairs of start and end in `bytes`), each as a text of its own. Returns rows of
   * `stride` numbers: 1 or 0 for matched or not, then start and end of each field counted in bytes from the start of
   * the span, -1 for a field that took no part. A pattern without fields never matches. The next call reuses the array.
   */
  exec(bytes: Uint8Array, spans: Uint32Array, count: number): Int32Array {
    const length = this.stride * count;
    if (this.#rows.length < length) this.#rows = new Int32Array(Math.max(length, 2 * this.#rows.length));
    if (this.fields.length === 0) return this.#rows.fill(0, 0, length);
    this.#pattern.exec(bytes, spans, count, this.#groups, this.#rows);
    return this.#rows;
  }
}

/**
 * Throws E_PATTERN at `place` when RE2 refuses the expression or it needs more than limits.patternMemoryBytesMax. What was
 * compiled for a GrokProgram is kept for it.
 */
export function checkRegex(regex: string, place: Place, use: 'program' | 'none'): void {
  const addon = loadGrokAddon();
  try {
    if (use === 'program') addon.checkPattern(regex, limits.patternMemoryBytesMax);
    else new addon.Pattern(regex, limits.patternMemoryBytesMax);
  } catch (error) {
    throw refusal(error as Error, place);
  }
}

function compileRegex(regex: string, memoryBytesMax: number): NativePattern {
  const { Pattern } = loadGrokAddon();
  try {
    return new Pattern(regex, memoryBytesMax);
  } catch (error) {
    throw refusal(error as Error, undefined);
  }
}

/** The error for a pattern that RE2 refuses; its reason may quote the whole expanded pattern and is cut. */
export function refusal(cause: Error, place: Place | undefined): PalisadeError {
  const reason = cause.message.length > 200 ? `${cause.message.slice(0, 200)}…` : cause.message;
  return new PalisadeError('E_PATTERN', `RE2 refuses this pattern: ${reason}`, place, { cause });
}
