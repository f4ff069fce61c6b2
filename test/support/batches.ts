// Batches of lines as a reader makes them, and a source that gives out batches made beforehand: how tests decide what is
// read together and when it was read.

import type { RawBatch, Source } from '../../ts/acquisition/source.js';
import { lineFlags, type LineSource } from '../../ts/event/line.js';

/** A batch of lines of a source, read at an instant. */
export function batchOfLines(lines: readonly string[], source: Omit<LineSource, 'module'>, readAtMs: number): RawBatch {
  const parts = lines.map((line) => Buffer.from(line));
  // An array of its own: batches are transferred to workers.
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, 0));
  const spans = new Uint32Array(2 * lines.length);
  const flags = new Uint8Array(lines.length);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    bytes.set(part, at);
    spans.set([at, at + part.length], 2 * index);
    flags[index] = part.every((byte) => byte < 0x80) ? lineFlags.ascii : 0;
    at += part.length + 1;
  }
  return { source: { ...source, module: 'file' }, bytes, spans, flags, count: lines.length, readAtMs };
}

/** Gives out batches in order, then ends. */
export class PreparedSource implements Source {
  readonly #batches: readonly RawBatch[];

  constructor(batches: readonly RawBatch[]) {
    this.#batches = batches;
  }

  async open(): Promise<void> {}

  async *batches(): AsyncGenerator<RawBatch> {
    yield* this.#batches;
  }

  async close(): Promise<void> {}
}
