// Writes an event as the bytes its buckets keep, straight into the staging area. A part that does not fit any more is
// left out and counted by the caller. Speed matters: once for each event that is poured.

import { keptBytesMax } from '../../engine-wasm/abi.js';
import { EventType, type Event, type Overflow } from '../event/event.js';
import type { Fields } from '../event/fields.js';
import { limits } from '../limits.js';
import type { Alert } from '../model/alert.js';
import * as format from './kept-format.js';
import type { KeptFields } from './kept-fields.js';

declare global {
  // Node has this on every Buffer; its types leave it out. See ts/event/line.ts.
  interface Buffer {
    utf8Write(text: string, offset: number): number;
  }
}

const { entry, keptFlag } = format;

/** Letters from which one native call is faster than a loop over them (measured: 75 ns against 2.7 ns a letter). */
const nativeWriteMin = 28;

/** Room that encode() must find: a try in UTF-8 can take three bytes where UTF-16, the longest form kept, takes two. */
export const encodingBytesMax = 1.5 * keptBytesMax + 64;

/** Writes events one after the other into one buffer. */
export class EventEncoder {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #start = 0;
  #at = 0;
  #end = 0;
  /** Parts left out of the last event because it was too large. */
  leftOut = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
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
    if (event.time.zone !== 'UTC') this.#text(entry.zone, event.time.zone);
    if (event.marshaledTime !== '') this.#text(entry.marshaledTime, event.marshaledTime);
    this.#fields(event.meta, null, entry.metaSlot, entry.metaName, event.marshaledTime);
    this.#fields(event.enriched, fields.all ? null : fields.enriched, entry.enrichedSlot, entry.enrichedName);
    this.#fields(event.parsed, fields.all ? null : fields.parsed, entry.parsedSlot, entry.parsedName);
    if (event.type === EventType.overflow && event.overflow !== null) this.#overflow(event.overflow, fields);
    if (fields.all || fields.line) this.#line(event);
    if (fields.all || fields.texts) this.#texts(event);
    if ((fields.all || fields.lineRaw) && event.line.raw !== '') this.#text(entry.lineRaw, event.line.raw);
    if (fields.all || fields.unmarshaled) this.#unmarshaled(event.unmarshaled);
    if (fields.origin && event.type === EventType.log) this.#origin(event);
    return this.#at - this.#start;
  }

  #head(event: Event, id: number): void {
    const view = this.#view;
    const at = this.#start;
    view.setFloat64(at + format.headId, id, true);
    view.setFloat64(at + format.headSeconds, event.time.seconds, true);
    view.setInt32(at + format.headNanos, event.time.nanos, true);
    view.setInt32(at + format.headOffset, event.time.offsetSeconds, true);
    this.#bytes[at + format.headType] = event.type;
    this.#bytes[at + format.headMode] = event.expectMode;
    this.#bytes[at + format.headFlags] = (event.whitelisted ? keptFlag.whitelisted : 0)
      | (event.process ? keptFlag.process : 0) | (event.line.process ? keptFlag.lineProcess : 0);
    this.#at = at + format.headBytes;
  }

  /**
   * The hot part, so the letters of slots are written in place: for each slot tag, number, length and letters. A text that is
   * `time` (of Meta, and not '') is not written again.
   */
  #fields(fields: Fields, wanted: Uint8Array | null, slotTag: number, nameTag: number, time = ''): void {
    const slots = fields.slotsInUse;
    const bytes = this.#bytes;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      if ((wanted !== null && wanted[slot] !== 1) || !fields.hasAt(slot)) continue;
      const value = fields.at(slot);
      const length = value.length;
      if (!this.#hasRoom(7 + 2 * length)) continue;
      const at = this.#at;
      const isTime = value === time && length > 0;
      bytes[at] = isTime ? entry.metaTime : slotTag;
      bytes[at + 1] = slot;
      bytes[at + 2] = slot >>> 8;
      this.#at = at + 3;
      if (isTime) continue;
      const from = at + 3 + lengthBytes(length);
      if (length >= nativeWriteMin) {
        this.#letters(value);
        continue;
      }
      let unit = 0;
      let written = 0;
      for (; written < length && (unit = value.charCodeAt(written)) <= 0xff; written++) bytes[from + written] = unit;
      if (written < length) this.#wideLetters(value);
      else this.#setLength(length);
    }
    if (fields.extra === null || wanted !== null) return;
    for (const [name, value] of fields.extra) this.#pair(nameTag, name, value);
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
    const nodes = okNodes?.toText() ?? '';
    if (!this.#hasRoom(13 + 2 * (line.src.length + head.length + nodes.length))) return;
    this.#bytes[this.#at++] = entry.origin;
    this.#letters(line.src);
    this.#letters(head);
    this.#letters(nodes);
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
