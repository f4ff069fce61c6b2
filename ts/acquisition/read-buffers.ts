// The arrays that native reads fill, and the batches made of them. Allocated here because memory that native code
// allocates cannot be transferred to a worker.

import { readNumber, readNumbers } from '../../native/index.js';
import { limits } from '../limits.js';

/** The arrays of one batch, owned by whoever receives them. */
export interface FilledArrays {
  readonly bytes: Uint8Array;
  readonly spans: Uint32Array;
  readonly flags: Uint8Array;
}

/** One set of arrays for reads that follow one another. */
export class ReadBuffers {
  bytes = new Uint8Array(limits.batchBytesMax);
  readonly spans = new Uint32Array(2 * limits.batchLinesMax);
  readonly flags = new Uint8Array(limits.batchLinesMax);
  readonly numbers = new Float64Array(readNumbers);

  /** Returns arrays with the lines of the last read and makes room for the next one. */
  take(count: number): FilledArrays {
    const used = this.numbers[readNumber.used];
    let bytes: Uint8Array;
    // A small batch is copied; a large one takes the buffer along.
    if (used <= limits.batchBytesMax / 2) {
      bytes = this.bytes.slice(0, used);
    } else {
      bytes = this.bytes.subarray(0, used);
      this.bytes = new Uint8Array(limits.batchBytesMax);
    }
    return { bytes, spans: this.spans.slice(0, 2 * count), flags: this.flags.slice(0, count) };
  }
}
