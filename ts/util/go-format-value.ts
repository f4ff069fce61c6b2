// One operand of Go's Sprintf under one verb. What a JavaScript value is in Go is decided here: a number is a
// float64, GoInt an int, an array a []interface {}, any other object a map with sorted keys.

import { formatFloat } from './go-float.js';
import { floatBitsText } from './go-float-bits.js';
import { formatGoDuration } from './go-duration.js';
import { compareCodePoints } from './go-json-text.js';
import { goQuote, goQuoteRune } from './go-quote.js';
import { GoTime } from './go-time.js';
import { GoDuration, GoInt } from './go-value.js';

/** The flags of a directive. Width and precision are null when not given. */
export interface FormatFlags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | null;
  precision: number | null;
}

/** The text of an operand under a verb; `%!verb(type=value)` where the verb does not fit. */
export function formatValue(value: unknown, verb: string, flags: FormatFlags): string {
  if (verb === 'T') return pad(value === null || value === undefined ? '<nil>' : typeName(value), flags);
  if (value === null || value === undefined) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  if (typeof value === 'string') return stringText(value, verb, flags) ?? badVerb(value, verb, flags);
  if (typeof value === 'boolean') {
    return verb === 't' || verb === 'v' ? pad(String(value), flags) : badVerb(value, verb, flags);
  }
  if (typeof value === 'number') return floatText(value, verb, flags) ?? badVerb(value, verb, flags);
  if (value instanceof GoInt) return intText(value.value, verb, flags) ?? badVerb(value, verb, flags);
  if (value instanceof GoDuration) return durationText(value, verb, flags);
  if (value instanceof GoTime) return stringText(value.toString(), verb, flags) ?? badVerb(value, verb, flags);
  if (isStringer(value as object)) return stringText(String(value), verb, flags) ?? badVerb(value, verb, flags);
  return collectionText(value as object, verb, flags);
}

/** The name of the Go type that a value stands for. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'string': return 'string';
    case 'boolean': return 'bool';
    case 'number': return 'float64';
  }
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof GoInt) return 'int';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoTime) return 'time.Time';
  if (Array.isArray(value)) return '[]interface {}';
  return isStringMap(value as object) ? 'map[string]string' : 'map[string]interface {}';
}

/** Go keeps the flags for the value it could not format, and shows a duration as the int it is. */
function badVerb(value: unknown, verb: string, flags: FormatFlags): string {
  const bare = value instanceof GoDuration ? new GoInt(value.nanoseconds) : value;
  return `%!${verb}(${typeName(value)}=${formatValue(bare, 'v', flags)})`;
}

function pad(text: string, flags: FormatFlags): string {
  if (flags.width === null) return text;
  const missing = flags.width - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

function stringText(value: string, verb: string, flags: FormatFlags): string | null {
  switch (verb) {
    case 'v':
      if (flags.sharp) return pad(goQuote(value), flags);
      return pad(cut(value, flags.precision), flags);
    case 's': return pad(cut(value, flags.precision), flags);
    case 'q': return pad(quotedText(cut(value, flags.precision), flags), flags);
    case 'x': return pad(hexBytes(value, flags), flags);
    case 'X': return pad(hexBytes(value, flags).toUpperCase(), flags);
    default: return null;
  }
}

function quotedText(value: string, flags: FormatFlags): string {
  const rawFits = flags.sharp && !/[`\x00-\x08\x0a-\x1f\x7f\ufeff\ufffd]/.test(value);
  return rawFits ? `\`${value}\`` : goQuote(value, flags.plus);
}

function cut(value: string, precision: number | null): string {
  return precision === null ? value : [...value].slice(0, precision).join('');
}

function hexBytes(value: string, flags: FormatFlags): string {
  const bytes = Buffer.from(value, 'utf8').subarray(0, flags.precision ?? undefined);
  if (bytes.length === 0) return '';
  if (!flags.space) return (flags.sharp ? '0x' : '') + bytes.toString('hex');
  const mark = flags.sharp ? '0x' : '';
  return Array.from(bytes, (byte) => mark + byte.toString(16).padStart(2, '0')).join(' ');
}

function intText(value: number, verb: string, flags: FormatFlags): string | null {
  switch (verb) {
    case 'v': case 'd': return integer(value, 10, '', flags);
    case 'b': return integer(value, 2, flags.sharp ? '0b' : '', flags);
    case 'o': return integer(value, 8, flags.sharp ? '0' : '', flags);
    case 'O': return integer(value, 8, '0o', flags);
    case 'x': return integer(value, 16, flags.sharp ? '0x' : '', flags);
    case 'X': return integer(value, 16, flags.sharp ? '0x' : '', flags).toUpperCase();
    case 'c': return pad(isRune(value) ? String.fromCodePoint(value) : '\ufffd', flags);
    case 'q': return pad(goQuoteRune(value, flags.plus), flags);
    case 'U': return pad(unicodeText(value, flags), flags);
    default: return null;
  }
}

function isRune(value: number): boolean {
  return value >= 0 && value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
}

function unicodeText(value: number, flags: FormatFlags): string {
  const digits = BigInt.asUintN(64, BigInt(Math.trunc(value))).toString(16).toUpperCase();
  const text = `U+${digits.padStart(Math.max(4, flags.precision ?? 0), '0')}`;
  return flags.sharp && isRune(value) ? `${text} '${String.fromCodePoint(value)}'` : text;
}

function integer(value: number, base: number, prefix: string, flags: FormatFlags): string {
  const sign = value < 0 ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  // BigInt keeps ints beyond 2^53 from turning into exponent form.
  let digits = BigInt(Math.trunc(Math.abs(value))).toString(base);
  if (flags.precision !== null) {
    digits = flags.precision === 0 && value === 0 ? '' : digits.padStart(flags.precision, '0');
    return pad(digits === '' ? '' : sign + prefix + digits, { ...flags, zero: false });
  }
  if (flags.zero && flags.width !== null) digits = digits.padStart(flags.width - sign.length, '0');
  return pad(sign + prefix + digits, { ...flags, zero: false });
}

function floatText(value: number, verb: string, flags: FormatFlags): string | null {
  let text: string;
  switch (verb) {
    case 'v': text = formatFloat(value, 'g', flags.precision ?? -1); break;
    case 'g': case 'G': text = formatFloat(value, verb, flags.precision ?? -1); break;
    case 'e': case 'E': text = formatFloat(value, verb, flags.precision ?? 6); break;
    case 'f': case 'F': text = formatFloat(value, 'f', flags.precision ?? 6); break;
    case 'b': case 'x': case 'X': text = floatBitsText(value, verb, flags.precision); break;
    default: return null;
  }
  return signedNumber(flags.sharp && verb !== 'b' && verb !== 'v' ? withPoint(text, verb, flags) : text, value, flags);
}

/** `#` asks for a decimal point always, and for the zeros that %g drops. */
function withPoint(text: string, verb: string, flags: FormatFlags): string {
  if (/[IN]/.test(text)) return text;
  const [, mantissa, exponent] = /^(.*?)((?:[ep][+-][0-9]+)?)$/i.exec(text)!;
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.`;
  if (!'gGx'.includes(verb)) return pointed + exponent;
  // In hexadecimal Go counts the x of the prefix as a digit.
  const significant = pointed.replace(/[-+.]/g, '').replace(/^0+(?=[0-9x])/, '').length;
  return pointed + '0'.repeat(Math.max(0, (flags.precision ?? 6) - significant)) + exponent;
}

function signedNumber(text: string, value: number, flags: FormatFlags): string {
  const unsigned = text.replace(/^[+-]/, '');
  const shown = flags.plus ? '+' : flags.space ? ' ' : '';
  const sign = text.startsWith('-') ? '-' : value === Infinity && shown === '' ? '+' : shown;
  if (!Number.isFinite(value)) return pad(sign + unsigned, { ...flags, zero: false });
  if (flags.zero && flags.width !== null) return sign + unsigned.padStart(flags.width - sign.length, '0');
  return pad(sign + unsigned, flags);
}

function durationText(value: GoDuration, verb: string, flags: FormatFlags): string {
  const isText = verb === 's' || verb === 'q' || (verb === 'v' && !flags.sharp) || verb === 'x' || verb === 'X';
  const text = isText ? stringText(formatGoDuration(value.nanoseconds), verb, flags)
    : intText(value.nanoseconds, verb, flags);
  return text ?? badVerb(value, verb, flags);
}

/** Lists and maps: the verb applies to every element; nil prints as `<nil>` whatever the verb. */
function collectionText(value: object, verb: string, flags: FormatFlags): string {
  const sharp = verb === 'v' && flags.sharp;
  const item = (one: unknown): string =>
    one === null || one === undefined ? (sharp ? 'interface {}(nil)' : pad('<nil>', flags))
      : formatValue(one, verb, flags);
  if (Array.isArray(value)) {
    return sharp ? `${typeName(value)}{${value.map(item).join(', ')}}` : `[${value.map(item).join(' ')}]`;
  }
  const map = mapOf(value);
  const pairs = Object.keys(map).sort(compareCodePoints).map((key) => `${item(key)}:${item(map[key])}`);
  return sharp ? `${typeName(value)}{${pairs.join(', ')}}` : `map[${pairs.join(' ')}]`;
}

/** Objects of a class with a text form of its own, e.g. a weekday. Data objects have no prototype to bring one. */
function isStringer(value: object): boolean {
  return !Array.isArray(value) && typeof value.toString === 'function' && !Object.hasOwn(value, 'toString')
    && value.toString !== Object.prototype.toString;
}

/** Maps of an event offer their content as an object; others are objects already. */
function mapOf(value: object): Record<string, unknown> {
  if (isStringMap(value)) return value.toObject();
  return value as Record<string, unknown>;
}

function isStringMap(value: object): value is { toObject(): Record<string, string> } {
  return 'toObject' in value && typeof value.toObject === 'function';
}
