// Helpers on strings: CrowdSec's names for Go's strings package, globs, formatting.

import { ExprError } from '../expr/values.js';
import { anyType, boolType, intType, sliceOf, stringType } from '../expr/types.js';
import { sprintf } from '../util/go-format.js';
import * as go from '../util/go-strings.js';
import { matchGlob } from '../util/glob.js';
import { type HelperFamily, pure, total } from './family.js';

const one = [stringType];
const two = [stringType, stringType];
const list = sliceOf(stringType);

/** Helpers named after functions of Go's strings package, and Get, Match, ToString, Sprintf. */
export const stringHelpers: HelperFamily = {
  Upper: total(one, stringType, go.goToUpper),
  Lower: total(one, stringType, go.goToLower),
  TrimSpace: total(one, stringType, go.goTrimSpace),
  Trim: pure(two, stringType, (text: string, cutset: string) => go.goTrim(text, cutset, 'both')),
  TrimLeft: pure(two, stringType, (text: string, cutset: string) => go.goTrim(text, cutset, 'left')),
  TrimRight: pure(two, stringType, (text: string, cutset: string) => go.goTrim(text, cutset, 'right')),
  TrimPrefix: pure(two, stringType, (text: string, prefix: string) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text),
  TrimSuffix: pure(two, stringType, (text: string, suffix: string) =>
    text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text),
  Split: pure(two, list, (text: string, separator: string) => go.goSplit(text, separator)),
  SplitN: pure([stringType, stringType, intType], list, (text: string, separator: string, count: number) =>
    go.goSplit(text, separator, count)),
  SplitAfter: pure(two, list, (text: string, separator: string) => go.goSplit(text, separator, -1, true)),
  SplitAfterN: pure([stringType, stringType, intType], list, (text: string, separator: string, count: number) =>
    go.goSplit(text, separator, count, true)),
  Fields: pure(one, list, go.goFields),
  Join: pure([list, stringType], stringType, (parts: readonly string[], separator: string) => parts.join(separator)),
  Index: pure(two, intType, go.goIndex),
  IndexAny: pure(two, intType, go.goIndexAny),
  Replace: pure([stringType, stringType, stringType, intType], stringType, go.goReplace),
  ReplaceAll: pure([stringType, stringType, stringType], stringType, (text: string, old: string, by: string) =>
    go.goReplace(text, old, by)),
  Get: pure([list, intType], stringType, elementAt),
  Match: pure(two, boolType, (pattern: string, text: string) => matchGlob(withoutDoubledEnd(pattern), text)),
  ToString: pure([anyType], stringType, (value: unknown) => (typeof value === 'string' ? value : '')),
  Sprintf: { params: [stringType], variadic: anyType, returns: stringType, make: () => sprintf },
};

/** '' beyond the end, where Go would fail below 0. */
function elementAt(elements: readonly string[], index: number): string {
  if (index < 0) throw new ExprError(`index out of range [${index}]`);
  return elements[index] ?? '';
}

/** CrowdSec's matcher wants at least one character for stars doubled at the end of a pattern. */
function withoutDoubledEnd(pattern: string): string {
  return pattern.replace(/\*\*+$/, '?*');
}
