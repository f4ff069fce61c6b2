// Which of many tests hold for the text of one field: scenarios and whitelists have tests that look at one text alone. Texts of a log
// come again and again (paths, user agents, users), so what was found for a text is remembered, by its number where it has one, and an
// event costs one look-up a field where it cost an expression a rule. A text that is new costs what its tests cost:
// bench/record/2026-11-23-hot-path.md.

import type { Event } from '../event/event.js';
import type { NumberedBatch, NumberedField, NumberedFields } from '../grok/field-numbers.js';
import { noNumber } from '../grok/text-numbers.js';
import { limits } from '../limits.js';
import { LiteralSearch } from '../util/literal-search.js';
import { TextMemory } from '../util/text-memory.js';
import { type FieldTest, link, type TextNeed } from './compiled.js';
import type { ExprRuntime } from './runtime.js';
import { ExprError } from './values.js';

/** From here on one search in a text beats the tests that look into it. */
const seekersMin = 4;

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
  readonly #batch: NumberedBatch;
  readonly #texts: readonly SoughtText[];
  readonly #linked: (((event: Event) => unknown) | undefined)[] = [];
  /** By position: 1 for a test that holds only where a search found something. */
  readonly #isSeeker: Uint8Array;
  readonly #isFound: Uint8Array;
  #ofEmpty: Uint16Array | undefined;
  readonly #known = new TextMemory<Uint16Array>(limits.rememberedVerdictsMax, limits.rememberedTextBytesMax);
  /** Every list given out lately. */
  readonly #lists = new Map<string, Uint16Array>();
  /** By number of a text. */
  #ofNumber: (Uint16Array | undefined)[] = [];
  #round = 0;
  /** The batch as it was looked at last, and the numbers of the tests that held somewhere in it; null until that is asked. */
  #version = -1;
  #somewhere: ReadonlySet<number> | null = null;

  constructor(field: NumberedField, batch: NumberedBatch, tests: readonly NumberedTest[], runtime: ExprRuntime) {
    this.#field = field;
    this.#batch = batch;
    this.#tests = tests;
    this.#runtime = runtime;
    this.#texts = soughtTexts(tests, runtime);
    this.#isSeeker = new Uint8Array(tests.length);
    this.#isFound = new Uint8Array(tests.length);
    for (const position of this.#texts.flatMap(({ seekers }) => seekers)) this.#isSeeker[position] = 1;
  }

  /** Looks at what the events of the batch have in the field now. */
  #take(): void {
    this.#version = this.#batch.version;
    this.#somewhere = null;
    const { numbers } = this.#field;
    if (numbers === null) return;
    numbers.take();
    if (numbers.round === this.#round) return;
    this.#round = numbers.round;
    this.#ofNumber = [];
  }

  /**
   * The numbers of the tests that hold for the text (or fail) of the event at a position of the batch: mostly the same list for the
   * same numbers. A field that no event of a batch is asked about costs the batch nothing.
   */
  of(event: Event, position: number): Uint16Array {
    if (this.#batch.version !== this.#version) this.#take();
    const number = this.#field.numbers?.at(position) ?? noNumber;
    if (number === noNumber) return this.#ofText(event);
    return (this.#ofNumber[number] ??= this.#ask(event));
  }

  /** Whether tests of this number hold for any event of the batch as it is now. */
  holdsSomewhere(number: number): boolean {
    if (this.#batch.version !== this.#version) this.#take();
    return (this.#somewhere ??= this.#heldSomewhere()).has(number);
  }

  #heldSomewhere(): ReadonlySet<number> {
    const { events, count } = this.#batch;
    const somewhere = new Set<number>();
    const different = this.#field.numbers?.isAbsent === true ? Math.min(count, 1) : count;
    for (let position = 0; position < different; position++) for (const held of this.of(events[position], position)) somewhere.add(held);
    return somewhere;
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
      if (this.#holds(position, event)) held.push(this.#tests[position].number);
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

  /** A test that fails may be one that the expression never comes to: the expression itself decides. */
  #holds(position: number, event: Event): boolean {
    // Most tests are never asked: their function is made when one is.
    const test = (this.#linked[position] ??= link(this.#tests[position].test, this.#runtime));
    try {
      return test(event) !== false;
    } catch (error) {
      if (error instanceof ExprError) return true;
      throw error;
    }
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

/**
 * Of each rule the lists of tests that look at a few fields alone: as few fields for all rules as will do, those first that tests tell
 * many texts apart by. Nothing for a rule without tests.
 */
export function coveringTests(rules: readonly (readonly (readonly FieldTest[])[])[]): readonly (readonly (readonly FieldTest[])[])[] {
  const chosen = new Set<string>();
  const isMet = (list: readonly FieldTest[]): boolean => list.every(({ path }) => chosen.has(path));
  const best = rules.filter((lists) => lists.length > 0).map((lists) => lists.filter((list) => rankOf(list) === Math.min(...lists.map(rankOf))));
  for (let open = best; open.length > 0; open = open.filter((lists) => !lists.some(isMet))) {
    const votes = new Map<string, number>();
    for (const lists of open) {
      for (const path of new Set(lists.flat().map((test) => test.path))) if (!chosen.has(path)) votes.set(path, (votes.get(path) ?? 0) + 1);
    }
    chosen.add([...votes].reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
  }
  const seekers = new Map<string, number>();
  for (const { path, need } of rules.flat(2)) if (need !== undefined) seekers.set(path, (seekers.get(path) ?? 0) + 1);
  const weightOf = (list: readonly FieldTest[]): number => Math.min(...list.map(({ path }) => seekers.get(path) ?? 0));
  return rules.map((lists) => lists.filter(isMet).sort((a, b) => rankOf(a) - rankOf(b) || weightOf(b) - weightOf(a)));
}

/** Lower where fewer texts pass: a text that needs some literal in it beats one that is compared. */
function rankOf(list: readonly FieldTest[]): number {
  return list.length + (list.every(({ need }) => need !== undefined) ? 0 : 100);
}

/** The verdicts of each field that some of these tests look at. */
export function verdictsByField(tests: readonly NumberedTest[], fields: NumberedFields, runtime: ExprRuntime): ReadonlyMap<string, FieldVerdicts> {
  const byPath = new Map<string, NumberedTest[]>();
  for (const numbered of tests) {
    const known = byPath.get(numbered.test.path);
    if (known === undefined) byPath.set(numbered.test.path, [numbered]);
    else known.push(numbered);
  }
  return new Map([...byPath].map(([path, ofPath]) => [path, new FieldVerdicts(fields.of(path) as NumberedField, fields.batch, ofPath, runtime)]));
}
