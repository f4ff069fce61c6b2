// Tells those who wait when decisions changed or ended, whoever changed them: looks at the database in short intervals
// while somebody waits, and at once when it is woken. What changed they ask decision-delta.ts.

import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import type { DecisionFollower, Followed } from './decision-follower.js';

/** Those who wait for the decisions of a database. */
export class DecisionWatch {
  readonly #follower: DecisionFollower;
  readonly #now: () => GoTime;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  /** Woken while it was looking: what woke it may have come too late for that look. */
  #isBehind = false;
  #seen: { readonly position: unknown; readonly at: GoTime } | null = null;

  constructor(follower: DecisionFollower, now: () => GoTime) {
    this.#follower = follower;
    this.#now = now;
  }

  /** Calls `listener` soon after every change. Returns a function that ends this. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.wake();
    return () => { this.#listeners.delete(listener); };
  }

  /** Looks now. */
  wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isLooking) this.#isBehind = true;
    else void this.#look();
  }

  /** Nobody is called any more. */
  close(): void {
    this.#listeners.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Tells those who wait what the follower knows by now, should it be news. */
  tell(): void {
    const followed = this.#follower.known;
    if (followed !== null && this.#hasNews(followed)) for (const listener of [...this.#listeners]) listener();
  }

  async #look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    this.#isLooking = true;
    let isAway = false;
    try {
      await this.#follower.current();
      this.tell();
    } catch {
      // Requests say so in the log. Whoever waits hears of it when the database is back.
      isAway = true;
    }
    this.#isLooking = false;
    if (this.#listeners.size === 0) return;
    const hasMore = this.#isBehind || this.#follower.isBehind;
    this.#isBehind = false;
    // Others get their turn while an import goes on; a database that is away is not asked without a pause.
    this.#timer = setTimeout(() => this.wake(), hasMore && !isAway ? 0 : lapiLimits.watchIntervalMs);
  }

  #hasNews({ index, journal }: Followed): boolean {
    const now = this.#now();
    const before = this.#seen;
    this.#seen = { position: journal.position, at: now };
    return before === null || before.position !== journal.position
      || index.endedBetween(before.at, now)?.length !== 0;
  }
}
