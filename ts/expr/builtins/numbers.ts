// Builtins over numbers: conversions, rounding, minimum and maximum, averages, bits. All take and give boxed values.

import { parseGoFloat, parseGoInt } from '../../util/go-number.js';
import { GoDuration, GoInt } from '../../util/go-value.js';
import { typeOfValue } from '../boxing.js';
import { isNil, isNumeric, numberOf, order } from '../operators.js';
import { NamedInt } from '../time-types.js';
import { ExprError } from '../values.js';

/** Nesting of lists that min, max, mean, median and flatten follow. */
const depthMax = 500;

/** int(): cuts floats, reads whole base-10 texts. */
export function int(value: unknown): GoInt {
  if (value instanceof GoInt) return value;
  if (typeof value === 'number') return new GoInt(Math.trunc(value) + 0);
  if (value instanceof GoDuration) return new GoInt(value.nanoseconds);
  if (value instanceof NamedInt) return new GoInt(value.value);
  const parsed = typeof value === 'string' ? parseGoInt(value) : null;
  if (parsed === null) throw new ExprError(`invalid operation: int(${shown(value)})`);
  return new GoInt(parsed);
}

/** float(). */
export function float(value: unknown): number {
  if (isNumeric(value)) return numberOf(value);
  const parsed = typeof value === 'string' ? parseGoFloat(value) : null;
  // A number too large for a float64 is an error in Go, while "inf" is not.
  if (parsed === null || (!Number.isFinite(parsed) && /[0-9]/.test(value as string))) {
    throw new ExprError(`invalid operation: float(${shown(value)})`);
  }
  return parsed;
}

/** abs(), an int of an int. */
export function abs(value: unknown): unknown {
  if (typeof value === 'number') return Math.abs(value);
  if (value instanceof GoInt) return new GoInt(Math.abs(value.value));
  throw new ExprError(`invalid argument for abs (type ${typeOfValue(value)})`);
}

/** ceil(), always a float. */
export function ceil(value: unknown): number {
  return Math.ceil(numeric('ceil', value));
}

/** floor(), always a float. */
export function floor(value: unknown): number {
  return Math.floor(numeric('floor', value));
}

/** Halves go away from zero. */
export function round(value: unknown): number {
  const number = numeric('round', value);
  return number < 0 ? -Math.round(-number) : Math.round(number);
}

/** max() of numbers and lists of numbers. */
export function max(...args: unknown[]): unknown {
  return extreme('max', (best, other) => order(best, other, '<') < 0, args, 0);
}

/** min() of numbers and lists of numbers. */
export function min(...args: unknown[]): unknown {
  return extreme('min', (best, other) => order(best, other, '>') > 0, args, 0);
}

/** The average of all numbers in the arguments, 0 for none. */
export function mean(...args: unknown[]): number {
  const numbers = numbersIn('mean', args, 0);
  return numbers.length === 0 ? 0 : numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** The middle one of all numbers in the arguments, or the mean of the two middle ones, 0 for none. */
export function median(...args: unknown[]): number {
  const numbers = numbersIn('median', args, 0).sort((a, b) => a - b);
  const middle = numbers.length >> 1;
  if (numbers.length === 0) return 0;
  return numbers.length % 2 === 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

/** Bits of ints of 64 bits; a negative shift is an error. */
export const bitand = bits((x, y) => x & y);
export const bitor = bits((x, y) => x | y);
export const bitxor = bits((x, y) => x ^ y);
export const bitnand = bits((x, y) => x & ~y);
export const bitshl = bits((x, y) => y > 63n ? 0n : x << shift(y));
export const bitshr = bits((x, y) => x >> (shift(y) > 63n ? 63n : y));
export const bitushr = bits((x, y) => BigInt.asUintN(64, x) >> shift(y));

/** bitnot(). */
export function bitnot(x: number): number {
  return -x - 1;
}

/** A function of two ints in 64 bits. */
function bits(operate: (x: bigint, y: bigint) => bigint): (x: number, y: number) => number {
  return (x, y) => Number(BigInt.asIntN(64, operate(BigInt(x), BigInt(y))));
}

function shift(count: bigint): bigint {
  if (count < 0n) throw new ExprError(`invalid operation: negative shift count ${count} (type int)`);
  return count;
}

function numeric(name: string, value: unknown): number {
  if (isNumeric(value)) return numberOf(value);
  throw new ExprError(`invalid argument for ${name} (type ${typeOfValue(value)})`);
}

function extreme(
  name: string, isBetter: (best: unknown, other: unknown) => boolean, args: readonly unknown[], depth: number,
): unknown {
  if (depth > depthMax) throw new ExprError('recursion depth exceeded');
  let best: unknown = null;
  for (const arg of args) {
    let found = arg;
    if (Array.isArray(arg)) {
      if (!arg.every((each) => isNumeric(each) || Array.isArray(each))) {
        throw new ExprError(`invalid argument for ${name} (type ${typeOfValue(arg.find((each) => !isNumeric(each)))})`);
      }
      found = extreme(name, isBetter, arg, depth + 1);
      if (isNil(found)) continue;
    } else if (!isNumeric(arg) && !(arg instanceof GoDuration)) {
      if (args.length === 1) return arg;
      throw new ExprError(`invalid argument for ${name} (type ${typeOfValue(arg)})`);
    }
    if (isNil(best) || isBetter(best, found)) best = found;
  }
  return best;
}

function numbersIn(name: string, args: readonly unknown[], depth: number): number[] {
  if (depth > depthMax) throw new ExprError('recursion depth exceeded');
  return args.flatMap((arg) => {
    if (isNumeric(arg)) return numberOf(arg);
    if (arg instanceof GoDuration) return arg.nanoseconds;
    if (Array.isArray(arg)) return numbersIn(name, arg, depth + 1);
    throw new ExprError(`invalid argument for ${name} (type ${typeOfValue(arg)})`);
  });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : typeOfValue(value);
}
