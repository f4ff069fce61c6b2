// Builtins with a closure, over lists whose elements are given as they are; `boxed` brings a kept element into boxed form.
// Each exists twice: as it is, and for closures that wait for an asynchronous helper. Closures must give a bool
// where one is needed; any, all, find and their like stop as soon as the answer is known.

import { GoInt } from '../../util/go-value.js';
import type { MemoryBudget } from '../budget.js';
import { add, order, toBool } from '../operators.js';
import { ExprError, type KeyedMap } from '../values.js';
import { newKeyedMap, signOf } from './lists.js';

/** What a closure is given: an element, and its position. */
export type Closure = (element: never, index: number) => unknown;
type Boxed = (element: unknown) => unknown;
/** A loop over a list, paused at each closure call with what it gave, so that waiting and not waiting share their code. */
type Steps<T> = Generator<unknown, T, unknown>;

/** Runs a loop whose closure answers at once. */
export function run<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(step.value);
  return step.value;
}

/** Runs a loop whose closure gives promises. */
export async function runAsync<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await step.value);
  return step.value;
}

/** The boxed form of an element that needs no box. */
export function same(element: unknown): unknown {
  return element;
}

/** A found position as a value: nil for none. */
export function indexOrNil(index: number): GoInt | null {
  return index < 0 ? null : new GoInt(index);
}

/** What `filter(…)[0]` gives when nothing matched: an error. */
export function noElement(): never {
  throw new ExprError('reflect: slice index out of range');
}

/** `from..to`. */
export function range(from: number, to: number, budget: MemoryBudget): GoInt[] {
  const size = Math.max(to - from + 1, 0);
  budget.take(size);
  return Array.from({ length: size }, (_, index) => new GoInt(from + index));
}

/** one(): whether exactly one element matches. */
export function* one(list: readonly unknown[], closure: Closure): Steps<boolean> {
  return (yield* count(list, closure)) === 1;
}

/** count(): how many elements match, looking no further than `enough`. */
export function* count(list: readonly unknown[], closure: Closure, enough = Infinity): Steps<number> {
  let found = 0;
  for (const [index, element] of list.entries()) {
    if (toBool(yield closure(element as never, index))) found += 1;
    if (found >= enough) break;
  }
  return found;
}

/** filter() and map() of conditions are asked after each event: for closures that answer at once they have a plain loop, too. */
export function filterNow(list: readonly unknown[], closure: Closure, boxed: Boxed, budget: MemoryBudget): unknown[] {
  const kept: unknown[] = [];
  for (let index = 0; index < list.length; index++) if (toBool(closure(list[index] as never, index))) kept.push(boxed(list[index]));
  budget.take(kept.length);
  return kept;
}

/** The same for map(). */
export function mapNow(list: readonly unknown[], closure: Closure, budget: MemoryBudget): unknown[] {
  const results = new Array<unknown>(list.length);
  for (let index = 0; index < list.length; index++) results[index] = closure(list[index] as never, index);
  budget.take(results.length);
  return results;
}

/** The elements that match, boxed. */
export function* filter(
  list: readonly unknown[], closure: Closure, boxed: Boxed, budget: MemoryBudget,
): Steps<unknown[]> {
  const kept: unknown[] = [];
  for (const [index, element] of list.entries()) {
    if (toBool(yield closure(element as never, index))) kept.push(boxed(element));
  }
  budget.take(kept.length);
  return kept;
}

/** map(): what the closure gives for each element. */
export function* map(list: readonly unknown[], closure: Closure, budget: MemoryBudget): Steps<unknown[]> {
  const results: unknown[] = [];
  for (const [index, element] of list.entries()) results.push(yield closure(element as never, index));
  budget.take(results.length);
  return results;
}

/** sum() of what the closure gives. */
export function* sum(list: readonly unknown[], closure: Closure): Steps<unknown> {
  let total: unknown = new GoInt(0);
  for (const [index, element] of list.entries()) total = add(yield closure(element as never, index), total);
  return total;
}

/** The index of the first match, -1 for none. */
export function* findIndex(list: readonly unknown[], closure: Closure): Steps<number> {
  for (const [index, element] of list.entries()) {
    if (toBool(yield closure(element as never, index))) return index;
  }
  return -1;
}

/** The index of the last match, -1 for none; looks from the end. */
export function* findLastIndex(list: readonly unknown[], closure: Closure): Steps<number> {
  for (let index = list.length - 1; index >= 0; index--) {
    if (toBool(yield closure(list[index] as never, index))) return index;
  }
  return -1;
}

/** groupBy(): lists of elements by what the closure gives. */
export function* groupBy(list: readonly unknown[], closure: Closure, boxed: Boxed): Steps<KeyedMap> {
  const groups = newKeyedMap(true);
  for (const [index, element] of list.entries()) {
    const key = yield closure(element as never, index);
    const group = groups.get(key) as unknown[] | undefined;
    if (group === undefined) groups.set(key, [boxed(element)]);
    else group.push(boxed(element));
  }
  return groups;
}

/** sortBy(): the elements in the order of what the closure gives; equal ones keep their places. */
export function* sortBy(
  list: readonly unknown[], closure: Closure, boxed: Boxed, budget: MemoryBudget, direction: unknown,
): Steps<unknown[]> {
  const sign = signOf(direction, 'sortBy');
  const rows: { key: unknown; element: unknown }[] = [];
  for (const [index, element] of list.entries()) {
    rows.push({ key: yield closure(element as never, index), element: boxed(element) });
  }
  budget.take(rows.length);
  return rows.sort((a, b) => sign * order(a.key, b.key, '<')).map((row) => row.element);
}

/** reduce(); without an initial value the first element is it. */
export function* reduce(
  list: readonly unknown[], closure: (element: never, index: number, result: unknown) => unknown, boxed: Boxed,
  initial: { readonly value: unknown } | null,
): Steps<unknown> {
  if (initial === null && list.length === 0) throw new ExprError('reduce of empty array with no initial value');
  let result = initial === null ? boxed(list[0]) : initial.value;
  for (let index = initial === null ? 1 : 0; index < list.length; index++) {
    result = yield closure(list[index] as never, index, result);
  }
  return result;
}

