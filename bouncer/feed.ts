// Where decisions come from: the open stream of changes where the Local API has one, polling elsewhere and while the
// stream has no room. Owns the loop, its pauses and the messages about a Local API that is away.

import type { Log } from '../ts/config/log.js';
import { bouncerLimits } from './limits.js';
import type { Follower, Refused } from './follow.js';
import type { Poller } from './poll.js';

export interface FeedOptions {
  readonly poller: Poller;
  /** null: polls only. */
  readonly follower: Follower | null;
  readonly pollIntervalMs: number;
  readonly log: Log;
  readonly now: () => number;
}

const muteMax = 2;

/** The source of decisions of one bouncer. */
export class Feed {
  /** Requests to the Local API, and those that failed. */
  readonly counts = { requests: 0, failures: 0 };
  readonly #options: FeedOptions;
  readonly #abort = new AbortController();
  #isFailing = false;
  #hasSaidPolling = false;
  /** Streams in a row that were opened and brought nothing, as behind a proxy that waits for the end of an answer. */
  #mute = 0;
  #wake = (): void => {};

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Goes on until stopped. */
  async run(): Promise<void> {
    const { follower } = this.#options;
    let retryMs = 0;
    while (!this.#isStopped) {
      const pollMs = follower === null ? Infinity : await this.#follow(follower);
      if (pollMs > 0) await this.#pollFor(pollMs);
      else if (!this.#isStopped) {
        const isNew = follower?.hasEvents === true;
        retryMs = isNew ? bouncerLimits.followRetryMs
          : Math.min(2 * Math.max(retryMs, bouncerLimits.followRetryMs), bouncerLimits.followRetryMsMax);
        await this.#pause(retryMs);
      }
    }
  }

  stop(): void {
    this.#abort.abort();
    this.#wake();
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** One connection; resolves to for how long to poll instead of trying again. */
  async #follow(follower: Follower): Promise<number> {
    this.counts.requests++;
    try {
      const refused = await follower.follow(this.#abort.signal);
      if (refused !== null) return this.#instead(refused);
      if (follower.hasEvents) this.#succeed();
    } catch (error) {
      if (follower.hasEvents) this.#succeed();
      this.#fail(error as Error);
    }
    if (follower.hasEvents) {
      this.#mute = 0;
      // While a stream is open, the Local API takes for told what went over it.
      this.#options.poller.restart();
    } else if (follower.isOpen && ++this.#mute >= muteMax) {
      this.#mute = 0;
      return this.#say('its stream of changes does not come through', bouncerLimits.streamLookIntervalMs);
    }
    return 0;
  }

  #instead({ status, retryAfterMs }: Refused): number {
    if (status === 404 || status === 405) {
      return this.#say('the Local API has no stream of changes', bouncerLimits.streamLookIntervalMs);
    }
    if (status === 503) return this.#say('the Local API has no room for another stream', retryAfterMs);
    this.#fail(new Error(`the Local API answered ${status} to a bouncer${status === 403 ? ': is api_key right?' : ''}`));
    return 0;
  }

  /** Said once; comes back to `ms`. */
  #say(what: string, ms: number): number {
    const { log, pollIntervalMs } = this.#options;
    if (!this.#hasSaidPolling) log.info(`${what}: asking every ${pollIntervalMs / 1000} s`);
    this.#hasSaidPolling = true;
    return ms;
  }

  async #pollFor(ms: number): Promise<void> {
    const { poller, pollIntervalMs, now } = this.#options;
    const untilMs = now() + ms;
    while (!this.#isStopped && now() < untilMs) {
      this.counts.requests++;
      try {
        await poller.poll(this.#abort.signal);
        this.#succeed();
        await this.#pause(pollIntervalMs);
      } catch (error) {
        this.#fail(error as Error);
        await this.#pause(Math.min(pollIntervalMs, bouncerLimits.pollRetryMs));
      }
    }
  }

  #fail(error: Error): void {
    if (this.#isStopped) return;
    this.counts.failures++;
    if (!this.#isFailing) this.#options.log.error(`${error.message}; bans stay as they are until it answers`);
    this.#isFailing = true;
  }

  #succeed(): void {
    if (this.#isFailing) this.#options.log.info('the Local API answers again');
    this.#isFailing = false;
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
