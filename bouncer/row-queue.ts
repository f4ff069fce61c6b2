// Numbers in the order they came, in pages: one that is empty goes, and nothing is ever moved. An array's own `shift` moves
// all that is behind.

import { pageBits, pageMask, pageRows } from './column.js';

/** First in, first out. */
export class RowQueue {
  readonly #pages: Int32Array[] = [];
  /** Where the oldest is in the first page. */
  #from = 0;
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  push(row: number): void {
    const at = this.#from + this.#size++;
    if (at >>> pageBits === this.#pages.length) this.#pages.push(new Int32Array(pageRows));
    this.#pages[at >>> pageBits][at & pageMask] = row;
  }

  /** The oldest; only while there is one. */
  shift(): number {
    const row = this.#pages[0][this.#from++];
    this.#size--;
    if (this.#from === pageRows) {
      this.#pages.shift();
      this.#from = 0;
    }
    return row;
  }
}
