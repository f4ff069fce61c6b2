// Finds which of many literal texts occur in a text, or which first, in one pass (Aho-Corasick): the cost of a look-up does not
// grow with the number of literals. Works on UTF-16 units. Whether any occurs at all is asked of V8 where the text and the
// list are short: it compares with machine code, but its cost can grow with their product (bench/record/literals.md).

import { limits } from '../limits.js';
import { LiteralAutomaton, rootState } from './literal-automaton.js';

/** Many literals searched together. */
export class LiteralSearch {
  readonly #literals: readonly string[];
  readonly #quick: RegExp | null;
  /** Made when first needed: most lists are short, and whether one of them occurs is all that is asked. */
  #made: LiteralAutomaton | null = null;

  constructor(literals: readonly string[]) {
    this.#literals = literals;
    this.#quick = quickSearch(literals);
  }

  /** Index of the literal that occurs leftmost, the earliest in the list where several begin there; -1 for none. */
  first(text: string): number {
    const automaton = this.#automaton;
    let best = -1;
    let bestStart = Infinity;
    let end = 0;
    const note = (index: number): void => {
      const start = end - this.#literals[index].length;
      if (start > bestStart || (start === bestStart && index > best)) return;
      best = index;
      bestStart = start;
    };
    for (let state = rootState; ; state = automaton.step(state, text.charCodeAt(end++))) {
      automaton.eachEnd(state, note);
      // What is under way begins later than what is found, so nothing better can come.
      if (end === text.length || end - automaton.depthOf(state) > bestStart) return best;
    }
  }

  /** Whether any literal occurs. */
  occurs(text: string): boolean {
    if (this.#quick !== null && text.length <= limits.quickSearchCharsMax) return this.#quick.test(text);
    const automaton = this.#automaton;
    let state = rootState;
    for (let at = 0; at < text.length && !automaton.isEnd(state); at++) state = automaton.step(state, text.charCodeAt(at));
    return automaton.isEnd(state);
  }

  /** Calls `found` with the index of each literal that occurs, perhaps several times. */
  each(text: string, found: (index: number) => void): void {
    const automaton = this.#automaton;
    let state = rootState;
    automaton.eachEnd(state, found);
    for (let at = 0; at < text.length; at++) {
      state = automaton.step(state, text.charCodeAt(at));
      automaton.eachEnd(state, found);
    }
  }

  get #automaton(): LiteralAutomaton {
    return (this.#made ??= new LiteralAutomaton(this.#literals));
  }
}

/** The literals as alternatives; null for a list too long to be quick. An empty list has no alternative. */
function quickSearch(literals: readonly string[]): RegExp | null {
  const length = literals.reduce((sum, literal) => sum + literal.length, 0);
  if (literals.length === 0 || length > limits.quickSearchCharsMax) return null;
  return new RegExp(literals.map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'));
}
