// Which scenarios an event can concern at all: filters say in part what they require of a few fields (a service, a log
// type) and what must stand in some text (a path), so the cost of a line does not grow with the number of rules. Never
// leaves out one that could match.

import type { Event, EventNames } from '../event/event.js';
import { link, type TextNeed } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { LiteralSearch } from '../util/literal-search.js';
import type { ScenarioSpec } from './scenario.js';

/** Fields looked at for each event; the most required ones. */
const pathsMax = 6;
/** Different lists remembered. The values in question are those rules name, so there are few. */
const listsMax = 4096;
/** From here on one search in a text beats the filters that look into it. */
const seekersMin = 4;

interface IndexedPath {
  readonly path: string;
  readonly read: (event: Event) => string;
  /** Number of each value that some rule requires, from 1; all others are 0. */
  readonly values: Map<string, number>;
}

/** The scenarios that need some literal in one text of the event. */
interface SoughtText {
  readonly read: (event: Event) => string;
  readonly search: LiteralSearch;
  /** Scenario of each literal. */
  readonly seekers: readonly number[];
}

/** What the values of the indexed fields leave over. */
interface Candidates {
  readonly all: Uint16Array;
  /** Those that seek no text: all there are for most events. */
  readonly quiet: Uint16Array;
  /** The texts in which the others seek. */
  readonly texts: readonly SoughtText[];
}

/** Finds the candidates of events, remembering the list for each combination of required values. */
export class CandidateIndex {
  readonly #scenarios: readonly ScenarioSpec[];
  readonly #paths: readonly IndexedPath[];
  readonly #texts: readonly SoughtText[];
  readonly #isSeeker: Uint8Array;
  /** The round of the event in which something that a scenario needs was last found. */
  readonly #foundIn: Float64Array;
  #round = 0;
  readonly #known = new Map<number, Candidates>();

  constructor(scenarios: readonly ScenarioSpec[], names: EventNames, runtime: ExprRuntime) {
    this.#scenarios = scenarios;
    this.#paths = choosePaths(scenarios, names);
    this.#texts = soughtTexts(scenarios, runtime);
    this.#isSeeker = new Uint8Array(scenarios.length);
    for (const scenario of this.#texts.flatMap(({ seekers }) => seekers)) this.#isSeeker[scenario] = 1;
    this.#foundIn = new Float64Array(scenarios.length);
  }

  /**
   * The scenarios, by number and in load order, whose requirements this event meets. The same list for the same values,
   * unless a text has what some of them seek.
   */
  of(event: Event): Uint16Array {
    let key = 0;
    for (const { read, values } of this.#paths) key = key * (values.size + 1) + (values.get(read(event)) ?? 0);
    const known = this.#known.get(key) ?? this.#makeCandidates(event, key);
    const round = ++this.#round;
    let isQuiet = true;
    for (const { read, search, seekers } of known.texts) {
      const text = read(event);
      if (!search.occurs(text)) continue;
      isQuiet = false;
      search.each(text, (literal) => { this.#foundIn[seekers[literal]] = round; });
    }
    if (isQuiet) return known.quiet;
    return known.all.filter((scenario) => this.#isSeeker[scenario] === 0 || this.#foundIn[scenario] === round);
  }

  #makeCandidates(event: Event, key: number): Candidates {
    const texts = new Map(this.#paths.map(({ path, read }) => [path, read(event)]));
    const all = Uint16Array.from(this.#scenarios.keys()).filter((index) => requirementsOf(this.#scenarios[index])
      .every(({ path, values }) => !texts.has(path) || values.includes(texts.get(path) as string)));
    const made = { all, quiet: all.filter((scenario) => this.#isSeeker[scenario] === 0),
      texts: this.#texts.filter(({ seekers }) => seekers.some((scenario) => all.includes(scenario))) };
    if (this.#known.size >= listsMax) this.#known.clear();
    this.#known.set(key, made);
    return made;
  }
}

/** Gathers what filters need by the text in which they need it. A filter with side effects runs for every event. */
function soughtTexts(scenarios: readonly ScenarioSpec[], runtime: ExprRuntime): SoughtText[] {
  const groups = new Map<string, { readonly need: TextNeed; readonly scenarios: number[] }>();
  for (const [index, { filter: { need, hasEffects } }] of scenarios.entries()) {
    if (need === undefined || hasEffects) continue;
    const group = groups.get(need.js);
    if (group === undefined) groups.set(need.js, { need, scenarios: [index] });
    else group.scenarios.push(index);
  }
  return [...groups.values()].filter((group) => group.scenarios.length >= seekersMin).map(({ need, scenarios: seekers }) => {
    const literalsOf = (scenario: number): readonly string[] => scenarios[scenario].filter.need?.literals ?? [];
    return {
      read: link(need, runtime) as (event: Event) => string,
      search: new LiteralSearch(seekers.flatMap(literalsOf)),
      seekers: seekers.flatMap((scenario) => literalsOf(scenario).map(() => scenario)),
    };
  });
}

/** A filter with side effects runs for every event, whatever it requires. */
function requirementsOf(spec: ScenarioSpec): ScenarioSpec['filter']['requires'] {
  return spec.filter.hasEffects ? [] : spec.filter.requires;
}

function choosePaths(scenarios: readonly ScenarioSpec[], names: EventNames): IndexedPath[] {
  const paths = new Map<string, { count: number; readonly values: Map<string, number> }>();
  for (const { path, values } of scenarios.flatMap(requirementsOf)) {
    let known = paths.get(path);
    if (known === undefined) paths.set(path, known = { count: 0, values: new Map() });
    known.count++;
    for (const value of values) if (!known.values.has(value)) known.values.set(value, known.values.size + 1);
  }
  const chosen: IndexedPath[] = [];
  let combinations = 1;
  for (const [path, { values }] of [...paths].sort((a, b) => b[1].count - a[1].count)) {
    const read = readerOf(path, names);
    combinations *= values.size + 1;
    // Beyond that the number of a combination would not be exact.
    if (combinations >= 2 ** 52 || chosen.length === pathsMax) break;
    if (read === null) combinations /= values.size + 1;
    else chosen.push({ path, read, values });
  }
  return chosen;
}

/** How to read a field by its Go path; null for one that is no plain text. */
function readerOf(path: string, names: EventNames): ((event: Event) => string) | null {
  const dot = path.indexOf('.');
  const root = path.slice(0, dot);
  const key = path.slice(dot + 1);
  if (root === 'Meta' || root === 'Parsed' || root === 'Enriched') {
    const map = root === 'Meta' ? 'meta' : root === 'Parsed' ? 'parsed' : 'enriched';
    const slot = names[map].find(key);
    return slot < 0 ? (event) => event[map].get(key) : (event) => event[map].at(slot);
  }
  if (path.startsWith('Line.Labels.')) {
    const label = path.slice('Line.Labels.'.length);
    return (event) => (Object.hasOwn(event.line.labels, label) ? event.line.labels[label] : '');
  }
  if (path === 'Line.Module') return (event) => event.line.module;
  if (path === 'Line.Src') return (event) => event.line.src;
  return null;
}
