// Reads the time and a few texts of kept events, for conditions that need no more of the end of their queue. They are asked after each
// pour: all fields of an event would be most of their work, and events made for it most of a worker's garbage. So the events read last
// stay, and are filled anew for others.

import { type Event, EventBlocks, type EventNames } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import { EntryReader, entriesAt, readEntry, timeAt } from './decode.js';
import { entry, headId } from './kept-format.js';
import type { SharedTexts } from './shared-texts.js';

/** Whether nothing but the time and texts of an event is read. */
export function readsTexts({ all, unmarshaled, lineRaw, other }: FieldReads): boolean {
  return !all && !unmarshaled && !lineRaw && other.every((path) => path === 'Time');
}

/** Events that stay. Ids rise with the log: of that many events kept one after the other, none takes the place of another. */
const eventsMax = 2048;

const maps = ['meta', 'enriched', 'parsed'] as const;
const tagsOf = {
  meta: [entry.metaSlot, entry.metaTime, entry.metaSrc, entry.metaRange],
  enriched: [entry.enrichedSlot, entry.enrichedRange],
  parsed: [entry.parsedSlot, entry.parsedRange],
} as const;

/** The events of one worker's conditions, with what any of them reads. */
export class KeptTexts {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #texts: SharedTexts;
  readonly #blocks: EventBlocks;
  /** Slots that are read, by map. */
  readonly #slots: Readonly<Record<keyof EventNames, readonly number[]>>;
  readonly #slotCount: number;
  /** By the tag of an entry with a slot: one byte a slot, whether it is read. */
  readonly #isRead: (Uint8Array | undefined)[] = [];
  readonly #events: Event[] = [];
  readonly #ids = new Float64Array(eventsMax).fill(-1);
  /** The question that last had the event at a place. */
  readonly #usedBy = new Uint32Array(eventsMax);
  #question = 0;

  /** `reads` are those of all conditions that will ask; their keys are ones that rules name. */
  constructor(bytes: Buffer, texts: SharedTexts, reads: readonly FieldReads[], names: EventNames) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#texts = texts;
    this.#blocks = new EventBlocks(names);
    const slotsOf = (map: keyof EventNames): number[] => [...new Set(reads.flatMap((read) => read[map].map((key) => names[map].find(key))))];
    this.#slots = { meta: slotsOf('meta'), enriched: slotsOf('enriched'), parsed: slotsOf('parsed') };
    this.#slotCount = maps.reduce((count, map) => count + this.#slots[map].length, 0);
    for (const map of maps) {
      const isRead = new Uint8Array(names[map].names.length);
      for (const slot of this.#slots[map]) isRead[slot] = 1;
      for (const tag of tagsOf[map]) this.#isRead[tag] = isRead;
    }
  }

  /** Events asked for until the next call are different ones. */
  begin(): void {
    this.#question = (this.#question + 1) >>> 0;
  }

  /** The event kept at [at, at + length): its time and what is read of it. It may be another one after the next begin(). */
  event(at: number, length: number): Event {
    const id = this.#view.getFloat64(at + headId, true);
    const place = id - eventsMax * Math.floor(id / eventsMax);
    const isKnown = this.#ids[place] === id;
    if (!isKnown && this.#usedBy[place] === this.#question) return this.#read(at, length, this.#blocks.next());
    this.#usedBy[place] = this.#question;
    if (isKnown) return this.#events[place];
    this.#ids[place] = id;
    return this.#read(at, length, (this.#events[place] ??= this.#blocks.next()));
  }

  #read(at: number, length: number, event: Event): Event {
    const bytes = this.#bytes;
    for (const map of maps) for (const slot of this.#slots[map]) event[map].clearAt(slot);
    event.origin = null;
    const reader = new EntryReader(bytes, this.#texts, entriesAt(bytes, at));
    let zone = 'UTC';
    let originAt = 0;
    let marshaledTimeAt = 0;
    // The zone stands before all fields, and no field stands there twice.
    let missing = this.#slotCount;
    while (reader.at < at + length) {
      const tag = bytes[reader.at++];
      const from = reader.at;
      const isRead = this.#isRead[tag];
      if (isRead !== undefined && isRead[reader.slot()] === 1) {
        if (tag === entry.metaTime) event.marshaledTime = marshaledTimeAt === 0 ? '' : new EntryReader(bytes, this.#texts, marshaledTimeAt).text();
        else if (tag > entry.metaTime) event.origin ??= new EntryReader(bytes, this.#texts, originAt).origin();
        reader.at = from;
        readEntry(event, tag, reader);
        if (--missing === 0) break;
      } else if (tag === entry.zone) zone = reader.text();
      else {
        if (tag === entry.origin) originAt = from;
        else if (tag === entry.marshaledTime) marshaledTimeAt = from;
        reader.pass(tag);
      }
    }
    event.time = timeAt(bytes, at, zone);
    return event;
  }
}
