// String fields of an event (Parsed, Meta, Enriched): one slot for each key that a rule names, numbered at load,
// and a side map for keys that only data brings. A slot holds a string or a byte range of the line, decoded late. For each key that
// some event had there is a column with one cell for each event of a batch: what is written for a thousand events lies close
// together, and emptying it for the next batch fills a few arrays.

import type { FieldNames } from './field-names.js';
import type { LineText } from './line.js';

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

/** One string-to-string map of an event. Missing keys read as '' (as in CrowdSec's typed maps); `has` tells them apart. */
export class Fields {
  readonly #names: FieldNames;
  readonly #line: LineText;
  /** Its values are row `row` of these. */
  readonly cells: FieldCells;
  readonly row: number;
  #extra: Map<string, string> | null = null;

  /** `cells` are those of a batch in which this is event number `row`; by default the map has its own. */
  constructor(names: FieldNames, line: LineText, cells = new FieldCells(names, 1), row = 0) {
    this.#names = names;
    this.#line = line;
    this.cells = cells;
    this.row = row;
  }

  /** Returns the value in a slot, '' when absent. */
  at(slot: number): string {
    const cell = this.#cell(slot);
    if (cell < 0) return '';
    const { texts, ranges } = this.cells;
    const known = texts[cell];
    if (known !== undefined) return known;
    const range = ranges[cell];
    if (range === noRange) return '';
    return (texts[cell] = this.#line.slice(range >>> 16, range & 0xffff));
  }

  hasAt(slot: number): boolean {
    const cell = this.#cell(slot);
    return cell >= 0 && (this.cells.texts[cell] !== undefined || this.cells.ranges[cell] !== noRange);
  }

  /** Returns the byte range in a slot as start << 16 | end, or -1 when the slot is no part of the line or empty. */
  rangeAt(slot: number): number {
    const cell = this.#cell(slot);
    return cell < 0 ? noRange : this.cells.ranges[cell];
  }

  setAt(slot: number, value: string): void {
    const cells = this.cells;
    const cell = this.#cellToWrite(slot);
    cells.texts[cell] = value;
    cells.ranges[cell] = noRange;
  }

  /** Copies what a slot of another map of the same event holds, text or byte range; nothing where that is empty. */
  copyAt(slot: number, from: Fields, fromSlot: number): void {
    const fromCell = from.#cell(fromSlot);
    if (fromCell < 0) return;
    const text = from.cells.texts[fromCell];
    const range = from.cells.ranges[fromCell];
    if (text === undefined ? range >>> 16 === (range & 0xffff) : text === '') return;
    const cells = this.cells;
    const cell = this.#cellToWrite(slot);
    cells.texts[cell] = text;
    cells.ranges[cell] = range;
  }

  /**
   * Sets a slot to what two slots of maps of the same event hold, one behind the other; nothing where both are empty. Bytes of the
   * line that follow one another stay such.
   */
  joinAt(slot: number, first: Fields, firstSlot: number, second: Fields, secondSlot: number): void {
    const head = first.rangeAt(firstSlot);
    const tail = second.rangeAt(secondSlot);
    if (head !== noRange && tail !== noRange && (head & 0xffff) === tail >>> 16) {
      if (head >>> 16 !== (tail & 0xffff)) this.setRangeAt(slot, head >>> 16, tail & 0xffff);
      return;
    }
    const text = first.at(firstSlot) + second.at(secondSlot);
    if (text !== '') this.setAt(slot, text);
  }

  /** Sets a slot to bytes [start, end) of the event's line, decoded when first read. */
  setRangeAt(slot: number, start: number, end: number): void {
    const cells = this.cells;
    const cell = this.#cellToWrite(slot);
    cells.texts[cell] = undefined;
    cells.ranges[cell] = packRange(start, end);
  }

  get(name: string): string {
    const slot = this.#names.find(name);
    return slot >= 0 ? this.at(slot) : (this.#extra?.get(name) ?? '');
  }

  has(name: string): boolean {
    const slot = this.#names.find(name);
    return slot >= 0 ? this.hasAt(slot) : (this.#extra?.has(name) ?? false);
  }

  set(name: string, value: string): void {
    const slot = this.#names.find(name);
    if (slot >= 0) this.setAt(slot, value);
    else (this.#extra ??= new Map()).set(name, value);
  }

  delete(name: string): void {
    const slot = this.#names.find(name);
    if (slot < 0) this.#extra?.delete(name);
    else this.clearAt(slot);
  }

  clearAt(slot: number): void {
    const cell = this.#cell(slot);
    if (cell < 0) return;
    this.cells.texts[cell] = undefined;
    this.cells.ranges[cell] = noRange;
  }

  /** All keys present: those of rules by slot, then the others in the order of first writing. */
  keys(): string[] {
    const known = this.slots.map((slot) => this.#names.names[slot]);
    return this.#extra === null ? known : [...known, ...this.#extra.keys()];
  }

  /** The slots that hold something, ascending. */
  get slots(): number[] {
    return this.#names.used.filter((slot) => this.hasAt(slot));
  }

  /** Every slot that may hold something, ascending: for loops that ask `hasAt` themselves. */
  get slotsInUse(): readonly number[] {
    return this.#names.used;
  }

  /** Keys that no rule names, with their values; null when there are none. */
  get extra(): ReadonlyMap<string, string> | null {
    return this.#extra;
  }

  get size(): number {
    return this.slots.length + (this.#extra?.size ?? 0);
  }

  /** All keys and values as a null-prototype object: for dumps, iteration and dynamic access. */
  toObject(): Record<string, string> {
    const object: Record<string, string> = Object.create(null);
    for (const key of this.keys()) object[key] = this.get(key);
    return object;
  }

  /** Empties the map for the next event. Cells of a batch are emptied by the batch. */
  reset(): void {
    this.#extra = null;
    if (this.cells.rows === 1) this.cells.empty(1);
  }

  #cellToWrite(slot: number): number {
    return this.cells.columnToWrite(slot) * this.cells.rows + this.row;
  }

  /** Where a slot's value lies; negative when no event had it. */
  #cell(slot: number): number {
    const column = this.#names.columnOf[slot];
    const cell = column * this.cells.rows + this.row;
    return column >= 0 && cell < this.cells.texts.length ? cell : -1;
  }
}
