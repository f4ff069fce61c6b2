// An instant with nanoseconds and a zone offset, with the text forms of Go's time package that CrowdSec shows.
// Two plain numbers, no BigInt: seconds since 1970 and nanoseconds within the second. Layouts: go-layout.ts.

import { localZoneAt } from './local-zone.js';

/** English names, January first. */
export const monthNames: readonly string[] = ['January', 'February', 'March', 'April', 'May', 'June', 'July',
  'August', 'September', 'October', 'November', 'December'];
/** English names, Sunday first. */
export const weekdayNames: readonly string[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday',
  'Saturday'];

/** A day of the proleptic Gregorian calendar; months count from 1. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** An instant, and the zone whose clocks its text forms show. Immutable. */
export class GoTime {
  /** Go's zero time prints as 0001-01-01T00:00:00Z; here it marks "not set". */
  static readonly zero = new GoTime(-62_135_596_800, 0);

  constructor(
    /** Whole seconds since 1970-01-01T00:00:00Z, may be negative. */
    readonly seconds: number,
    /** 0 to 999,999,999. */
    readonly nanos: number,
    /** Seconds east of UTC that the text forms show. */
    readonly offsetSeconds = 0,
    /** Zone abbreviation for Go's String() form; '' prints the offset twice as Go does. */
    readonly zone = 'UTC',
  ) {}

  static fromMs(ms: number): GoTime {
    const seconds = Math.floor(ms / 1000);
    return new GoTime(seconds, Math.round((ms - seconds * 1000) * 1e6));
  }

  /** The instant that clocks at `offsetSeconds` show as this date and time. Fields out of range carry over, as in Go. */
  static civil(date: CivilDate, secondOfDay = 0, nanos = 0, offsetSeconds = 0, zone = 'UTC'): GoTime {
    const days = daysFromCivil(date.year, date.month, date.day);
    return new GoTime(days * 86_400 + secondOfDay - offsetSeconds, nanos, offsetSeconds, zone);
  }

  get isZero(): boolean {
    return this.seconds === GoTime.zero.seconds && this.nanos === 0;
  }

  /** Milliseconds since 1970, with the rest as a fraction as far as a number can hold it. */
  get unixMs(): number {
    return this.seconds * 1000 + this.nanos / 1e6;
  }

  get year(): number {
    return this.date.year;
  }

  /** 1 to 12. */
  get month(): number {
    return this.date.month;
  }

  get day(): number {
    return this.date.day;
  }

  get date(): CivilDate {
    return civilFromDays(Math.floor((this.seconds + this.offsetSeconds) / 86_400));
  }

  get hour(): number {
    return Math.floor(this.#secondOfDay / 3600);
  }

  get minute(): number {
    return Math.floor(this.#secondOfDay / 60) % 60;
  }

  get second(): number {
    return this.#secondOfDay % 60;
  }

  /** 0 is Sunday. */
  get weekday(): number {
    return floorMod(Math.floor((this.seconds + this.offsetSeconds) / 86_400) + 4, 7);
  }

  /** 1 to 366. */
  get yearDay(): number {
    const days = Math.floor((this.seconds + this.offsetSeconds) / 86_400);
    return days - daysFromCivil(this.year, 1, 1) + 1;
  }

  get #secondOfDay(): number {
    return floorMod(this.seconds + this.offsetSeconds, 86_400);
  }

  /** Nanoseconds from `other` to this; exact up to 104 days, rounded beyond. */
  since(other: GoTime): number {
    return (this.seconds - other.seconds) * 1e9 + (this.nanos - other.nanos);
  }

  /** Negative, zero or positive as this is before, at or after `other`, whatever their zones. */
  compare(other: GoTime): number {
    return this.seconds - other.seconds || this.nanos - other.nanos;
  }

  /** This instant moved by a number of nanoseconds, in the same zone. */
  add(durationNs: number): GoTime {
    const whole = Math.floor(durationNs / 1e9);
    const nanos = this.nanos + (durationNs - whole * 1e9);
    const carry = nanos >= 1e9 ? 1 : 0;
    return new GoTime(this.seconds + whole + carry, nanos - carry * 1e9, this.offsetSeconds, this.zone);
  }

  /** The same instant as clocks at UTC show it. */
  toUtc(): GoTime {
    return this.offsetSeconds === 0 && this.zone === 'UTC' ? this : new GoTime(this.seconds, this.nanos);
  }

  /** The same instant as clocks in the zone of this process show it. */
  toLocal(): GoTime {
    const zone = localZoneAt(this.seconds);
    return new GoTime(this.seconds, this.nanos, zone.offsetSeconds, zone.name);
  }

  /** RFC3339 with up to nine fractional digits, trailing zeros cut, `Z` for offset zero. */
  toRfc3339Nano(): string {
    return `${this.#dateText}T${this.#clockText}${fractionText(this.nanos)}${offsetText(this.offsetSeconds)}`;
  }

  /** RFC3339 without a fraction (cut, not rounded). */
  toRfc3339(): string {
    return `${this.#dateText}T${this.#clockText}${offsetText(this.offsetSeconds)}`;
  }

  /** Go's String(): `2026-11-23 01:02:03.5 +0000 UTC`; a zone without a name prints its offset twice. */
  toString(): string {
    const offset = numericOffset(this.offsetSeconds, '');
    const zone = this.zone === '' ? offset : this.zone;
    return `${this.#dateText} ${this.#clockText}${fractionText(this.nanos)} ${offset} ${zone}`;
  }

  toJSON(): string {
    return this.toRfc3339Nano();
  }

  get #dateText(): string {
    const { year, month, day } = this.date;
    return `${yearText(year)}-${twoDigits(month)}-${twoDigits(day)}`;
  }

  get #clockText(): string {
    const second = this.#secondOfDay;
    return `${twoDigits(Math.floor(second / 3600))}:${twoDigits(Math.floor(second / 60) % 60)}:${
      twoDigits(second % 60)}`;
  }
}

/** Days from 1970-01-01 to a date; months and days out of range carry over. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1;
  // Years that begin in March put the leap day last, so month lengths follow one formula.
  const y = Math.floor((months - 2) / 12);
  const monthFromMarch = floorMod(months - 2, 12);
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + Math.floor((153 * monthFromMarch + 2) / 5) + day - 1 - 719_468;
}

/** The date that lies `days` after 1970-01-01. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524)
    - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Number of days of a month. */
export function daysInMonth(year: number, month: number): number {
  return daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);
}

/** `+02:00` with separator ':', `+0200` with ''. Seconds of the offset are not shown. */
export function numericOffset(offsetSeconds: number, separator: string): string {
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const sign = offsetSeconds < 0 && minutes > 0 ? '-' : '+';
  return `${sign}${twoDigits(Math.trunc(minutes / 60))}${separator}${twoDigits(minutes % 60)}`;
}

/** Decimal text of at least two digits. */
export function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** At least four digits, the sign before them. */
export function yearText(year: number): string {
  return year < 0 ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}

function fractionText(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

function offsetText(offsetSeconds: number): string {
  return offsetSeconds === 0 ? 'Z' : numericOffset(offsetSeconds, ':');
}

function floorMod(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}
