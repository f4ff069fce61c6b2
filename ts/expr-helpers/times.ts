// Helpers on times and intervals.

import { ExprError } from '../expr/values.js';
import { anyType, durationType, madeSliceOf, sliceOf, stringType, timeType, type Type } from '../expr/types.js';
import { parseGoInt } from '../util/go-number.js';
import { GoTime } from '../util/go-time.js';
import type { HelperEntry, HelperFamily } from './family.js';

/** TimeNow, ParseUnix, AverageInterval and MedianInterval. */
export const timeHelpers: HelperFamily = {
  TimeNow: {
    params: [], returns: stringType,
    make: (context) => () => context.now().toUtc().toRfc3339(),
  },
  ParseUnix: {
    params: [stringType], returns: stringType,
    make: ({ log }) => (text: string) => {
      const time = parseUnixTime(text);
      if (time === null) log.error(`ParseUnix: '${text}' is not a Unix time`);
      return time?.toRfc3339() ?? '';
    },
  },
  AverageInterval: ofTimes((times) => Math.trunc(times[times.length - 1].since(times[0]) / (times.length - 1))),
  MedianInterval: ofTimes((times) => {
    const gaps: number[] = [];
    for (let i = 1; i < times.length; i++) gaps.push(times[i].since(times[i - 1]));
    sortNumbers(gaps);
    const middle = gaps.length >> 1;
    return gaps.length % 2 === 1 ? gaps[middle] : Math.trunc((gaps[middle - 1] + gaps[middle]) / 2);
  }),
};

/** Whole seconds since 1970 before an optional point, in the zone of this process; null unless above zero. */
export function parseUnixTime(text: string): GoTime | null {
  const point = text.indexOf('.');
  const seconds = parseGoInt(point < 0 ? text : text.slice(0, point));
  return seconds === null || seconds <= 0 ? null : new GoTime(seconds, 0).toLocal();
}

/** A helper that gets two or more times, oldest first. */
function ofTimes(run: (times: readonly GoTime[]) => number): HelperEntry {
  const params = (element: Type): { params: Type[]; returns: Type } => ({ params: [element], returns: durationType });
  return {
    ...params(sliceOf(timeType)), overloads: [params(madeSliceOf(anyType)), params(sliceOf(anyType))],
    make: () => (values: readonly unknown[]) => {
      const wrong = values.findIndex((value) => !(value instanceof GoTime));
      if (wrong >= 0) throw new ExprError(`element ${wrong} of the list is not a time`);
      if (values.length < 2) throw new ExprError('an interval needs at least two times');
      const times = values as readonly GoTime[];
      return run(isAscending(times) ? times : [...times].sort((a, b) => a.compare(b)));
    },
  };
}

/** Numbers up to which moving each to its place is cheaper than Array.sort, which copies them. */
const insertedMax = 16;

function sortNumbers(numbers: number[]): void {
  if (numbers.length > insertedMax) return void numbers.sort((a, b) => a - b);
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i];
    let place = i;
    for (; place > 0 && numbers[place - 1] > number; place--) numbers[place] = numbers[place - 1];
    numbers[place] = number;
  }
}

/** Nearly all are: buckets keep events as they come. */
function isAscending(times: readonly GoTime[]): boolean {
  for (let i = 1; i < times.length; i++) if (times[i - 1].compare(times[i]) > 0) return false;
  return true;
}
