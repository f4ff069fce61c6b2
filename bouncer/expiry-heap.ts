// Bans by their end: a binary heap, so that the next end is known without a scan. Taken-out bans stay in it until their
// end; whoever takes them checks.

import type { Ban } from './decision.js';

/** Bans, the one that ends first on top. */
export class ExpiryHeap {
  readonly #heap: Ban[] = [];

  get nextMs(): number | null {
    return this.#heap.length === 0 ? null : this.#heap[0].untilMs;
  }

  push(ban: Ban): void {
    const heap = this.#heap;
    let at = heap.push(ban) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].untilMs <= ban.untilMs) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = ban;
  }

  /** Takes those that end by `nowMs`. */
  takeUntil(nowMs: number): Ban[] {
    const taken: Ban[] = [];
    while (this.#heap.length > 0 && this.#heap[0].untilMs <= nowMs) taken.push(this.#pop());
    return taken;
  }

  #pop(): Ban {
    const heap = this.#heap;
    const top = heap[0];
    const moved = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].untilMs < heap[child].untilMs) child++;
      if (heap[child].untilMs >= moved.untilMs) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
    return top;
  }
}
