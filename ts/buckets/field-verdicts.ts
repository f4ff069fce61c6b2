// Which scenarios a text of one field lets through: each has a test that looks at that text alone. Texts of a log come again
// and again (paths, user agents, users), so what was found for a text is remembered, by its number where it has one, and an event
// costs one look-up a field where it cost a filter a scenario. A text that is new costs what its tests cost: bench/record/2026-11-23-hot-path.md.

import type { Event, EventCells, EventNames } from '../event/event.js';
import { type FieldCells, noRange } from '../event/fields.js';
import { type FieldTest, link, type TextNeed } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { noNumber, TextNumbers } from '../grok/text-numbers.js';
import { limits } from '../limits.js';
import { LiteralSearch } from '../util/literal-search.js';
import { TextMemory } from '../util/text-memory.js';
import { attempt } from './linked.js';

/** From here on one search in a text beats the tests that look into it. */
const seekersMin = 4;

/** A field of events: its text, and the numbers of the texts that a batch has there; null where it is in none of the maps. */
export interface NumberedField {
  readonly read: (event: Event) => string;
  readonly numbers: FieldNumbers | null;
}

/** A test on the field, and the number under which it is reported. */
export interface NumberedTest {
  readonly number: number;
  readonly test: FieldTest;
}

/** Tests that need some literal in the same text. */
interface SoughtText {
  readonly read: (event: Event) => string;
  readonly search: LiteralSearch;
  /** Position of the test that each literal belongs to. */
  readonly seekers: readonly number[];
}

const none = new Uint16Array(0);

/** The verdicts of one field. */
export class FieldVerdicts {
  readonly #tests: readonly NumberedTest[];
  readonly #runtime: ExprRuntime;
  readonly #field: NumberedField;
  readonly #texts: readonly SoughtText[];
  readonly #holds: (((event: Event) => unknown) | undefined)[] = [];
  /** By position: 1 for a test that holds only where a search found something. */
  readonly #isSeeker: Uint8Array;
  readonly #isFound: Uint8Array;
  #ofEmpty: Uint16Array | undefined;
  readonly #known = new TextMemory<Uint16Array>(limits.rememberedVerdictsMax, limits.rememberedTextBytesMax);
  /** Every list given out lately. */
  readonly #lists = new Map<string, Uint16Array>();
  /** By number of a text. */
  #ofNumber: (Uint16Array | undefined)[] = [];

  constructor(field: NumberedField, tests: readonly NumberedTest[], runtime: ExprRuntime) {
    this.#field = field;
    this.#tests = tests;
    this.#runtime = runtime;
    this.#texts = soughtTexts(tests, runtime);
    this.#isSeeker = new Uint8Array(tests.length);
    this.#isFound = new Uint8Array(tests.length);
    for (const position of this.#texts.flatMap(({ seekers }) => seekers)) this.#isSeeker[position] = 1;
  }

  /** Looks at the events of a batch before it is asked about them by their position there. */
  take(batch: NumberedBatch): void {
    if (this.#field.numbers?.take(batch) === true) this.#ofNumber = [];
  }

  /** The numbers of the tests that hold for the event's text (or fail): mostly the same list for the same numbers. */
  of(event: Event, position: number): Uint16Array {
    const number = this.#field.numbers?.at(position) ?? noNumber;
    if (number === noNumber) return this.#ofText(event);
    return (this.#ofNumber[number] ??= this.#ask(event));
  }

  #ofText(event: Event): Uint16Array {
    const text = this.#field.read(event);
    // Most fields of most lines are empty.
    if (text === '') return (this.#ofEmpty ??= this.#ask(event));
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const verdict = this.#ask(event);
    this.#known.set(text, verdict);
    return verdict;
  }

  #ask(event: Event): Uint16Array {
    this.#isFound.fill(0);
    for (const { read, search, seekers } of this.#texts) {
      const text = read(event);
      if (search.occurs(text)) search.each(text, (literal) => { this.#isFound[seekers[literal]] = 1; });
    }
    const held: number[] = [];
    for (let position = 0; position < this.#tests.length; position++) {
      if (this.#isSeeker[position] === 1 && this.#isFound[position] === 0) continue;
      // A test that fails may be one that the filter never comes to: the filter itself decides.
      if (attempt(() => this.#test(position)(event)) !== false) held.push(this.#tests[position].number);
    }
    return held.length === 0 ? none : this.#listOf(held);
  }

  /** The same list for the same numbers. */
  #listOf(held: readonly number[]): Uint16Array {
    const key = held.join();
    let list = this.#lists.get(key);
    if (list === undefined) {
      if (this.#lists.size >= limits.rememberedVerdictsMax) this.#lists.clear();
      this.#lists.set(key, list = Uint16Array.from(held));
    }
    return list;
  }

  /** Most tests are never asked: their function is made when one is. */
  #test(position: number): (event: Event) => unknown {
    return (this.#holds[position] ??= link(this.#tests[position].test, this.#runtime));
  }
}

/** Gathers what tests need by the text in which they need it. */
function soughtTexts(tests: readonly NumberedTest[], runtime: ExprRuntime): SoughtText[] {
  const groups = new Map<string, { readonly need: TextNeed; readonly positions: number[] }>();
  for (const [position, { test: { need } }] of tests.entries()) {
    if (need === undefined) continue;
    const group = groups.get(need.js);
    if (group === undefined) groups.set(need.js, { need, positions: [position] });
    else group.positions.push(position);
  }
  return [...groups.values()].filter(({ positions }) => positions.length >= seekersMin).map(({ need, positions }) => {
    const literalsOf = (position: number): readonly string[] => tests[position].test.need?.literals ?? [];
    return {
      read: link(need, runtime) as (event: Event) => string,
      search: new LiteralSearch(positions.flatMap(literalsOf)),
      seekers: positions.flatMap((position) => literalsOf(position).map(() => position)),
    };
  });
}

/** The events of a batch: where their lines lie, and the cells that they share. */
export class NumberedBatch {
  bytes: Buffer = Buffer.alloc(0);
  cells: EventCells | null = null;
  count = 0;
  /** By position: where the event's line begins; negative for one that lies elsewhere. */
  starts = new Int32Array(0);

  /** Turns to the first `count` events of a batch. */
  take(events: readonly Event[], count: number): void {
    this.count = count;
    if (count === 0) return;
    if (this.starts.length < count) this.starts = new Int32Array(count);
    const { cells, line } = events[0];
    this.cells = cells;
    this.bytes = line.text.bytes;
    for (let position = 0; position < count; position++) {
      const event = events[position];
      const { text } = event.line;
      this.starts[position] = event.cells === cells && event.row === position && text.bytes === this.bytes ? text.start : -1;
    }
  }
}

/** The numbers of one field of Parsed, Meta or Enriched. */
export class FieldNumbers {
  readonly #map: keyof EventNames;
  readonly #slot: number;
  /** Made when a batch first has such a text. */
  #numbers: TextNumbers | null = null;
  /** Set by the first batch. */
  #cells!: FieldCells;
  /** Where the cells of the field begin, and how many have been looked at. */
  #first = 0;
  #count = 0;
  /** By position in the batch: the range that was numbered, noRange for none, and its number. */
  #ranges = new Int32Array(0);
  #found = new Uint32Array(0);
  #spans = new Uint32Array(0);

  constructor(map: keyof EventNames, slot: number) {
    this.#map = map;
    this.#slot = slot;
  }

  /** Numbers what a batch has in the field. True when the numbers of batches before no longer hold. */
  take({ bytes, cells, count, starts }: NumberedBatch): boolean {
    this.#count = 0;
    if (count === 0 || cells === null) return false;
    this.#cells = cells[this.#map];
    this.#first = this.#cells.firstOf(this.#slot);
    if (this.#first < 0) return false;
    this.#reserve(count);
    const spans = this.#spans;
    const ranges = this.#ranges;
    let length = 0;
    for (let position = 0; position < count; position++) {
      const range = starts[position] < 0 ? noRange : this.#cells.ranges[this.#first + position];
      ranges[position] = range;
      if (range === noRange) continue;
      spans[2 * length] = starts[position] + (range >>> 16);
      spans[2 * length + 1] = starts[position] + (range & 0xffff);
      length++;
    }
    if (length === 0) return false;
    this.#count = count;
    this.#numbers ??= new TextNumbers(limits.numberedTextsMax, limits.rememberedTextBytesMax);
    const isAnew = this.#numbers.number(bytes, spans, length, this.#found);
    if (length < count) spreadOut(this.#found, length, ranges, count);
    return isAnew;
  }

  /** The number of what the event at a position has in the field; noNumber where its text must be asked. */
  at(position: number): number {
    if (position >= this.#count) return noNumber;
    const range = this.#ranges[position];
    return range !== noRange && this.#cells.ranges[this.#first + position] === range ? this.#found[position] : noNumber;
  }

  #reserve(count: number): void {
    if (this.#ranges.length >= count) return;
    this.#ranges = new Int32Array(count);
    this.#found = new Uint32Array(count);
    this.#spans = new Uint32Array(2 * count);
  }
}

/** Moves the first `length` numbers to the positions that have a range, from the last on, so that none is overwritten. */
function spreadOut(found: Uint32Array, length: number, ranges: Int32Array, count: number): void {
  for (let position = count - 1, at = length - 1; at >= 0; position--) if (ranges[position] !== noRange) found[position] = found[at--];
}
