// Writes an event as the bytes its buckets keep, straight into the staging area. A part that does not fit any more is
// left out and counted by the caller. Speed matters: once for each event that is poured.

import { keptBytesMax } from '../../engine-wasm/abi.js';
import { EventType, type Event, type Overflow } from '../event/event.js';
import { type Fields, noRange } from '../event/fields.js';
import { ExpectMode } from '../event/line.js';
import { limits } from '../limits.js';
import type { Alert } from '../model/alert.js';
import * as format from './kept-format.js';
import type { KeptFields } from './kept-fields.js';
import { noNumber, type SharedTexts } from './shared-texts.js';

declare global {
  // Node has this on every Buffer; its types leave it out. See ts/event/line.ts.
  interface Buffer {
    utf8Write(text: string, offset: number): number;
  }
}

const { entry, keptFlag } = format;

/** Letters from which one native call is faster than a loop over them (measured: 75 ns against 2.7 ns a letter). */
export const nativeWriteMin = 28;

/** Room that encode() must find: a try in UTF-8 can take three bytes where UTF-16, the longest form kept, takes two. */
export const encodingBytesMax = 1.5 * keptBytesMax + 64;

/** A text and its number among the shared ones. */
interface NumberedText {
  text: string;
  number: number;
}

/** Writes events one after the other into one buffer. */
export class EventEncoder {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #sharedTexts: SharedTexts;
  #start = 0;
  #at = 0;
  #end = 0;
  /** File of the origin that was written, and the end of the byte ranges that lie in its line's head; '' and -1 where there is none. */
  #src = '';
  #rangeEnd = -1;
  /** Of the event before: most events of a log have the same. */
  readonly #lastSrc: NumberedText = { text: '', number: noNumber };
  readonly #lastNodes: NumberedText = { text: '', number: noNumber };
  /** Parts left out of the last event because it was too large. */
  leftOut = 0;

  constructor(bytes: Buffer, texts: SharedTexts) {
    this.#bytes = bytes;
    this.#sharedTexts = texts;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Writes an event at `at`, using up to encodingBytesMax there, and returns its length. `id` tells kept events apart
   * while the memory lives.
   */
  encode(event: Event, fields: KeptFields, id: number, at: number): number {
    this.#start = at;
    this.#end = at + keptBytesMax;
    this.leftOut = 0;
    this.#head(event, id);
    this.#src = '';
    this.#rangeEnd = -1;
    if (fields.origin && event.type === EventType.log) this.#origin(event);
    if (event.time.zone !== 'UTC') this.#text(entry.zone, event.time.zone);
    if (event.marshaledTime !== '') this.#text(entry.marshaledTime, event.marshaledTime);
    this.#fields(event.meta, null, entry.metaSlot, entry.metaName, entry.metaRange, event.marshaledTime, this.#src);
    this.#fields(event.enriched, fields.all ? null : fields.enriched, entry.enrichedSlot, entry.enrichedName, entry.enrichedRange);
    this.#fields(event.parsed, fields.all ? null : fields.parsed, entry.parsedSlot, entry.parsedName, entry.parsedRange);
    if (event.type === EventType.overflow && event.overflow !== null) this.#overflow(event.overflow, fields);
    if (fields.all || fields.line) this.#line(event);
    if (fields.all || fields.texts) this.#texts(event);
    if ((fields.all || fields.lineRaw) && event.line.raw !== '') this.#text(entry.lineRaw, event.line.raw);
    if (fields.all || fields.unmarshaled) this.#unmarshaled(event.unmarshaled);
    return this.#at - this.#start;
  }

  #head(event: Event, id: number): void {
    const { time } = event;
    const view = this.#view;
    const at = this.#start;
    const isWhole = time.nanos === 0 && time.offsetSeconds === 0;
    view.setFloat64(at + format.headId, id, true);
    view.setFloat64(at + format.headSeconds, time.seconds, true);
    this.#bytes[at + format.headFlags] = (event.type << format.typeShift) | (isWhole ? keptFlag.wholeSecond : 0)
      | (event.expectMode === ExpectMode.timeMachine ? keptFlag.timeMachine : 0) | (event.whitelisted ? keptFlag.whitelisted : 0)
      | (event.process ? keptFlag.process : 0) | (event.line.process ? keptFlag.lineProcess : 0);
    this.#at = at + format.headBytesShort;
    if (isWhole) return;
    view.setInt32(at + format.headNanos, time.nanos, true);
    view.setInt32(at + format.headOffset, time.offsetSeconds, true);
    this.#at = at + format.headBytesLong;
  }

  /**
   * The hot part, so the letters of slots are written in place: for each slot tag, number, length and letters. What lies in the
   * head of the line is a range of it; a text that is `time` or `src` (of Meta, and not '') is not written again.
   */
  #fields(fields: Fields, wanted: Uint8Array | null, slotTag: number, nameTag: number, rangeTag: number, time = '', src = ''): void {
    const slots = fields.slotsInUse;
    const bytes = this.#bytes;
    const rangeEnd = this.#rangeEnd;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      if (wanted !== null && wanted[slot] !== 1) continue;
      const range = rangeEnd < 0 ? noRange : fields.rangeAt(slot);
      if (range !== noRange && (range & 0xffff) <= rangeEnd) {
        this.#range(rangeTag, slot, range);
        continue;
      }
      if (!fields.hasAt(slot)) continue;
      const value = fields.at(slot);
      const length = value.length;
      if (!this.#hasRoom(8 + 2 * length)) continue;
      const isTime = value === time && length > 0;
      const isSrc = value === src && length > 0;
      this.#slot(isTime ? entry.metaTime : isSrc ? entry.metaSrc : slotTag, slot);
      if (isTime || isSrc) continue;
      if (length >= nativeWriteMin) {
        this.#letters(value);
        continue;
      }
      const from = this.#at + lengthBytes(length);
      let unit = 0;
      let written = 0;
      for (; written < length && (unit = value.charCodeAt(written)) <= 0xff; written++) bytes[from + written] = unit;
      if (written < length) this.#wideLetters(value);
      else this.#setLength(length);
    }
    if (fields.extra === null || wanted !== null) return;
    for (const [name, value] of fields.extra) this.#pair(nameTag, name, value);
  }

  #slot(tag: number, slot: number): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = tag;
    if (slot < format.shortSlotEnd) {
      bytes[this.#at++] = slot;
      return;
    }
    bytes[this.#at] = format.shortSlotEnd;
    bytes[this.#at + 1] = slot;
    bytes[this.#at + 2] = slot >>> 8;
    this.#at += 3;
  }

  #range(tag: number, slot: number, range: number): void {
    if (!this.#hasRoom(7)) return;
    this.#slot(tag, slot);
    const start = range >>> 16;
    const length = (range & 0xffff) - start;
    this.#bytes[this.#at] = start;
    this.#bytes[this.#at + 1] = (start >>> 8) | (length << 4);
    this.#bytes[this.#at + 2] = length >>> 4;
    this.#at += 3;
  }

  #line(event: Event): void {
    const { line } = event;
    this.#text(entry.lineSrc, line.src);
    this.#text(entry.lineModule, line.module);
    this.#text(entry.lineLabels, JSON.stringify(line.labels));
    this.#text(entry.lineReadAtMs, String(line.readAtMs));
  }

  #texts(event: Event): void {
    if (event.strTime !== '') this.#text(entry.strTime, event.strTime);
    if (event.strTimeFormat !== '') this.#text(entry.strTimeFormat, event.strTimeFormat);
    if (event.stage !== '') this.#text(entry.stage, event.stage);
    if (event.whitelistReason !== '') this.#text(entry.whitelistReason, event.whitelistReason);
  }

  #unmarshaled(data: Record<string, unknown>): void {
    const text = JSON.stringify(data);
    if (text !== '{}') this.#text(entry.unmarshaled, text);
  }

  /** Events of the alerts can be many and are seldom read: they stay only where an expression can reach them. */
  #overflow(overflow: Overflow, fields: KeptFields): void {
    const kept = fields.all || fields.overflowEvents ? overflow : withLastEvents(overflow, fields.origin ? 1 : 0);
    if (!this.#text(entry.overflow, JSON.stringify(kept))) this.#text(entry.overflow, JSON.stringify(withLastEvents(overflow, 0)));
  }

  #origin({ line, okNodes }: Event): void {
    const head = line.raw.slice(0, limits.provenanceLineCharsMax + 1);
    const nodes = okNodes?.text ?? '';
    if (!this.#hasRoom(19 + 2 * (line.src.length + head.length + nodes.length))) return;
    this.#bytes[this.#at++] = entry.origin;
    this.#shared(line.src, this.#lastSrc);
    this.#letters(head);
    this.#shared(nodes, this.#lastNodes);
    this.#src = line.src;
    if (line.text.ascii) this.#rangeEnd = Math.min(head.length, format.rangeEndMax);
  }

  #shared(text: string, last: NumberedText): void {
    if (text !== last.text || last.number === noNumber) Object.assign(last, { text, number: this.#sharedTexts.numberOf(text) });
    const { number } = last;
    this.#view.setUint16(this.#at, number >>> 8);
    this.#bytes[this.#at + 2] = number;
    this.#at += 3;
    if (number === noNumber) this.#letters(text);
  }

  #pair(tag: number, name: string, value: string): void {
    if (!this.#hasRoom(9 + 2 * (name.length + value.length))) return;
    this.#bytes[this.#at++] = tag;
    this.#letters(name);
    this.#letters(value);
  }

  #text(tag: number, value: string): boolean {
    if (!this.#hasRoom(5 + 2 * value.length)) return false;
    this.#bytes[this.#at++] = tag;
    this.#letters(value);
    return true;
  }

  #hasRoom(bytes: number): boolean {
    if (this.#at + bytes <= this.#end) return true;
    this.leftOut++;
    return false;
  }

  #letters(text: string): void {
    const bytes = this.#bytes;
    const from = this.#at + lengthBytes(text.length);
    // As many bytes of UTF-8 as letters means that all are ASCII, and so the same in Latin-1.
    if (text.length >= nativeWriteMin && bytes.utf8Write(text, from) === text.length) return this.#setLength(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) return this.#wideLetters(text);
      bytes[from + i] = unit;
    }
    this.#setLength(text.length);
  }

  #wideLetters(text: string): void {
    const from = this.#at + 4;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.#bytes[from + 2 * i] = unit & 0xff;
      this.#bytes[from + 2 * i + 1] = unit >>> 8;
    }
    this.#setLongLength(2 * text.length, format.wideBit);
  }

  /** Writes the length of the one-byte letters behind it and moves past both. */
  #setLength(length: number): void {
    if (length >= format.shortLengthEnd) return this.#setLongLength(length, 0);
    this.#bytes[this.#at] = length;
    this.#at += 1 + length;
  }

  #setLongLength(length: number, mark: number): void {
    this.#view.setUint32(this.#at, (length | mark | format.longBit) >>> 0);
    this.#at += 4 + length;
  }
}

/** Bytes of the length of that many one-byte letters. */
function lengthBytes(length: number): number {
  return length < format.shortLengthEnd ? 1 : 4;
}

/** Of the events of its alerts the last `count`. */
function withLastEvents(overflow: Overflow, count: number): Overflow {
  const shortened = (alert: Alert): Alert => ({ ...alert, events: count === 0 ? null : alert.events?.slice(-count) ?? null });
  return { ...overflow, alert: overflow.alert && shortened(overflow.alert), apiAlerts: overflow.apiAlerts.map(shortened) };
}
