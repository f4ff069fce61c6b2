// Reads an answer of /v1/decisions/stream while it arrives, so that a million decisions never stand in memory as one
// text. Fast path: cut before the last `},{"` and parse what lies before; where that fails (the cut was inside a text or
// past the first list), the rest is read as a whole at the end. An answer that stops short is an error.

import { scanItems } from './item-scanner.js';
import { bouncerLimits } from './limits.js';
import type { WireDecision } from './decision.js';

/** What the two lists of an answer bring, in pieces. */
export interface StreamSink {
  added(decisions: readonly WireDecision[]): void;
  deleted(decisions: readonly WireDecision[]): void;
}

const head = /^\{"new": ?\[(?=\{)/;
const headBytes = '{"new": [{'.length;

/** One answer. */
export class StreamReader {
  readonly #sink: StreamSink;
  #pieces: Buffer[] = [];
  #length = 0;
  #isWhole: boolean | null = null;
  #tryAt: number = bouncerLimits.streamBytesMin;

  constructor(sink: StreamSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#tryAt || this.#isWhole === true) return;
    this.#keep(this.#withoutHead(Buffer.concat(this.#pieces)));
    if (this.#isWhole === false) this.#takeItems(this.#pieces[0]);
  }

  /** Reads what is left. Throws a SyntaxError when the answer is cut or none. */
  end(): void {
    const rest = Buffer.concat(this.#pieces).toString();
    const text = this.#isWhole === false ? `{"new": [${rest}` : rest;
    const answer = JSON.parse(text) as { new?: WireDecision[] | null; deleted?: WireDecision[] | null };
    if (typeof answer !== 'object' || answer === null) throw new SyntaxError('not an answer of a decision stream');
    for (const list of [answer.new, answer.deleted]) {
      if (list !== undefined && list !== null && !Array.isArray(list)) throw new SyntaxError('not a list of decisions');
    }
    this.#sink.added(answer.new ?? []);
    this.#sink.deleted(answer.deleted ?? []);
  }

  #withoutHead(bytes: Buffer): Buffer {
    if (this.#isWhole !== null) return bytes;
    const found = head.exec(bytes.toString('latin1', 0, headBytes));
    this.#isWhole = found === null;
    return bytes.subarray(found?.[0].length ?? 0);
  }

  #keep(bytes: Buffer): void {
    this.#pieces = [bytes];
    this.#length = bytes.length;
  }

  #takeItems(bytes: Buffer): void {
    const cut = bytes.lastIndexOf('},{"');
    const items = cut < 0 ? null : itemsOf(bytes.subarray(0, cut + 1));
    if (items === null) {
      // Tried again when there is twice as much, so the cost stays in proportion.
      this.#tryAt = 2 * bytes.length;
      return;
    }
    this.#keep(bytes.subarray(cut + 2));
    this.#tryAt = this.#length + bouncerLimits.streamBytesMin;
    this.#sink.added(items);
  }
}

/** Items with commas between them, null when it is no such list. */
function itemsOf(bytes: Buffer): WireDecision[] | null {
  const scanned = scanItems(bytes);
  if (scanned !== null) return scanned;
  try {
    return JSON.parse(`[${bytes.toString()}]`) as WireDecision[];
  } catch {
    return null;
  }
}
