// How the value of an expression becomes the text of a static or the subject of a grok: Go's rules, by the type that
// the value has there. Most types have no text form; for a static most of those end the event.

import { formatFloatFixed } from '../util/go-float.js';
import { GoInt } from '../util/go-value.js';

/** No text, and the event must be dropped: a static whose expression gave a bool, a []string and the like. */
export const noText = Symbol('no text');

/** Returns the text of a static's value: '' for nil, maps and lists of any; `noText` for every other type. */
export function staticText(value: unknown, resultType: string): string | typeof noText {
  if (typeof value === 'string') return resultType === '*string' ? noText : value;
  if (value === null || value === undefined) return '';
  if (value instanceof GoInt) return resultType === 'int' || isAnyType(resultType) ? String(value.value) : noText;
  if (typeof value === 'number') return formatFloatFixed(value);
  if (typeof value !== 'object') return noText;
  return isAnyMapOrList(value, resultType) ? '' : noText;
}

/** Returns the text that a grok's expression gives: '' for everything but a string, an int and a float. */
export function subjectText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof GoInt) return String(value.value);
  return typeof value === 'number' ? formatFloatFixed(value) : '';
}

function isAnyType(resultType: string): boolean {
  return resultType === 'interface {}' || resultType === 'unknown';
}

function isAnyMapOrList(value: object, resultType: string): boolean {
  if (resultType === '[]interface {}' || resultType === 'map[string]interface {}') return true;
  if (!isAnyType(resultType)) return false;
  // A map[string]string in an any has a prototype of its own; JSON objects have none.
  return Array.isArray(value) || Object.getPrototypeOf(value) === null;
}
