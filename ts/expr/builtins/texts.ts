// Builtins over texts, and those that turn values into text and back. Texts and ints arrive checked and plain; what may
// be any value arrives boxed.

import { sprintf } from '../../util/go-format.js';
import { goJsonText } from '../../util/go-json-text.js';
import { byteOffset, goIndex, goReplace, goSplit, goToLower, goToUpper, goTrim, goTrimSpace } from '../../util/go-strings.js';
import { GoTime } from '../../util/go-time.js';
import { GoDuration, GoInt } from '../../util/go-value.js';
import { typeOfValue } from '../boxing.js';
import type { MemoryBudget } from '../budget.js';
import { toText } from '../operators.js';
import { GoLocation, NamedInt } from '../time-types.js';
import { ExprError, GoStruct } from '../values.js';

/** string(): Go's `%v`. */
export function string(value: unknown): string {
  if (value instanceof NamedInt || value instanceof GoLocation) return String(value);
  if (value instanceof GoStruct) return `{${Object.values(value.toObject()).map(string).join(' ')}}`;
  return sprintf('%v', value);
}

/** type(): the kind of a value in the language's own words, or the Go type where that has a name. */
export function type(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'float';
  if (value instanceof GoInt) return 'int';
  if (typeof value === 'function') return 'func';
  if (Array.isArray(value) || value instanceof Uint8Array) return 'array';
  if (value instanceof GoLocation) return 'unknown';
  const named = value instanceof GoTime || value instanceof GoDuration || value instanceof GoStruct || value instanceof NamedInt;
  return named ? typeOfValue(value) : 'map';
}

/** trim(): white space, or the characters of a set. */
export function trim(text: string, cutset?: string): string {
  return cutset === undefined ? goTrimSpace(text) : goTrim(text, cutset, 'both');
}

/** trimPrefix(), of one space when nothing is said. */
export function trimPrefix(text: string, prefix = ' '): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** trimSuffix(), of one space when nothing is said. */
export function trimSuffix(text: string, suffix = ' '): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}

/** upper() and lower(), character by character. */
export const upper = goToUpper;
export const lower = goToLower;

/** split(); asked for no parts it gives nil, as Go does. */
export function split(text: string, separator: string, count = -1): string[] | null {
  return count === 0 ? null : goSplit(text, separator, count);
}

/** splitAfter(): each part keeps the separator that ends it. */
export function splitAfter(text: string, separator: string, count = -1): string[] | null {
  return count === 0 ? null : goSplit(text, separator, count, true);
}

/** replace(): all occurrences, or the first `count`. */
export function replace(text: string, old: string, by: string, count = -1): string {
  return goReplace(text, old, by, count);
}

/** repeat(), charged to the memory budget. */
export function repeat(budget: MemoryBudget, text: string, count: number): string {
  if (count < 0) throw new ExprError(`invalid argument for repeat (expected positive integer, got ${count})`);
  if (count > 1e6) throw new ExprError('memory budget exceeded');
  budget.take(Buffer.byteLength(text, 'utf8') * count);
  return text.repeat(count);
}

/** join(): every element must be a text. */
export function join(list: unknown, glue = ''): string {
  if (!Array.isArray(list)) throw new ExprError(`invalid argument for join (type ${typeOfValue(list)})`);
  return list.map(toText).join(glue);
}

/** Byte offset of the first occurrence, -1 for none. */
export function indexOf(text: string, part: string): number {
  return goIndex(text, part);
}

/** Byte offset of the last occurrence, -1 for none. */
export function lastIndexOf(text: string, part: string): number {
  return byteOffset(text, text.lastIndexOf(part));
}

/** hasPrefix(). */
export function hasPrefix(text: string, prefix: string): boolean {
  return text.startsWith(prefix);
}

/** hasSuffix(). */
export function hasSuffix(text: string, suffix: string): boolean {
  return text.endsWith(suffix);
}

/** toJSON(): Go's indented form. */
export function toJSON(value: unknown): string {
  try {
    return goJsonText(value, { indent: '  ' });
  } catch (error) {
    throw new ExprError((error as Error).message, { cause: error });
  }
}

/** fromJSON(): numbers are float64, objects are maps. */
export function fromJSON(text: string): unknown {
  try {
    const bare = (_key: string, value: unknown): unknown =>
      isObject(value) ? Object.assign(Object.create(null), value) : value;
    return JSON.parse(text, bare);
  } catch (error) {
    throw new ExprError((error as Error).message, { cause: error });
  }
}

/** toBase64() of the UTF-8 bytes. */
export function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** fromBase64(): padded standard alphabet; line breaks are ignored, anything else is an error. */
export function fromBase64(text: string): string {
  const packed = text.replace(/[\r\n]/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw new ExprError('illegal base64 data');
  return Buffer.from(packed, 'base64').toString('utf8');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
