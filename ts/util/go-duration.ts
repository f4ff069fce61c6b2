// Go durations as numbers of nanoseconds: their text form, its grammar, and CrowdSec's extension with days.
// Whole seconds are exact for centuries (they are multiples of 512 ns), odd nanoseconds up to 104 days.

import { PalisadeError } from '../errors.js';
import { goQuote } from './go-quote.js';

/** Nanoseconds of a unit. */
export const nanosecondsPer = {
  microsecond: 1e3,
  millisecond: 1e6,
  second: 1e9,
  minute: 60e9,
  hour: 3600e9,
  day: 86_400e9,
} as const;

/** A text is not a duration. The message is the one Go or CrowdSec gives. */
export class DurationError extends PalisadeError {
  constructor(message: string) {
    super('E_SHAPE', message);
    this.name = 'DurationError';
  }
}

/** One more than Go's largest duration; the most negative one has this size. */
const durationLimit = 2n ** 63n;

const unitNs: Readonly<Record<string, number>> = {
  ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9,
};

/** Parses `1h30m`, `-1.5s`, `0`. Throws DurationError with Go's text. */
export function parseGoDuration(text: string): number {
  const fail = (what: string): DurationError => new DurationError(`time: ${what} ${byteQuote(text)}`);
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw fail('invalid duration');
  // Exact integers, because the limit lies where numbers have gaps.
  let total = 0n;
  while (rest !== '') {
    const number = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest)!;
    const [read, whole, fraction = ''] = number;
    if (whole === '' && fraction === '') throw fail('invalid duration');
    rest = rest.slice(read.length);
    const unit = /^[^.0-9]*/.exec(rest)![0];
    if (BigInt(whole || 0) > durationLimit) throw fail('invalid duration');
    if (unit === '') throw fail('missing unit in duration');
    const unitLength = Object.hasOwn(unitNs, unit) ? unitNs[unit] : 0;
    if (unitLength === 0) throw fail(`unknown unit ${byteQuote(unit)} in duration`);
    rest = rest.slice(unit.length);
    total += BigInt(whole || 0) * BigInt(unitLength) + BigInt(fractionNs(fraction, unitLength));
    if (total > durationLimit) throw fail('invalid duration');
  }
  if (text.startsWith('-')) return Number(-total);
  if (total === durationLimit) throw fail('invalid duration');
  return Number(total);
}

/** Parses a duration that may begin with whole days: `1d2h`, `-2d`. Throws DurationError with CrowdSec's text. */
export function parseDurationWithDays(text: string): number {
  if (text === '') throw new DurationError('empty duration string');
  const negative = text.startsWith('-');
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  const days = unsigned.indexOf('d');
  if (days < 0) return parseGoDuration(text);
  if (unsigned.includes('d', days + 1) || /[a-zµμ]/.test(unsigned.slice(0, days))) {
    throw new DurationError(`invalid duration ${goQuote(text)}: 'd' can appear only as the first unit`);
  }
  if (!/^[+-]?[0-9]+$/.test(unsigned.slice(0, days))) {
    throw new DurationError(`invalid day value in duration ${goQuote(text)}`);
  }
  const rest = unsigned.slice(days + 1);
  if (rest.startsWith('-')) throw new DurationError(`misplaced negative sign in duration ${goQuote(text)}`);
  const total = Number(unsigned.slice(0, days)) * nanosecondsPer.day + (rest === '' ? 0 : parseGoDuration(rest));
  return negative && total !== 0 ? -total : total;
}

/** Go's text of a duration: `1h0m0s`, `1.5s`, `500ms`, `0s`. */
export function formatGoDuration(durationNs: number): string {
  if (durationNs === 0) return '0s';
  const sign = durationNs < 0 ? '-' : '';
  const ns = Math.abs(durationNs);
  if (ns < 1e9) return sign + belowSecond(ns);
  let seconds = Math.floor(ns / 1e9);
  const fraction = ns - seconds * 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  seconds %= 60;
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${sign}${head}${decimal(seconds, fraction, 9)}s`;
}

/** Rounds to the nearest multiple of a unit, halves away from zero, as Go's Duration.Round. */
export function roundDuration(durationNs: number, unitNanoseconds: number): number {
  const rounded = Math.round(Math.abs(durationNs) / unitNanoseconds) * unitNanoseconds;
  return durationNs < 0 && rounded !== 0 ? -rounded : rounded;
}

/** Cuts to a multiple of a unit towards zero, as Go's Duration.Truncate. */
export function truncateDuration(durationNs: number, unitNanoseconds: number): number {
  const cut = Math.trunc(durationNs / unitNanoseconds) * unitNanoseconds;
  return cut === 0 ? 0 : cut;
}

/** Nanoseconds of decimals of a unit, cut towards zero. Digits beyond what 63 bits hold do not count, as in Go. */
function fractionNs(digits: string, unitLength: number): number {
  let value = 0n;
  let scale = 1;
  for (const digit of digits.slice(0, 19)) {
    const next = value * 10n + BigInt(digit);
    if (next > durationLimit) break;
    value = next;
    scale *= 10;
  }
  return Math.floor(Number(value) * (unitLength / scale));
}

/** How Go's time package quotes: bytes that are not plain ASCII as \xNN. */
function byteQuote(text: string): string {
  const shown = Array.from(Buffer.from(text, 'utf8'), (byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, '0')}`;
    return byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  });
  return `"${shown.join('')}"`;
}

function belowSecond(ns: number): string {
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${decimal(Math.floor(ns / 1e3), ns % 1e3, 3)}µs`;
  return `${decimal(Math.floor(ns / 1e6), ns % 1e6, 6)}ms`;
}

function decimal(whole: number, fraction: number, digits: number): string {
  const text = String(Math.floor(fraction)).padStart(digits, '0').replace(/0+$/, '');
  return text === '' ? String(whole) : `${whole}.${text}`;
}
