// Where the values of string fields lie: for each key that some event had, a column with one cell for each event of a
// batch. A batch of events shares its columns, so what is written for a thousand events lies close together, and emptying
// them for the next batch fills a few arrays.

import type { FieldNames } from './field-names.js';

/** A byte range of the event's line packed in one small integer: start << 16 | end. Lines are at most 65,534 bytes. */
export type Range = number;

/** Starts from 0x8000 on make it negative; every reader unpacks with >>>. */
export function packRange(start: number, end: number): Range {
  return (start << 16) | end;
}

/** No range: no line is long enough for it. */
export const noRange: Range = -1;

/** The cells of one map (Parsed, Meta or Enriched) for a number of events. */
export class FieldCells {
  /** By column * rows + row: the text, where there is one. */
  readonly texts: (string | undefined)[] = [];
  /** The byte range that a text is, or was, decoded from. */
  ranges = new Int32Array(0);
  readonly rows: number;
  readonly #names: FieldNames;
  /** By column: something was written since the cells were emptied. */
  #written = new Uint8Array(0);
  #columns = 0;

  constructor(names: FieldNames, rows: number) {
    this.#names = names;
    this.rows = rows;
  }

  /** The column of a slot, marked as written. */
  columnToWrite(slot: number): number {
    const known = this.#names.columnOf[slot];
    const column = known === undefined || known < 0 ? this.#names.takeColumn(slot) : known;
    if (column >= this.#columns) this.#grow();
    this.#written[column] = 1;
    return column;
  }

  /** Writes to `firsts` where the cells of each of these slots begin, which are marked as written. */
  firstsToWrite(slots: readonly number[], firsts: Int32Array): void {
    for (let index = 0; index < slots.length; index++) firsts[index] = this.columnToWrite(slots[index]) * this.rows;
  }

  /** Where the cells of a slot begin, those of row 0; negative where nothing was written to them. */
  firstOf(slot: number): number {
    const column = this.#names.columnOf[slot] ?? -1;
    return column >= 0 && column < this.#columns && this.#written[column] === 1 ? column * this.rows : -1;
  }

  /** Empties all cells; only the first `count` events were written to since they were last empty. */
  empty(count: number): void {
    for (let column = 0; column < this.#columns; column++) {
      if (this.#written[column] === 0) continue;
      this.#written[column] = 0;
      const first = column * this.rows;
      if (count === 1) {
        this.texts[first] = undefined;
        this.ranges[first] = noRange;
      } else {
        this.texts.fill(undefined, first, first + count);
        this.ranges.fill(noRange, first, first + count);
      }
    }
  }

  /** Makes room for all columns that are in use. */
  #grow(): void {
    const columns = this.rows === 1 ? Math.max(this.#names.columnCount, 8) : this.#names.columnCount;
    const cells = columns * this.rows;
    // Filled without holes: a sparse array would read far slower.
    while (this.texts.length < cells) this.texts.push(undefined);
    const ranges = new Int32Array(cells).fill(noRange, this.ranges.length);
    ranges.set(this.ranges);
    this.ranges = ranges;
    const written = new Uint8Array(columns);
    written.set(this.#written);
    this.#written = written;
    this.#columns = columns;
  }
}
