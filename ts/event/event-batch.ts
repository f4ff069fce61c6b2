// Events whose fields lie side by side (field-cells.ts): those of one batch of lines, made anew from batch to batch, and single
// ones that stay.

import { Event, type EventCells, type EventNames } from './event.js';
import { FieldCells } from './field-cells.js';
import type { LineBatch } from './line.js';

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
