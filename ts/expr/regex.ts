// Regular expressions of `matches`, by RE2 as CrowdSec's are. Patterns that a rule spells out are checked here at load;
// compiling for use, and remembering those made at run time, is the runtime's regex function.

import RE2 from 're2';
import { SyntaxFault } from './syntax-error.js';

/** What `matches` needs of a compiled pattern. */
export interface Regex {
  test(text: string): boolean;
}

/** Throws SyntaxFault at `at` when a pattern does not compile. */
export function checkPattern(pattern: string, at: number): void {
  try {
    new RE2(pattern);
  } catch (error) {
    throw new SyntaxFault(`error parsing regexp: ${(error as Error).message.slice(0, 200)}`, at);
  }
}
