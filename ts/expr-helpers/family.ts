// Short ways to write an entry of the helper table. A family is a record of entries, one file for each.

import type { FunctionEntry, FunctionTable } from '../expr/functions.js';
import type { Type } from '../expr/types.js';
import type { HelperContext } from './context.js';

/** One helper of CrowdSec's. */
export type HelperEntry = FunctionEntry<HelperContext>;

/** Helpers by the name expressions call them. */
export type HelperFamily = FunctionTable<HelperContext>;

/** A helper that only looks at its arguments. */
export function pure(params: readonly Type[], returns: Type, run: (...args: never[]) => unknown): HelperEntry {
  return { params, returns, isPure: true, make: () => run };
}

/** A pure helper with an answer to any texts. */
export function total(params: readonly Type[], returns: Type, run: (...args: never[]) => unknown): HelperEntry {
  return { ...pure(params, returns, run), neverFails: true };
}

/** A helper that CrowdSec has and this program has not: an expression that uses it does not compile. */
export function unsupported(params: readonly Type[], returns: Type, why: string): HelperEntry {
  return {
    params, returns, unsupported: why,
    make: () => () => {
      throw new Error(`a helper that is not there was called: ${why}`);
    },
  };
}
