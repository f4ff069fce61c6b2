// Fast readers for the commonest shapes of dates: RFC 3339 and its likes, the common log format of web servers, syslog.
// Each takes only the plain spelling, without leniency; anything else is null and goes to the layouts. Every line
// has a date, so these are worth their length.

import { daysFromCivil, daysInMonth, GoTime } from '../util/go-time.js';
import { localZoneAt } from '../util/local-zone.js';

const monthOf: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  Jan: 1, Feb: 2, Mar: 3, Apr: 4, May: 5, Jun: 6, Jul: 7, Aug: 8, Sep: 9, Oct: 10, Nov: 11, Dec: 12,
});

/** The time of a text of one of these shapes, else null. Syslog dates come in year 0, as from their layout. */
export function readCommonShape(text: string): GoTime | null {
  const { length } = text;
  const third = text.charCodeAt(2);
  if (third === slash && length === 26) return readCommonLog(text);
  const fifth = text.charCodeAt(4);
  if (length >= 19 && (fifth === dash || fifth === slash)) return readYearFirst(text, fifth);
  // "Jan  2 15:04:05" or "Jan 2 15:04:05"; two digits of the day leave one space.
  return length === 15 || length === 14 ? readSyslog(text) : null;
}

const slash = 0x2f;
const dash = 0x2d;
const colon = 0x3a;
const space = 0x20;
const point = 0x2e;
const letterT = 0x54;

/** `02/Jan/2006:15:04:05 -0700` */
function readCommonLog(text: string): GoTime | null {
  const month = monthOf[text.slice(3, 6)] ?? 0;
  if (text.charCodeAt(6) !== slash || text.charCodeAt(11) !== colon || text.charCodeAt(20) !== space) return null;
  const day = twoDigits(text, 0);
  const year = fourDigits(text, 7);
  const clock = readClock(text, 12);
  const offset = readOffset(text, 21, 24);
  if (Number.isNaN(day + year + clock + offset)) return null;
  return assemble(year, month, day, clock, 0, offset, false);
}

/**
 * `2006-01-02T15:04:05Z` with a fraction of up to nine digits and an offset `+07:00`; without a zone also with a space
 * for the T, and then with slashes for the dashes.
 */
function readYearFirst(text: string, separator: number): GoTime | null {
  const middle = text.charCodeAt(10);
  if (text.charCodeAt(7) !== separator || (middle !== space && (middle !== letterT || separator === slash))) return null;
  const year = fourDigits(text, 0);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const clock = readClock(text, 11);
  const fractionEnd = text.charCodeAt(19) === point ? digitsEnd(text, 20) : 19;
  // A point without digits, or more of them than nanoseconds have, is for the layouts to judge.
  if (fractionEnd === 20 || fractionEnd > 29) return null;
  const nanos = fractionEnd === 19 ? 0 : Number(text.slice(20, fractionEnd)) * 10 ** (29 - fractionEnd);
  const isUtc = fractionEnd === text.length || (middle === letterT && text[fractionEnd] === 'Z'
    && text.length === fractionEnd + 1);
  const offset = isUtc ? 0 : middle === letterT ? readColonOffset(text, fractionEnd) : NaN;
  if (Number.isNaN(year + month + day + clock + offset)) return null;
  return assemble(year, month, day, clock, nanos, offset, isUtc);
}

/** `Jan  2 15:04:05`: a month, a day of one or two digits after one or two spaces, a time. */
function readSyslog(text: string): GoTime | null {
  const clockAt = text.length - 8;
  const month = monthOf[text.slice(0, 3)] ?? 0;
  if (text.charCodeAt(3) !== space || text.charCodeAt(clockAt - 1) !== space) return null;
  const beforeDay = text.charCodeAt(clockAt - 3);
  const oneDigit = beforeDay === space;
  // 14 characters leave room for one space and one digit, 15 for one more of either.
  if (text.length === 14 ? clockAt - 3 !== 3 : !oneDigit && !isDigit(beforeDay)) return null;
  const day = oneDigit ? oneDigitAt(text, clockAt - 2) : twoDigits(text, clockAt - 3);
  const clock = readClock(text, clockAt);
  if (Number.isNaN(day + clock)) return null;
  return assemble(0, month, day, clock, 0, 0, true);
}

function assemble(year: number, month: number, day: number, clock: number, nanos: number, offset: number,
  isUtc: boolean): GoTime | null {
  if (month < 1 || month > 12 || day < 1 || day > 31 || (day > 28 && day > daysInMonth(year, month))) return null;
  const seconds = daysFromCivil(year, month, day) * 86_400 + clock - offset;
  if (isUtc) return new GoTime(seconds, nanos);
  const local = localZoneAt(seconds);
  return new GoTime(seconds, nanos, offset, local.offsetSeconds === offset ? local.name : '');
}

/** Seconds of the day of `15:04:05`; NaN when a part is no number or out of range. */
function readClock(text: string, at: number): number {
  if (text.charCodeAt(at + 2) !== colon || text.charCodeAt(at + 5) !== colon) return NaN;
  const hour = twoDigits(text, at);
  const minute = twoDigits(text, at + 3);
  const second = twoDigits(text, at + 6);
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : NaN;
}

/** Seconds east of UTC of a sign, two digits of hours and, at `minutesAt`, two of minutes. */
function readOffset(text: string, signAt: number, minutesAt: number): number {
  const sign = text[signAt];
  const hours = twoDigits(text, signAt + 1);
  const minutes = twoDigits(text, minutesAt);
  if ((sign !== '+' && sign !== '-') || !(hours <= 24) || !(minutes <= 60)) return NaN;
  const offset = hours * 3600 + minutes * 60;
  return sign === '-' ? 0 - offset : offset;
}

/** `+07:00` at the end of a text; NaN for anything else. */
function readColonOffset(text: string, at: number): number {
  return text.length === at + 6 && text.charCodeAt(at + 3) === colon ? readOffset(text, at, at + 4) : NaN;
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function fourDigits(text: string, at: number): number {
  return twoDigits(text, at) * 100 + twoDigits(text, at + 2);
}

function twoDigits(text: string, at: number): number {
  return oneDigitAt(text, at) * 10 + oneDigitAt(text, at + 1);
}

function oneDigitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return isDigit(code) ? code - 48 : NaN;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
