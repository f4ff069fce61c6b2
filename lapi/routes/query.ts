// Query strings in the words of Go: first value of each key, its booleans and whole numbers, CrowdSec's error texts.

import { DurationError, parseDurationWithDays } from '../../ts/util/go-duration.js';
import { Refusal } from '../errors.js';
import { IpRangeError, parseIpRange, type IpRange } from '../store/ip-range.js';

const truths: Readonly<Record<string, boolean>> = {
  1: true, t: true, T: true, TRUE: true, true: true, True: true,
  0: false, f: false, F: false, FALSE: false, false: false, False: false,
};

/** Returns the parameters after the question mark. */
export function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

/** Reads a boolean as Go does; `describe` makes the message out of Go's error. */
export function readFlag(value: string, describe: (goError: string) => string): boolean {
  if (Object.hasOwn(truths, value)) return truths[value];
  throw new Refusal('badFilter', describe(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`));
}

/** Reads a whole number as Go does. */
export function readWhole(value: string, describe: (goError: string) => string): number {
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(number)) return number;
  const why = Number.isNaN(number) ? 'invalid syntax' : 'value out of range';
  throw new Refusal('badFilter', describe(`strconv.Atoi: parsing ${JSON.stringify(value)}: ${why}`));
}

/** Reads an address or range. */
export function readRange(value: string, describe: (error: string) => string): IpRange {
  try {
    return parseIpRange(value);
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    throw new Refusal('badFilter', describe(error.message));
  }
}

/** Reads a duration, days allowed, as nanoseconds. */
export function readDuration(value: string): number {
  try {
    return parseDurationWithDays(value);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new Refusal('badFilter', `while parsing duration: ${error.message}`);
  }
}

/** Reads the id in a path. */
export function readId(value: string, name: string): number {
  const id = /^[+-]?\d+$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(id)) throw new Refusal('badValue', `${name} must be valid integer`);
  return id;
}
