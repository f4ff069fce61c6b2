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
    const words = this.#words;
    if (areSame(words, lastWords)) return lastText;
    let text = '';
    for (let i = 0; i < words.length; i++) {
      for (let rest = words[i]; rest !== 0; rest &= rest - 1) text += String.fromCharCode(32 * i + 31 - Math.clz32(rest & -rest));
    }
    lastWords = words.slice();
    return (lastText = text);
  }
}

/** The set that was asked last, and its text: most events of a log pass the same nodes. */
let lastWords = new Uint32Array(0);
let lastText = '';

function areSame(words: Uint32Array, others: Uint32Array): boolean {
  if (words.length !== others.length) return false;
  for (let i = 0; i < words.length; i++) if (words[i] !== others[i]) return false;
  return true;
}
