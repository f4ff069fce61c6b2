// Which scenarios an event can concern at all: filters say in part what they require of a few fields (a service, a log
// type), so the cost of a line does not grow with the number of rules. Never leaves out one that could match.

import type { Event, EventNames } from '../event/event.js';
import type { ScenarioSpec } from './scenario.js';

/** Fields looked at for each event; the most required ones. */
const pathsMax = 6;
/** Different lists remembered. The values in question are those rules name, so there are few. */
const listsMax = 4096;

interface IndexedPath {
  readonly path: string;
  readonly read: (event: Event) => string;
  /** Number of each value that some rule requires, from 1; all others are 0. */
  readonly values: Map<string, number>;
}

/** Finds the candidates of events, remembering the list for each combination of required values. */
export class CandidateIndex {
  readonly #scenarios: readonly ScenarioSpec[];
  readonly #paths: readonly IndexedPath[];
  readonly #lists = new Map<number, Uint16Array>();

  constructor(scenarios: readonly ScenarioSpec[], names: EventNames) {
    this.#scenarios = scenarios;
    this.#paths = choosePaths(scenarios, names);
  }

  /** The scenarios, by number and in load order, whose requirements this event meets. The same list for the same values. */
  of(event: Event): Uint16Array {
    let key = 0;
    for (const { read, values } of this.#paths) key = key * (values.size + 1) + (values.get(read(event)) ?? 0);
    return this.#lists.get(key) ?? this.#makeList(event, key);
  }

  #makeList(event: Event, key: number): Uint16Array {
    const texts = new Map(this.#paths.map(({ path, read }) => [path, read(event)]));
    const list = Uint16Array.from(this.#scenarios.keys()).filter((index) => requirementsOf(this.#scenarios[index])
      .every(({ path, values }) => !texts.has(path) || values.includes(texts.get(path) as string)));
    if (this.#lists.size >= listsMax) this.#lists.clear();
    this.#lists.set(key, list);
    return list;
  }
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
