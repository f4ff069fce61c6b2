// The decisions that the Local API has told, by id. Each has a row while it is told, and the wanted state knows it by its row: an id
// is looked up once. Of each row, in which telling of everything it was named last. Simple version: a Map from ids to such numbers.

import { pageBits, pageMask, pageRows } from './column.js';
import { highWord, KeyTable } from './key-table.js';

/** Of a row that nothing was told of. */
const untold = 0;

/** Decisions and their rows. */
export class ToldTable {
  readonly #ids = new KeyTable(2);
  readonly #telling: Int32Array[] = [];
  #current = untold + 1;
  #size = 0;

  /** Decisions that were told since `begin`. */
  get size(): number {
    return this.#size;
  }

  /** Everything is told anew from here. */
  begin(): void {
    this.#current++;
    this.#size = 0;
  }

  /** The row of an id, or -1. */
  find(id: number): number {
    return this.#ids.find(0, 0, highWord(id), id >>> 0);
  }

  /** The row of a decision, told from now on. */
  tell(id: number): number {
    const row = this.put(id);
    const telling = this.#telling[row >>> pageBits];
    if (telling[row & pageMask] !== this.#current) this.#size++;
    telling[row & pageMask] = this.#current;
    return row;
  }

  /** The row of an id of our own: nothing is told of it. */
  put(id: number): number {
    const row = this.#ids.put(0, 0, highWord(id), id >>> 0);
    if (row >>> pageBits === this.#telling.length) this.#telling.push(new Int32Array(pageRows));
    return row;
  }

  /** Whether a row was told since `begin`. */
  isTold(row: number): boolean {
    return this.#telling[row >>> pageBits][row & pageMask] === this.#current;
  }

  remove(row: number): void {
    if (this.isTold(row)) this.#size--;
    this.#telling[row >>> pageBits][row & pageMask] = untold;
    this.#ids.remove(row);
  }

  /** Rows that were told before `begin` and not since. They may be removed on the way. */
  * missing(): Generator<number> {
    for (let row = 0; row < this.#ids.rowCount; row++) {
      const telling = this.#telling[row >>> pageBits][row & pageMask];
      if (telling !== untold && telling !== this.#current) yield row;
    }
  }
}
