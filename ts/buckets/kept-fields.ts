// Which parts of an event are kept with it: all of Meta, what sources need, and what the expressions that read queues
// can reach. Scenarios that need the same share a plan; an event in several buckets is kept once, by the joint plan.

import type { EventNames } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import type { ScenarioSpec } from './scenario.js';

/** The parts of an event to keep besides its times and Meta. */
export interface KeptFields {
  /** Everything there is. */
  readonly all: boolean;
  /** One byte a slot of Parsed, Enriched: keep it. */
  readonly parsed: Uint8Array;
  readonly enriched: Uint8Array;
  readonly unmarshaled: boolean;
  readonly lineRaw: boolean;
  /** Where it came from, as alerts tell it: its origin, of an overflow the last event. */
  readonly origin: boolean;
  /** Line.Src, Line.Module, Line.Labels, Line.Time. */
  readonly line: boolean;
  /** StrTime, StrTimeFormat, Stage, WhitelistReason and the flags. */
  readonly texts: boolean;
  /** The alerts of an overflow with all their events; without it the events are left out. */
  readonly overflowEvents: boolean;
}

/** What an alert's source is made of. */
const sourceFields = ['ASNumber', 'ASNNumber', 'ASNOrg', 'IsoCode', 'Latitude', 'Longitude'];

/** The plan of each scenario by number, and the joint plan of any two. */
export class KeptFieldsTable {
  readonly plans: KeptFields[] = [];
  /** Plan of a scenario. */
  readonly ofScenario: readonly number[];
  readonly #joint = new Map<number, number>();

  constructor(scenarios: readonly ScenarioSpec[], contextReads: readonly FieldReads[], names: EventNames, keepsOrigin = false) {
    this.ofScenario = scenarios.map((spec) => this.#number(planOf([...queueReads(spec), ...contextReads], names, keepsOrigin)));
  }

  /** Returns the number of the plan that keeps what either keeps. */
  join(a: number, b: number): number {
    if (a === b) return a;
    const key = a < b ? a * 65_536 + b : b * 65_536 + a;
    let joint = this.#joint.get(key);
    if (joint === undefined) this.#joint.set(key, joint = this.#number(union(this.plans[a], this.plans[b])));
    return joint;
  }

  #number(plan: KeptFields): number {
    const text = JSON.stringify(plan);
    const known = this.plans.findIndex((other) => JSON.stringify(other) === text);
    return known >= 0 ? known : this.plans.push(plan) - 1;
  }
}

/** Returns the plan for expressions with these reads; with `keepsOrigin` also of what tells where an event came from. */
export function planOf(reads: readonly FieldReads[], names: EventNames, keepsOrigin = false): KeptFields {
  const parsed = new Uint8Array(names.parsed.names.length);
  const enriched = new Uint8Array(names.enriched.names.length);
  const mark = (set: Uint8Array, slot: number): void => {
    if (slot >= 0) set[slot] = 1;
  };
  for (const read of reads) {
    for (const key of read.parsed) mark(parsed, names.parsed.find(key));
    for (const key of read.enriched) mark(enriched, names.enriched.find(key));
  }
  for (const key of sourceFields) mark(enriched, names.enriched.find(key));
  const others = reads.flatMap((read) => read.other);
  const some = (test: (path: string) => boolean): boolean => others.some(test);
  return {
    // Keys that no rule named while loading have no slot: they can only be kept with everything.
    all: reads.some((read) => read.all || read.parsed.some((key) => names.parsed.find(key) < 0)
      || read.enriched.some((key) => names.enriched.find(key) < 0)),
    parsed, enriched,
    unmarshaled: reads.some((read) => read.unmarshaled),
    lineRaw: reads.some((read) => read.lineRaw) || some((path) => path === 'Line' || path === 'Line.Raw'),
    origin: keepsOrigin,
    line: some((path) => path.startsWith('Line')),
    texts: some((path) => !/^(Line|Overflow|Time|MarshaledTime|Type|ExpectMode)/.test(path)),
    overflowEvents: some((path) => path.startsWith('Overflow')),
  };
}

/** Reads of the expressions that see events after they were poured. */
function queueReads(spec: ScenarioSpec): FieldReads[] {
  return [spec.condition, ...(spec.bayesian?.conditions.map(({ condition }) => condition) ?? []), spec.overflowFilter,
    spec.scope.expression].flatMap((expression) => (expression === null ? [] : [expression.reads]));
}

function union(a: KeptFields, b: KeptFields): KeptFields {
  const either = (x: Uint8Array, y: Uint8Array): Uint8Array => x.map((value, slot) => value | y[slot]);
  return { all: a.all || b.all, parsed: either(a.parsed, b.parsed), enriched: either(a.enriched, b.enriched),
    unmarshaled: a.unmarshaled || b.unmarshaled, lineRaw: a.lineRaw || b.lineRaw, origin: a.origin || b.origin, line: a.line || b.line,
    texts: a.texts || b.texts, overflowEvents: a.overflowEvents || b.overflowEvents };
}
