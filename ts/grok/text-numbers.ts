// Small numbers for texts that lie as bytes in a batch, given by the native addon: what is remembered of a text then lies in an
// array, and no string is made of it. Bounded: when there are too many texts all numbers are taken back.

import { loadGrokAddon, type NativeTextNumbers } from '../../native/index.js';

/** No number: a text that is too long, or one more than there is room for. */
export const noNumber = 0xffff_ffff;

/** Numbers from 0 on for at most `textsMax` texts of at most `bytesMax` bytes. */
export class TextNumbers {
  readonly #native: NativeTextNumbers;
  #rounds = 0;

  constructor(textsMax: number, bytesMax: number) {
    this.#native = new (loadGrokAddon().TextNumbers)(textsMax, bytesMax);
  }

  /**
   * Writes to `out` the number of each of the first `count` spans (pairs of start and end in `bytes`): the same for the same bytes.
   * True when all numbers given before have been taken back.
   */
  number(bytes: Uint8Array, spans: Uint32Array, count: number, out: Uint32Array): boolean {
    const before = this.#rounds;
    this.#rounds = this.#native.number(bytes, spans, count, out);
    return this.#rounds !== before;
  }
}
