// The first login of an engine: the Local API may still be starting, so it is tried again for a while. A refusal
// (wrong password, machine not validated) is final at once.

import { setTimeout } from 'node:timers/promises';
import { UnreachableError } from './transport.js';

/** How often and how patiently to try. */
export interface LoginPatience {
  /** Tries in all. */
  readonly attemptsMax?: number;
  /** Waiting time after try n (from 1), milliseconds. */
  readonly pauseMs?: (attempt: number) => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const defaultAttemptsMax = 10;

/** Doubles from 100 ms to 10 s. */
function backOff(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 10_000);
}

/** Logs a client in, patiently. Throws ApiError at once, UnreachableError after the last try. */
export async function logInPatiently(client: { authenticate(): Promise<void> },
  patience: LoginPatience = {}): Promise<void> {
  const { attemptsMax = defaultAttemptsMax, pauseMs = backOff, sleep = setTimeout } = patience;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.authenticate();
      return;
    } catch (error) {
      if (!(error instanceof UnreachableError) || attempt >= attemptsMax) throw error;
      await sleep(pauseMs(attempt));
    }
  }
}
