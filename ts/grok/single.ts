// Regular expressions used one text at a time (`matches`, RegexpInFile, exclude_regexps, container names), through the
// `re2` package. For lines in batches see program.ts.

import RE2 from 're2';
import { PalisadeError, type Place } from '../errors.js';
import { limits } from '../limits.js';

/** Returns a compiled expression in Go's syntax. Throws E_PATTERN at `place` when RE2 refuses it. */
export function compileSingle(pattern: string, place?: Place): RE2 {
  try {
    return new RE2(pattern);
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200);
    throw new PalisadeError('E_PATTERN', `RE2 refuses this regular expression: ${reason}`, place, { cause: error });
  }
}

/** Compiled expressions whose text is only known at run time. Keeps the most recently used ones. */
export class SinglePatterns {
  readonly #countMax: number;
  // A Map keeps the order of insertion: the first key is the one not used for longest.
  readonly #compiled = new Map<string, RE2>();

  constructor(countMax: number = limits.dynamicPatternsMax) {
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#compiled.size;
  }

  /** Returns the expression compiled, now or earlier. Throws E_PATTERN when RE2 refuses it. */
  get(pattern: string): RE2 {
    const compiled = this.#compiled.get(pattern) ?? compileSingle(pattern);
    this.#compiled.delete(pattern);
    if (this.#compiled.size >= this.#countMax) this.#compiled.delete(this.#compiled.keys().next().value as string);
    this.#compiled.set(pattern, compiled);
    return compiled;
  }
}
