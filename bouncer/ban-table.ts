// The decisions in force by id, in columns by row: group, end, address, and the next decision on the same address.

import { pageBits, pageMask, pageRows } from './column.js';
import { ExpiryHeap } from './expiry-heap.js';
import type { FamilyNumber } from './family.js';
import { highWord, KeyTable } from './key-table.js';

/** Decisions by row. */
export class BanTable {
  readonly #ids = new KeyTable(2);
  readonly #ends = new ExpiryHeap();
  readonly #group: Uint8Array[] = [];
  readonly #family: Uint8Array[] = [];
  readonly #address: Int32Array[] = [];
  readonly #next: Int32Array[] = [];

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
    if (row >>> pageBits === this.#group.length) this.#addPages();
    this.#family[row >>> pageBits][row & pageMask] = family;
    this.#group[row >>> pageBits][row & pageMask] = group;
    this.#address[row >>> pageBits][row & pageMask] = address;
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
    return this.#family[row >>> pageBits][row & pageMask] as FamilyNumber;
  }

  group(row: number): number {
    return this.#group[row >>> pageBits][row & pageMask];
  }

  address(row: number): number {
    return this.#address[row >>> pageBits][row & pageMask];
  }

  next(row: number): number {
    return this.#next[row >>> pageBits][row & pageMask];
  }

  setNext(row: number, next: number): void {
    this.#next[row >>> pageBits][row & pageMask] = next;
  }

  #addPages(): void {
    this.#group.push(new Uint8Array(pageRows));
    this.#family.push(new Uint8Array(pageRows));
    this.#address.push(new Int32Array(pageRows));
    this.#next.push(new Int32Array(pageRows));
  }
}
