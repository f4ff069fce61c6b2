// Asks the Local API for changes, over and over, and puts them into the wanted state. When an answer was missed or cut,
// everything is asked for anew; what is known stays in force until an answer came whole.

import type { Log } from '../ts/config/log.js';
import { readBan, type Enforcement, type Refusal, type WireDecision } from './decision.js';
import type { StreamFilter } from './lapi-client.js';
import { bouncerLimits } from './limits.js';
import type { WantedState } from './state.js';
import type { StreamSink } from './stream-reader.js';

/** The part of the client that polling needs. */
export interface DecisionStream {
  readStream(isStartup: boolean, filter: StreamFilter, sink: StreamSink, signal?: AbortSignal): Promise<void>;
}

export interface PollerOptions {
  readonly stream: DecisionStream;
  readonly state: WantedState;
  readonly enforcement: Enforcement;
  readonly filter: StreamFilter;
  readonly intervalMs: number;
  readonly log: Log;
  readonly now: () => number;
  /** After each piece of an answer. */
  readonly onChange: () => void;
  /** After each answer with everything. */
  readonly onWhole: () => void;
}

/** Requests and decisions, counted. */
export interface PollCounts {
  requests: number;
  failures: number;
  readonly refused: Map<Refusal, number>;
}

/** One Local API, polled. */
export class Poller {
  readonly counts: PollCounts = { requests: 0, failures: 0, refused: new Map() };
  readonly #options: PollerOptions;
  readonly #abort = new AbortController();
  #needsAll = true;
  #isFailing = false;
  #wake = (): void => {};

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Polls until stopped. */
  async run(): Promise<void> {
    const { intervalMs } = this.#options;
    while (!this.#abort.signal.aborted) {
      const isWhole = await this.pollOnce();
      await this.#pause(isWhole ? intervalMs : Math.min(intervalMs, bouncerLimits.pollRetryMs));
    }
  }

  /** One request; resolves to whether its answer came whole. */
  async pollOnce(): Promise<boolean> {
    const { stream, filter, log } = this.#options;
    const isStartup = this.#needsAll;
    const seen = isStartup ? new Set<number>() : null;
    this.counts.requests++;
    // Until this answer is whole nobody knows what the Local API takes for told.
    this.#needsAll = true;
    try {
      await stream.readStream(isStartup, filter, this.#sink(seen), this.#abort.signal);
    } catch (error) {
      if (this.#abort.signal.aborted) return false;
      this.counts.failures++;
      if (!this.#isFailing) log.error(`${(error as Error).message}; bans stay as they are until it answers`);
      this.#isFailing = true;
      return false;
    }
    if (this.#isFailing) log.info('the Local API answers again');
    this.#isFailing = false;
    this.#needsAll = false;
    if (seen !== null) this.#sweep(seen);
    this.#options.onChange();
    return true;
  }

  stop(): void {
    this.#abort.abort();
    this.#wake();
  }

  #sink(seen: Set<number> | null): StreamSink {
    const { state, enforcement, now, onChange } = this.#options;
    const { refused } = this.counts;
    return {
      added(decisions: readonly WireDecision[]): void {
        const nowMs = now();
        for (const decision of decisions) {
          const ban = readBan(decision, enforcement, nowMs);
          if (typeof ban === 'string') {
            refused.set(ban, (refused.get(ban) ?? 0) + 1);
            continue;
          }
          state.add(ban);
          seen?.add(ban.id);
        }
        if (decisions.length > 0) onChange();
      },
      deleted(decisions: readonly WireDecision[]): void {
        for (const { id } of decisions) if (id !== undefined && seen?.has(id) !== true) state.remove(id);
      },
    };
  }

  /** What a whole answer does not name is over. */
  #sweep(seen: ReadonlySet<number>): void {
    const { state, onWhole } = this.#options;
    for (const id of [...state.ids]) if (!seen.has(id)) state.remove(id);
    onWhole();
  }

  #pause(ms: number): Promise<void> {
    if (this.#abort.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
