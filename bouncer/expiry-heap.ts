// Rows by their end: a binary heap of row numbers, so that the next end is known without a scan and a row can be taken
// out of the middle.

import { resized } from './key-table.js';

/** Rows, the one that ends first on top. */
export class ExpiryHeap {
  #heap = new Int32Array(16);
  #size = 0;
  /** Of each row: its end, and its place in the heap. */
  #untilMs = new Float64Array(16);
  #place = new Int32Array(16);

  /** When the next row ends, or null. */
  get nextMs(): number | null {
    return this.#size === 0 ? null : this.#untilMs[this.#heap[0]];
  }

  /** When a row in the heap ends. */
  endOf(row: number): number {
    return this.#untilMs[row];
  }

  push(row: number, untilMs: number): void {
    if (row >= this.#place.length) {
      const length = Math.max(2 * this.#place.length, row + 1);
      this.#untilMs = resized(this.#untilMs, length);
      this.#place = resized(this.#place, length);
    }
    if (this.#size === this.#heap.length) this.#heap = resized(this.#heap, 2 * this.#heap.length);
    this.#untilMs[row] = untilMs;
    this.#up(this.#size++, row);
  }

  /** Takes out a row that is in the heap. */
  remove(row: number): void {
    const at = this.#place[row];
    const moved = this.#heap[--this.#size];
    if (moved === row) return;
    const parent = this.#heap[(at - 1) >> 1];
    if (at > 0 && this.#untilMs[parent] > this.#untilMs[moved]) this.#up(at, moved);
    else this.#down(at, moved);
  }

  /** The row on top when it ends by `nowMs`, else -1. */
  endedBy(nowMs: number): number {
    return this.#size > 0 && this.#untilMs[this.#heap[0]] <= nowMs ? this.#heap[0] : -1;
  }

  #up(from: number, row: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#untilMs[this.#heap[parent]] <= this.#untilMs[row]) break;
      this.#set(at, this.#heap[parent]);
      at = parent;
    }
    this.#set(at, row);
  }

  #down(from: number, row: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#untilMs[this.#heap[child + 1]] < this.#untilMs[this.#heap[child]]) child++;
      if (this.#untilMs[this.#heap[child]] >= this.#untilMs[row]) break;
      this.#set(at, this.#heap[child]);
      at = child;
    }
    this.#set(at, row);
  }

  #set(at: number, row: number): void {
    this.#heap[at] = row;
    this.#place[row] = at;
  }
}
