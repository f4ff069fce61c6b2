// Makes an event of the bytes a bucket kept, on whichever worker asks. What was not kept reads as absent.

import type { Event, EventType, Origin, Overflow } from '../event/event.js';
import { ExpectMode } from '../event/line.js';
import { GoTime } from '../util/go-time.js';
import * as format from './kept-format.js';
import { noNumber, type SharedTexts } from './shared-texts.js';

const { entry, keptFlag } = format;

/** Makes an empty event the one kept at [at, at + length) of `bytes`, and returns it. */
export function decodeEvent(bytes: Buffer, at: number, length: number, texts: SharedTexts, event: Event): Event {
  const flags = bytes[at + format.headFlags];
  event.type = (flags >>> format.typeShift) as EventType;
  event.expectMode = (flags & keptFlag.timeMachine) === 0 ? ExpectMode.live : ExpectMode.timeMachine;
  event.whitelisted = (flags & keptFlag.whitelisted) !== 0;
  event.process = (flags & keptFlag.process) !== 0;
  event.line.process = (flags & keptFlag.lineProcess) !== 0;
  const reader = new EntryReader(bytes, texts, entriesAt(bytes, at));
  let zone = 'UTC';
  while (reader.at < at + length) {
    const tag = bytes[reader.at++];
    if (tag === entry.zone) zone = reader.text();
    else readEntry(event, tag, reader);
  }
  event.time = timeAt(bytes, at, zone);
  return event;
}

/** Where the entries of an event kept at `at` begin. */
export function entriesAt(bytes: Buffer, at: number): number {
  return at + (isWholeSecond(bytes, at) ? format.headBytesShort : format.headBytesLong);
}

/** The time of an event kept at `at`, but for its zone, which is an entry. */
export function timeAt(bytes: Buffer, at: number, zone: string): GoTime {
  const isWhole = isWholeSecond(bytes, at);
  return new GoTime(bytes.readDoubleLE(at + format.headSeconds), isWhole ? 0 : bytes.readInt32LE(at + format.headNanos),
    isWhole ? 0 : bytes.readInt32LE(at + format.headOffset), zone);
}

function isWholeSecond(bytes: Buffer, at: number): boolean {
  return (bytes[at + format.headFlags] & keptFlag.wholeSecond) !== 0;
}

/** Returns the number that tells this kept event from all others. */
export function keptId(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at + format.headId);
}

/** Gives an event what one entry says; the reader stands behind its tag. */
export function readEntry(event: Event, tag: number, reader: EntryReader): void {
  const { line } = event;
  switch (tag) {
    case entry.metaSlot: return event.meta.setAt(reader.slot(), reader.text());
    case entry.metaTime: return event.meta.setAt(reader.slot(), event.marshaledTime);
    case entry.metaSrc: return event.meta.setAt(reader.slot(), originOf(event).src);
    case entry.metaRange: return event.meta.setAt(reader.slot(), reader.range(originOf(event).lineHead));
    case entry.parsedRange: return event.parsed.setAt(reader.slot(), reader.range(originOf(event).lineHead));
    case entry.enrichedRange: return event.enriched.setAt(reader.slot(), reader.range(originOf(event).lineHead));
    case entry.metaName: return event.meta.set(reader.text(), reader.text());
    case entry.parsedSlot: return event.parsed.setAt(reader.slot(), reader.text());
    case entry.parsedName: return event.parsed.set(reader.text(), reader.text());
    case entry.enrichedSlot: return event.enriched.setAt(reader.slot(), reader.text());
    case entry.enrichedName: return event.enriched.set(reader.text(), reader.text());
    case entry.marshaledTime: event.marshaledTime = reader.text(); return;
    case entry.lineRaw: line.raw = reader.text(); return;
    case entry.lineSrc: line.src = reader.text(); return;
    case entry.lineModule: line.module = reader.text(); return;
    case entry.lineLabels: line.labels = JSON.parse(reader.text()) as Record<string, string>; return;
    case entry.lineReadAtMs: line.readAtMs = Number(reader.text()); return;
    case entry.unmarshaled: event.unmarshaled = parsePlain(reader.text()) as Record<string, unknown>; return;
    case entry.overflow: event.overflow = readOverflow(reader.text()); return;
    case entry.strTime: event.strTime = reader.text(); return;
    case entry.strTimeFormat: event.strTimeFormat = reader.text(); return;
    case entry.stage: event.stage = reader.text(); return;
    case entry.whitelistReason: event.whitelistReason = reader.text(); return;
    case entry.origin: event.origin = reader.origin(); return;
    default: throw new Error(`a kept event holds an entry of unknown kind ${tag}`);
  }
}

/** The origin, which stands before all that refers to it. */
function originOf({ origin }: Event): Origin {
  if (origin === null) throw new Error('a kept event refers to an origin that it does not hold');
  return origin;
}

/** The first alert is one of the list again, not a copy. */
function readOverflow(text: string): Overflow {
  const overflow = JSON.parse(text) as Overflow;
  overflow.sources = Object.assign(Object.create(null) as Overflow['sources'], overflow.sources);
  if (overflow.alert !== null) overflow.alert = overflow.apiAlerts[0] ?? overflow.alert;
  return overflow;
}

/** JSON with null-prototype objects, since the keys come from the log. */
function parsePlain(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.assign(Object.create(null) as object, value) : value);
}

/** Reads the parts of entries, one after the other. */
export class EntryReader {
  constructor(readonly bytes: Buffer, readonly texts: SharedTexts, public at: number) {}

  origin(): Origin {
    return { src: this.shared(), lineHead: this.text(), nodes: this.shared() };
  }

  /** Moves past the rest of an entry, behind its tag and slot. */
  pass(tag: number): void {
    switch (tag) {
      case entry.metaTime: case entry.metaSrc: return;
      case entry.metaRange: case entry.parsedRange: case entry.enrichedRange: this.at += 3; return;
      case entry.origin:
        this.#passShared();
        this.#passText();
        return this.#passShared();
      case entry.metaName: case entry.parsedName: case entry.enrichedName: this.#passText();
    }
    this.#passText();
  }

  slot(): number {
    const first = this.bytes[this.at++];
    if (first < format.shortSlotEnd) return first;
    this.at += 2;
    return this.bytes[this.at - 2] | (this.bytes[this.at - 1] << 8);
  }

  /** The part of a text that a range stands for. */
  range(text: string): string {
    const packed = this.bytes.readUIntLE(this.at, 3);
    this.at += 3;
    const start = packed & format.rangeEndMax;
    return text.slice(start, start + (packed >>> 12));
  }

  /** A text that stands in the list of a worker, or found no room there and follows. */
  shared(): string {
    const number = this.bytes.readUIntBE(this.at, 3);
    this.at += 3;
    return number === noNumber ? this.text() : this.texts.text(number);
  }

  #passShared(): void {
    const number = this.bytes.readUIntBE(this.at, 3);
    this.at += 3;
    if (number === noNumber) this.#passText();
  }

  #passText(): void {
    const first = this.bytes[this.at];
    this.at += first < format.shortLengthEnd ? 1 + first : 4 + (this.bytes.readUInt32BE(this.at) & ~(format.longBit | format.wideBit));
  }

  text(): string {
    const first = this.bytes[this.at];
    const isShort = first < format.shortLengthEnd;
    const marked = isShort ? first : this.bytes.readUInt32BE(this.at);
    const length = isShort ? first : marked & ~(format.longBit | format.wideBit);
    const from = this.at + (isShort ? 1 : 4);
    this.at = from + length;
    return isShort || (marked & format.wideBit) === 0 ? this.bytes.latin1Slice(from, this.at)
      : this.bytes.toString('utf16le', from, this.at);
  }
}
