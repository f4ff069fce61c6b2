// A hash table from keys of one to four words to row numbers. What belongs to a row lies in columns of whoever uses the
// table: a million addresses are a few arrays of numbers and not millions of objects (bench/record, firewall).
// Slots are in pages of one size, chosen by the first bits of the hash, each with open addressing of its own:
// a page that is two thirds full becomes two, and never is more than a page moved or searched (extendible hashing).
// Simple version: a Map from the words as text to the lowest free number.

import { randomInt } from 'node:crypto';
import { pageBits, pageMask, pageRows } from './column.js';
import { bouncerLimits } from './limits.js';

const { slotPageDepthMax, slotPageSlots } = bouncerLimits;
/** Keys of a page: with the hash beside the row, to probe costs little, and a half instead costs 10 to 37 bytes a ban. */
const slotPageFull = Math.floor(slotPageSlots * 2 / 3);
/** Places of slots are even. */
const placeMask = 2 * slotPageSlots - 2;
/** No row. */
const none = -1;

/**
 * Slots of all keys whose hash begins with the same `depth` bits. A slot is two numbers, the hash and row + 1, which is 0 in an
 * empty one: to probe, move or split needs no key, and keys lie anywhere in memory.
 */
interface Page {
  depth: number;
  used: number;
  readonly slots: Int32Array;
}

/** Keys and their rows. Of a key with fewer than four words the last ones count. */
export class KeyTable {
  readonly #words: number;
  /** Whoever sends attacks chooses the keys, but not this. */
  readonly #seed = randomInt(2 ** 32);
  readonly #keys: Uint32Array[] = [];
  /** By the first bits of the hash. A page with fewer bits than `#depth` stands here several times, side by side. */
  #pages: Page[] = [newPage(0)];
  #depth = 0;
  /** Rows without a key are a chain: the last word of each is the next one + 1. */
  #firstFree = none;
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
    const hash = this.#hash(w0, w1, w2, w3);
    const { slots } = this.#pageOf(hash);
    return slots[this.#placeOf(slots, hash, w0, w1, w2, w3) + 1] - 1;
  }

  /** The row of a key, a free one when it is new. */
  put(w0: number, w1: number, w2: number, w3: number): number {
    const hash = this.#hash(w0, w1, w2, w3);
    let page = this.#pageOf(hash);
    const known = page.slots[this.#placeOf(page.slots, hash, w0, w1, w2, w3) + 1] - 1;
    if (known >= 0) return known;
    while (page.used >= slotPageFull) {
      this.#split(page);
      page = this.#pageOf(hash);
    }
    const row = this.#freeRow();
    this.#writeKey(row, w0, w1, w2, w3);
    insert(page, hash, row + 1);
    this.#size++;
    return row;
  }

  /** Word 0 to 3 of the key of a row. */
  word(row: number, number: number): number {
    const at = number - 4 + this.#words;
    return at < 0 ? 0 : this.#keys[row >>> pageBits][(row & pageMask) * this.#words + at];
  }

  /** Takes a key out; its row is free. */
  remove(row: number): void {
    const hash = this.#hash(this.word(row, 0), this.word(row, 1), this.word(row, 2), this.word(row, 3));
    const page = this.#pageOf(hash);
    const { slots } = page;
    let hole = placeOf(hash);
    while (slots[hole + 1] !== row + 1) hole = placeAfter(hole);
    for (let next = placeAfter(hole); slots[next + 1] !== 0; next = placeAfter(next)) {
      // One that would be found before the hole stays where it is.
      if (((next - placeOf(slots[next])) & placeMask) < ((next - hole) & placeMask)) continue;
      slots[hole] = slots[next];
      slots[hole + 1] = slots[next + 1];
      hole = next;
    }
    slots[hole + 1] = 0;
    page.used--;
    this.#size--;
    this.#writeKey(row, 0, 0, 0, this.#firstFree + 1);
    this.#firstFree = row;
  }

  /** Rows that have a key. */
  * rows(): Generator<number> {
    for (const [index, page] of this.#pages.entries()) {
      if (page === this.#pages[index - 1]) continue;
      for (let at = 1; at < page.slots.length; at += 2) if (page.slots[at] !== 0) yield page.slots[at] - 1;
    }
  }

  #pageOf(hash: number): Page {
    // In two steps, for to shift by 32 is to shift by nothing.
    return this.#pages[hash >>> 1 >>> (31 - this.#depth)];
  }

  /** Where a key is, or the empty slot where it would go. */
  #placeOf(slots: Int32Array, hash: number, w0: number, w1: number, w2: number, w3: number): number {
    const words = this.#words;
    let at = placeOf(hash);
    for (;; at = placeAfter(at)) {
      const row = slots[at + 1] - 1;
      if (row < 0) return at;
      if (slots[at] !== hash) continue;
      const page = this.#keys[row >>> pageBits];
      const last = (row & pageMask) * words + words - 1;
      if (page[last] === w3 && (words === 1 || (page[last - 1] === w2
        && (words === 2 || (page[last - 2] === w1 && page[last - 3] === w0))))) return at;
    }
  }

  #freeRow(): number {
    if (this.#firstFree === none) {
      if ((this.#rowCount & pageMask) === 0) this.#keys.push(new Uint32Array(pageRows * this.#words));
      return this.#rowCount++;
    }
    const row = this.#firstFree;
    this.#firstFree = this.word(row, 3) - 1;
    return row;
  }

  #writeKey(row: number, w0: number, w1: number, w2: number, w3: number): void {
    const page = this.#keys[row >>> pageBits];
    const last = (row & pageMask) * this.#words + this.#words - 1;
    page[last] = w3;
    if (this.#words > 1) page[last - 1] = w2;
    if (this.#words < 4) return;
    page[last - 2] = w1;
    page[last - 3] = w0;
  }

  #hash(w0: number, w1: number, w2: number, w3: number): number {
    if (this.#words === 1) return mixed(this.#seed ^ w3);
    if (this.#words === 4) return mixed(mixed(mixed(mixed(this.#seed ^ w3) ^ w2) ^ w1) ^ w0);
    // Ids are the database's, one after the other: sixteen lie side by side, which the caches thank, and no more, for who takes one
    // out looks at all that lie behind it without a gap.
    const hash = mixed(this.#seed ^ w3 >>> 4);
    return (w2 === 0 ? hash : mixed(hash ^ w2)) & ~15 | w3 & 15;
  }

  /** Makes two pages of one: those with a 1 as their next bit move to a new one. */
  #split(page: Page): void {
    if (page.depth === slotPageDepthMax) throw new RangeError('too many keys have the same hash');
    if (page.depth === this.#depth) {
      this.#pages = this.#pages.flatMap((each) => [each, each]);
      this.#depth++;
    }
    const other = newPage(++page.depth);
    const slots = page.slots.slice();
    page.slots.fill(0);
    page.used = 0;
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] === 0) continue;
      insert((slots[at] >>> (32 - page.depth) & 1) === 0 ? page : other, slots[at], slots[at + 1]);
    }
    const share = 2 ** (this.#depth - page.depth);
    const from = this.#pages.indexOf(page) + share;
    this.#pages.fill(other, from, from + share);
  }
}

/** The part of a number beyond 32 bits. */
export function highWord(number: number): number {
  if (number < 2 ** 32) return 0;
  return Math.floor(number / 2 ** 32) >>> 0;
}

function newPage(depth: number): Page {
  return { depth, used: 0, slots: new Int32Array(2 * slotPageSlots) };
}

/** Puts a key in that is not there. */
function insert(page: Page, hash: number, taken: number): void {
  const { slots } = page;
  let at = placeOf(hash);
  while (slots[at + 1] !== 0) at = placeAfter(at);
  slots[at] = hash;
  slots[at + 1] = taken;
  page.used++;
}

/** The slot where a key belongs. */
function placeOf(hash: number): number {
  return (hash << 1) & placeMask;
}

function placeAfter(place: number): number {
  return (place + 2) & placeMask;
}

/** The finish of MurmurHash3. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
