// The decisions in force in columns by row: group, end, address, and the next decision on the same address. Rows are given by
// whoever calls.

import { pageBits, pageMask, pageRows } from './column.js';
import { ExpiryHeap } from './expiry-heap.js';
import type { FamilyNumber } from './family.js';

/** Decisions by row. */
export class BanTable {
  readonly #ends = new ExpiryHeap();
  readonly #group: Uint8Array[] = [];
  /** 0 where no decision is in force. */
  readonly #family: Uint8Array[] = [];
  readonly #address: Int32Array[] = [];
  readonly #next: Int32Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get nextEndMs(): number | null {
    return this.#ends.nextMs;
  }

  has(row: number): boolean {
    return row >>> pageBits < this.#family.length && this.#family[row >>> pageBits][row & pageMask] !== 0;
  }

  /** Fills a row that has none. `address` is its row in the book of its family, -1 for a range. */
  put(row: number, family: FamilyNumber, group: number, address: number, untilMs: number): void {
    while (row >>> pageBits >= this.#group.length) this.#addPages();
    this.#family[row >>> pageBits][row & pageMask] = family;
    this.#group[row >>> pageBits][row & pageMask] = group;
    this.#address[row >>> pageBits][row & pageMask] = address;
    this.#ends.push(row, untilMs);
    this.#size++;
  }

  remove(row: number): void {
    this.#family[row >>> pageBits][row & pageMask] = 0;
    this.#ends.remove(row);
    this.#size--;
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
