// A hash table from keys of one to four words to row numbers. What belongs to a row lies in columns of whoever uses the
// table: a million addresses are a few arrays of numbers and not millions of objects (bench/record, firewall).
// Open addressing with linear probing; a row taken out leaves no mark, those behind it move up.
// Simple version: a Map from the words as text to the lowest free number.

import { randomInt } from 'node:crypto';

const slotsMin = 16;

/** Keys and their rows. Of a key with fewer than four words the last ones count. */
export class KeyTable {
  readonly #words: number;
  /** Whoever sends attacks chooses the keys, but not this. */
  readonly #seed = randomInt(2 ** 32);
  #keys = new Uint32Array(slotsMin);
  /** Row + 1; 0 is an empty slot. At most half of them are used. */
  #slots = new Int32Array(slotsMin);
  readonly #free: number[] = [];
  #rowCount = 0;
  #size = 0;

  constructor(words: 1 | 2 | 4) {
    this.#words = words;
  }

  get size(): number {
    return this.#size;
  }

  /** Rows are below this. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** The row of a key, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#slots[this.#slotOf(w0, w1, w2, w3)] - 1;
  }

  /** The row of a key, a free one when it is new. */
  put(w0: number, w1: number, w2: number, w3: number): number {
    if (2 * (this.#size + 1) > this.#slots.length) this.#growSlots();
    const slot = this.#slotOf(w0, w1, w2, w3);
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1;
    const row = this.#free.pop() ?? this.#rowCount++;
    const at = row * this.#words;
    if (at + this.#words > this.#keys.length) this.#keys = resized(this.#keys, 2 * this.#keys.length);
    if (this.#words === 4) {
      this.#keys[at] = w0;
      this.#keys[at + 1] = w1;
    }
    if (this.#words > 1) this.#keys[at + this.#words - 2] = w2;
    this.#keys[at + this.#words - 1] = w3;
    this.#slots[slot] = row + 1;
    this.#size++;
    return row;
  }

  /** Word 0 to 3 of the key of a row. */
  word(row: number, number: number): number {
    const at = number - 4 + this.#words;
    return at < 0 ? 0 : this.#keys[row * this.#words + at];
  }

  /** Takes a key out; its row is free. */
  remove(row: number): void {
    const mask = this.#slots.length - 1;
    let hole = this.#homeOf(row);
    while (this.#slots[hole] !== row + 1) hole = (hole + 1) & mask;
    for (let next = (hole + 1) & mask; this.#slots[next] !== 0; next = (next + 1) & mask) {
      // One that would be found before the hole stays where it is.
      const home = this.#homeOf(this.#slots[next] - 1);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[next];
      hole = next;
    }
    this.#slots[hole] = 0;
    this.#free.push(row);
    this.#size--;
  }

  /** Rows that have a key. */
  * rows(): Generator<number> {
    for (const slot of this.#slots) if (slot !== 0) yield slot - 1;
  }

  /** The slot that holds a key, or the empty one where it would go. */
  #slotOf(w0: number, w1: number, w2: number, w3: number): number {
    const words = this.#words;
    const keys = this.#keys;
    const mask = this.#slots.length - 1;
    let slot = this.#hash(w0, w1, w2, w3) & mask;
    for (;; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1;
      if (row < 0) return slot;
      const last = row * words + words - 1;
      if (keys[last] === w3 && (words === 1 || (keys[last - 1] === w2
        && (words === 2 || (keys[last - 2] === w1 && keys[last - 3] === w0))))) return slot;
    }
  }

  #homeOf(row: number): number {
    const hash = this.#hash(this.word(row, 0), this.word(row, 1), this.word(row, 2), this.word(row, 3));
    return hash & (this.#slots.length - 1);
  }

  #hash(w0: number, w1: number, w2: number, w3: number): number {
    // Ids are the database's, one after the other: so they lie in memory, which the caches thank.
    if (this.#words === 2) return w3 ^ mixed(w2);
    const hash = mixed(this.#seed ^ w3);
    return this.#words === 1 ? hash : mixed(mixed(mixed(hash ^ w2) ^ w1) ^ w0);
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    const mask = this.#slots.length - 1;
    for (const taken of old) {
      if (taken === 0) continue;
      let slot = this.#homeOf(taken - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = taken;
    }
  }
}

/** A set of whole numbers of up to 53 bits. */
export class NumberSet {
  readonly #table = new KeyTable(2);

  get size(): number {
    return this.#table.size;
  }

  has(number: number): boolean {
    return this.#table.find(0, 0, highWord(number), number >>> 0) >= 0;
  }

  /** Whether it is new. */
  add(number: number): boolean {
    const { size } = this.#table;
    this.#table.put(0, 0, highWord(number), number >>> 0);
    return this.#table.size > size;
  }

  /** Whether it was there. */
  delete(number: number): boolean {
    const row = this.#table.find(0, 0, highWord(number), number >>> 0);
    if (row >= 0) this.#table.remove(row);
    return row >= 0;
  }

  * [Symbol.iterator](): Generator<number> {
    for (const row of this.#table.rows()) yield this.#table.word(row, 2) * 2 ** 32 + this.#table.word(row, 3);
  }
}

/** The part of a number beyond 32 bits. */
export function highWord(number: number): number {
  if (number < 2 ** 32) return 0;
  return Math.floor(number / 2 ** 32) >>> 0;
}

/** A longer column with the same content. */
export function resized<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(column: T, length: number): T {
  const longer = new (column.constructor as new (length: number) => T)(length);
  longer.set(column);
  return longer;
}

/** The finish of MurmurHash3. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}
