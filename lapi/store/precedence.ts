// Who goes first: alerts on their way into the database, and whoever waits for SQLite's write lock, before imports and lists, which
// are written and read slice by slice; and the reader of the change log before those who write what it is to read. Known to all threads
// of this process. SQLite has no queue, and who writes slice after slice would leave its lock to nobody.

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';

/** Bytes that the threads of a process share, zero at first. */
export const precedenceBytes = 24;

/** The place of those who go first, of one database. */
export class Precedence {
  /** When somebody took it last; 0: nobody has it. */
  readonly #sinceMs: BigInt64Array;
  /** The decision that the reader of the change log has come to; 0: it is not reading. */
  readonly #readTo: BigInt64Array;
  /** As `#sinceMs`, also after it was left. */
  readonly #lastMs: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#sinceMs = new BigInt64Array(shared, 0, 1);
    this.#readTo = new BigInt64Array(shared, 8, 1);
    this.#lastMs = new BigInt64Array(shared, 16, 1);
  }

  /** One who took it and did not come back is soon forgotten. */
  get isTaken(): boolean {
    return BigInt(Date.now()) - Atomics.load(this.#sinceMs, 0) < lapiLimits.precedenceMsMax;
  }

  /** Takes it, or goes on having it. */
  take(): void {
    const nowMs = BigInt(Date.now());
    Atomics.store(this.#sinceMs, 0, nowMs);
    Atomics.store(this.#lastMs, 0, nowMs);
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

  /** The reader of the change log has come to a decision of an import, and goes on; 0: it does not. */
  noteReadTo(id: number): void {
    Atomics.store(this.#readTo, 0, BigInt(id));
  }

  /**
   * Before further slices are written: waits until the reader is near the last decision that was, then as `giveWay`. A ban that is written then
   * has few slices before it in the log; and those that were handed over are read before they are forgotten. Nobody waits for one who does not move.
   */
  async giveWayToReader(written: number): Promise<void> {
    let at = -1;
    for (let untilMs = 0; ;) {
      const readTo = Number(Atomics.load(this.#readTo, 0));
      if (readTo === 0 || written - readTo <= lapiLimits.unreadRowsMax) break;
      if (readTo !== at) untilMs = Date.now() + lapiLimits.giveWayMsMax;
      else if (Date.now() >= untilMs) break;
      at = readTo;
      await sleep(1);
    }
    await this.giveWay();
  }

  /**
   * After so many milliseconds of an import: does nothing for twice as long, if somebody went first lately. Where there are attacks the next ban is on its way,
   * through processes that wait for a processor as long as the import leaves them none.
   */
  async rest(workedMs: number): Promise<void> {
    if (BigInt(Date.now()) - Atomics.load(this.#lastMs, 0) >= lapiLimits.attackMsMax) return;
    await sleep(Math.min(2 * workedMs, lapiLimits.restMsMax));
  }

  /** Between two slices: others of this thread get their turn, and those who go first theirs, though not for ever. */
  async giveWay(): Promise<void> {
    await setImmediate();
    for (const untilMs = Date.now() + lapiLimits.giveWayMsMax; this.isTaken && Date.now() < untilMs;) await sleep(1);
  }
}
