// Rows by their end: a binary heap of row numbers, so that the next end is known without a scan and a row can be taken
// out of the middle.

import { pageBits, pageMask, pageRows } from './column.js';

/** Rows, the one that ends first on top. */
export class ExpiryHeap {
  /** Row by place. */
  readonly #heap: Int32Array[] = [];
  #size = 0;
  /** Of each row: its end, and its place in the heap. */
  readonly #untilMs: Float64Array[] = [];
  readonly #place: Int32Array[] = [];

  /** When the next row ends, or null. */
  get nextMs(): number | null {
    return this.#size === 0 ? null : this.endOf(this.#rowAt(0));
  }

  /** When a row in the heap ends. */
  endOf(row: number): number {
    return this.#untilMs[row >>> pageBits][row & pageMask];
  }

  push(row: number, untilMs: number): void {
    // Each row is there once at most, so that there are as many places as rows.
    while (row >>> pageBits >= this.#place.length) this.#addPages();
    this.#untilMs[row >>> pageBits][row & pageMask] = untilMs;
    this.#up(this.#size++, row);
  }

  /** Takes out a row that is in the heap. */
  remove(row: number): void {
    const at = this.#place[row >>> pageBits][row & pageMask];
    const moved = this.#rowAt(--this.#size);
    if (moved === row) return;
    if (at > 0 && this.endOf(this.#rowAt((at - 1) >> 1)) > this.endOf(moved)) this.#up(at, moved);
    else this.#down(at, moved);
  }

  /** The row on top when it ends by `nowMs`, else -1. */
  endedBy(nowMs: number): number {
    if (this.#size === 0) return -1;
    const first = this.#rowAt(0);
    return this.endOf(first) <= nowMs ? first : -1;
  }

  #up(from: number, row: number): void {
    const untilMs = this.endOf(row);
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#rowAt(parent);
      if (this.endOf(above) <= untilMs) break;
      this.#set(at, above);
      at = parent;
    }
    this.#set(at, row);
  }

  #down(from: number, row: number): void {
    const untilMs = this.endOf(row);
    let at = from;
    for (let child; (child = 2 * at + 1) < this.#size; at = child) {
      if (child + 1 < this.#size && this.endOf(this.#rowAt(child + 1)) < this.endOf(this.#rowAt(child))) child++;
      const below = this.#rowAt(child);
      if (this.endOf(below) >= untilMs) break;
      this.#set(at, below);
    }
    this.#set(at, row);
  }

  #rowAt(place: number): number {
    return this.#heap[place >>> pageBits][place & pageMask];
  }

  #set(place: number, row: number): void {
    this.#heap[place >>> pageBits][place & pageMask] = row;
    this.#place[row >>> pageBits][row & pageMask] = place;
  }

  #addPages(): void {
    this.#heap.push(new Int32Array(pageRows));
    this.#untilMs.push(new Float64Array(pageRows));
    this.#place.push(new Int32Array(pageRows));
  }
}
