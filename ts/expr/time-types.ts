// Types of times and durations with the methods of Go's time package that make sense in a rule.

import { formatGoDuration, roundDuration, truncateDuration } from '../util/go-duration.js';
import { formatGoTime } from '../util/go-layout.js';
import { GoTime, monthNames, weekdayNames } from '../util/go-time.js';
import {
  boolType, durationType, floatType, int64Type, intType, stringType, timeType, type StructMethod, type StructType, type Type,
} from './types.js';

/** A weekday or month: an int with a name, which is how Go's own types behave. */
export class NamedInt {
  constructor(readonly type: StructType, readonly value: number, readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A time zone, as timezone('Europe/Paris') gives it. */
export class GoLocation {
  constructor(readonly name: string) {}

  toString(): string {
    return this.name;
  }
}

/** Types of evt.Time.Weekday() and Month(). */
export const weekdayType: StructType = namedIntType('time.Weekday');
export const monthType: StructType = namedIntType('time.Month');

/** The type of a time zone. */
export const locationType: StructType = {
  kind: 'struct', name: 'time.Location', opaque: true, fields: {},
  methods: { String: method([], stringType, (zone: GoLocation) => zone.name) },
};

/** Methods of time.Time. */
export const timeMethods: Readonly<Record<string, StructMethod>> = {
  Year: method([], intType, (time: GoTime) => time.year),
  Month: method([], monthType, (time: GoTime) => new NamedInt(monthType, time.month, monthNames[time.month - 1])),
  Day: method([], intType, (time: GoTime) => time.day),
  YearDay: method([], intType, (time: GoTime) => time.yearDay),
  Weekday: method([], weekdayType, (time: GoTime) => new NamedInt(weekdayType, time.weekday, weekdayNames[time.weekday])),
  Hour: method([], intType, (time: GoTime) => time.hour),
  Minute: method([], intType, (time: GoTime) => time.minute),
  Second: method([], intType, (time: GoTime) => time.second),
  Nanosecond: method([], intType, (time: GoTime) => time.nanos),
  Unix: method([], int64Type, (time: GoTime) => time.seconds),
  UnixMilli: method([], int64Type, (time: GoTime) => time.seconds * 1e3 + Math.trunc(time.nanos / 1e6)),
  UnixMicro: method([], int64Type, (time: GoTime) => time.seconds * 1e6 + Math.trunc(time.nanos / 1e3)),
  UnixNano: method([], int64Type, (time: GoTime) => time.seconds * 1e9 + time.nanos),
  IsZero: method([], boolType, (time: GoTime) => time.isZero),
  After: method([timeType], boolType, (time: GoTime, other: GoTime) => time.compare(other) > 0),
  Before: method([timeType], boolType, (time: GoTime, other: GoTime) => time.compare(other) < 0),
  Equal: method([timeType], boolType, (time: GoTime, other: GoTime) => time.compare(other) === 0),
  Compare: method([timeType], intType, (time: GoTime, other: GoTime) => Math.sign(time.compare(other))),
  Add: method([durationType], timeType, (time: GoTime, durationNs: number) => time.add(durationNs)),
  Sub: method([timeType], durationType, (time: GoTime, other: GoTime) => time.since(other)),
  AddDate: method([intType, intType, intType], timeType, (time: GoTime, years: number, months: number, days: number) =>
    GoTime.civil({ year: time.year + years, month: time.month + months, day: time.day + days },
      time.hour * 3600 + time.minute * 60 + time.second, time.nanos, time.offsetSeconds, time.zone)),
  UTC: method([], timeType, (time: GoTime) => time.toUtc()),
  Local: method([], timeType, (time: GoTime) => time.toLocal()),
  Format: method([stringType], stringType, (time: GoTime, layout: string) => formatGoTime(time, layout)),
  String: method([], stringType, (time: GoTime) => time.toString()),
};

/** Methods of time.Duration; a duration is a number of nanoseconds. */
export const durationMethods: Readonly<Record<string, StructMethod>> = {
  Hours: method([], floatType, (durationNs: number) => durationNs / 3600e9),
  Minutes: method([], floatType, (durationNs: number) => durationNs / 60e9),
  Seconds: method([], floatType, (durationNs: number) => durationNs / 1e9),
  Milliseconds: method([], int64Type, (durationNs: number) => Math.trunc(durationNs / 1e6)),
  Microseconds: method([], int64Type, (durationNs: number) => Math.trunc(durationNs / 1e3)),
  Nanoseconds: method([], int64Type, (durationNs: number) => durationNs),
  Abs: method([], durationType, (durationNs: number) => Math.abs(durationNs)),
  Round: method([durationType], durationType, (durationNs: number, unit: number) =>
    unit > 0 ? roundDuration(durationNs, unit) : durationNs),
  Truncate: method([durationType], durationType, (durationNs: number, unit: number) =>
    unit > 0 ? truncateDuration(durationNs, unit) : durationNs),
  String: method([], stringType, (durationNs: number) => formatGoDuration(durationNs)),
};

function namedIntType(name: string): StructType {
  return {
    kind: 'struct', name, opaque: true, fields: {},
    methods: { String: method([], stringType, (value: NamedInt) => value.text) },
  };
}

function method(params: readonly Type[], returns: Type, call: StructMethod['call']): StructMethod {
  return { params, returns, call };
}
