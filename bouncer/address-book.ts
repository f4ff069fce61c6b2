// The banned addresses of one family: what is known of each and what the kernel was told last, in columns by row. Each has
// a chain of its decisions. Only the store; which decision wins and what is told is state.ts's matter.

import { pageBits, pageMask, pageRows } from './column.js';
import type { Family } from './family.js';
import { KeyTable } from './key-table.js';
import type { IpAddress } from '../ts/util/ip.js';

/** No decision, no group. */
export const none = -1;

/** How a change of an address waits. */
export const waiting = { not: 0, first: 1, inBulk: 2 } as const;

/** Addresses by row. */
export class AddressBook {
  readonly family: Family;
  readonly #table: KeyTable;
  readonly #firstBan: Int32Array[] = [];
  readonly #waiting: Uint8Array[] = [];
  readonly #appliedGroup: Int32Array[] = [];
  readonly #appliedUntilMs: Float64Array[] = [];

  constructor(family: Family) {
    this.family = family;
    this.#table = new KeyTable(family.number === 4 ? 1 : 4);
  }

  /** The row of an address, or `none`. */
  find({ w0, w1, w2, w3 }: IpAddress): number {
    return this.#table.find(w0, w1, w2, w3);
  }

  /** The row of an address; a new one has no decisions and was never told. */
  put({ w0, w1, w2, w3 }: IpAddress): number {
    const size = this.#table.size;
    const row = this.#table.put(w0, w1, w2, w3);
    if (this.#table.size === size) return row;
    if (row >>> pageBits === this.#firstBan.length) this.#addPages();
    this.#firstBan[row >>> pageBits][row & pageMask] = none;
    this.#waiting[row >>> pageBits][row & pageMask] = waiting.not;
    this.#appliedGroup[row >>> pageBits][row & pageMask] = none;
    return row;
  }

  remove(row: number): void {
    this.#table.remove(row);
  }

  rows(): Iterable<number> {
    return this.#table.rows();
  }

  firstBan(row: number): number {
    return this.#firstBan[row >>> pageBits][row & pageMask];
  }

  setFirstBan(row: number, ban: number): void {
    this.#firstBan[row >>> pageBits][row & pageMask] = ban;
  }

  waiting(row: number): number {
    return this.#waiting[row >>> pageBits][row & pageMask];
  }

  setWaiting(row: number, how: number): void {
    this.#waiting[row >>> pageBits][row & pageMask] = how;
  }

  /** Group whose set holds the address in the kernel, or `none`. */
  appliedGroup(row: number): number {
    return this.#appliedGroup[row >>> pageBits][row & pageMask];
  }

  appliedUntilMs(row: number): number {
    return this.#appliedUntilMs[row >>> pageBits][row & pageMask];
  }

  setApplied(row: number, group: number, untilMs: number): void {
    this.#appliedGroup[row >>> pageBits][row & pageMask] = group;
    this.#appliedUntilMs[row >>> pageBits][row & pageMask] = untilMs;
  }

  /** Writes the address of a row in network order. */
  write(row: number, bytes: Uint8Array, at: number): void {
    const words = this.family.keyBytes / 4;
    for (let number = 0; number < words; number++) {
      const word = this.#table.word(row, 4 - words + number);
      const to = at + 4 * number;
      bytes[to] = word >>> 24;
      bytes[to + 1] = (word >>> 16) & 0xff;
      bytes[to + 2] = (word >>> 8) & 0xff;
      bytes[to + 3] = word & 0xff;
    }
  }

  #addPages(): void {
    this.#firstBan.push(new Int32Array(pageRows));
    this.#waiting.push(new Uint8Array(pageRows));
    this.#appliedGroup.push(new Int32Array(pageRows));
    this.#appliedUntilMs.push(new Float64Array(pageRows));
  }
}
