// Regular expressions of `matches`, by RE2 as CrowdSec's are. Patterns that a rule spells out are checked here at load;
// compiling for use, and remembering those made at run time, is the runtime's regex function.

import RE2 from 're2';
import { LiteralSearch } from '../util/literal-search.js';
import { requiredLiterals } from '../util/regex-literals.js';
import { remembered } from '../util/remembered.js';
import { SyntaxFault } from './syntax-error.js';

/** What `matches` needs of a compiled pattern. */
export interface Regex {
  test(text: string): boolean;
}

/** Throws SyntaxFault at `at` when a pattern does not compile. */
export function checkPattern(pattern: string, at: number): void {
  const fault = faultOf(pattern);
  if (fault !== '') throw new SyntaxFault(`error parsing regexp: ${fault}`, at);
}

/** Whether a pattern compiles. */
export function isPattern(pattern: string): boolean {
  return faultOf(pattern) === '';
}

/** RE2's complaint, '' for none. */
const faultOf = remembered((pattern) => {
  try {
    new RE2(pattern);
    return '';
  } catch (error) {
    return (error as Error).message.slice(0, 200);
  }
});

/** A pattern known to be good, compiled when a text first has the literals that it requires: few ever have. */
export class GuardedRegex implements Regex {
  readonly #pattern: string;
  readonly #compile: (pattern: string) => Regex;
  #guard: LiteralSearch | null | undefined;
  #regex: Regex | null = null;

  constructor(pattern: string, compile: (pattern: string) => Regex) {
    this.#pattern = pattern;
    this.#compile = compile;
  }

  test(text: string): boolean {
    if (this.#guard === undefined) this.#guard = guardOf([this.#pattern]);
    if (this.#guard !== null && !this.#guard.occurs(text)) return false;
    return (this.#regex ??= this.#compile(this.#pattern)).test(text);
  }
}

/** Finds the texts without which none of the patterns matches; null where some pattern requires none. */
export function guardOf(patterns: readonly string[]): LiteralSearch | null {
  const required = patterns.map(requiredLiterals);
  return required.every((texts) => texts !== null) ? new LiteralSearch(required.flat()) : null;
}
