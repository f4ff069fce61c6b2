// The operators over boxed values, as Go's expression library defines them at run time: numbers compare across int and
// float, everything else only with its own kind, and what has no meaning is an error.

import { Fields } from '../event/fields.js';
import { GoTime } from '../util/go-time.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { typeOfValue } from './boxing.js';
import { ExprError, GoStruct, KeyedMap } from './values.js';

/** Whether a value is nil. */
export function isNil(value: unknown): boolean {
  return value === null || value === undefined;
}

/** `==`. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof a === 'boolean') return false;
  if (isNumeric(a)) return isNumeric(b) && numberOf(a) === numberOf(b);
  if (isNil(a)) return isNil(b);
  if (isNil(b) || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  return deepEqual(a, b);
}

/** Equality within maps and structs: the types must be the same there, so 1 is not 1.0. */
function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (a instanceof GoInt) return b instanceof GoInt && a.value === b.value;
  if (a instanceof GoDuration) return b instanceof GoDuration && a.nanoseconds === b.nanoseconds;
  if (a instanceof GoTime) return b instanceof GoTime && a.compare(b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, i) => deepEqual(each, b[i]));
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof GoStruct) return b instanceof GoStruct && a.type === b.type && deepEqual(a.value, b.value);
  if (a instanceof Fields) return b instanceof Fields && deepEqual(a.toObject(), b.toObject());
  if (a instanceof KeyedMap) {
    return b instanceof KeyedMap && a.size === b.size
      && a.entries().every(([key, value]) => b.has(key) && deepEqual(value, b.get(key)));
  }
  const keys = Object.keys(a as object);
  return keys.length === Object.keys(b as object).length && keys.every((key) => Object.hasOwn(b as object, key)
    && deepEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** -1, 0 or 1 as `a` is below, at or above `b`, NaN where a number is none. Throws on unlike kinds. */
export function order(a: unknown, b: unknown, operator: string): number {
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x < y) return -1;
    return x > y ? 1 : x === y ? 0 : Number.NaN;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof GoTime && b instanceof GoTime) return a.compare(b);
  if (a instanceof GoDuration && b instanceof GoDuration) return a.nanoseconds - b.nanoseconds;
  throw badOperands(a, operator, b);
}

/** Order of two texts by their bytes in UTF-8, as Go compares them. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  if (i === length) return a.length - b.length;
  // Surrogates stand for code points above all that UTF-16 writes in one unit.
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  return rank(x) - rank(y);
}

/** `a + b`. */
export function add(a: unknown, b: unknown): unknown {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isNumeric(a) && isNumeric(b)) return numeric(a, b, numberOf(a) + numberOf(b));
  if (a instanceof GoTime && b instanceof GoDuration) return a.add(b.nanoseconds);
  if (a instanceof GoDuration && b instanceof GoTime) return b.add(a.nanoseconds);
  if (a instanceof GoDuration && b instanceof GoDuration) return new GoDuration(a.nanoseconds + b.nanoseconds);
  throw badOperands(a, '+', b);
}

/** `a - b`. */
export function subtract(a: unknown, b: unknown): unknown {
  if (isNumeric(a) && isNumeric(b)) return numeric(a, b, numberOf(a) - numberOf(b));
  if (a instanceof GoTime && b instanceof GoTime) return new GoDuration(a.since(b));
  if (a instanceof GoTime && b instanceof GoDuration) return a.add(-b.nanoseconds);
  if (a instanceof GoDuration && b instanceof GoDuration) return new GoDuration(a.nanoseconds - b.nanoseconds);
  throw badOperands(a, '-', b);
}

/** `a * b`. */
export function multiply(a: unknown, b: unknown): unknown {
  if (isNumeric(a) && isNumeric(b)) return numeric(a, b, numberOf(a) * numberOf(b));
  if (a instanceof GoDuration || b instanceof GoDuration) {
    const [x, y] = [durationOrNumber(a), durationOrNumber(b)];
    if (x === null || y === null) throw badOperands(a, '*', b);
    return typeof a === 'number' || typeof b === 'number' ? x * y : new GoDuration(x * y);
  }
  throw badOperands(a, '*', b);
}

/** `a / b`, always a float. */
export function divide(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) return numberOf(a) / numberOf(b);
  throw badOperands(a, '/', b);
}

/** `a % b` of ints. */
export function modulo(a: unknown, b: unknown): GoInt {
  if (a instanceof GoInt && b instanceof GoInt) return new GoInt(remainder(a.value, b.value));
  throw badOperands(a, '%', b);
}

/** `%` of two ints. Throws on zero, as Go's does. */
export function remainder(a: number, b: number): number {
  if (b === 0) throw new ExprError('runtime error: integer divide by zero');
  const rest = a % b;
  return rest === 0 ? 0 : rest;
}

/** `a ** b`, always a float. */
export function power(a: unknown, b: unknown): number {
  return toFloat(a) ** toFloat(b);
}

/** `-a`. */
export function negate(a: unknown): unknown {
  if (typeof a === 'number') return -a;
  if (a instanceof GoInt) return new GoInt(-a.value);
  throw new ExprError(`invalid operation: - ${typeOfValue(a)}`);
}

/** `not a`, and every other place that wants a bool. */
export function toBool(a: unknown): boolean {
  if (typeof a === 'boolean') return a;
  throw new ExprError(`interface conversion: interface {} is ${typeName(a)}, not bool`);
}

/** An index or bound: floats are cut, as Go's conversion does. */
export function toIndex(a: unknown): number {
  if (typeof a === 'number') return Math.trunc(a);
  if (a instanceof GoInt) return a.value;
  throw new ExprError(`invalid operation: int(${typeOfValue(a)})`);
}

/** The number that an operator needs, as a float. Throws on anything else. */
export function toFloat(a: unknown): number {
  if (isNumeric(a)) return numberOf(a);
  throw new ExprError(`invalid operation: float(${typeOfValue(a)})`);
}

/** The int that `==` between two ints needs. Throws on anything else. */
export function toInt(a: unknown): number {
  if (a instanceof GoInt) return a.value;
  throw new ExprError(`interface conversion: interface {} is ${typeName(a)}, not int`);
}

/** The text an operator or function needs. Throws on anything else. */
export function toText(a: unknown): string {
  if (typeof a === 'string') return a;
  throw new ExprError(`interface conversion: interface {} is ${typeName(a)}, not string`);
}

/** `a contains b`; nil contains nothing. */
export function contains(a: unknown, b: unknown): boolean {
  return !isNil(a) && !isNil(b) && toText(a).includes(toText(b));
}

/** `a startsWith b`; nil starts with nothing. */
export function startsWith(a: unknown, b: unknown): boolean {
  return !isNil(a) && !isNil(b) && toText(a).startsWith(toText(b));
}

/** `a endsWith b`; nil ends with nothing. */
export function endsWith(a: unknown, b: unknown): boolean {
  return !isNil(a) && !isNil(b) && toText(a).endsWith(toText(b));
}

/** Whether a value is an int or a float. */
export function isNumeric(value: unknown): value is number | GoInt {
  return typeof value === 'number' || value instanceof GoInt;
}

/** The number in an int or float. */
export function numberOf(value: number | GoInt): number {
  return typeof value === 'number' ? value : value.value;
}

function numeric(a: number | GoInt, b: number | GoInt, result: number): number | GoInt {
  return a instanceof GoInt && b instanceof GoInt ? new GoInt(result) : result;
}

function durationOrNumber(value: unknown): number | null {
  if (value instanceof GoDuration) return value.nanoseconds;
  return isNumeric(value) ? numberOf(value) : null;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function typeName(value: unknown): string {
  return isNil(value) ? 'nil' : typeOfValue(value);
}

function badOperands(a: unknown, operator: string, b: unknown): ExprError {
  return new ExprError(`invalid operation: ${typeOfValue(a)} ${operator} ${typeOfValue(b)}`);
}
