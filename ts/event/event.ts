// One event: a record of fixed shape made from a log line or from an overflow, as the stages, buckets and
// expressions see it. Property names are ours; ts/expr/event-types.ts maps CrowdSec's names (evt.Line.Raw) to them. Events of a
// batch have their fields side by side (fields.ts) and are made anew from batch to batch; single ones stay.

import type { Alert, AlertSource } from '../model/alert.js';
import { GoTime } from '../util/go-time.js';
import { FieldNames } from './field-names.js';
import { FieldCells, Fields } from './fields.js';
import { ExpectMode, Line, type LineBatch, lineFlags } from './line.js';
import type { NodeSet } from './node-set.js';

/** File, head of the line and OK nodes (NodeSet.text) of an event. */
export interface Origin {
  readonly src: string;
  readonly lineHead: string;
  readonly nodes: string;
}

/** What an event was made from. */
export const EventType = { log: 0, overflow: 1, appsec: 2 } as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** The keys that the loaded rules name, one numbering for each map. Shared by all events of a worker. */
export interface EventNames {
  readonly parsed: FieldNames;
  readonly meta: FieldNames;
  readonly enriched: FieldNames;
}

/** The cells of a batch's fields, one set for each map. */
export interface EventCells {
  readonly parsed: FieldCells;
  readonly meta: FieldCells;
  readonly enriched: FieldCells;
}

/** Returns numberings in which no key is named yet. */
export function newEventNames(): EventNames {
  return { parsed: new FieldNames(), meta: new FieldNames(), enriched: new FieldNames() };
}

/**
 * Returns a function that reads a key of one of an event's maps. One for each map: `event[map]` with a changing name costs V8 a
 * look-up each time.
 */
export function textReader(map: keyof EventNames, key: string, names: EventNames): (event: Event) => string {
  const slot = names[map].find(key);
  if (slot < 0) return (event) => event[map].get(key);
  if (map === 'parsed') return (event) => event.parsed.at(slot);
  if (map === 'meta') return (event) => event.meta.at(slot);
  return (event) => event.enriched.at(slot);
}

/** The same for writing. The key must be one that a rule names. */
export function textWriter(map: keyof EventNames, key: string, names: EventNames): (event: Event, text: string) => void {
  const slot = names[map].find(key);
  if (map === 'parsed') return (event, text) => event.parsed.setAt(slot, text);
  if (map === 'meta') return (event, text) => event.meta.setAt(slot, text);
  return (event, text) => event.enriched.setAt(slot, text);
}

/** A bucket that ran over, with the alert made of it. */
export interface Overflow {
  /** Key of the bucket: hex of the hash of filter, partition and name. */
  mapkey: string;
  bucketId: string;
  whitelisted: boolean;
  reprocess: boolean;
  /** By value, as CrowdSec keys them. */
  sources: Record<string, AlertSource>;
  /** The first of `apiAlerts`; null when no alert could be built. */
  alert: Alert | null;
  apiAlerts: Alert[];
}

/** One record, reused from line to line: `resetTo…` makes it the next event. */
export class Event {
  type: EventType = EventType.log;
  expectMode: ExpectMode = ExpectMode.live;
  whitelisted = false;
  whitelistReason = '';
  stage = '';
  readonly line = new Line();
  readonly parsed: Fields;
  readonly meta: Fields;
  readonly enriched: Fields;
  #unmarshaled: Record<string, unknown> | null = null;
  overflow: Overflow | null = null;
  time: GoTime = GoTime.zero;
  strTime = '';
  strTimeFormat = '';
  marshaledTime = '';
  /** True when every stage had a node that succeeded. */
  process = false;
  /** The parser nodes that were OK; null where nobody wants to know. */
  okNodes: NodeSet | null = null;
  /** Where an event that a bucket kept came from; null where alerts do not tell. */
  origin: Origin | null = null;
  /** What alerts say of it, once one was made (ts/alert/format.ts). */
  alertText: string | null = null;

  /** Cells that it shares with others, and which of them are its own. */
  readonly cells: EventCells | null;
  readonly row: number;

  /** By default an event of its own; else event number `row` of a batch. */
  constructor(names: EventNames, cells: EventCells | null = null, row = 0) {
    const { text } = this.line;
    this.cells = cells;
    this.row = row;
    this.parsed = new Fields(names.parsed, text, cells?.parsed, row);
    this.meta = new Fields(names.meta, text, cells?.meta, row);
    this.enriched = new Fields(names.enriched, text, cells?.enriched, row);
  }

  /** JSON and key-value data; a null-prototype object, because its keys come from the log. Made when first asked for. */
  get unmarshaled(): Record<string, unknown> {
    return (this.#unmarshaled ??= Object.create(null) as Record<string, unknown>);
  }

  set unmarshaled(value: Record<string, unknown>) {
    this.#unmarshaled = value;
  }

  /** Makes this the event of line `index` of a batch. The buffer must outlive the event's use. */
  resetToLine(batch: LineBatch, bytes: Buffer, index: number): void {
    this.#reset();
    const { source } = batch;
    const line = this.line;
    line.text.point(bytes, batch.spans[2 * index], batch.spans[2 * index + 1],
      (batch.flags[index] & lineFlags.ascii) !== 0);
    line.src = source.src;
    line.module = source.module;
    line.labels = source.labels;
    line.readAtMs = batch.readAtMs;
    this.expectMode = source.mode;
    this.time = readTime(batch.readAtMs);
  }

  /** Makes this an overflow event; the line stays empty. */
  resetToOverflow(overflow: Overflow, time: GoTime): void {
    this.#reset();
    this.line.text.pointAtString('');
    this.type = EventType.overflow;
    this.overflow = overflow;
    this.time = time;
    this.marshaledTime = time.toRfc3339Nano();
    this.process = true;
  }

  #reset(): void {
    this.type = EventType.log;
    this.expectMode = ExpectMode.live;
    this.whitelisted = false;
    this.whitelistReason = '';
    this.stage = '';
    this.line.process = true;
    this.parsed.reset();
    this.meta.reset();
    this.enriched.reset();
    this.#unmarshaled = null;
    this.overflow = null;
    this.strTime = '';
    this.strTimeFormat = '';
    this.marshaledTime = '';
    this.process = false;
    this.okNodes = null;
    this.origin = null;
    this.alertText = null;
  }
}

/** Events that a thread parses and pours together. */
export class EventBatch {
  readonly #names: EventNames;
  #events: Event[] = [];
  #cells: EventCells | null = null;
  #lastCount = 0;

  constructor(names: EventNames) {
    this.#names = names;
  }

  /** The events of the batch's lines in their order; those of the batch before are gone. */
  take(batch: LineBatch): readonly Event[] {
    const bytes = Buffer.from(batch.bytes.buffer as ArrayBuffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    const cells = this.#cellsFor(batch.count);
    for (const map of [cells.parsed, cells.meta, cells.enriched]) map.empty(this.#lastCount);
    this.#lastCount = batch.count;
    for (let index = 0; index < batch.count; index++) this.#events[index].resetToLine(batch, bytes, index);
    return this.#events;
  }

  #cellsFor(count: number): EventCells {
    if (this.#cells !== null && count <= this.#events.length) return this.#cells;
    this.#lastCount = 0;
    // One row alone means a map of its own.
    const rows = Math.max(count, 2);
    const cells = this.#cells = newCells(this.#names, rows);
    this.#events = Array.from({ length: rows }, (_, row) => new Event(this.#names, cells, row));
    return cells;
  }
}

/** Events that share cells: arrays of its own would be most of a small event. */
const rowsPerBlock = 64;

/** New events one by one; the cells of a block live as long as one of its events. */
export class EventBlocks {
  readonly #names: EventNames;
  #cells: EventCells | null = null;
  #row = 0;

  constructor(names: EventNames) {
    this.#names = names;
  }

  /** An empty event. */
  next(): Event {
    if (this.#cells === null || this.#row === rowsPerBlock) {
      this.#cells = newCells(this.#names, rowsPerBlock);
      this.#row = 0;
    }
    return new Event(this.#names, this.#cells, this.#row++);
  }
}

function newCells(names: EventNames, rows: number): EventCells {
  return { parsed: new FieldCells(names.parsed, rows), meta: new FieldCells(names.meta, rows), enriched: new FieldCells(names.enriched, rows) };
}

let lastReadAtMs = 0;
let lastReadTime = GoTime.fromMs(0);

/** The time of reading, made once for a batch. */
function readTime(readAtMs: number): GoTime {
  if (readAtMs !== lastReadAtMs) {
    lastReadTime = GoTime.fromMs(readAtMs);
    lastReadAtMs = readAtMs;
  }
  return lastReadTime;
}
