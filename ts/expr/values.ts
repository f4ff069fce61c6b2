// Values that expressions handle beside JavaScript's own: Go's map[string]string inside an `any`, maps with keys of any
// type, structs in an `any`, and the error of an evaluation. GoInt and GoDuration are in ts/util/go-value.ts.

import type { StructType } from './types.js';

/** An expression failed while running (a Go panic or error there). Each caller decides what that means. */
export class ExprError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExprError';
  }
}

const stringMapPrototype: object = Object.freeze(Object.create(null));

/**
 * Returns an empty map[string]string for a place where any value may stand (ParseKV's results inside Unmarshaled).
 * A missing key of it reads as '', where a missing key of a map of any reads as nil.
 */
export function newStringMap(): Record<string, string> {
  return Object.create(stringMapPrototype) as Record<string, string>;
}

export function isStringMap(value: object): boolean {
  return Object.getPrototypeOf(value) === stringMapPrototype;
}

/** A struct of plain JSON data (alert, source, …) in a place where any value may stand: the data with its type. */
export class GoStruct {
  constructor(readonly type: StructType, readonly value: Record<string, unknown>) {}
}

/** A map with keys of any type (Go's map[any]any, and map[any][]any of groupBy), in the order of insertion. */
export class KeyedMap {
  readonly #entries = new Map<string, [key: unknown, value: unknown]>();

  constructor(
    /** True for groupBy's result: a missing key then reads as an empty list. */
    readonly ofLists: boolean,
    readonly keyText: (key: unknown) => string,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  has(key: unknown): boolean {
    return this.#entries.has(this.keyText(key));
  }

  get(key: unknown): unknown {
    return this.#entries.get(this.keyText(key))?.[1];
  }

  set(key: unknown, value: unknown): void {
    this.#entries.set(this.keyText(key), [key, value]);
  }

  entries(): [key: unknown, value: unknown][] {
    return [...this.#entries.values()];
  }
}
