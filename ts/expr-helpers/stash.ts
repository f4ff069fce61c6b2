// Stashes: named, bounded caches of strings that parsers fill and expressions read. Entries live by the wall clock, in
// a replay too, as in CrowdSec.

import { Cache, type CacheStrategy } from '../util/cache.js';

/** How a parser declares a stash. */
export interface StashSpec {
  readonly name: string;
  /** Entries it holds; the least useful one goes for a new one. */
  readonly sizeMax: number;
  /** Nanoseconds an entry lives when its writer sets no time of its own. */
  readonly ttlNs: number;
  readonly strategy: CacheStrategy;
}

/** All stashes of a runtime. */
export class StashStore {
  readonly #nowMs: () => number;
  readonly #stashes: { readonly spec: StashSpec; readonly cache: Cache<string, string> }[] = [];

  /** `nowMs` is the wall clock in Unix milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Makes a stash. A name declared twice has two of them: writes go to both, reads see the first. */
  declare(spec: StashSpec): void {
    this.#stashes.push({ spec, cache: new Cache(spec.sizeMax, spec.strategy) });
  }

  has(name: string): boolean {
    return this.#stashes.some(({ spec }) => spec.name === name);
  }

  /** Stores a value; without a time to live of its own the stash's applies. An unknown name stores nothing. */
  set(name: string, key: string, value: string, ttlNs: number | null = null): void {
    for (const { spec, cache } of this.#stashes) {
      if (spec.name === name) cache.set(key, value, this.#nowMs() + (ttlNs ?? spec.ttlNs) / 1e6);
    }
  }

  /** The value of a key, '' when the name or key is unknown or the entry expired. */
  get(name: string, key: string): string {
    const stash = this.#stashes.find(({ spec }) => spec.name === name);
    return stash?.cache.get(key, this.#nowMs()) ?? '';
  }

  /** Entries of each stash, for metrics. */
  sizes(): { readonly name: string; readonly strategy: CacheStrategy; readonly size: number }[] {
    return this.#stashes.map(({ spec, cache }) => ({ name: spec.name, strategy: spec.strategy, size: cache.size }));
  }
}
