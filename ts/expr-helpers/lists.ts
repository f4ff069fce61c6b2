// Helpers on lists of any values and on keys of maps.

import { ExprError } from '../expr/values.js';
import { anyType, boolType, mapOf, stringType, unknownType } from '../expr/types.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { GoTime } from '../util/go-time.js';
import { type HelperFamily, pure } from './family.js';

/** These three take anything: their Go functions state no types. */
const anything = (run: (...args: unknown[]) => unknown): HelperFamily[string] =>
  ({ params: [], variadic: anyType, returns: unknownType, make: () => run });

/** Distinct, Flatten, FlattenDistinct and KeyExists. */
export const listHelpers: HelperFamily = {
  Distinct: anything((list) => {
    if (list === undefined) throw new ExprError('Distinct needs a list');
    return Array.isArray(list) ? distinct(list) : null;
  }),
  Flatten: anything((...values) => flatten(values)),
  FlattenDistinct: anything((...values) => distinct(flatten(values))),
  KeyExists: pure([stringType, mapOf(anyType)], boolType, (key: string, map: object | null) =>
    map !== null && key in map),
};

function flatten(values: readonly unknown[]): unknown[] {
  return values.flat(Infinity);
}

/** The first of each group of equal values. Ints and floats differ even where their numbers are equal, as in Go. */
function distinct(list: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return list.filter((value) => {
    // Every NaN is a value of its own in Go.
    if (Number.isNaN(value)) return true;
    const key = keyOf(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function keyOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (value instanceof GoInt) return `int:${value.value}`;
  if (value instanceof GoDuration) return `duration:${value.nanoseconds}`;
  if (value instanceof GoTime) return `time:${value}`;
  if (typeof value === 'object') throw new ExprError('a list or map cannot be told from its like by Distinct');
  return `${typeof value}:${value}`;
}
