// Reads an answer of /v1/decisions/stream while it arrives, so that a million decisions never stand in memory as one
// text. Fast path: cut before the last `},{"` and parse what lies before; where that fails (the cut was inside a text or
// past the first list), the rest is read as a whole at the end. An answer that stops short is an error.

import { StringDecoder } from 'node:string_decoder';
import { bouncerLimits } from './limits.js';
import type { WireDecision } from './decision.js';

/** What the two lists of an answer bring, in pieces. */
export interface StreamSink {
  added(decisions: readonly WireDecision[]): void;
  deleted(decisions: readonly WireDecision[]): void;
}

const head = /^\{"new": ?\[(?=\{)/;

/** One answer. */
export class StreamReader {
  readonly #sink: StreamSink;
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #isWhole: boolean | null = null;
  #tryAt: number = bouncerLimits.streamTextCharsMin;

  constructor(sink: StreamSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    this.#text += this.#decoder.write(chunk);
    if (this.#text.length < this.#tryAt || this.#isWhole === true) return;
    this.#takeHead();
    if (this.#isWhole === false) this.#takeItems();
  }

  /** Reads what is left. Throws a SyntaxError when the answer is cut or none. */
  end(): void {
    this.#text += this.#decoder.end();
    const text = this.#isWhole === false ? `{"new": [${this.#text}` : this.#text;
    const answer = JSON.parse(text) as { new?: WireDecision[] | null; deleted?: WireDecision[] | null };
    if (typeof answer !== 'object' || answer === null) throw new SyntaxError('not an answer of a decision stream');
    for (const list of [answer.new, answer.deleted]) {
      if (list !== undefined && list !== null && !Array.isArray(list)) throw new SyntaxError('not a list of decisions');
    }
    this.#sink.added(answer.new ?? []);
    this.#sink.deleted(answer.deleted ?? []);
  }

  #takeHead(): void {
    if (this.#isWhole !== null) return;
    const found = head.exec(this.#text);
    this.#isWhole = found === null;
    if (found !== null) this.#text = this.#text.slice(found[0].length);
  }

  #takeItems(): void {
    const cut = this.#text.lastIndexOf('},{"');
    if (cut < 0) {
      this.#tryAt = 2 * this.#text.length;
      return;
    }
    let items: WireDecision[];
    try {
      items = JSON.parse(`[${this.#text.slice(0, cut + 1)}]`) as WireDecision[];
    } catch {
      // Tried again when there is twice as much, so the cost stays in proportion.
      this.#tryAt = 2 * this.#text.length;
      return;
    }
    this.#text = this.#text.slice(cut + 2);
    this.#tryAt = this.#text.length + bouncerLimits.streamTextCharsMin;
    this.#sink.added(items);
  }
}
