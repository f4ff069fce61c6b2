// JSON text as Go's encoding/json writes it: `<`, `>`, `&` and the two line separators escaped, map keys sorted,
// numbers in Go's form. For values that expressions or answers hold; not a parser.

import { formatFloatJson } from './go-float.js';
import { GoDuration, GoInt } from './go-value.js';

export interface GoJsonOptions {
  /** Text of one level of indentation; none for one line. */
  readonly indent?: string;
  /** `sorted` for Go maps (the default), `kept` for structs, whose fields come in their own order. */
  readonly keys?: 'sorted' | 'kept';
}

/**
 * The JSON of a value. Undefined members are left out; null, and a missing list, print `null`. Numbers that JSON
 * cannot hold throw a RangeError with Go's words.
 */
export function goJsonText(value: unknown, options: GoJsonOptions = {}): string {
  return encode(value, options, '\n');
}

/** Escapes in a JSON text what Go escapes and JSON.stringify does not. */
export function escapeJsonAsGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escapeUnit);
}

function encode(value: unknown, options: GoJsonOptions, lineStart: string): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof GoInt) return String(value.value);
  if (value instanceof GoDuration) return String(value.nanoseconds);
  if (Array.isArray(value)) return encodeList(value, options, lineStart);
  return encodeObject(value as object, options, lineStart);
}

function encodeList(list: readonly unknown[], options: GoJsonOptions, lineStart: string): string {
  const inner = lineStart + (options.indent ?? '');
  return wrap('[', list.map((item) => encode(item, options, inner)), ']', options, lineStart);
}

function encodeObject(object: object, options: GoJsonOptions, lineStart: string): string {
  if ('toJSON' in object && typeof object.toJSON === 'function') return encode(object.toJSON(), options, lineStart);
  const plain = 'toObject' in object && typeof object.toObject === 'function' ? object.toObject() : object;
  const inner = lineStart + (options.indent ?? '');
  const keys = Object.keys(plain).filter((key) => plain[key] !== undefined);
  if (options.keys !== 'kept') keys.sort(compareCodePoints);
  const colon = options.indent === undefined ? ':' : ': ';
  return wrap('{', keys.map((key) => quote(key) + colon + encode(plain[key], options, inner)), '}', options, lineStart);
}

function wrap(open: string, items: readonly string[], close: string, options: GoJsonOptions, lineStart: string): string {
  if (items.length === 0) return open + close;
  if (options.indent === undefined) return open + items.join(',') + close;
  const inner = lineStart + options.indent;
  return open + inner + items.join(`,${inner}`) + lineStart + close;
}

function quote(text: string): string {
  return escapeJsonAsGo(JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')));
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) {
    throw new RangeError(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
  }
  return formatFloatJson(value);
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Orders strings as Go does (by UTF-8 bytes), which is by code point and not by UTF-16 unit. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  const x = a.charCodeAt(i);
  const y = b.charCodeAt(i);
  if (Number.isNaN(x) || Number.isNaN(y)) return a.length - b.length;
  const surrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
  if (surrogate(x) !== surrogate(y)) return surrogate(x) ? 1 : -1;
  return x - y;
}
