// Finds which of many literal texts occur in a text, or which first, in one pass (Aho-Corasick): the cost of a look-up does not
// grow with the number of literals. Works on UTF-16 units. Whether any occurs at all is asked of V8 where the text and the
// list are short: it compares with machine code, but its cost can grow with their product (bench/record/literals.md).

import { limits } from '../limits.js';

interface State {
  readonly next: Map<number, State>;
  /** The state of the longest proper suffix that is also a prefix of some literal. */
  suffix: State;
  readonly depth: number;
  /** Literals that end here, this state's and those of its suffixes, as indexes. */
  ends: number[];
}

/** Many literals searched together. */
export class LiteralSearch {
  readonly #literals: readonly string[];
  readonly #root: State;
  readonly #quick: RegExp | null;

  constructor(literals: readonly string[]) {
    this.#literals = literals;
    this.#root = newState(0);
    this.#root.suffix = this.#root;
    literals.forEach((literal, index) => this.#add(literal, index));
    this.#connect();
    this.#quick = quickSearch(literals);
  }

  /** Index of the literal that occurs leftmost, the earliest in the list where several begin there; -1 for none. */
  first(text: string): number {
    let best = this.#root.ends.length > 0 ? this.#root.ends[0] : -1;
    let bestStart = best < 0 ? Infinity : 0;
    let state = this.#root;
    for (let at = 0; at < text.length; at++) {
      state = step(state, text.charCodeAt(at));
      for (const index of state.ends) {
        const start = at + 1 - this.#literals[index].length;
        if (start > bestStart || (start === bestStart && index > best)) continue;
        best = index;
        bestStart = start;
      }
      // What is under way begins later than what is found, so nothing better can come.
      if (at + 1 - state.depth > bestStart) break;
    }
    return best;
  }

  /** Whether any literal occurs. */
  occurs(text: string): boolean {
    if (this.#quick !== null && text.length <= limits.quickSearchCharsMax) return this.#quick.test(text);
    let state = this.#root;
    if (state.ends.length > 0) return true;
    for (let at = 0; at < text.length; at++) {
      state = step(state, text.charCodeAt(at));
      if (state.ends.length > 0) return true;
    }
    return false;
  }

  /** Calls `found` with the index of each literal that occurs, perhaps several times. */
  each(text: string, found: (index: number) => void): void {
    let state = this.#root;
    for (const index of state.ends) found(index);
    for (let at = 0; at < text.length; at++) {
      state = step(state, text.charCodeAt(at));
      for (const index of state.ends) found(index);
    }
  }

  #add(literal: string, index: number): void {
    let state = this.#root;
    for (let i = 0; i < literal.length; i++) {
      const unit = literal.charCodeAt(i);
      let next = state.next.get(unit);
      if (next === undefined) state.next.set(unit, next = newState(i + 1));
      state = next;
    }
    state.ends.push(index);
  }

  /** Sets the suffix of every state, shorter states first. */
  #connect(): void {
    const waiting: State[] = [];
    for (const state of this.#root.next.values()) {
      state.suffix = this.#root;
      waiting.push(state);
    }
    for (let i = 0; i < waiting.length; i++) {
      for (const [unit, state] of waiting[i].next) {
        state.suffix = step(waiting[i].suffix, unit);
        waiting.push(state);
      }
      if (waiting[i].suffix !== this.#root) waiting[i].ends = [...waiting[i].ends, ...waiting[i].suffix.ends];
    }
  }
}

/** The literals as alternatives; null for a list too long to be quick. An empty list has no alternative. */
function quickSearch(literals: readonly string[]): RegExp | null {
  const length = literals.reduce((sum, literal) => sum + literal.length, 0);
  if (literals.length === 0 || length > limits.quickSearchCharsMax) return null;
  return new RegExp(literals.map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'));
}

function newState(depth: number): State {
  return { next: new Map(), suffix: undefined as unknown as State, depth, ends: [] };
}

function step(from: State, unit: number): State {
  for (let state = from; ; state = state.suffix) {
    const next = state.next.get(unit);
    if (next !== undefined) return next;
    if (state.depth === 0) return state;
  }
}
