// A bounded map that forgets: by least recent use, least frequent use, or the adaptive mix of both (ARC), and by
// time. The clock is passed in with each call. Nothing here runs by itself; an expired entry goes when it is met.

import { ArcOrder } from './cache-arc.js';

export type CacheStrategy = 'LRU' | 'LFU' | 'ARC';

/** Which key has to go when a cache is full. Keeps the order of the keys, not their values. */
export interface CacheOrder<K> {
  /** Notes that a key present was read or written again. */
  touch(key: K): void;
  /** Notes a key that is new. When it has no room, returns the key that goes for it. */
  admit(key: K): K | undefined;
  /** Forgets a key without remembering that it was there. */
  drop(key: K): void;
}

interface Entry<V> {
  readonly value: V;
  /** Unix milliseconds; Infinity for never. */
  readonly expiresAtMs: number;
}

/** A cache of at most `sizeMax` entries. */
export class Cache<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #order: CacheOrder<K>;

  constructor(sizeMax: number, strategy: CacheStrategy = 'LRU') {
    if (!(sizeMax >= 1)) throw new TypeError(`a cache holds at least one entry, not ${sizeMax}`);
    this.#order = strategy === 'LRU' ? new LruOrder(sizeMax)
      : strategy === 'LFU' ? new LfuOrder(sizeMax) : new ArcOrder(sizeMax);
  }

  /** Entries held, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, or undefined when absent or expired at `nowMs`. */
  get(key: K, nowMs: number): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs <= nowMs) {
      this.delete(key);
      return undefined;
    }
    this.#order.touch(key);
    return entry.value;
  }

  /** Stores a value until `expiresAtMs`, and lets another key go when there is no room. */
  set(key: K, value: V, expiresAtMs = Infinity): void {
    if (this.#entries.has(key)) {
      this.#order.touch(key);
    } else {
      const evicted = this.#order.admit(key);
      if (evicted !== undefined) this.#entries.delete(evicted);
    }
    this.#entries.set(key, { value, expiresAtMs });
  }

  delete(key: K): void {
    if (this.#entries.delete(key)) this.#order.drop(key);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}

/** Least recently used goes first. A Set keeps the order of insertion, so the oldest is its first. */
class LruOrder<K> implements CacheOrder<K> {
  readonly #sizeMax: number;
  readonly #keys = new Set<K>();

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  touch(key: K): void {
    this.#keys.delete(key);
    this.#keys.add(key);
  }

  admit(key: K): K | undefined {
    const evicted = this.#keys.size >= this.#sizeMax ? takeFirst(this.#keys) : undefined;
    this.#keys.add(key);
    return evicted;
  }

  drop(key: K): void {
    this.#keys.delete(key);
  }
}

/** Least frequently used goes first; among equals the one whose last use is longest ago. */
class LfuOrder<K> implements CacheOrder<K> {
  readonly #sizeMax: number;
  readonly #uses = new Map<K, number>();
  readonly #keysByUses = new Map<number, Set<K>>();
  #fewest = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  touch(key: K): void {
    const uses = this.#uses.get(key)!;
    this.#leave(key, uses);
    this.#enter(key, uses + 1);
  }

  admit(key: K): K | undefined {
    let evicted: K | undefined;
    if (this.#uses.size >= this.#sizeMax) {
      evicted = this.#keysByUses.get(this.#leastUses())!.values().next().value as K;
      this.drop(evicted);
    }
    this.#enter(key, 0);
    this.#fewest = 0;
    return evicted;
  }

  drop(key: K): void {
    this.#leave(key, this.#uses.get(key)!);
    this.#uses.delete(key);
  }

  /** Counts only grow between evictions, so the search goes on where the last one ended. */
  #leastUses(): number {
    while (!this.#keysByUses.has(this.#fewest)) this.#fewest++;
    return this.#fewest;
  }

  #enter(key: K, uses: number): void {
    this.#uses.set(key, uses);
    const keys = this.#keysByUses.get(uses);
    if (keys === undefined) this.#keysByUses.set(uses, new Set([key]));
    else keys.add(key);
  }

  #leave(key: K, uses: number): void {
    const keys = this.#keysByUses.get(uses)!;
    keys.delete(key);
    if (keys.size === 0) this.#keysByUses.delete(uses);
  }
}

/** Removes and returns the oldest key of a set. */
export function takeFirst<K>(keys: Set<K>): K | undefined {
  for (const key of keys) {
    keys.delete(key);
    return key;
  }
  return undefined;
}
