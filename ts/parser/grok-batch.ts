// Runs one grok over many events with one native call: the subjects that are bytes of the batch are matched where they
// lie and captured as ranges, the others are written to a scratch buffer and captured as strings. Hot.

import type { Event } from '../event/event.js';
import { type FieldCells, noRange, packRange } from '../event/fields.js';
import { ExprError } from '../expr/values.js';
import type { GrokSet } from '../grok/prefilter.js';
import type { LinkedGrok, LinkedSubject } from './node.js';
import { subjectText } from './static-text.js';

/** Longest UTF-8 form of one UTF-16 unit, bytes. */
const bytesPerUnitMax = 3;

/** A byte range of a line holds offsets up to this; captures of a longer line are strings. */
const rangeEndMax = 0xffff;

/** The working memory of groks over batches; one for each runner. */
export class GrokBatch {
  #eventCountMax = 0;
  /** Event numbers whose subject lies in the batch, and where it starts within the line. */
  #inPlace = new Int32Array(0);
  #inPlaceStarts = new Int32Array(0);
  #inPlaceSpans = new Uint32Array(0);
  /** Event numbers whose subject was written to the scratch buffer, with the text itself. */
  #written = new Int32Array(0);
  #writtenSpans = new Uint32Array(0);
  readonly #texts: string[] = [];
  #scratch = Buffer.alloc(64 * 1024);
  #scratchEnd = 0;
  #inPlaceCount = 0;
  #writtenCount = 0;
  /** Where the cells of the fields of the grok at work begin. */
  #firsts = new Int32Array(0);

  /** Makes room for batches of this size. */
  reserve(eventCountMax: number): void {
    if (eventCountMax <= this.#eventCountMax) return;
    this.#eventCountMax = eventCountMax;
    this.#inPlace = new Int32Array(eventCountMax);
    this.#inPlaceStarts = new Int32Array(eventCountMax);
    this.#inPlaceSpans = new Uint32Array(2 * eventCountMax);
    this.#written = new Int32Array(eventCountMax);
    this.#writtenSpans = new Uint32Array(2 * eventCountMax);
  }

  /**
   * Matches a grok for the first `count` event numbers of a list, whose lines lie in `bytes` (others are copied). Sets
   * `ok` to 1 or 0 for each and merges the captures of those that match into Parsed.
   */
  match(
    grok: LinkedGrok, events: readonly Event[], list: Int32Array, count: number, bytes: Buffer, ok: Uint8Array,
  ): void {
    this.#inPlaceCount = this.#writtenCount = this.#scratchEnd = 0;
    for (let index = 0; index < count; index++) {
      const number = list[index];
      ok[number] = 0;
      this.#gather(grok.subject, number, events[number], bytes);
    }
    if (this.#inPlaceCount > 0) this.#matchInPlace(grok, events, bytes, ok);
    if (this.#writtenCount > 0) this.#matchWritten(grok, events, ok);
  }

  /** Matches a grok against a text of one event; true if it matched. Captures go to Parsed. */
  matchText(grok: LinkedGrok, event: Event, text: string): boolean {
    this.#inPlaceCount = this.#writtenCount = this.#scratchEnd = 0;
    this.#write(0, text);
    const ok = new Uint8Array(1);
    this.#matchWritten(grok, [event], ok);
    return ok[0] === 1;
  }

  /**
   * Asks a set about the first `count` event numbers of a list. Writes `set.words` words for each into `masks`, at
   * `set.words` times the event number: bit i is set where pattern i may match. No subject, no bit.
   */
  rule(
    subject: LinkedSubject, set: GrokSet, events: readonly Event[], list: Int32Array, count: number, bytes: Buffer,
    masks: Uint32Array,
  ): void {
    this.#inPlaceCount = this.#writtenCount = this.#scratchEnd = 0;
    const { words } = set;
    for (let index = 0; index < count; index++) {
      const number = list[index];
      masks.fill(0, words * number, words * (number + 1));
      this.#gather(subject, number, events[number], bytes);
    }
    if (this.#inPlaceCount > 0) {
      spread(set.match(bytes, this.#inPlaceSpans, this.#inPlaceCount), this.#inPlace, this.#inPlaceCount, words, masks);
    }
    if (this.#writtenCount > 0) {
      spread(set.match(this.#scratch, this.#writtenSpans, this.#writtenCount), this.#written, this.#writtenCount, words, masks);
    }
  }

  #gather(subject: LinkedSubject, number: number, event: Event, bytes: Buffer): void {
    const line = event.line.text;
    if (subject.kind === 'raw') {
      const length = line.end - line.start;
      if (line.bytes === bytes && length <= rangeEndMax) this.#place(number, line.start, 0, length);
      else this.#write(number, line.raw);
    } else if (subject.kind === 'parsed') {
      const { slot } = subject;
      const range = event.parsed.rangeAt(slot);
      if (range !== -1 && line.bytes === bytes) this.#place(number, line.start, range >>> 16, range & 0xffff);
      else if (event.parsed.hasAt(slot)) this.#write(number, event.parsed.at(slot));
    } else {
      const text = evaluateSubject(subject.evaluate, event);
      if (text !== null) this.#write(number, text);
    }
  }

  #place(number: number, lineStart: number, start: number, end: number): void {
    const at = this.#inPlaceCount++;
    this.#inPlace[at] = number;
    this.#inPlaceStarts[at] = start;
    this.#inPlaceSpans[2 * at] = lineStart + start;
    this.#inPlaceSpans[2 * at + 1] = lineStart + end;
  }

  #write(number: number, text: string): void {
    const start = this.#scratchEnd;
    const needed = start + bytesPerUnitMax * text.length;
    if (needed > this.#scratch.length) {
      const larger = Buffer.alloc(2 * needed);
      this.#scratch.copy(larger, 0, 0, start);
      this.#scratch = larger;
    }
    const at = this.#writtenCount++;
    this.#written[at] = number;
    this.#texts[at] = text;
    this.#writtenSpans[2 * at] = start;
    this.#scratchEnd = this.#writtenSpans[2 * at + 1] = start + this.#scratch.write(text, start, 'utf8');
  }

  #matchInPlace({ program, slots }: LinkedGrok, events: readonly Event[], bytes: Buffer, ok: Uint8Array): void {
    const rows = program.exec(bytes, this.#inPlaceSpans, this.#inPlaceCount);
    const { stride } = program;
    if (this.#firsts.length < slots.length) this.#firsts = new Int32Array(slots.length);
    const firsts = this.#firsts;
    let cells: FieldCells | null = null;
    for (let index = 0, row = 0; index < this.#inPlaceCount; index++, row += stride) {
      if (rows[row] === 0) continue;
      const number = this.#inPlace[index];
      const start = this.#inPlaceStarts[index];
      const { parsed } = events[number];
      ok[number] = 1;
      // The events of a batch share their cells.
      if (parsed.cells !== cells) (cells = parsed.cells).firstsToWrite(slots, firsts);
      const { ranges, texts } = cells;
      for (let field = 0, at = row + 1; field < slots.length; field++, at += 2) {
        const cell = firsts[field] + parsed.row;
        const isThere = rows[at] >= 0;
        texts[cell] = isThere ? undefined : '';
        ranges[cell] = isThere ? packRange(start + rows[at], start + rows[at + 1]) : noRange;
      }
    }
  }

  #matchWritten({ program, slots }: LinkedGrok, events: readonly Event[], ok: Uint8Array): void {
    const spans = this.#writtenSpans;
    const rows = program.exec(this.#scratch, spans, this.#writtenCount);
    const { stride } = program;
    for (let index = 0, row = 0; index < this.#writtenCount; index++, row += stride) {
      if (rows[row] === 0) continue;
      const number = this.#written[index];
      const text = this.#texts[index];
      const start = spans[2 * index];
      // Byte offsets are string indexes only while every unit took one byte.
      const isAscii = spans[2 * index + 1] - start === text.length;
      const { parsed } = events[number];
      ok[number] = 1;
      for (let field = 0, at = row + 1; field < slots.length; field++, at += 2) {
        parsed.setAt(slots[field], rows[at] < 0 ? '' : isAscii ? text.slice(rows[at], rows[at + 1])
          : this.#scratch.utf8Slice(start + rows[at], start + rows[at + 1]));
      }
    }
  }
}

/** Copies rows in the order of a list to where each event number has its row. */
function spread(rows: Uint32Array, list: Int32Array, count: number, words: number, masks: Uint32Array): void {
  for (let index = 0; index < count; index++) {
    for (let word = 0; word < words; word++) masks[words * list[index] + word] = rows[words * index + word];
  }
}

/** The text that a grok's expression yields, null when it fails. */
function evaluateSubject(evaluate: (event: Event) => unknown, event: Event): string | null {
  try {
    return subjectText(evaluate(event));
  } catch (error) {
    if (error instanceof ExprError) return null;
    throw error;
  }
}
