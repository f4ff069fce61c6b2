// Times of the database as cscli shows them: RFC3339 in lists and JSON, Go's own form in sheets.

import { GoTime } from '../../ts/util/go-time.js';

/** `2026-11-23T01:48:47Z`, or '' for a time that never was. */
export function secondsText(time: GoTime): string {
  return time.isZero ? '' : new GoTime(time.seconds, 0).toRfc3339Nano();
}

/** With nanoseconds, or null for a time that never was. */
export function exactText(time: GoTime): string | null {
  return time.isZero ? null : time.toRfc3339Nano();
}

/** `2026-11-23 01:48:34.985015745 +0000 UTC`. */
export function sheetText(time: GoTime): string {
  return time.isZero ? '' : time.toString();
}
