// ParseDate: the time that a log line states about itself. Layouts are tried in CrowdSec's order; the shapes that make
// up most logs have hand-written readers in date-shapes.ts, which answer only where the layouts would say the same.

import type { Event } from '../event/event.js';
import { ExpectMode } from '../event/line.js';
import { parseUnixTime } from '../expr-helpers/times.js';
import { goLayouts, parseGoTime } from '../util/go-layout.js';
import { daysFromCivil, GoTime } from '../util/go-time.js';
import { readCommonShape } from './date-shapes.js';
import type { EnrichContext } from './table.js';

/** Go layouts, in the order in which a text without a layout of its own is tried. */
export const dateLayouts: readonly string[] = [
  goLayouts.rfc3339,
  '02/Jan/2006:15:04:05 -0700',
  'Mon Jan 2 15:04:05 2006',
  '02-Jan-2006 15:04:05 europe/paris',
  '01/02/2006 15:04:05',
  '2006-01-02 15:04:05.999999999 -0700 MST',
  'Jan  2 15:04:05',
  'Mon Jan 02 15:04:05.000000 2006',
  '2006-01-02T15:04:05Z07:00',
  '2006/01/02',
  '2006/01/02 15:04',
  '2006-01-02',
  '2006-01-02 15:04',
  '2006/01/02 15:04:05',
  '2006-01-02 15:04:05',
  '2006-01-02T15:04:05',
];

/** A date that was understood: the instant and the text that rules see. */
export interface ParsedDate {
  readonly time: GoTime;
  readonly marshaled: string;
}

/**
 * Understands a date by a layout of its own (when not ''), by the known layouts, or as a Unix time; null otherwise.
 * Dates without a year get the year of `now` in UTC.
 */
export function parseDate(text: string, layout: string, now: () => GoTime): ParsedDate | null {
  const own = layout === '' ? null : settle(parseGoTime(layout, text), now);
  return own ?? parseKnownLayout(text, now) ?? parseUnixDate(text);
}

/** Makes the method for a runtime. It remembers the last date: neighbouring lines often bear the same second. */
export function newDateMethod(context: EnrichContext): (value: string, event: Event) => void {
  const now = (): GoTime => context.now();
  // `year` is the one the date was given; null where it has its own, so that the clock need not be asked.
  let last: { text: string; layout: string; year: number | null; date: ParsedDate | null } | null = null;
  return (value, event) => {
    if (last === null || last.text !== value || last.layout !== event.strTimeFormat
      || (last.year !== null && last.year !== utcYear(now()))) {
      let year: number | null = null;
      const date = value === '' ? null : parseDate(value, event.strTimeFormat, () => {
        const asked = now();
        year = utcYear(asked);
        return asked;
      });
      last = { text: value, layout: event.strTimeFormat, year, date };
    }
    const { date } = last;
    if (date !== null && event.expectMode === ExpectMode.timeMachine) event.time = date.time;
    event.enriched.set('MarshaledTime', date?.marshaled ?? now().toUtc().toRfc3339Nano());
  };
}

function parseKnownLayout(text: string, now: () => GoTime): ParsedDate | null {
  const common = readCommonShape(text);
  if (common !== null) return settle(common, now);
  for (const layout of dateLayouts) {
    const date = settle(parseGoTime(layout, text), now);
    if (date !== null) return date;
  }
  return null;
}

/** Seconds only, shown in the zone of this process. */
function parseUnixDate(text: string): ParsedDate | null {
  const time = parseUnixTime(text);
  return time === null ? null : { time, marshaled: time.toRfc3339() };
}

/** Gives a date without a year the present one. Refuses what CrowdSec cannot write out again. */
function settle(time: GoTime | null, now: () => GoTime): ParsedDate | null {
  if (time === null || time.isZero || Math.abs(time.offsetSeconds) >= 86_400) return null;
  const dated = time.year === 0 ? inYear(time, utcYear(now())) : time;
  return { time: dated, marshaled: dated.toRfc3339Nano() };
}

/** 29 February becomes 1 March where the year has none. */
function inYear(time: GoTime, year: number): GoTime {
  const { month, day } = time.date;
  const secondOfDay = time.hour * 3600 + time.minute * 60 + time.second;
  return GoTime.civil({ year, month, day }, secondOfDay, time.nanos, time.offsetSeconds, time.zone);
}

/** The year of an instant in UTC, by arithmetic for the year that was asked for last. */
function utcYear(time: GoTime): number {
  if (time.seconds < yearSpan.from || time.seconds >= yearSpan.to) {
    const { year } = time.toUtc();
    const start = (of: number): number => daysFromCivil(of, 1, 1) * 86_400;
    yearSpan = { year, from: start(year), to: start(year + 1) };
  }
  return yearSpan.year;
}

let yearSpan = { year: 1970, from: 0, to: 0 };
