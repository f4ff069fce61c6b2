// Which scenarios an event can concern at all: filters say in part what they require of a few fields (a service, a log
// type) and test single texts (a path), so the cost of a line does not grow with the number of rules. Never leaves out one
// that could match or change the event.

import type { Event, EventNames } from '../event/event.js';
import type { FieldTest } from '../expr/compiled.js';
import { coveringTests, type FieldVerdicts, verdictsByField } from '../expr/field-verdicts.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { type NumberedField, NumberedFields } from '../grok/field-numbers.js';
import { noNumber } from '../grok/text-numbers.js';
import type { ScenarioSpec } from './scenario.js';

/** Fields looked at for each event; the most required ones. */
const pathsMax = 6;
/** Steps remembered from one combination of values and tests to the next. The values in question are those rules name, so there are few. */
const stepsMax = 4096;

/** A field by whose values scenarios are chosen. */
class IndexedPath {
  /** What `valueOf` found, by number of a text. */
  #ofNumber: (number | undefined)[] = [];
  #round = 0;

  /** `values`: the number of each value that some rule requires, from 1; all others are 0. */
  constructor(readonly path: string, readonly field: NumberedField, readonly values: ReadonlyMap<string, number>) {}

  take(): void {
    const { numbers } = this.field;
    if (numbers === null) return;
    numbers.take();
    if (numbers.round === this.#round) return;
    this.#round = numbers.round;
    this.#ofNumber = [];
  }

  valueOf(event: Event, position: number): number {
    const number = this.field.numbers?.at(position) ?? noNumber;
    if (number === noNumber) return this.values.get(this.field.read(event)) ?? 0;
    return (this.#ofNumber[number] ??= this.values.get(this.field.read(event)) ?? 0);
  }
}

/** Of its tests at least one holds whenever the scenario takes or changes an event. */
interface Need {
  readonly scenario: number;
  readonly tests: readonly FieldTest[];
}

/** What is left of the scenarios when some fields have been looked at. */
interface Choice {
  /** The scenarios that the indexed fields leave over, and the fields that they test. */
  readonly all: Uint16Array;
  readonly fields: readonly FieldVerdicts[];
  /** The needs that were found to hold. */
  readonly held: ReadonlySet<number>;
  /** Those of `all` whose needs all hold; null until an event ends here. */
  scenarios: Uint16Array | null;
  /** By what the next field says that holds. */
  readonly next: Map<Uint16Array, Choice>;
}

/** Finds the candidates of events, remembering the list for each combination of required values and of tests that hold. */
export class CandidateIndex {
  readonly #scenarios: readonly ScenarioSpec[];
  readonly #paths: readonly IndexedPath[];
  readonly #needs: readonly Need[];
  /** By scenario: its needs, by number. */
  readonly #needsOf: readonly number[][];
  /** By path. */
  readonly #verdicts: ReadonlyMap<string, FieldVerdicts>;
  readonly #fields: NumberedFields;
  readonly #known = new Map<number, Choice>();
  #stepCount = 0;

  constructor(scenarios: readonly ScenarioSpec[], names: EventNames, runtime: ExprRuntime) {
    this.#scenarios = scenarios;
    this.#fields = NumberedFields.of(names);
    this.#paths = choosePaths(scenarios, this.#fields);
    this.#needs = needsOf(scenarios, new Set(this.#paths.map(({ path }) => path)), this.#fields);
    this.#needsOf = scenarios.map(() => []);
    for (const [number, { scenario }] of this.#needs.entries()) this.#needsOf[scenario].push(number);
    this.#verdicts = verdictsByField(this.#needs.flatMap(({ tests }, number) => tests.map((test) => ({ number, test }))), this.#fields, runtime);
  }

  /** Looks at the first `count` events of a batch at once; `of` is then asked about them by their position in it. */
  take(events: readonly Event[], count: number): void {
    this.#fields.batch.take(events, count);
    for (const path of this.#paths) path.take();
  }

  /** The scenarios, by number and in load order, that may take or change this event. The same list for the same values. */
  of(event: Event, position: number): Uint16Array {
    let key = 0;
    for (const path of this.#paths) key = key * (path.values.size + 1) + path.valueOf(event, position);
    let choice = this.#known.get(key) ?? this.#firstChoice(event, key);
    for (const field of choice.fields) {
      const held = field.of(event, position);
      if (held.length > 0) choice = choice.next.get(held) ?? this.#nextChoice(choice, held);
    }
    return (choice.scenarios ??= choice.all.filter((scenario) => this.#needsOf[scenario].every((need) => choice.held.has(need))));
  }

  /** What the indexed fields leave over. */
  #firstChoice(event: Event, key: number): Choice {
    const texts = new Map(this.#paths.map(({ path, field }) => [path, field.read(event)]));
    const all = Uint16Array.from(this.#scenarios.keys()).filter((index) => this.#scenarios[index].filter.requires
      .every(({ path, values }) => !texts.has(path) || values.includes(texts.get(path) as string)));
    const tested = new Set([...all].flatMap((scenario) => this.#needsOf[scenario].flatMap((need) => this.#needs[need].tests.map(({ path }) => path))));
    const fields = [...this.#verdicts].filter(([path]) => tested.has(path)).map(([, verdicts]) => verdicts);
    const choice: Choice = { all, fields, held: new Set(), scenarios: null, next: new Map() };
    this.#makeRoom();
    this.#known.set(key, choice);
    return choice;
  }

  /** What is known when these needs hold, too. */
  #nextChoice(choice: Choice, held: Uint16Array): Choice {
    const news = held.filter((need) => choice.all.includes(this.#needs[need].scenario));
    const next: Choice = news.length === 0 ? choice : { ...choice, held: new Set([...choice.held, ...news]), scenarios: null, next: new Map() };
    this.#makeRoom();
    choice.next.set(held, next);
    return next;
  }

  /** For one more step from choice to choice. */
  #makeRoom(): void {
    if (++this.#stepCount <= stepsMax) return;
    this.#known.clear();
    this.#stepCount = 1;
  }
}

/** What scenarios need of a few fields, beyond what the indexed fields decide. */
function needsOf(scenarios: readonly ScenarioSpec[], indexed: ReadonlySet<string>, fields: NumberedFields): Need[] {
  const usable = scenarios.map(({ filter }) => {
    const decided = new Set(filter.requires.map(({ path }) => path).filter((path) => indexed.has(path)));
    return (filter.tests ?? []).filter((list) => list.every(({ path }) => !decided.has(path) && fields.of(path) !== null));
  });
  return coveringTests(usable).flatMap((lists, scenario) => lists.map((tests) => ({ scenario, tests })));
}

function choosePaths(scenarios: readonly ScenarioSpec[], fields: NumberedFields): IndexedPath[] {
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
    const field = fields.of(path);
    combinations *= values.size + 1;
    // Beyond that the number of a combination would not be exact.
    if (combinations >= 2 ** 52 || chosen.length === pathsMax) break;
    if (field === null) combinations /= values.size + 1;
    else chosen.push(new IndexedPath(path, field, values));
  }
  return chosen;
}
