// How instants and booleans stand in SQLite's columns: the text that CrowdSec's driver writes, and 0 or 1.
// That text sorts like the instants, so SQL compares it as it stands. PostgreSQL takes the same texts and numbers for its
// own types and its dialect reads instants back as such text.

import { goLayouts, parseGoTime } from '../../ts/util/go-layout.js';
import { GoTime } from '../../ts/util/go-time.js';

/** The last second that four-digit years can show; later ends of decisions are cut to it. */
const secondsMax = 253_402_300_799;

/** Returns the text of a time column. */
export function toColumn(time: GoTime): string {
  const utc = time.seconds > secondsMax ? new GoTime(secondsMax, 0) : time.toUtc();
  return utc.toString().replace(' +0000 UTC', '+00:00');
}

/** An RFC3339 text in UTC whose day every month has: what machines send, but for the ends of months. */
const usualText = /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]))T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?Z$/;

/** Returns the time column of an RFC3339 text, or null when it is none: as toColumn of parseRfc3339, mostly without either. */
export function rfc3339ToColumn(text: string): string | null {
  const usual = usualText.exec(text);
  if (usual === null) {
    const time = parseRfc3339(text);
    return time === null ? null : toColumn(time);
  }
  const fraction = usual[3] === undefined ? '' : `.${usual[3]}`.replace(/\.?0+$/, '');
  return `${usual[1]} ${usual[2]}${fraction}+00:00`;
}

/** Reads a time column as any of CrowdSec's SQLite drivers wrote it; GoTime.zero when it is empty or unreadable. */
export function fromColumn(text: string | null): GoTime {
  if (text === null) return GoTime.zero;
  // Our own form first: it is read for every row of a stream.
  if (text.charCodeAt(10) === 32 && text.endsWith('+00:00')) {
    const ms = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`);
    const fraction = text.slice(20, -6);
    if (!Number.isNaN(ms) && (fraction === '' || /^\d{1,9}$/.test(fraction))) {
      return new GoTime(ms / 1000, fraction === '' ? 0 : Number(fraction.padEnd(9, '0')));
    }
  }
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?/.exec(text);
  if (match === null) return GoTime.zero;
  const zone = match[3] === undefined || match[3] === 'Z' ? 'Z' : `${match[3].slice(0, 3)}:${match[3].slice(-2)}`;
  return parseRfc3339(`${match[1]}T${match[2]}${zone}`) ?? GoTime.zero;
}

/** Returns the UTC instant of an RFC3339 text, or null when it is none. */
export function parseRfc3339(text: string): GoTime | null {
  return parseGoTime(goLayouts.rfc3339, text)?.toUtc() ?? null;
}

/** RFC3339 in milliseconds, UTC: how allowlists show their times. */
export function rfc3339Millis(time: GoTime): string {
  const stem = time.toUtc().toRfc3339().slice(0, -1);
  return `${stem}.${String(Math.floor(time.nanos / 1e6)).padStart(3, '0')}Z`;
}
