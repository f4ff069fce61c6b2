// Reaching into boxed values: fields, elements, slices, `in` and lengths, as Go's expression library does at run time.

import { Fields } from '../event/fields.js';
import { GoTime } from '../util/go-time.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { box, typeOfValue, unbox } from './boxing.js';
import { zeroStructs } from './event-methods.js';
import { equal, isNil, toIndex, toText } from './operators.js';
import { durationMethods, GoLocation, NamedInt, timeMethods } from './time-types.js';
import type { StructField, StructMethod, Type } from './types.js';
import { ExprError, GoStruct, isStringMap, KeyedMap } from './values.js';

/** `a.name`, `a[key]` of a value known only at run time. Throws where Go panics; a missing key of a map is nil. */
export function fetch(from: unknown, key: unknown): unknown {
  if (isNil(from)) throw new ExprError(`cannot fetch ${shown(key)} from <nil>`);
  const bound = typeof key === 'string' ? boundMethod(from, key) : undefined;
  if (bound !== undefined) return bound;
  if (Array.isArray(from) || from instanceof Uint8Array || typeof from === 'string') return item(from, toIndex(key));
  if (from instanceof GoStruct) {
    const field = typeof key === 'string' && Object.hasOwn(from.type.fields, key) ? from.type.fields[key] : undefined;
    if (field !== undefined) return box(fieldValue(from.value, field), field.type);
  } else if (isMap(from)) {
    return entry(from, key);
  }
  throw new ExprError(`cannot fetch ${shown(key)} from ${typeOfValue(from)}`);
}

/** `a.name` where nothing but a map is likely: the fast way into fetch(). */
export function fetchName(from: unknown, name: string): unknown {
  if (typeof from === 'object' && from !== null && Object.getPrototypeOf(from) === null) {
    const value = (from as Record<string, unknown>)[name];
    return value === undefined ? null : value;
  }
  return fetch(from, name);
}

/** get(a, key): like fetch, but nil where that fails for want of the element. */
export function get(from: unknown, key: unknown): unknown {
  if (isNil(from)) return null;
  const bound = typeof key === 'string' ? boundMethod(from, key) : undefined;
  if (bound !== undefined) return bound;
  if (Array.isArray(from) || from instanceof Uint8Array || typeof from === 'string') {
    const index = toIndex(key);
    const length = lengthOf(from);
    const at = index < 0 ? length + index : index;
    return at >= 0 && at < length ? item(from, at) : null;
  }
  if (from instanceof GoStruct) {
    const name = toText(key);
    return Object.hasOwn(from.type.fields, name) ? fetch(from, name) : null;
  }
  return isMap(from) && hasKey(from, key) ? entry(from, key) : null;
}

/** Element of a list, or byte of a text; counts from the end when negative. Throws out of range. */
export function item(list: readonly unknown[] | Uint8Array | string, index: number): unknown {
  const bytes = typeof list === 'string' ? Buffer.from(list, 'utf8') : list;
  const { length } = bytes;
  const at = index < 0 ? length + index : index;
  if (!(at >= 0 && at < length)) throw new ExprError(`index out of range: ${at} (array length is ${length})`);
  return Array.isArray(bytes) ? bytes[at] : new GoInt(bytes[at] as number);
}

/** Element of a list in its plain form; counts from the end when negative. Throws out of range. */
export function element(list: readonly unknown[], index: number): unknown {
  const at = index < 0 ? list.length + index : index;
  if (!(at >= 0 && at < list.length)) throw new ExprError(`index out of range: ${at} (array length is ${list.length})`);
  return list[at];
}

/** Value of a key of a map of texts kept in an object, '' when absent. */
export function textAt(map: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(map, key) ? map[key] : '';
}

/** Value of a key of any map kept in an object, in its plain form; null when absent. */
export function ownAt(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : null;
}

/** Calls a value that should be a function, with boxed arguments. */
export function call(callee: unknown, args: readonly unknown[]): unknown {
  if (isNil(callee)) throw new ExprError('invalid operation: cannot call nil');
  if (typeof callee !== 'function') {
    throw new ExprError(`invalid operation: cannot call non-function of type ${typeOfValue(callee)}`);
  }
  return callee(...args);
}

/** A map literal: text keys, later ones win. */
export function mapFrom(pairs: readonly (readonly [unknown, unknown])[]): Record<string, unknown> {
  const map: Record<string, unknown> = Object.create(null);
  for (const [key, value] of pairs) map[toText(key)] = value;
  return map;
}

/** `needle in haystack`. */
export function isIn(needle: unknown, haystack: unknown): boolean {
  if (isNil(haystack)) return false;
  if (Array.isArray(haystack)) return haystack.some((each) => equal(each, needle));
  if (haystack instanceof Uint8Array) return Array.from(haystack).some((each) => equal(new GoInt(each), needle));
  if (haystack instanceof GoStruct) {
    if (typeof needle !== 'string') {
      throw new ExprError(`cannot use ${typeOfValue(needle)} as field name of ${haystack.type.name}`);
    }
    return Object.hasOwn(haystack.type.fields, needle);
  }
  if (isMap(haystack)) return hasKey(haystack, needle);
  throw new ExprError(`operator "in" not defined on ${typeOfValue(haystack)}`);
}

/** `needle in ['a', 'b']`: CrowdSec turns such a list into a map, so nil reads as '' and a number is an error. */
export function isInTexts(texts: ReadonlySet<string>, needle: unknown): boolean {
  return texts.has(textKey(needle));
}

/** `needle in [1, 2]` where the needle is an int by its type. */
export function isInInts(ints: ReadonlySet<number>, needle: unknown): boolean {
  if (needle instanceof GoInt) return ints.has(needle.value);
  throw new ExprError(`reflect.Value.MapIndex: value of type ${typeOfValue(needle)} is not assignable to type int`);
}

/** `a[from:to]`; undefined bounds mean the ends. Texts are cut by bytes. */
export function slice(value: unknown, from: unknown, to: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value) && !(value instanceof Uint8Array)) {
    throw new ExprError(isNil(value) && to === undefined ? `invalid argument for len (type ${typeOfValue(value)})`
      : `cannot slice ${shown(value)}`);
  }
  const end = to === undefined ? Number.MAX_SAFE_INTEGER : toIndex(to);
  return sliceBetween(value, from === undefined ? 0 : toIndex(from), end);
}

/** `a[from:to]` with plain bounds. */
export function sliceBetween<T extends string | readonly unknown[] | Uint8Array>(value: T, from: number, to: number): T {
  const ascii = typeof value !== 'string' || isAscii(value);
  const bytes = ascii ? value : Buffer.from(value as string, 'utf8');
  const { length } = bytes;
  const start = Math.max(from < 0 ? length + from : from, 0);
  const end = Math.min(Math.max(to < 0 ? length + to : to, 0), length);
  const part = bytes.slice(Math.min(start, end), end);
  return (ascii ? part : (part as Buffer).toString('utf8')) as T;
}

/** len(): code points of a text, elements of a list or map. Throws on anything else. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return codePointCount(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Fields || value instanceof KeyedMap) return value.size;
  if (!isNil(value) && isMap(value)) return Object.keys(value as object).length;
  throw new ExprError(`invalid argument for len (type ${typeOfValue(value)})`);
}

/** Characters of a text as Go counts them: code points. */
export function codePointCount(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xdc00 && unit <= 0xdfff && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}

/** Whether a value is a map of some kind. */
export function isMap(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof GoInt || value instanceof GoDuration || value instanceof GoTime || value instanceof GoStruct
    || value instanceof NamedInt || value instanceof GoLocation || value instanceof Uint8Array);
}

/** Keys and values of a map, in the order of insertion. */
export function entriesOf(map: object): [key: unknown, value: unknown][] {
  if (map instanceof KeyedMap) return map.entries();
  if (map instanceof Fields) return map.keys().map((key) => [key, map.get(key)]);
  return Object.entries(map);
}

/** The plain value of a field of a struct: what its property holds, or Go's zero value. */
export function fieldValue(object: Record<string, unknown>, field: StructField): unknown {
  const value = object[field.property];
  if (field.zeroStruct !== undefined) return value ?? zeroStructs[field.zeroStruct];
  return value === undefined ? (field.zero ?? null) : value;
}

/** The method of that name of a value, taking and giving boxed values; undefined when it has none. */
export function boundMethod(value: unknown, name: string): ((...args: unknown[]) => unknown) | undefined {
  const methods = methodsOf(value);
  if (methods === undefined || !Object.hasOwn(methods, name)) return undefined;
  const method = methods[name];
  return (...args) => callMethod(method, unbox(value), args);
}

/** A value where only a list may stand, as the collection of a closure. Throws on anything else. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value === 'string') return Array.from(Buffer.from(value, 'utf8'), (byte) => new GoInt(byte));
  if (value instanceof Uint8Array) return Array.from(value, (byte) => new GoInt(byte));
  if (isMap(value) && lengthOf(value) === 0) return [];
  const kind = isNil(value) ? 'zero' : typeOfValue(value);
  throw new ExprError(`reflect: call of reflect.Value.Len on ${kind} Value`);
}

/** Checks a boxed value against a parameter's type and gives its plain form. Throws where Go's assertion fails. */
export function plainArgument(value: unknown, type: Type): unknown {
  switch (type.kind) {
    case 'any': case 'error': return value ?? null;
    case 'string': return toText(value);
    case 'int':
      if (value instanceof GoInt) return value.value;
      break;
    case 'float':
      if (typeof value === 'number') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'duration':
      if (value instanceof GoDuration) return value.nanoseconds;
      break;
    case 'time':
      if (value instanceof GoTime) return value;
      break;
    case 'slice':
      if (Array.isArray(value)) return value.map((each) => plainArgument(each, type.element));
      break;
    case 'map':
      if (isMap(value)) return value;
      break;
    default: return isNil(value) ? null : unbox(value);
  }
  const given = isNil(value) ? 'nil' : typeOfValue(value);
  throw new ExprError(`interface conversion: interface {} is ${given}, not ${type.kind}`);
}

function callMethod(method: StructMethod, receiver: unknown, args: readonly unknown[]): unknown {
  const wanted = method.params.length;
  if (args.length !== wanted) {
    throw new ExprError(`invalid number of arguments: expected ${wanted}, got ${args.length}`);
  }
  const plain = args.map((arg, index) => plainArgument(arg, method.params[index]));
  return box(method.call(receiver as never, ...plain as never[]), method.returns);
}

function methodsOf(value: unknown): Readonly<Record<string, StructMethod>> | undefined {
  if (typeof value !== 'object') return undefined;
  if (value instanceof GoStruct) return value.type.methods;
  if (value instanceof GoTime) return timeMethods;
  if (value instanceof GoDuration) return durationMethods;
  if (value instanceof NamedInt) return value.type.methods;
  return undefined;
}

/** The value of a key of a map that is known to be one. */
function entry(map: object, key: unknown): unknown {
  if (map instanceof KeyedMap) return map.get(key) ?? null;
  const name = textKey(key);
  if (map instanceof Fields) return map.get(name);
  if (Object.hasOwn(map, name)) return (map as Record<string, unknown>)[name] ?? null;
  return isStringMap(map) ? '' : null;
}

function hasKey(map: object, key: unknown): boolean {
  if (map instanceof KeyedMap) return map.has(key);
  const name = textKey(key);
  return map instanceof Fields ? map.has(name) : Object.hasOwn(map, name);
}

/** A key of a map with text keys: nil stands for the zero key, anything else than a text is an error. */
export function textKey(key: unknown): string {
  if (typeof key === 'string') return key;
  if (isNil(key)) return '';
  throw new ExprError(`reflect.Value.MapIndex: value of type ${typeOfValue(key)} is not assignable to type string`);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function shown(value: unknown): string {
  return isNil(value) ? '<nil>' : String(unbox(value));
}

