// The instant of an event's MarshaledTime, as Go's Time.UnmarshalText reads it: strict RFC 3339, up to nine and more
// fractional digits. Lines of one second share the text, so the last result is kept.

import { daysFromCivil, daysInMonth, GoTime } from '../util/go-time.js';
import { localZoneAt } from '../util/local-zone.js';

/** Reads texts one after the other; the fields are those of the last one that could be read. */
export class EventTimeReader {
  seconds = 0;
  nanos = 0;
  offsetSeconds = 0;
  #text = '';
  #known = false;

  /** Parses a text. Returns false, leaving the fields as they were, when it is not RFC 3339. */
  read(text: string): boolean {
    if (text === this.#text) return this.#known;
    this.#text = text;
    return (this.#known = this.#parse(text));
  }

  #parse(text: string): boolean {
    // 2006-01-02T15:04:05[.digits](Z|±hh:mm)
    if (text.length < 20 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') {
      return false;
    }
    const year = digits(text, 0, 4);
    const month = digits(text, 5, 2);
    const day = digits(text, 8, 2);
    const hour = digits(text, 11, 2);
    const minute = digits(text, 14, 2);
    const second = digits(text, 17, 2);
    if ((year | month | day | hour | minute | second) < 0) return false;
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) {
      return false;
    }
    let at = 19;
    let nanos = 0;
    if (text[at] === '.') {
      const from = ++at;
      for (let scale = 1e8; isDigit(text, at); at++, scale /= 10) {
        if (scale >= 1) nanos += (text.charCodeAt(at) - 48) * scale;
      }
      if (at === from) return false;
    }
    const offset = zoneOffset(text, at);
    if (offset === null) return false;
    this.seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    this.nanos = nanos;
    this.offsetSeconds = offset;
    return true;
  }
}

/** The instant with the zone Go would show: UTC, the local zone where its offset is the same, or the bare offset. */
export function instantAt(seconds: number, nanos: number, offsetSeconds: number): GoTime {
  if (offsetSeconds === 0) return new GoTime(seconds, nanos);
  const local = localZoneAt(seconds);
  return new GoTime(seconds, nanos, offsetSeconds, local.offsetSeconds === offsetSeconds ? local.name : '');
}

/** The number of `count` digits at a place, -1 when one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit <= 57;
}

function zoneOffset(text: string, at: number): number | null {
  if (text[at] === 'Z') return text.length === at + 1 ? 0 : null;
  if (text.length !== at + 6 || (text[at] !== '+' && text[at] !== '-') || text[at + 3] !== ':') return null;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
  return (text[at] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}
