// Who goes first: alerts on their way into the database, and whoever waits for SQLite's write lock, before imports and lists, which
// are written and read slice by slice. Known to all threads of this process. SQLite has no queue, and who writes slice after
// slice would leave its lock to nobody.

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';

/** Bytes that the threads of a process share, zero at first. */
export const precedenceBytes = 8;

/** The place of those who go first, of one database. */
export class Precedence {
  /** When somebody took it last; 0: nobody has it. */
  readonly #sinceMs: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#sinceMs = new BigInt64Array(shared);
  }

  /** One who took it and did not come back is soon forgotten. */
  get isTaken(): boolean {
    return BigInt(Date.now()) - Atomics.load(this.#sinceMs, 0) < lapiLimits.precedenceMsMax;
  }

  /** Takes it, or goes on having it. */
  take(): void {
    Atomics.store(this.#sinceMs, 0, BigInt(Date.now()));
  }

  /** Leaves it, for all who took it: that two have it at once is rare, and no more than a matter of milliseconds. */
  leave(): void {
    Atomics.store(this.#sinceMs, 0, 0n);
  }

  /** Has it while something is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.take();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Between two slices: others of this thread get their turn, and those who go first theirs, though not for ever. */
  async giveWay(): Promise<void> {
    await setImmediate();
    for (const untilMs = Date.now() + lapiLimits.giveWayMsMax; this.isTaken && Date.now() < untilMs;) await sleep(1);
  }
}
