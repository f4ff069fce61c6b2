// What the expression compiler needs to know of CrowdSec's helper functions. The table itself is made in
// ts/expr-helpers, which sits above: here is only its shape.

import type { Type } from './types.js';

/** Parameters and result of one way to call a function. */
export interface Signature {
  readonly params: readonly Type[];
  /** Type of each further argument. */
  readonly variadic?: Type;
  readonly returns: Type;
}

/**
 * One helper. Generated code checks arguments before the call: a `string`, `int`, `float`, `bool` or `duration` parameter
 * gets exactly that (int, float and duration as plain numbers), `any` gets GoInt and GoDuration boxes where Go has those
 * types, plain numbers being float64. The result is returned in the same way; nil is null. Throw for Go's error result.
 */
export interface FunctionEntry<Context = never> extends Signature {
  /** Further signatures, tried in order after the first. */
  readonly overloads?: readonly Signature[];
  /** The implementation returns a promise. */
  readonly isAsync?: boolean;
  /** It changes the event, a stash or a log: never cached, moved or skipped. */
  readonly hasEffects?: boolean;
  readonly usesStash?: boolean;
  /** The result depends on the arguments alone: calls may be saved, or made at load without a context. */
  readonly isPure?: boolean;
  /** Pure, and there is an answer to any arguments of the right types. */
  readonly neverFails?: boolean;
  /** The list it gives never changes, and is the same object for the same arguments. */
  readonly givesFixedList?: boolean;
  /** Of a pure helper of two texts: returns whether it is true of a text and some element of a list that never changes, made once for the list. */
  readonly ofList?: (list: readonly string[]) => (text: string) => boolean;
  /** The result depends on the arguments and on data that was loaded at the start. */
  readonly asksLoadedData?: boolean;
  /** Set when the function exists in CrowdSec but not here: why, as one clause. Its use is a load error. */
  readonly unsupported?: string;
  /** Makes the function for a runtime. */
  readonly make: (context: Context) => (...args: never[]) => unknown;
}

/** Helpers by name. */
export type FunctionTable<Context = never> = Readonly<Record<string, FunctionEntry<Context>>>;
