// Texts that many kept events have alike, each once in the shared memory: the file they came from, the nodes that were OK
// for them. A worker adds to a list of its own, which no other writes, and reads the lists of all. Nothing is taken out
// again: who finds the list full keeps the text with the event.

import * as abi from '../../engine-wasm/abi.js';
import { type BucketEngine, textBytes } from './memory.js';

/** No number, which has three bytes: the list is full and the text stays with its event. */
export const noNumber = 0xffffff;

/** The lists of all workers, seen from one. */
export class SharedTexts {
  readonly #engine: BucketEngine;
  readonly #worker: number;
  /** The own list. */
  readonly #numbers = new Map<string, number>();
  /** Texts read, by number. */
  readonly #texts: (string | undefined)[] = [];

  constructor(engine: BucketEngine, worker: number) {
    this.#engine = engine;
    this.#worker = worker;
    // A worker that was started again finds its list, which events refer to.
    const count = engine.uint32[this.#listAt(worker) / 4];
    for (let index = 0; index < count; index++) {
      const number = worker * abi.textsMax + index;
      this.#numbers.set(this.text(number), number);
    }
  }

  /** Returns the number of a text, which is added if need be; noNumber when there is no room. */
  numberOf(text: string): number {
    return this.#numbers.get(text) ?? this.#add(text);
  }

  /** The text of a number that any worker gave. Whoever read it in a kept event sees what was written before that event. */
  text(number: number): string {
    return (this.#texts[number] ??= this.#read(number));
  }

  #add(text: string): number {
    const { bytes, uint32 } = this.#engine;
    const list = this.#listAt(this.#worker);
    const count = uint32[list / 4];
    const from = count === 0 ? 0 : uint32[this.#entryAt(list, count - 1)] + textBytes(uint32[this.#entryAt(list, count - 1) + 1]);
    if (count >= abi.textsMax || from + 2 * text.length > abi.textBytesMax) return noNumber;
    const at = list + abi.textBytesAt + from;
    const length = /^[\0-\xff]*$/.test(text) ? bytes.write(text, at, 'latin1') : bytes.write(text, at, 'utf16le') | abi.textWide;
    uint32[this.#entryAt(list, count)] = from;
    uint32[this.#entryAt(list, count) + 1] = length;
    uint32[list / 4] = count + 1;
    const number = this.#worker * abi.textsMax + count;
    this.#numbers.set(text, number);
    return number;
  }

  #read(number: number): string {
    const { uint32 } = this.#engine;
    const list = this.#listAt(Math.floor(number / abi.textsMax));
    const entry = this.#entryAt(list, number % abi.textsMax);
    return this.#engine.textAt(list + abi.textBytesAt + uint32[entry], uint32[entry + 1]);
  }

  #listAt(worker: number): number {
    return this.#engine.stagingAt(worker) + abi.stagingTextsAt;
  }

  /** Index of an entry in words: where the text begins, how long it is. */
  #entryAt(list: number, index: number): number {
    return (list + abi.textEntriesAt) / 4 + 2 * index;
  }
}
