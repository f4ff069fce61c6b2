// Reads server-sent events out of the pieces in which they arrive: lines up to an empty one are an event. What is not
// known is passed over, as the format wants it.

import { StringDecoder } from 'node:string_decoder';
import { bouncerLimits } from './limits.js';

/** One event. `id` is null where it has none. */
export interface ServerEvent {
  readonly name: string;
  readonly id: string | null;
  readonly data: string;
}

/** One answer. */
export class EventReader {
  readonly #onEvent: (event: ServerEvent) => void;
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  /** Up to here there is no empty line. */
  #searched = 0;

  constructor(onEvent: (event: ServerEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes a piece. Throws a RangeError when an event is longer than any should be. */
  push(chunk: Buffer): void {
    this.#text += this.#decoder.write(chunk);
    let from = 0;
    for (let end; (end = this.#text.indexOf('\n\n', Math.max(from, this.#searched))) >= 0; from = end + 2) {
      this.#read(this.#text.slice(from, end));
      this.#searched = 0;
    }
    this.#text = this.#text.slice(from);
    // A line end may be the last thing that came.
    this.#searched = Math.max(0, this.#text.length - 1);
    if (this.#text.length > bouncerLimits.eventCharsMax) throw new RangeError('an event is too long');
  }

  #read(block: string): void {
    let [name, id, data]: [string, string | null, string | null] = ['message', null, null];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
      if (field === 'event') name = value;
      else if (field === 'id') id = value;
      else if (field === 'data') data = data === null ? value : `${data}\n${value}`;
    }
    if (data !== null) this.#onEvent({ name, id, data });
  }
}
