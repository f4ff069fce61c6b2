// The text fields that rules ask about, and numbers for what a batch has in them: whoever asks about a field of an event reads an array
// by number and makes no string. Numbers are given for a whole column at once (text-numbers.ts), when somebody is about to ask.

import { type Event, type EventCells, type EventNames, textReader } from '../event/event.js';
import { type FieldCells, noRange } from '../event/fields.js';
import { limits } from '../limits.js';
import { noNumber, TextNumbers } from './text-numbers.js';

/** A text field of events, and the numbers of the texts that a batch has there; null where it is in none of the maps. */
export interface NumberedField {
  readonly read: (event: Event) => string;
  readonly numbers: FieldNumbers | null;
}

const fieldsOfNames = new WeakMap<EventNames, NumberedFields>();

/** The fields of the events of one thread: whoever asks about the same field of a batch has the same numbers. */
export class NumberedFields {
  readonly batch = new NumberedBatch();
  readonly #names: EventNames;
  readonly #known = new Map<string, NumberedField | null>();

  private constructor(names: EventNames) {
    this.#names = names;
  }

  /** Those of the events with these keys. */
  static of(names: EventNames): NumberedFields {
    let fields = fieldsOfNames.get(names);
    if (fields === undefined) fieldsOfNames.set(names, fields = new NumberedFields(names));
    return fields;
  }

  /** A field by its Go path (`Meta.http_path`, `Line.Labels.type`); null for one that is no plain text. */
  of(path: string): NumberedField | null {
    let field = this.#known.get(path);
    if (field === undefined) this.#known.set(path, field = this.#make(path));
    return field;
  }

  #make(path: string): NumberedField | null {
    const match = /^(Meta|Parsed|Enriched)\.(.*)$/s.exec(path);
    if (match === null) {
      const read = readerOfLine(path);
      return read === null ? null : { read, numbers: null };
    }
    const map = match[1].toLowerCase() as keyof EventNames;
    const slot = this.#names[map].find(match[2]);
    return { read: textReader(map, match[2], this.#names), numbers: slot < 0 ? null : new FieldNumbers(this.batch, map, slot) };
  }
}

function readerOfLine(path: string): ((event: Event) => string) | null {
  if (path.startsWith('Line.Labels.')) {
    const label = path.slice('Line.Labels.'.length);
    return (event) => (Object.hasOwn(event.line.labels, label) ? event.line.labels[label] : '');
  }
  if (path === 'Line.Module') return (event) => event.line.module;
  if (path === 'Line.Src') return (event) => event.line.src;
  return null;
}

/** The events of a batch: where their lines lie, and the cells that they share. */
export class NumberedBatch {
  events: readonly Event[] = [];
  /** Goes up when fields of its events may have changed: what was found before may no longer hold. */
  version = 0;
  bytes: Buffer = Buffer.alloc(0);
  cells: EventCells | null = null;
  count = 0;
  /** By position: where the event's line begins; negative for one that lies elsewhere. */
  starts = new Int32Array(0);
  /** No event lies elsewhere. */
  isWhole = false;

  /** Turns to the first `count` events of a batch. */
  take(events: readonly Event[], count: number): void {
    this.events = events;
    this.count = count;
    this.version++;
    if (count === 0) return;
    if (this.starts.length < count) this.starts = new Int32Array(count);
    const { cells, line } = events[0];
    this.cells = cells;
    this.bytes = line.text.bytes;
    this.isWhole = true;
    for (let position = 0; position < count; position++) {
      const event = events[position];
      const { text } = event.line;
      this.starts[position] = event.cells === cells && event.row === position && text.bytes === this.bytes ? text.start : -1;
      if (this.starts[position] < 0) this.isWhole = false;
    }
  }
}

/** The numbers of one field of Parsed, Meta or Enriched. */
export class FieldNumbers {
  /** Goes up when the numbers of batches before no longer hold. */
  round = 0;
  /** No event of the batch has anything in the field. */
  isAbsent = false;
  #version = -1;
  readonly #batch: NumberedBatch;
  readonly #map: keyof EventNames;
  readonly #slot: number;
  /** Made when a batch first has such a text. */
  #numbers: TextNumbers | null = null;
  /** Set by the first batch. */
  #cells!: FieldCells;
  /** Where the cells of the field begin, and how many have been looked at. */
  #first = 0;
  #count = 0;
  /** By position in the batch: the range that was numbered, noRange for none, and its number. */
  #ranges = new Int32Array(0);
  #found = new Uint32Array(0);
  #spans = new Uint32Array(0);
  /** Where the numbered texts lie, and how many they are. */
  #bytes: Buffer | null = null;
  #length = 0;

  constructor(batch: NumberedBatch, map: keyof EventNames, slot: number) {
    this.#batch = batch;
    this.#map = map;
    this.#slot = slot;
  }

  /** Numbers what the batch has in the field now; costs little where nothing changed since the last time. */
  take(): void {
    const { bytes, cells, count, isWhole, starts, version } = this.#batch;
    if (version === this.#version) return;
    this.#version = version;
    this.#count = 0;
    this.isAbsent = false;
    if (count === 0 || cells === null) return;
    this.#cells = cells[this.#map];
    this.#first = this.#cells.firstOf(this.#slot);
    this.isAbsent = this.#first < 0 && isWhole;
    if (this.#first < 0) return;
    this.#reserve(count);
    const spans = this.#spans;
    const ranges = this.#ranges;
    let length = 0;
    let isSame = bytes === this.#bytes;
    for (let position = 0; position < count; position++) {
      const range = starts[position] < 0 ? noRange : this.#cells.ranges[this.#first + position];
      if (range !== ranges[position]) {
        ranges[position] = range;
        isSame = false;
      }
      if (range === noRange) continue;
      spans[2 * length] = starts[position] + (range >>> 16);
      spans[2 * length + 1] = starts[position] + (range & 0xffff);
      length++;
    }
    if (length === 0) return;
    this.#count = count;
    if (isSame && length === this.#length) return;
    this.#bytes = bytes;
    this.#length = length;
    this.#numbers ??= new TextNumbers(limits.numberedTextsMax, limits.rememberedTextBytesMax);
    if (this.#numbers.number(bytes, spans, length, this.#found)) this.round++;
    if (length < count) spreadOut(this.#found, length, ranges, count);
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
