// The banned addresses of one family: what is known of each and what the kernel was told last, in columns by row. Each has
// a chain of its decisions. Only the store; which decision wins and what is told is state.ts's matter.

import { KeyTable, resized } from './key-table.js';
import type { Family } from './family.js';
import type { IpAddress } from '../ts/util/ip.js';

/** No decision, no group. */
export const none = -1;

/** How a change of an address waits. */
export const waiting = { not: 0, first: 1, inBulk: 2 } as const;

/** Addresses by row. */
export class AddressBook {
  readonly family: Family;
  readonly #table: KeyTable;
  #firstBan = new Int32Array(16);
  #waiting = new Uint8Array(16);
  #appliedGroup = new Int32Array(16);
  #appliedUntilMs = new Float64Array(16);

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
    if (row >= this.#firstBan.length) this.#grow(Math.max(2 * this.#firstBan.length, row + 1));
    this.#firstBan[row] = none;
    this.#waiting[row] = waiting.not;
    this.#appliedGroup[row] = none;
    return row;
  }

  remove(row: number): void {
    this.#table.remove(row);
  }

  rows(): Iterable<number> {
    return this.#table.rows();
  }

  firstBan(row: number): number {
    return this.#firstBan[row];
  }

  setFirstBan(row: number, ban: number): void {
    this.#firstBan[row] = ban;
  }

  waiting(row: number): number {
    return this.#waiting[row];
  }

  setWaiting(row: number, how: number): void {
    this.#waiting[row] = how;
  }

  /** Group whose set holds the address in the kernel, or `none`. */
  appliedGroup(row: number): number {
    return this.#appliedGroup[row];
  }

  appliedUntilMs(row: number): number {
    return this.#appliedUntilMs[row];
  }

  setApplied(row: number, group: number, untilMs: number): void {
    this.#appliedGroup[row] = group;
    this.#appliedUntilMs[row] = untilMs;
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

  #grow(length: number): void {
    this.#firstBan = resized(this.#firstBan, length);
    this.#waiting = resized(this.#waiting, length);
    this.#appliedGroup = resized(this.#appliedGroup, length);
    this.#appliedUntilMs = resized(this.#appliedUntilMs, length);
  }
}
