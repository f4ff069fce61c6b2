// Values that expressions handle beside JavaScript's own: Go's map[string]string inside an `any`, maps with keys of any
// type, structs in an `any`, and the error of an evaluation. GoInt and GoDuration are in ts/util/go-value.ts.

import type { StructType } from './types.js';

/** An expression failed while running (a Go panic or error there). Each caller decides what that means. */
export class ExprError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    // Data, not a fault of ours, and perhaps for each line of a log: noting where in our code it arose would cost 2 µs, half of it all.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

ExprError.prototype.name = 'ExprError';

const stringMapPrototype: object = Object.freeze(Object.create(null));

/**
 * Returns an empty map[string]string for a place where any value may stand (ParseKV's results inside Unmarshaled).
 * A missing key of it reads as '', where a missing key of a map of any reads as nil.
 */
export function newStringMap(): Record<string, string> {
  return Object.create(stringMapPrototype) as Record<string, string>;
}

/** Whether a map is one of newStringMap(). */
export function isStringMap(value: object): boolean {
  return Object.getPrototypeOf(value) === stringMapPrototype;
}

/** A struct of plain JSON data (alert, source, …) in a place where any value may stand: the data with its type. */
export class GoStruct {
  constructor(readonly type: StructType, readonly value: Record<string, unknown>) {}

  /** The fields by their Go names, for text forms. */
  toObject(): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null);
    for (const [name, { property, zero }] of Object.entries(this.type.fields)) {
      object[name] = this.value[property] ?? zero ?? null;
    }
    return object;
  }

  /** The data itself: alerts and sources are kept as their JSON. */
  toJSON(): unknown {
    return this.value;
  }
}

/** A map with keys of any type (Go's map[any]any, and map[any][]any of groupBy), in the order of insertion. */
export class KeyedMap {
  readonly #entries = new Map<string, [key: unknown, value: unknown]>();
  readonly #ofLists: boolean;
  readonly #keyText: (key: unknown) => string;

  /** `ofLists` marks groupBy's result. Keys with the same text are the same key. */
  constructor(ofLists: boolean, keyText: (key: unknown) => string) {
    this.#ofLists = ofLists;
    this.#keyText = keyText;
  }

  /** Go's name of the type. */
  get typeText(): string {
    return this.#ofLists ? 'map[interface {}][]interface {}' : 'map[interface {}]interface {}';
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: unknown): boolean {
    return this.#entries.has(this.#keyText(key));
  }

  get(key: unknown): unknown {
    return this.#entries.get(this.#keyText(key))?.[1];
  }

  set(key: unknown, value: unknown): void {
    this.#entries.set(this.#keyText(key), [key, value]);
  }

  entries(): [key: unknown, value: unknown][] {
    return [...this.#entries.values()];
  }

  /** The map with the texts of its keys, for text forms. */
  toObject(): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, value] of this.#entries.values()) object[String(key)] = value;
    return object;
  }

  /** Fails: Go has no JSON for such a map. */
  toJSON(): never {
    throw new ExprError(`json: unsupported type: ${this.typeText}`);
  }
}
