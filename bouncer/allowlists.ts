// The allowlists of the Local API, kept in memory for the never-ban list: read at the start, when they are said to have
// changed, and now and then. What is known stays while the Local API is away. CrowdSec's opens them to no bouncer.

import type { Log } from '../ts/config/log.js';
import type { AllowedItem } from './lapi-client.js';
import { bouncerLimits } from './limits.js';

export interface AllowlistsOptions {
  /** null: may not be read. Throws a PalisadeError. */
  readonly read: () => Promise<readonly AllowedItem[] | null>;
  readonly log: Log;
  readonly now: () => number;
  /** After each reading that changed something. */
  readonly onChange: () => void;
}

/** Entries of allowlists. */
export class Allowlists {
  readonly #options: AllowlistsOptions;
  #items: readonly AllowedItem[] = [];
  #reading: Promise<void> | null = null;
  #isStale = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: AllowlistsOptions) {
    this.#options = options;
  }

  /** Values of the entries that have not ended. */
  values(): string[] {
    const nowMs = this.#options.now();
    return this.#items.filter(({ value, expiration = '' }) => value !== undefined && !hasEnded(expiration, nowMs))
      .map(({ value }) => value!);
  }

  /** Reads them now, and again while one reading is under way: what it brings may be older than the news. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#read().finally(() => { this.#reading = null; });
    return this.#reading;
  }

  /** Reads them every so often. */
  start(): void {
    this.#timer = setInterval(() => void this.refresh(), bouncerLimits.allowlistIntervalMs);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { read, log, onChange } = this.#options;
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const items = await read() ?? [];
        const isNew = JSON.stringify(items) !== JSON.stringify(this.#items);
        this.#items = items;
        if (isNew) onChange();
      } catch (error) {
        log.debug(`allowlists: ${(error as Error).message}`);
      }
    }
  }
}

/** The year 1 is Go's way to say never. */
function hasEnded(expiration: string, nowMs: number): boolean {
  const endMs = Date.parse(expiration);
  return endMs <= nowMs && !expiration.startsWith('0001-');
}
