// Builtins over lists and maps that take no closure. All values are boxed.

import { GoInt } from '../../util/go-value.js';
import { entriesOf, get as getElement, isMap, item, lengthOf } from '../access.js';
import { typeOfValue } from '../boxing.js';
import type { MemoryBudget } from '../budget.js';
import { equal, isNil, order } from '../operators.js';
import { ExprError, GoStruct, KeyedMap } from '../values.js';

/** Nesting of lists that flatten follows. */
const depthMax = 500;

/** len() of anything that has a length. */
export function len(value: unknown): number {
  return lengthOf(value);
}

/** First element, nil when there is none. */
export function first(list: unknown): unknown {
  return elementOrNil(list, 0);
}

/** Last element, nil when there is none. */
export function last(list: unknown): unknown {
  return elementOrNil(list, -1);
}

/** get(): an element, nil when there is none. */
export const get = getElement;

/** The first `count` elements. */
export function take(list: unknown, count: unknown): unknown {
  if (!Array.isArray(list)) throw new ExprError(`cannot take from ${kindName(list)}`);
  if (!(count instanceof GoInt)) throw new ExprError(`cannot take ${kindName(count)} elements`);
  if (count.value < 0) throw new ExprError('reflect.Value.Slice: slice index out of bounds');
  return list.slice(0, count.value);
}

/** keys() of a map, in the order of insertion. */
export function keys(map: unknown): unknown[] {
  return entries(map, 'get keys from').map(([key]) => key);
}

/** values() of a map, in the order of insertion. */
export function values(map: unknown): unknown[] {
  return entries(map, 'get values from').map(([, value]) => value);
}

/** `[[key, value], …]`. */
export function toPairs(map: unknown): unknown[] {
  if (!isMap(map)) throw new ExprError(`cannot transform ${kindName(map)} to pairs`);
  return entriesOf(map).map(([key, value]) => [key, value]);
}

/** fromPairs(): a map of `[[key, value], …]`. */
export function fromPairs(pairs: unknown): KeyedMap {
  if (!Array.isArray(pairs)) throw new ExprError(`cannot transform ${kindName(pairs)} from pairs`);
  const map = newKeyedMap(false);
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair)) throw new ExprError('invalid pair');
    if (pair.length !== 2) throw new ExprError('invalid pair length');
    map.set(pair[0], pair[1]);
  }
  return map;
}

/** reverse(): a copy, last element first. */
export function reverse(budget: MemoryBudget, list: unknown): unknown[] {
  const items = listFor(list, 'reverse');
  budget.take(items.length);
  return [...items].reverse();
}

/** Each element once, in the order of first appearance. */
export function uniq(list: unknown): unknown[] {
  const found: unknown[] = [];
  for (const each of listFor(list, 'uniq')) {
    if (!found.some((other) => equal(each, other))) found.push(each);
  }
  return found;
}

/** concat(): all elements of all lists. */
export function concat(budget: MemoryBudget, ...lists: unknown[]): unknown[] | null {
  const all = lists.flatMap((list) => [...listFor(list, 'concat')]);
  budget.take(all.length);
  // Go leaves the result of appending nothing nil.
  return all.length === 0 ? null : all;
}

/** flatten(): lists within lists, at any depth, laid out in one. */
export function flatten(budget: MemoryBudget, list: unknown): unknown[] {
  const flat = flattened(listFor(list, 'flatten'), 0);
  budget.take(flat.length);
  return flat;
}

/** Sorted copy; what is no list gives nil, as in Go. */
export function sort(budget: MemoryBudget, list: unknown, direction: unknown = 'asc'): unknown[] | null {
  const sign = signOf(direction, 'sort');
  if (!Array.isArray(list)) return null;
  budget.take(list.length);
  return [...list].sort((a, b) => sign * order(a, b, '<'));
}

/** 1 for asc, -1 for desc. Throws on anything else. */
export function signOf(direction: unknown, name: string): number {
  if (direction === 'asc') return 1;
  if (direction === 'desc') return -1;
  if (typeof direction === 'string') throw new ExprError(`invalid order ${direction}, expected asc or desc`);
  throw new ExprError(`${name} order argument must be a string (got ${typeOfValue(direction)})`);
}

/** An empty map with keys of any type. Lists and maps cannot be keys, as in Go. */
export function newKeyedMap(ofLists: boolean): KeyedMap {
  return new KeyedMap(ofLists, (key) => {
    if (Array.isArray(key) || (typeof key === 'object' && key !== null && isMap(key))) {
      throw new ExprError(`runtime error: hash of unhashable type ${typeOfValue(key)}`);
    }
    const text = key instanceof GoStruct ? JSON.stringify(key.value) : String(key);
    return `${typeOfValue(key)}:${text}`;
  });
}

function elementOrNil(list: unknown, index: number): unknown {
  if (!Array.isArray(list) && typeof list !== 'string') return null;
  return list.length === 0 ? null : item(list, index);
}

function entries(map: unknown, what: string): [unknown, unknown][] {
  if (!isMap(map)) throw new ExprError(`cannot ${what} ${kindName(map)}`);
  return entriesOf(map);
}

function listFor(list: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(list)) throw new ExprError(`cannot ${what} ${kindName(list)}`);
  return list as unknown[];
}

function flattened(list: readonly unknown[], depth: number): unknown[] {
  if (depth > depthMax) throw new ExprError('recursion depth exceeded');
  return list.flatMap((each) => Array.isArray(each) ? flattened(each, depth + 1) : [each]);
}

function kindName(value: unknown): string {
  return isNil(value) ? 'invalid' : typeOfValue(value);
}
