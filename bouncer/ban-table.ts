// The decisions in force by id, in columns by row: group, end, address, and the next decision on the same address.

import { ExpiryHeap } from './expiry-heap.js';
import { highWord, KeyTable, resized } from './key-table.js';
import type { FamilyNumber } from './family.js';

/** Decisions by row. */
export class BanTable {
  readonly #ids = new KeyTable(2);
  readonly #ends = new ExpiryHeap();
  #group = new Uint8Array(16);
  #family = new Uint8Array(16);
  #address = new Int32Array(16);
  #next = new Int32Array(16);

  get size(): number {
    return this.#ids.size;
  }

  get nextEndMs(): number | null {
    return this.#ends.nextMs;
  }

  /** The row of a decision, or -1. */
  find(id: number): number {
    return this.#ids.find(0, 0, highWord(id), id >>> 0);
  }

  /** The row of a decision that is new. `address` is its row in the book of its family, -1 for a range. */
  put(id: number, family: FamilyNumber, group: number, address: number, untilMs: number): number {
    const row = this.#ids.put(0, 0, highWord(id), id >>> 0);
    if (row >= this.#group.length) this.#grow(Math.max(2 * this.#group.length, row + 1));
    this.#family[row] = family;
    this.#group[row] = group;
    this.#address[row] = address;
    this.#ends.push(row, untilMs);
    return row;
  }

  remove(row: number): void {
    this.#ids.remove(row);
    this.#ends.remove(row);
  }

  /** A row that has ended, or -1. */
  endedBy(nowMs: number): number {
    return this.#ends.endedBy(nowMs);
  }

  untilMs(row: number): number {
    return this.#ends.endOf(row);
  }

  family(row: number): FamilyNumber {
    return this.#family[row] as FamilyNumber;
  }

  group(row: number): number {
    return this.#group[row];
  }

  address(row: number): number {
    return this.#address[row];
  }

  next(row: number): number {
    return this.#next[row];
  }

  setNext(row: number, next: number): void {
    this.#next[row] = next;
  }

  #grow(length: number): void {
    this.#group = resized(this.#group, length);
    this.#family = resized(this.#family, length);
    this.#address = resized(this.#address, length);
    this.#next = resized(this.#next, length);
  }
}
