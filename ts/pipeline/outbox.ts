// Alerts on their way to the Local API: sent at once when no request is under way, what arrives meanwhile is the next
// batch. A replay, which no bouncer waits for, gathers them first: requests were a quarter of what its alerts cost. A batch that
// fails waits and is sent again; nothing is dropped before the outbox is full.

import type { Log } from '../config/log.js';
import { limits } from '../limits.js';
import type { Alert } from '../model/alert.js';
import { eventsLengthOf } from '../model/alert-events.js';

/** What sends alerts; rejects when the Local API did not take them. */
export type SendAlerts = (alerts: readonly Alert[]) => Promise<unknown>;

export interface OutboxOptions {
  readonly send: SendAlerts;
  readonly alertsMax: number;
  /** A full outbox makes `put` wait (replay), or drops the oldest alert and counts it (live). */
  readonly whenFull: 'wait' | 'drop-oldest';
  /** How long alerts wait for others before they are sent; 0, as by default, is not at all. */
  readonly gatherMs?: number;
  readonly log: Log;
  /** Waiting time before try n (from 1), milliseconds. */
  readonly retryMs?: (attempt: number) => number;
}

/** Gathered alerts that do not wait any longer. */
const gatheredMin = 32;

/** Doubles from 100 ms to 10 s. */
function backOff(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 10_000);
}

/** The waiting alerts of one engine. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: Alert[] = [];
  #sending = false;
  #draining = false;
  #closed = false;
  #gathering: NodeJS.Timeout | undefined;
  #dropped = 0;
  #listeners: (() => void)[] = [];
  #cancelPause: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Alerts not yet taken by the Local API. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes alerts; resolves at once, or when there is room again. */
  async put(alerts: readonly Alert[]): Promise<void> {
    const { alertsMax, whenFull } = this.#options;
    while (whenFull === 'wait' && this.#waiting.length >= alertsMax && !this.#closed) await this.#change();
    this.#waiting.push(...alerts);
    while (this.#waiting.length > alertsMax && whenFull === 'drop-oldest') {
      this.#waiting.shift();
      this.#dropped++;
    }
    this.#sendSoon();
  }

  /** Resolves with the alerts left when the outbox is empty or `timeoutMs` have passed. */
  async drain(timeoutMs: number): Promise<readonly Alert[]> {
    const timer = setTimeout(() => {
      this.#closed = true;
      this.#cancelPause?.();
      this.#wake();
    }, timeoutMs);
    this.#draining = true;
    void this.#send();
    while (this.#waiting.length > 0 && !this.#closed) await this.#change();
    clearTimeout(timer);
    this.#closed = true;
    return [...this.#waiting];
  }

  /** Whether what waits is sent now. */
  get #isDue(): boolean {
    const { gatherMs = 0, alertsMax } = this.#options;
    return this.#draining || gatherMs === 0 || this.#waiting.length >= Math.min(gatheredMin, alertsMax);
  }

  #sendSoon(): void {
    if (this.#isDue) return void this.#send();
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      void this.#send();
    }, this.#options.gatherMs);
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    for (let attempt = 1, more = true; more && this.#waiting.length > 0 && !this.#closed;) {
      const batch = this.#nextBatch();
      try {
        await this.#options.send(batch);
        // Dropping the oldest may have taken some of the batch away meanwhile.
        const taken = new Set(batch);
        while (this.#waiting.length > 0 && taken.has(this.#waiting[0])) this.#waiting.shift();
        attempt = 1;
        more = this.#isDue;
      } catch (error) {
        if (attempt === 1) {
          this.#options.log.error(`alerts wait, the Local API did not take them: ${(error as Error).message}`);
        }
        await this.#pause((this.#options.retryMs ?? backOff)(attempt++));
      }
      this.#wake();
    }
    this.#sending = false;
    if (this.#waiting.length > 0 && !this.#closed) this.#sendSoon();
  }

  /** The oldest alerts that may be sent at once, at least one. */
  #nextBatch(): Alert[] {
    const most = Math.min(this.#waiting.length, limits.outboxBatchAlertsMax);
    let length = eventsLengthOf(this.#waiting[0]);
    let count = 1;
    for (; count < most; count++) {
      length += eventsLengthOf(this.#waiting[count]);
      if (length > limits.outboxBatchCharsMax) break;
    }
    return this.#waiting.slice(0, count);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#cancelPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  #wake(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
