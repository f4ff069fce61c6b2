// The order of an adaptive replacement cache (Megiddo and Modha, 2003): keys seen once and keys seen again share the
// room, and how they share it follows from which of the keys lately let go are asked for again.

import { type CacheOrder, takeFirst } from './cache.js';

/** Keeps the order of the keys of one cache. */
export class ArcOrder<K> implements CacheOrder<K> {
  readonly #sizeMax: number;
  /** Keys present, seen once and seen at least twice, oldest first. */
  readonly #once = new Set<K>();
  readonly #again = new Set<K>();
  /** Keys let go from either, remembered without their values. */
  readonly #onceGone = new Set<K>();
  readonly #againGone = new Set<K>();
  /** How many of the keys seen once there should be. */
  #onceTarget = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  touch(key: K): void {
    this.#once.delete(key);
    this.#again.delete(key);
    this.#again.add(key);
  }

  admit(key: K): K | undefined {
    if (this.#onceGone.has(key)) return this.#readmit(key, this.#onceGone, this.#againGone, 1);
    if (this.#againGone.has(key)) return this.#readmit(key, this.#againGone, this.#onceGone, -1);
    const evicted = this.#isFull ? this.#letGo(false) : undefined;
    this.#trimGone();
    this.#once.add(key);
    return evicted;
  }

  drop(key: K): void {
    this.#once.delete(key);
    this.#again.delete(key);
  }

  get #isFull(): boolean {
    return this.#once.size + this.#again.size >= this.#sizeMax;
  }

  /** A key let go too early: its side gets more room, and it counts as seen again. */
  #readmit(key: K, gone: Set<K>, otherGone: Set<K>, direction: 1 | -1): K | undefined {
    const step = Math.max(1, Math.floor(otherGone.size / gone.size)) * direction;
    this.#onceTarget = Math.min(this.#sizeMax, Math.max(0, this.#onceTarget + step));
    const evicted = this.#isFull ? this.#letGo(direction === -1) : undefined;
    gone.delete(key);
    this.#again.add(key);
    return evicted;
  }

  #letGo(wasAgain: boolean): K {
    const overTarget = this.#once.size > this.#onceTarget || (wasAgain && this.#once.size === this.#onceTarget);
    const fromOnce = this.#again.size === 0 || (this.#once.size > 0 && overTarget);
    const key = takeFirst(fromOnce ? this.#once : this.#again)!;
    (fromOnce ? this.#onceGone : this.#againGone).add(key);
    return key;
  }

  /** Remembers at most as many keys that are gone as the cache has room for, on each side. */
  #trimGone(): void {
    while (this.#once.size + this.#onceGone.size >= this.#sizeMax && this.#onceGone.size > 0) takeFirst(this.#onceGone);
    while (this.#againGone.size > this.#sizeMax) takeFirst(this.#againGone);
  }
}
