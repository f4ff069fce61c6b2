// The context of an alert: for each key that the installed contexts name, the different values over the events of the
// bucket, as one JSON list of bounded length.

import type { Event } from '../event/event.js';
import { type CompiledExpr, link } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import type { MetaItem } from '../model/alert.js';
import { sprintf } from '../util/go-format.js';
import { goJsonText } from '../util/go-json-text.js';
import { GoInt } from '../util/go-value.js';

/** One key of the context with its expressions, in load order. Plain data. */
export interface ContextSpec {
  readonly key: string;
  readonly expressions: readonly CompiledExpr[];
}

/** Evaluates the contexts on one worker. */
export class AlertContext {
  readonly #keys: readonly { readonly key: string; readonly evaluate: readonly ((event: Event) => unknown)[] }[];
  readonly #valueBytesMax: number;

  constructor(specs: readonly ContextSpec[], runtime: ExprRuntime, valueBytesMax: number) {
    const match = Object.create(null) as object;
    const request = {};
    this.#keys = specs.map(({ key, expressions }) => ({ key, evaluate: expressions.map((expression) => {
      const call = link(expression, runtime);
      return (event: Event) => call(event, match, request);
    }) }));
    this.#valueBytesMax = valueBytesMax;
  }

  /** The keys that have values, in load order. */
  of(queue: readonly Event[]): MetaItem[] {
    const items: MetaItem[] = [];
    for (const { key, evaluate } of this.#keys) {
      const values = new Set<string>();
      for (const event of queue) for (const call of evaluate) addValues(values, call, event);
      values.delete('');
      if (values.size > 0) items.push({ key, value: boundedList([...values], this.#valueBytesMax) });
    }
    return items;
  }
}

/** A failing expression gives no value, and neither does nil. */
function addValues(values: Set<string>, call: (event: Event) => unknown, event: Event): void {
  let result: unknown;
  try {
    result = call(event);
  } catch (error) {
    if (error instanceof ExprError) return;
    throw error;
  }
  if (result === null || result === undefined) return;
  if (Array.isArray(result) && result.every((item) => typeof item === 'string' || item instanceof GoInt)) {
    for (const item of result) values.add(textOf(item));
  } else values.add(textOf(result));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof GoInt ? String(value.value) : sprintf('%v', value);
}

/** A JSON list of at most so many bytes: the last values go first, then the only one left is halved and marked. */
function boundedList(values: readonly string[], bytesMax: number): string {
  const kept = [...values];
  let text = goJsonText(kept);
  while (Buffer.byteLength(text) > bytesMax) {
    if (kept.length > 1) kept.pop();
    else {
      const bytes = Buffer.from(kept[0]);
      kept[0] = `${bytes.toString('utf8', 0, Math.floor(bytes.length / 2))}...`;
    }
    text = goJsonText(kept);
  }
  return text;
}
