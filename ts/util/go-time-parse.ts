// Parsing a text along the elements of a Go layout. Every method moves `at` forward or reports failure; nothing
// throws, since texts come from logs. Go works on bytes, this on UTF-16 units: all elements are ASCII, so it is the same.

import { daysFromCivil, daysInMonth, GoTime, monthNames, weekdayNames } from './go-time.js';
import type { LayoutElement, OffsetForm } from './go-layout.js';
import { localZoneAt, localZoneNamed } from './local-zone.js';

/** Go's own mark for "no number could be read". */
const bad = -1;

const shortMonths = monthNames.map((name) => name.slice(0, 3).toLowerCase());
const longMonths = monthNames.map((name) => name.toLowerCase());
const shortWeekdays = weekdayNames.map((name) => name.slice(0, 3).toLowerCase());
const longWeekdays = weekdayNames.map((name) => name.toLowerCase());

/** Reads one text along one layout. */
export class TimeTextParser {
  readonly #text: string;
  #at = 0;
  #year = 0;
  #month = 0;
  #day = -1;
  #yearDay = -1;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #nanos = 0;
  #half: '' | 'AM' | 'PM' = '';
  #utc = false;
  #offsetSeconds: number | null = null;
  #zoneName = '';

  constructor(text: string) {
    this.#text = text;
  }

  /** The time that the text gives under a layout, or null when it does not fit. Used once. */
  parse(elements: readonly LayoutElement[]): GoTime | null {
    for (const element of elements) {
      if (!this.#take(element)) return null;
    }
    if (this.#at !== this.#text.length) return null;
    if (this.#half === 'PM' && this.#hour < 12) this.#hour += 12;
    else if (this.#half === 'AM' && this.#hour === 12) this.#hour = 0;
    if (!this.#settleDay()) return null;
    return this.#inZone();
  }

  #take(element: LayoutElement): boolean {
    switch (element.kind) {
      case 'literal': return this.#takeLiteral(element.text);
      case 'year': return this.#takeShortYear();
      case 'longYear': return this.#takeLongYear();
      case 'month': return (this.#month = this.#takeName(shortMonths) + 1) > 0;
      case 'longMonth': return (this.#month = this.#takeName(longMonths) + 1) > 0;
      case 'numMonth': return within(this.#month = this.#takeNumber(element.zeroPadded), 1, 12);
      case 'weekday': return this.#takeName(shortWeekdays) >= 0;
      case 'longWeekday': return this.#takeName(longWeekdays) >= 0;
      case 'day': return this.#takeDay(element);
      case 'yearDay': return this.#takeYearDay(element);
      case 'hour': return within(this.#hour = this.#takeNumber(false), 0, 23);
      case 'hour12': return within(this.#hour = this.#takeNumber(element.zeroPadded), 0, 12);
      case 'minute': return within(this.#minute = this.#takeNumber(element.zeroPadded), 0, 59);
      case 'second': return this.#takeSecond(element);
      case 'pm': return this.#takeHalf(element.text);
      case 'zone': return this.#takeZone();
      case 'offset': return this.#takeOffset(element.offset!);
      case 'fraction': return this.#takeFraction(element);
    }
  }

  /** A run of spaces in the layout matches any run of spaces in the text, and none at the text's end. */
  #takeLiteral(literal: string): boolean {
    for (let i = 0; i < literal.length; i++) {
      if (literal[i] !== ' ') {
        if (this.#text[this.#at] !== literal[i]) return false;
        this.#at++;
        continue;
      }
      if (this.#at < this.#text.length && this.#text[this.#at] !== ' ') return false;
      while (literal[i + 1] === ' ') i++;
      while (this.#text[this.#at] === ' ') this.#at++;
    }
    return true;
  }

  /** Index of the name that the text goes on with, in any case, or -1. */
  #takeName(names: readonly string[]): number {
    for (let i = 0; i < names.length; i++) {
      const length = names[i].length;
      // Lower-casing more than ASCII does no harm: no name has a letter that another character becomes.
      if (this.#text.slice(this.#at, this.#at + length).toLowerCase() !== names[i]) continue;
      this.#at += length;
      return i;
    }
    return -1;
  }

  #digitAt(at: number): number {
    const digit = this.#text.charCodeAt(at) - 48;
    return digit >= 0 && digit <= 9 ? digit : bad;
  }

  /** One or two digits; exactly two when `fixed`. */
  #takeNumber(fixed: boolean): number {
    const first = this.#digitAt(this.#at);
    if (first === bad) return bad;
    const second = this.#digitAt(this.#at + 1);
    if (second === bad) {
      if (fixed) return bad;
      this.#at++;
      return first;
    }
    this.#at += 2;
    return first * 10 + second;
  }

  #takeShortYear(): boolean {
    const year = signedNumber(this.#text.slice(this.#at, this.#at + 2), 2);
    if (year === null) return false;
    this.#at += 2;
    this.#year = year + (year >= 69 ? 1900 : 2000);
    return true;
  }

  #takeLongYear(): boolean {
    const text = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9]{4}$/.test(text)) return false;
    this.#at += 4;
    this.#year = Number(text);
    return true;
  }

  #takeDay(element: LayoutElement): boolean {
    if (element.spacePadded && this.#text[this.#at] === ' ') this.#at++;
    return (this.#day = this.#takeNumber(element.zeroPadded)) !== bad;
  }

  #takeYearDay(element: LayoutElement): boolean {
    for (let i = 0; i < 2 && element.spacePadded; i++) {
      if (this.#text[this.#at] === ' ') this.#at++;
    }
    let value = 0;
    let count = 0;
    for (; count < 3 && this.#digitAt(this.#at) !== bad; count++) value = value * 10 + this.#digitAt(this.#at++);
    this.#yearDay = value;
    return count === 3 || (count > 0 && !element.zeroPadded);
  }

  /** Seconds, and a fraction after them even where the layout has none. */
  #takeSecond(element: LayoutElement): boolean {
    this.#second = this.#takeNumber(element.zeroPadded);
    if (!within(this.#second, 0, 59)) return false;
    if (element.beforeFraction || !this.#atFraction()) return true;
    return this.#takeFractionDigits(this.#digitsFrom(this.#at + 1));
  }

  #takeFraction(element: LayoutElement): boolean {
    if (!element.trims) return this.#takeFractionDigits(element.digits);
    return !this.#atFraction() || this.#takeFractionDigits(this.#digitsFrom(this.#at + 1));
  }

  #atFraction(): boolean {
    const mark = this.#text[this.#at];
    return (mark === '.' || mark === ',') && this.#digitAt(this.#at + 1) !== bad;
  }

  #digitsFrom(at: number): number {
    let end = at;
    while (this.#digitAt(end) !== bad) end++;
    return end - at;
  }

  /** A mark and `count` digits, of which nine count. */
  #takeFractionDigits(count: number): boolean {
    const mark = this.#text[this.#at];
    if ((mark !== '.' && mark !== ',') || this.#at + 1 + count > this.#text.length) return false;
    const used = Math.min(count, 9);
    const value = signedNumber(this.#text.slice(this.#at + 1, this.#at + 1 + used), used);
    if (value === null || value < 0) return false;
    this.#nanos = value * 10 ** (9 - used);
    this.#at += 1 + count;
    return true;
  }

  #takeHalf(spelling: string): boolean {
    const text = this.#text.slice(this.#at, this.#at + 2);
    const upper = text.toUpperCase();
    if (upper !== 'AM' && upper !== 'PM') return false;
    if (text !== (spelling === 'PM' ? upper : upper.toLowerCase())) return false;
    this.#half = upper;
    this.#at += 2;
    return true;
  }

  #takeOffset(form: OffsetForm): boolean {
    if (form.z && this.#text[this.#at] === 'Z') {
      this.#at++;
      this.#utc = true;
      return true;
    }
    const sign = this.#text[this.#at];
    if (sign !== '+' && sign !== '-') return false;
    this.#at++;
    const hours = this.#takeNumber(true);
    const minutes = form.minutes ? this.#takeOffsetPart(form) : 0;
    const seconds = form.seconds ? this.#takeOffsetPart(form) : 0;
    if (!within(hours, 0, 24) || !within(minutes, 0, 60) || !within(seconds, 0, 60)) return false;
    const offset = (hours * 60 + minutes) * 60 + seconds;
    this.#offsetSeconds = sign === '-' ? 0 - offset : offset;
    return true;
  }

  #takeOffsetPart(form: OffsetForm): number {
    if (form.colons && this.#text[this.#at++] !== ':') return bad;
    return this.#takeNumber(true);
  }

  /** An abbreviation: three to five capitals (the longer ones of a few shapes), GMT+3, or a signed number of hours. */
  #takeZone(): boolean {
    const rest = this.#text.slice(this.#at, this.#at + 24);
    if (rest.startsWith('UTC')) {
      this.#at += 3;
      this.#utc = true;
      return true;
    }
    const length = zoneLength(rest);
    if (length === 0) return false;
    this.#zoneName = rest.slice(0, length);
    this.#at += length;
    return true;
  }

  /** Fills in month and day from the day of the year, or their defaults, and checks them. */
  #settleDay(): boolean {
    if (this.#yearDay >= 0) {
      const date = dateOfYearDay(this.#year, this.#yearDay);
      if (date === null) return false;
      if ((this.#month > 0 && this.#month !== date.month) || (this.#day >= 0 && this.#day !== date.day)) return false;
      this.#month = date.month;
      this.#day = date.day;
    }
    if (this.#month === 0) this.#month = 1;
    if (this.#day < 0) this.#day = 1;
    return within(this.#day, 1, daysInMonth(this.#year, this.#month));
  }

  #inZone(): GoTime {
    const seconds = daysFromCivil(this.#year, this.#month, this.#day) * 86_400
      + this.#hour * 3600 + this.#minute * 60 + this.#second;
    if (!this.#utc && this.#offsetSeconds !== null) return this.#atOffset(seconds - this.#offsetSeconds);
    if (!this.#utc && this.#zoneName !== '') return this.#inNamedZone(seconds);
    return new GoTime(seconds, this.#nanos);
  }

  #atOffset(unixSeconds: number): GoTime {
    const local = localZoneAt(unixSeconds);
    const isLocal = local.offsetSeconds === this.#offsetSeconds
      && (this.#zoneName === '' || local.name === this.#zoneName);
    return new GoTime(unixSeconds, this.#nanos, this.#offsetSeconds!, isLocal ? local.name : this.#zoneName);
  }

  /** A name the local zone knows gives its offset. Any other has offset 0, and GMT+3 only looks shifted, as in Go. */
  #inNamedZone(clockSeconds: number): GoTime {
    const local = localZoneNamed(this.#zoneName, clockSeconds);
    if (local !== null) {
      return new GoTime(clockSeconds - local.offsetSeconds, this.#nanos, local.offsetSeconds, local.name);
    }
    const isGmt = this.#zoneName.startsWith('GMT') && this.#zoneName.length > 3;
    const offset = isGmt ? Number(this.#zoneName.slice(3)) * 3600 : 0;
    return new GoTime(clockSeconds, this.#nanos, offset, this.#zoneName);
  }
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** Digits with an optional sign, of exactly `length` characters, or null. */
function signedNumber(text: string, length: number): number | null {
  return text.length === length && /^[+-]?[0-9]+$/.test(text) ? Number(text) : null;
}

function dateOfYearDay(year: number, yearDay: number): { month: number; day: number } | null {
  let day = yearDay;
  for (let month = 1; month <= 12 && day >= 1; month++) {
    const days = daysInMonth(year, month);
    if (day <= days) return { month, day };
    day -= days;
  }
  return null;
}

/** Length of the zone abbreviation that a text starts with, 0 for none. */
function zoneLength(text: string): number {
  if (/^(ChST|MeST)/.test(text)) return 4;
  if (text.startsWith('GMT')) return 3 + signedHoursLength(text.slice(3));
  if (/^[+-]/.test(text)) return signedHoursLength(text);
  const capitals = /^[A-Z]{0,6}/.exec(text)![0];
  if (capitals.length === 3) return 3;
  if (capitals.length === 4) return capitals.endsWith('T') || capitals === 'WITA' ? 4 : 0;
  return capitals.length === 5 && capitals.endsWith('T') ? 5 : 0;
}

function signedHoursLength(text: string): number {
  const found = /^[+-]([0-9]+)/.exec(text);
  return found !== null && Number(found[1]) <= 23 ? found[0].length : 0;
}
