// String fields of an event (Parsed, Meta, Enriched): one slot for each key that a rule names, numbered at load,
// and a side map for keys that only data brings. A slot holds a string or a byte range of the line, decoded late.

import type { LineText } from './line.js';

/** The keys that rules name, numbered in the order they were first named. Grows while rules load, then stays. */
export class FieldNames {
  readonly names: string[] = [];
  readonly #slots = new Map<string, number>();

  /** Returns the slot of `name`, numbering it if no rule named it before. Load time only. */
  declare(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    this.#slots.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  /** Returns the slot of `name`, or -1 when no rule names it. */
  find(name: string): number {
    return this.#slots.get(name) ?? -1;
  }
}

/** A byte range of the event's line packed in one small integer: start << 16 | end. Lines are at most 65,535 bytes. */
type Range = number;

/** One string-to-string map of an event. Missing keys read as '' (as in CrowdSec's typed maps); `has` tells them apart. */
export class Fields {
  readonly #names: FieldNames;
  readonly #line: LineText;
  readonly #values: (string | Range | undefined)[] = [];
  /** The byte range that a slot was decoded from; -1 where there is none or the value was set as a string. */
  readonly #decodedFrom: Range[] = [];
  /** Slots in the order of first writing; what stands beyond #touchedCount is left from earlier events. */
  readonly #touched: number[] = [];
  #touchedCount = 0;
  #extra: Map<string, string> | null = null;

  constructor(names: FieldNames, line: LineText) {
    this.#names = names;
    this.#line = line;
  }

  /** Returns the value in a slot, '' when absent. */
  at(slot: number): string {
    const value = this.#values[slot];
    if (typeof value === 'string') return value;
    if (value === undefined) return '';
    const text = this.#line.slice(value >>> 16, value & 0xffff);
    this.#values[slot] = text;
    this.#decodedFrom[slot] = value;
    return text;
  }

  hasAt(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  /** Returns the byte range in a slot as start << 16 | end, or -1 when the slot is no part of the line or empty. */
  rangeAt(slot: number): number {
    const value = this.#values[slot];
    return typeof value === 'number' ? value : value === undefined ? -1 : this.#decodedFrom[slot];
  }

  setAt(slot: number, value: string): void {
    this.#touch(slot);
    this.#values[slot] = value;
    this.#decodedFrom[slot] = -1;
  }

  /** Copies what a slot of another map of the same event holds, text or byte range; nothing where that is empty. */
  copyAt(slot: number, from: Fields, fromSlot: number): void {
    const value = from.#values[fromSlot];
    if (value === undefined || value === '' || isEmptyRange(value)) return;
    this.#touch(slot);
    this.#values[slot] = value;
    this.#decodedFrom[slot] = from.#decodedFrom[fromSlot];
  }

  /** Sets a slot to bytes [start, end) of the event's line, decoded when first read. */
  setRangeAt(slot: number, start: number, end: number): void {
    this.#touch(slot);
    // Starts from 0x8000 on make the packed integer negative; every reader unpacks with >>>.
    this.#values[slot] = (start << 16) | end;
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
    else if (this.hasAt(slot)) {
      this.#values[slot] = undefined;
      this.#touched.splice(this.#touched.indexOf(slot), 1);
      this.#touchedCount--;
    }
  }

  /** All keys present, those of rules first, each group in the order of first writing. */
  keys(): string[] {
    const known = this.slots.map((slot) => this.#names.names[slot]);
    return this.#extra === null ? known : [...known, ...this.#extra.keys()];
  }

  /** The slots that hold something, in the order of first writing. Changes with the next write. */
  get slots(): readonly number[] {
    // Cutting a list is slow, so it waits until somebody looks at it.
    if (this.#touched.length > this.#touchedCount) this.#touched.length = this.#touchedCount;
    return this.#touched;
  }

  /** Keys that no rule names, with their values; null when there are none. */
  get extra(): ReadonlyMap<string, string> | null {
    return this.#extra;
  }

  get size(): number {
    return this.#touchedCount + (this.#extra?.size ?? 0);
  }

  /** All keys and values as a null-prototype object: for dumps, iteration and dynamic access. */
  toObject(): Record<string, string> {
    const object: Record<string, string> = Object.create(null);
    for (const key of this.keys()) object[key] = this.get(key);
    return object;
  }

  /** Empties the map for the next event; costs only what was written. */
  reset(): void {
    for (let index = 0; index < this.#touchedCount; index++) this.#values[this.#touched[index]] = undefined;
    this.#touchedCount = 0;
    this.#extra = null;
  }

  #touch(slot: number): void {
    const values = this.#values;
    // Filled without holes: a sparse array would read far slower.
    while (values.length <= slot) {
      values.push(undefined);
      this.#decodedFrom.push(-1);
    }
    if (values[slot] === undefined) this.#touched[this.#touchedCount++] = slot;
  }
}

function isEmptyRange(value: string | Range): boolean {
  return typeof value === 'number' && value >>> 16 === (value & 0xffff);
}
