// Reads server-sent events out of the pieces in which they arrive: lines up to an empty one are an event. What is not
// known is passed over, as the format wants it. Bytes stay bytes: data is text that item-scanner.ts reads quicker as such.

import { bouncerLimits } from './limits.js';

/** One event. `id` is null where it has none. */
export interface ServerEvent {
  readonly name: string;
  readonly id: string | null;
  /** UTF-8. */
  readonly data: Buffer;
}

const lineEnd = 10;
const emptyLine = Buffer.from('\n\n');

/** One answer. */
export class EventReader {
  readonly #onEvent: (event: ServerEvent) => void;
  /** What has come of an event whose end has not. */
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(onEvent: (event: ServerEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes a piece. Throws a RangeError when an event is longer than any should be. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let end = this.#firstEnd(chunk); end > 0; end = endBehind(chunk, from)) {
      this.#pieces.push(chunk.subarray(from, end));
      const block = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
      [this.#pieces, this.#length, from] = [[], 0, end];
      this.#read(block);
    }
    if (from === chunk.length) return;
    this.#pieces.push(chunk.subarray(from));
    this.#length += chunk.length - from;
    if (this.#length > bouncerLimits.eventBytesMax) throw new RangeError('an event is too long');
  }

  /** The empty line may have begun at the end of the piece before. */
  #firstEnd(chunk: Buffer): number {
    const isBegun = this.#pieces.at(-1)?.at(-1) === lineEnd;
    return isBegun && chunk[0] === lineEnd ? 1 : endBehind(chunk, 0);
  }

  #read(block: Buffer): void {
    let [name, id, data]: [string, string | null, Buffer | null] = ['message', null, null];
    for (let from = 0, end; (end = block.indexOf(lineEnd, from)) >= 0; from = end + 1) {
      const line = block.subarray(from, end);
      const colon = line.indexOf(':');
      const field = colon < 0 ? line.toString() : line.toString('utf8', 0, colon);
      const value = colon < 0 ? line.subarray(line.length) : line.subarray(colon + (line[colon + 1] === 0x20 ? 2 : 1));
      if (field === 'event') name = value.toString();
      else if (field === 'id') id = value.toString();
      else if (field === 'data') data = data === null ? value : Buffer.concat([data, emptyLine.subarray(1), value]);
    }
    if (data !== null) this.#onEvent({ name, id, data });
  }
}

/** Behind the next empty line, 0 when there is none. */
function endBehind(chunk: Buffer, from: number): number {
  const found = chunk.indexOf(emptyLine, from);
  return found < 0 ? 0 : found + emptyLine.length;
}
