// The automaton of Aho and Corasick over UTF-16 units: walks once over a text and tells where literals end in it. Its states lie in
// a few arrays of numbers, 40 bytes each: with maps they were half of what a worker's collector had to walk over with all rules
// installed (bench/record/2026-11-23-hot-path.md).

/** The state that every walk begins in. */
export const rootState = 0;
const none = -1;
/** Most steps of an ordinary text begin and end in the root: what comes after these units there is an array read. */
const quickUnits = 128;

/** A walk is a state: begin with `rootState`, go on with `step` unit by unit. */
export class LiteralAutomaton {
  /** By state: the one it was reached from first, by which unit, and how many units it is from the root. */
  readonly #parents: Int32Array;
  readonly #units: Uint16Array;
  readonly #depths: Int32Array;
  /** By state: that of the longest proper suffix that is also the beginning of some literal. */
  readonly #suffixes: Int32Array;
  /** By state: the last literal that ends just there, and the next shorter suffix that has one. */
  readonly #literals: Int32Array;
  readonly #shorter: Int32Array;
  /** By literal: another one with the same text. */
  readonly #same: Int32Array;
  /** States by the hash of parent and unit, in the next free place; the root is none, so 0 is a free one. */
  readonly #children: Int32Array;
  readonly #afterRoot = new Int32Array(quickUnits);
  #stateCount = 1;

  constructor(literals: readonly string[]) {
    const stateMax = literals.reduce((sum, { length }) => sum + length, 1);
    this.#parents = new Int32Array(stateMax);
    this.#units = new Uint16Array(stateMax);
    this.#depths = new Int32Array(stateMax);
    this.#suffixes = new Int32Array(stateMax);
    this.#literals = new Int32Array(stateMax).fill(none);
    this.#shorter = new Int32Array(stateMax).fill(none);
    this.#same = new Int32Array(literals.length).fill(none);
    this.#children = new Int32Array(2 ** (Math.ceil(Math.log2(stateMax)) + 1));
    literals.forEach((literal, index) => this.#add(literal, index));
    this.#connect();
  }

  /** The state after one more unit of the text. */
  step(from: number, unit: number): number {
    for (let state = from; state !== rootState; state = this.#suffixes[state]) {
      const child = this.#children[this.#placeOf(state, unit)];
      if (child !== 0) return child;
    }
    return unit < quickUnits ? this.#afterRoot[unit] : this.#children[this.#placeOf(rootState, unit)];
  }

  /** Whether some literal ends where this state is reached. */
  isEnd(state: number): boolean {
    return this.#literals[state] !== none || this.#shorter[state] !== none;
  }

  /** Calls `found` with the index of each literal that ends where this state is reached. */
  eachEnd(from: number, found: (index: number) => void): void {
    for (let state = from; state !== none; state = this.#shorter[state]) {
      for (let index = this.#literals[state]; index !== none; index = this.#same[index]) found(index);
    }
  }

  /** How long a beginning of a literal this state stands for. */
  depthOf(state: number): number {
    return this.#depths[state];
  }

  #add(literal: string, index: number): void {
    let state = rootState;
    for (let at = 0; at < literal.length; at++) {
      const unit = literal.charCodeAt(at);
      const place = this.#placeOf(state, unit);
      if (this.#children[place] === 0) {
        const child = this.#stateCount++;
        this.#children[place] = child;
        this.#parents[child] = state;
        this.#units[child] = unit;
        this.#depths[child] = at + 1;
        if (state === rootState && unit < quickUnits) this.#afterRoot[unit] = child;
      }
      state = this.#children[place];
    }
    this.#same[index] = this.#literals[state];
    this.#literals[state] = index;
  }

  /** Sets what each state takes from its suffix, shorter states first. */
  #connect(): void {
    const depths = this.#depths;
    const inOrder = Int32Array.from({ length: this.#stateCount }, (_, state) => state).sort((a, b) => depths[a] - depths[b]);
    for (const state of inOrder) {
      if (state === rootState) continue;
      const parent = this.#parents[state];
      const suffix = parent === rootState ? rootState : this.step(this.#suffixes[parent], this.#units[state]);
      this.#suffixes[state] = suffix;
      this.#shorter[state] = this.#literals[suffix] !== none ? suffix : this.#shorter[suffix];
    }
  }

  /** Where the state after `unit` lies or, if there is none, would lie. */
  #placeOf(state: number, unit: number): number {
    const mask = this.#children.length - 1;
    const hash = Math.imul(state, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const child = this.#children[place];
      if (child === 0 || (this.#parents[child] === state && this.#units[child] === unit)) return place;
    }
  }
}
