// Which scenarios an event can concern at all: filters say in part what they require of a few fields (a service, a log
// type) and test single texts (a path), so the cost of a line does not grow with the number of rules. Never leaves out one
// that could match or change the event.

import { type Event, type EventNames, textReader } from '../event/event.js';
import type { FieldTest } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { noNumber } from '../grok/text-numbers.js';
import { FieldNumbers, FieldVerdicts, NumberedBatch, type NumberedField, type ScenarioTest } from './field-verdicts.js';
import type { ScenarioSpec } from './scenario.js';

/** Fields looked at for each event; the most required ones. */
const pathsMax = 6;
/** Different lists remembered. The values in question are those rules name, so there are few. */
const listsMax = 4096;

/** A field by whose values scenarios are chosen. */
class IndexedPath {
  /** What `valueOf` found, by number of a text. */
  #ofNumber: (number | undefined)[] = [];

  /** `values`: the number of each value that some rule requires, from 1; all others are 0. */
  constructor(readonly path: string, readonly field: NumberedField, readonly values: ReadonlyMap<string, number>) {}

  take(batch: NumberedBatch): void {
    if (this.field.numbers?.take(batch) === true) this.#ofNumber = [];
  }

  valueOf(event: Event, position: number): number {
    const number = this.field.numbers?.at(position) ?? noNumber;
    if (number === noNumber) return this.values.get(this.field.read(event)) ?? 0;
    return (this.#ofNumber[number] ??= this.values.get(this.field.read(event)) ?? 0);
  }
}

/** A field with the tests that scenarios have on it. */
interface TestedField {
  readonly verdicts: FieldVerdicts;
  readonly scenarios: ReadonlySet<number>;
}

/** What the values of the indexed fields leave over. */
interface Candidates {
  readonly all: Uint16Array;
  /** Those that no test can rule out: all there are for most events. */
  readonly untested: Uint16Array;
  /** The fields that the others test. */
  readonly fields: readonly FieldVerdicts[];
  /** By scenario: 1 for those others. */
  readonly isTested: Uint8Array;
}

/** Finds the candidates of events, remembering the list for each combination of required values. */
export class CandidateIndex {
  readonly #scenarios: readonly ScenarioSpec[];
  readonly #paths: readonly IndexedPath[];
  readonly #fields: readonly TestedField[];
  /** The round of the event in which a test of the scenario last held. */
  readonly #heldIn: Float64Array;
  #round = 0;
  readonly #batch = new NumberedBatch();
  readonly #known = new Map<number, Candidates>();

  constructor(scenarios: readonly ScenarioSpec[], names: EventNames, runtime: ExprRuntime) {
    this.#scenarios = scenarios;
    this.#paths = choosePaths(scenarios, names);
    this.#fields = testedFields(scenarios, new Set(this.#paths.map(({ path }) => path)), names, runtime);
    this.#heldIn = new Float64Array(scenarios.length);
  }

  /** Looks at the first `count` events of a batch at once; `of` is then asked about them by their position in it. */
  take(events: readonly Event[], count: number): void {
    this.#batch.take(events, count);
    for (const path of this.#paths) path.take(this.#batch);
    for (const { verdicts } of this.#fields) verdicts.take(this.#batch);
  }

  /**
   * The scenarios, by number and in load order, whose requirements this event meets. The same list for the same values,
   * unless a test of some of them holds.
   */
  of(event: Event, position: number): Uint16Array {
    let key = 0;
    for (const path of this.#paths) key = key * (path.values.size + 1) + path.valueOf(event, position);
    const { all, untested, fields, isTested } = this.#known.get(key) ?? this.#makeCandidates(event, key);
    const round = ++this.#round;
    let held = 0;
    for (const field of fields) {
      for (const scenario of field.of(event, position)) {
        this.#heldIn[scenario] = round;
        held += isTested[scenario];
      }
    }
    return held === 0 ? untested : all.filter((scenario) => isTested[scenario] === 0 || this.#heldIn[scenario] === round);
  }

  #makeCandidates(event: Event, key: number): Candidates {
    const texts = new Map(this.#paths.map(({ path, field }) => [path, field.read(event)]));
    const all = Uint16Array.from(this.#scenarios.keys()).filter((index) => this.#scenarios[index].filter.requires
      .every(({ path, values }) => !texts.has(path) || values.includes(texts.get(path) as string)));
    const isTested = new Uint8Array(this.#scenarios.length);
    for (const scenario of all) isTested[scenario] = this.#fields.some(({ scenarios }) => scenarios.has(scenario)) ? 1 : 0;
    const made = { all, isTested, untested: all.filter((scenario) => isTested[scenario] === 0),
      fields: this.#fields.filter(({ scenarios }) => all.some((scenario) => scenarios.has(scenario))).map(({ verdicts }) => verdicts) };
    if (this.#known.size >= listsMax) this.#known.clear();
    this.#known.set(key, made);
    return made;
  }
}

/** Chooses for each scenario the tests on the fields that most others test too, and gathers them by field. */
function testedFields(scenarios: readonly ScenarioSpec[], indexed: ReadonlySet<string>, names: EventNames, runtime: ExprRuntime): TestedField[] {
  const usable = scenarios.map(({ filter }) => (filter.tests ?? []).filter((list) => (
    list.every(({ path }) => !indexed.has(path) && fieldOf(path, names) !== null))));
  const votes = new Map<string, number>();
  for (const lists of usable) for (const path of new Set(lists.flat().map((test) => test.path))) votes.set(path, (votes.get(path) ?? 0) + 1);
  const popularity = (list: readonly FieldTest[]): number => Math.min(...list.map(({ path }) => votes.get(path) ?? 0));
  const byPath = new Map<string, ScenarioTest[]>();
  for (const [scenario, lists] of usable.entries()) {
    const [chosen] = [...lists].sort((a, b) => a.length - b.length || popularity(b) - popularity(a));
    for (const test of chosen ?? []) byPath.set(test.path, [...(byPath.get(test.path) ?? []), { scenario, test }]);
  }
  return [...byPath].map(([path, tests]) => ({ scenarios: new Set(tests.map(({ scenario }) => scenario)),
    verdicts: new FieldVerdicts(fieldOf(path, names) as NumberedField, tests, runtime) }));
}

function choosePaths(scenarios: readonly ScenarioSpec[], names: EventNames): IndexedPath[] {
  const paths = new Map<string, { count: number; readonly values: Map<string, number> }>();
  for (const { path, values } of scenarios.flatMap(({ filter }) => filter.requires)) {
    let known = paths.get(path);
    if (known === undefined) paths.set(path, known = { count: 0, values: new Map() });
    known.count++;
    for (const value of values) if (!known.values.has(value)) known.values.set(value, known.values.size + 1);
  }
  const chosen: IndexedPath[] = [];
  let combinations = 1;
  for (const [path, { values }] of [...paths].sort((a, b) => b[1].count - a[1].count)) {
    const field = fieldOf(path, names);
    combinations *= values.size + 1;
    // Beyond that the number of a combination would not be exact.
    if (combinations >= 2 ** 52 || chosen.length === pathsMax) break;
    if (field === null) combinations /= values.size + 1;
    else chosen.push(new IndexedPath(path, field, values));
  }
  return chosen;
}

/** A field by its Go path; null for one that is no plain text. */
function fieldOf(path: string, names: EventNames): NumberedField | null {
  const match = /^(Meta|Parsed|Enriched)\.(.*)$/s.exec(path);
  if (match !== null) {
    const map = match[1].toLowerCase() as keyof EventNames;
    const slot = names[map].find(match[2]);
    return { read: textReader(map, match[2], names), numbers: slot < 0 ? null : new FieldNumbers(map, slot) };
  }
  const read = readerOfLine(path);
  return read === null ? null : { read, numbers: null };
}

function readerOfLine(path: string): ((event: Event) => string) | null {
  if (path.startsWith('Line.Labels.')) {
    const label = path.slice('Line.Labels.'.length);
    return (event) => (Object.hasOwn(event.line.labels, label) ? event.line.labels[label] : '');
  }
  if (path === 'Line.Module') return (event) => event.line.module;
  if (path === 'Line.Src') return (event) => event.line.src;
  return null;
}
