// Numbers for the texts that the events of a batch have in one field, where these are bytes of their lines: asked for all events
// with one native call. An event whose field is a text, or was changed since, has none and is asked for its text.

import type { Event, EventCells, EventNames } from '../event/event.js';
import { FieldCells, noRange } from '../event/field-cells.js';
import { FieldNames } from '../event/field-names.js';
import { noNumber, TextNumbers } from '../grok/text-numbers.js';
import { limits } from '../limits.js';

/** The events of a batch: where their lines lie, and the cells that they share. */
export class NumberedBatch {
  bytes: Buffer = Buffer.alloc(0);
  cells: EventCells | null = null;
  count = 0;
  /** By position: where the event's line begins; negative for one that lies elsewhere. */
  starts = new Int32Array(0);

  /** Turns to the first `count` events of a batch. */
  take(events: readonly Event[], count: number): void {
    this.count = count;
    if (count === 0) return;
    if (this.starts.length < count) this.starts = new Int32Array(count);
    const { cells, line } = events[0];
    this.cells = cells;
    this.bytes = line.text.bytes;
    for (let position = 0; position < count; position++) {
      const event = events[position];
      const { text } = event.line;
      this.starts[position] = event.cells === cells && event.row === position && text.bytes === this.bytes ? text.start : -1;
    }
  }
}

const noCells = new FieldCells(new FieldNames(), 1);

/** The numbers of one field of Parsed, Meta or Enriched. */
export class FieldNumbers {
  readonly #map: keyof EventNames;
  readonly #slot: number;
  /** Made when a batch first has such a text. */
  #numbers: TextNumbers | null = null;
  #cells = noCells;
  /** Where the cells of the field begin, and how many have been looked at. */
  #first = 0;
  #count = 0;
  /** By position in the batch: the range that was numbered, noRange for none, and its number. */
  #ranges = new Int32Array(0);
  #found = new Uint32Array(0);
  #spans = new Uint32Array(0);

  constructor(map: keyof EventNames, slot: number) {
    this.#map = map;
    this.#slot = slot;
  }

  /** Numbers what a batch has in the field. True when the numbers of batches before no longer hold. */
  take({ bytes, cells, count, starts }: NumberedBatch): boolean {
    this.#count = 0;
    if (count === 0 || cells === null) return false;
    this.#cells = cells[this.#map];
    this.#first = this.#cells.firstOf(this.#slot);
    if (this.#first < 0) return false;
    this.#reserve(count);
    const spans = this.#spans;
    const ranges = this.#ranges;
    let length = 0;
    for (let position = 0; position < count; position++) {
      const range = starts[position] < 0 ? noRange : this.#cells.ranges[this.#first + position];
      ranges[position] = range;
      if (range === noRange) continue;
      spans[2 * length] = starts[position] + (range >>> 16);
      spans[2 * length + 1] = starts[position] + (range & 0xffff);
      length++;
    }
    if (length === 0) return false;
    this.#count = count;
    this.#numbers ??= new TextNumbers(limits.numberedTextsMax, limits.rememberedTextBytesMax);
    const isAnew = this.#numbers.number(bytes, spans, length, this.#found);
    if (length < count) spreadOut(this.#found, length, ranges, count);
    return isAnew;
  }

  /** The number of what the event at a position has in the field; noNumber where its text must be asked. */
  at(position: number): number {
    if (position >= this.#count) return noNumber;
    const range = this.#ranges[position];
    return range !== noRange && this.#cells.ranges[this.#first + position] === range ? this.#found[position] : noNumber;
  }

  #reserve(count: number): void {
    if (this.#ranges.length >= count) return;
    this.#ranges = new Int32Array(count);
    this.#found = new Uint32Array(count);
    this.#spans = new Uint32Array(2 * count);
  }
}

/** Moves the first `length` numbers to the positions that have a range, from the last on, so that none is overwritten. */
function spreadOut(found: Uint32Array, length: number, ranges: Int32Array, count: number): void {
  for (let position = count - 1, at = length - 1; at >= 0; position--) if (ranges[position] !== noRange) found[position] = found[at--];
}
