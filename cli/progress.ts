// A bar on a terminal that shows how far a long piece of work is. One line, wiped at the end.

import type { Output } from './io.js';
import { printable } from './render/text.js';

const cells = 30;

/** Shows how many of a known number of things are done. */
export class Progress {
  readonly #out: Output;
  readonly #total: number;
  #done = 0;

  constructor(out: Output, total: number) {
    this.#out = out;
    this.#total = total;
  }

  /** One more is done: this one. */
  advance(name: string): void {
    this.#done += 1;
    const full = Math.round((this.#done / this.#total) * cells);
    this.#out.write(`\r\x1b[K[${'#'.repeat(full)}${' '.repeat(cells - full)}] ${this.#done}/${this.#total} ${printable(name)}`);
  }

  /** Wipes the line. */
  clear(): void {
    this.#out.write('\r\x1b[K');
  }
}
