// Lines of a log as they travel: a batch is one buffer and an array of offsets; a line is a view into it.
// Nothing is decoded here before somebody reads it.

import { GoTime } from '../util/go-time.js';

declare global {
  // Node has these on every Buffer; its types leave them out. Half the cost of toString(encoding).
  interface Buffer {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
  }
}

/** What all lines of a source share. `labels.type` names the log type. */
export interface LineSource {
  /** Path, unit or address, as in Line.Src and the metrics' `source`. */
  readonly src: string;
  /** Acquisition module: file, journalctl, … Empty is not allowed. */
  readonly module: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether buckets follow the time in the log (time machine) or the time of reading (live). */
  readonly mode: ExpectMode;
}

/** Whose clock buckets follow: the time of reading, or the time in the log. */
export const ExpectMode = { live: 0, timeMachine: 1 } as const;
export type ExpectMode = (typeof ExpectMode)[keyof typeof ExpectMode];

/** Bits of LineBatch.flags. */
export const lineFlags = { ascii: 1, truncated: 2 } as const;

/** Lines of one source, in order. Transferable: everything in it is plain data. */
export interface LineBatch {
  /** Number of this batch among all batches of the process, from 0 without gaps: the order of the log. */
  readonly seq: number;
  readonly source: LineSource;
  readonly bytes: Uint8Array;
  /** Start and end of each line in `bytes`, two numbers a line, line ending excluded. */
  readonly spans: Uint32Array;
  /** One byte a line of `lineFlags`. */
  readonly flags: Uint8Array;
  readonly count: number;
  /** When the batch was read, Unix milliseconds: "now" for every line in it. */
  readonly readAtMs: number;
}

const noBytes = Buffer.alloc(0);

/** The text of one line: bytes in a batch, decoded on demand. Reused from line to line. */
export class LineText {
  bytes: Buffer = noBytes;
  start = 0;
  end = 0;
  ascii = true;
  #raw: string | undefined;

  /** Points at bytes [start, end) of a buffer. `ascii` is true only if no byte of them is above 0x7f. */
  point(bytes: Buffer, start: number, end: number, ascii: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.ascii = ascii;
    this.#raw = undefined;
  }

  /** Points at a text of our own making (explain, transform, tests). */
  pointAtString(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.point(bytes, 0, bytes.length, bytes.length === text.length);
  }

  /** The whole line. Invalid UTF-8 becomes U+FFFD here, never earlier. */
  get raw(): string {
    return (this.#raw ??= this.ascii
      ? this.bytes.latin1Slice(this.start, this.end)
      : this.bytes.utf8Slice(this.start, this.end));
  }

  /** Bytes [from, to) of the line as a string. In an ASCII line byte offsets are string indexes. */
  slice(from: number, to: number): string {
    return this.ascii ? this.raw.slice(from, to) : this.bytes.utf8Slice(this.start + from, this.start + to);
  }
}

/** The line an event came from, as expressions see it (`evt.Line`). */
export class Line {
  readonly text = new LineText();
  src = '';
  labels: Readonly<Record<string, string>> = {};
  process = true;
  module = '';
  readAtMs = 0;

  get raw(): string {
    return this.text.raw;
  }

  set raw(value: string) {
    this.text.pointAtString(value);
  }

  get time(): GoTime {
    return GoTime.fromMs(this.readAtMs);
  }

  /** Sets one label for this line only; labels are shared by all lines of a source until then. */
  setLabel(name: string, value: string): void {
    this.labels = { ...this.labels, [name]: value };
  }
}
