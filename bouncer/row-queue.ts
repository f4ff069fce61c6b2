// Numbers in the order they came: a ring that grows. An array's own `shift` moves all that is behind.

import { resized } from './key-table.js';

/** First in, first out. */
export class RowQueue {
  #ring = new Int32Array(16);
  #from = 0;
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  push(row: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#from + this.#size++) & (this.#ring.length - 1)] = row;
  }

  /** The oldest; only while there is one. */
  shift(): number {
    const row = this.#ring[this.#from];
    this.#from = (this.#from + 1) & (this.#ring.length - 1);
    this.#size--;
    return row;
  }

  #grow(): void {
    const length = this.#ring.length;
    const old = this.#ring;
    this.#ring = resized(old, 2 * length);
    // What had wrapped around comes behind the rest.
    this.#ring.set(old.subarray(0, this.#from), length);
  }
}
