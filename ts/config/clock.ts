// The wall clock of the commands. PALISADE_NOW (an instant, RFC3339) moves it, for replays of logs without a year and for
// tests; code below the apps gets the clock handed in and never reads one.

import { PalisadeError } from '../errors.js';

/** Milliseconds to add to Date.now(): 0, or what PALISADE_NOW asks for. Throws E_CONFIG when that is no instant. */
export function clockOffsetMs(environment: NodeJS.ProcessEnv = process.env): number {
  const text = environment['PALISADE_NOW'];
  if (text === undefined || text === '') return 0;
  const wanted = Date.parse(text);
  if (Number.isNaN(wanted)) {
    throw new PalisadeError('E_CONFIG', `PALISADE_NOW is "${text}", must be an instant like 2026-11-23T01:00:00Z`);
  }
  return wanted - Date.now();
}
