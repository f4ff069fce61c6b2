// ParseKV and ParseKVLax: `key=value` pairs of a line into a map of the event. Hand-written scanners, each of which
// walks the line once: the regular expressions they stand for would go over some lines again and again.

import { ExprError, isStringMap, newStringMap } from '../expr/values.js';
import { anyType, errorType, mapOf, stringType, type Type } from '../expr/types.js';
import { goTrimSpace } from '../util/go-strings.js';
import type { HelperEntry, HelperFamily } from './family.js';

/** Found pairs in order; a later one of the same key wins. */
type Pairs = [key: string, value: string][];

const params: readonly Type[] = [stringType, mapOf(anyType), stringType];

/** ParseKV and ParseKVLax. They answer nil, and throw when there is no pair. */
export const kvHelpers: HelperFamily = {
  ParseKV: kvHelper(scanPairs, false),
  ParseKVLax: kvHelper(scanLaxPairs, true),
};

/**
 * Pairs `key=value`, `key="value"`, `key=`. A key is anything but space and `=`; a quoted value may hold escaped
 * characters and keeps its backslashes; a quote that is never closed is part of a plain value.
 */
export function scanPairs(text: string): Pairs {
  const pairs: Pairs = [];
  let at = 0;
  while (at < text.length) {
    const keyEnd = plainRunEnd(text, at);
    if (keyEnd === at || text[keyEnd] !== '=') {
      at = keyEnd + 1;
      continue;
    }
    const key = text.slice(at, keyEnd);
    const valueStart = keyEnd + 1;
    const quoteEnd = text[valueStart] === '"' ? closingQuote(text, valueStart + 1) : -1;
    if (quoteEnd >= 0) {
      pairs.push([key, text.slice(valueStart + 1, quoteEnd)]);
      at = quoteEnd + 1;
    } else {
      const valueEnd = plainRunEnd(text, valueStart);
      pairs.push([key, text.slice(valueStart, valueEnd)]);
      at = valueEnd;
    }
  }
  return pairs;
}

/**
 * Pairs whose values may hold spaces: a value goes on to the next key. Keys are words of letters, digits, `_`, `.` and
 * `-` that do not begin with a digit, and stand outside double quotes.
 */
export function scanLaxPairs(text: string): Pairs {
  const keys = laxKeys(text);
  return keys.map(({ start, end }, index) => {
    const valueEnd = index + 1 < keys.length ? keys[index + 1].start : text.length;
    return [text.slice(start, end), laxValue(goTrimSpace(text.slice(end + 1, valueEnd)))];
  });
}

/** `makesMap` tells whether the map is there afterwards even when no pair was found. */
function kvHelper(scan: (text: string) => Pairs, makesMap: boolean): HelperEntry {
  return {
    params, returns: errorType, hasEffects: true,
    make: () => (text: string, target: Record<string, unknown>, key: string) => {
      const pairs = scan(text);
      const map = mapAt(target, key, makesMap || pairs.length > 0);
      if (pairs.length === 0) throw new ExprError('there is no key=value pair in the text');
      for (const [name, value] of pairs) map[name] = value;
      return null;
    },
  };
}

/** The map of strings under a key, made when nothing is there. */
function mapAt(target: Record<string, unknown>, key: string, mayMake: boolean): Record<string, string> {
  const present = target[key];
  if (present === undefined && !(key in target)) {
    const made = newStringMap();
    if (mayMake) target[key] = made;
    return made;
  }
  if (typeof present !== 'object' || present === null || !isStringMap(present)) {
    throw new ExprError(`'${key}' holds something else already`);
  }
  return present as Record<string, string>;
}

/** Where a run of characters other than white space and `=` ends. */
function plainRunEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !isSpaceOrEquals(text.charCodeAt(end))) end++;
  return end;
}

function isSpaceOrEquals(code: number): boolean {
  return code === 0x20 || code === 0x3d || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

/** The quote that closes a value, or -1. A backslash takes the character after it along, unless that is a line end. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return at;
    if (char !== '\\') continue;
    at++;
    if (text[at] === '\n') return -1;
  }
  return -1;
}

/** Start and end (where `=` stands) of every key outside quotes. */
function laxKeys(text: string): { start: number; end: number }[] {
  const keys: { start: number; end: number }[] = [];
  let inQuotes = false;
  let backslashes = 0;
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 && backslashes % 2 === 0) inQuotes = !inQuotes;
    backslashes = code === 0x5c ? backslashes + 1 : 0;
    if (isWord(code)) {
      if (start < 0 && isWordStart(code)) start = at;
      continue;
    }
    if (code === 0x3d && start >= 0 && !inQuotes) keys.push({ start, end: at });
    start = -1;
  }
  return keys;
}

function isWordStart(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

function isWord(code: number): boolean {
  return isWordStart(code) || (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2d;
}

/** A value without the quotes around it and the escapes inside; a lone quote at its start goes too. */
function laxValue(value: string): string {
  if (!value.startsWith('"')) return value;
  if (value.length < 2 || !value.endsWith('"')) return value.slice(1);
  return value.slice(1, -1).replaceAll('\\\\', '\\').replaceAll('\\"', '"');
}
