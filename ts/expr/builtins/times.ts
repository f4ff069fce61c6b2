// Builtins over times: now, date, duration, timezone. The clock is the runtime's, never the system's.

import { DurationError, parseGoDuration } from '../../util/go-duration.js';
import { parseGoTime } from '../../util/go-layout.js';
import { GoTime } from '../../util/go-time.js';
import { toText } from '../operators.js';
import { GoLocation } from '../time-types.js';
import { ExprError } from '../values.js';

/** What date() tries when no layout is given. */
const layouts = ['2006-01-02', '15:04:05', '2006-01-02 15:04:05', '2006-01-02T15:04:05Z07:00', '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST', 'Mon, 02 Jan 2006 15:04:05 MST'];

/** now(), in local time or in a zone. */
export function now(clock: () => GoTime, zone?: GoLocation): GoTime {
  return zone === undefined ? clock().toLocal() : inZone(clock(), zone.name);
}

/** duration(): nanoseconds of a Go duration text. */
export function duration(text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (error instanceof DurationError) throw new ExprError(error.detail, { cause: error });
    throw error;
  }
}

/** timezone(): a zone by its name in the zone database. */
export function timezone(name: string): GoLocation {
  if (name === '' || name === 'UTC' || name === 'Local') return new GoLocation(name === '' ? 'UTC' : name);
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
  } catch (error) {
    throw new ExprError(`unknown time zone ${name}`, { cause: error });
  }
  return new GoLocation(name);
}

/** date([zone,] text [, layout [, zone name]]). */
export function date(...args: unknown[]): GoTime {
  const given = args[0] instanceof GoLocation ? args[0] : null;
  const [text, layout, zoneName] = (given === null ? args : args.slice(1)).map(toText);
  const zone = zoneName === undefined ? given : timezone(zoneName);
  const tried = layout === undefined ? layouts : [layout];
  for (const each of tried) {
    const time = parseGoTime(each, text);
    if (time !== null) return zone === null || hasZone(each) ? time : atWallClock(time, zone.name);
  }
  throw new ExprError(layout === undefined ? `invalid date ${text}` : `parsing time "${text}" as "${layout}": cannot parse`);
}

/** Whether a layout reads a zone from the text. */
function hasZone(layout: string): boolean {
  return /MST|[-Z]07/.test(layout);
}

/** The instant at which clocks in the zone show what the time shows in UTC. */
function atWallClock(time: GoTime, zone: string): GoTime {
  const guess = time.seconds - offsetAt(time.seconds, zone);
  const offset = offsetAt(guess, zone);
  return inZone(new GoTime(time.seconds - offset, time.nanos), zone);
}

function inZone(time: GoTime, zone: string): GoTime {
  if (zone === 'UTC') return time.toUtc();
  if (zone === 'Local') return time.toLocal();
  return new GoTime(time.seconds, time.nanos, offsetAt(time.seconds, zone), zoneAbbreviation(time.seconds, zone));
}

/** Seconds east of UTC of a zone at an instant. */
function offsetAt(seconds: number, zone: string): number {
  if (zone === 'UTC') return 0;
  if (zone === 'Local') return GoTime.fromMs(seconds * 1000).toLocal().offsetSeconds;
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric',
    day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' }).formatToParts(seconds * 1000);
  const field = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const year = parts.some((part) => part.type === 'era' && part.value.startsWith('B')) ? 1 - field('year') : field('year');
  const shown = GoTime.civil({ year, month: field('month'), day: field('day') },
    field('hour') * 3600 + field('minute') * 60 + field('second'));
  return shown.seconds - seconds;
}

function zoneAbbreviation(seconds: number, zone: string): string {
  for (const locale of ['en-US', 'en-GB', 'en-AU']) {
    const name = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }).formatToParts(seconds * 1000)
      .find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  return '';
}
