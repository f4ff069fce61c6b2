// A set of parser nodes by their numbers, a bit each: which nodes were OK for an event. Noted for every line, so adding is one
// write to memory and an event keeps its set for the next line.

/** Numbers below a count that is known from the start. */
export class NodeSet {
  readonly #words: Uint32Array;

  constructor(nodeCount: number) {
    this.#words = new Uint32Array(Math.ceil(nodeCount / 32));
  }

  add(id: number): void {
    this.#words[id >>> 5] |= 1 << (id & 31);
  }

  clear(): void {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) words[i] = 0;
  }

  /** The numbers in ascending order, a UTF-16 unit each: what is kept and compared. */
  toText(): string {
    let text = '';
    for (let i = 0; i < this.#words.length; i++) {
      for (let rest = this.#words[i]; rest !== 0; rest &= rest - 1) text += String.fromCharCode(32 * i + 31 - Math.clz32(rest & -rest));
    }
    return text;
  }
}
