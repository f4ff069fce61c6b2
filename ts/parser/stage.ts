// The top nodes of one stage, with a plan for each value of the stage's key field: which nodes cannot want the event,
// which surely do, which must be asked. So the cost of a line does not grow with the number of installed parsers.

import type { Event, EventNames } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import type { Condition, LinkedNode } from './node.js';

/** What a plan says of a node: its filter is false, is true, or must be evaluated. */
export const Verdict = { never: 0, always: 1, ask: 2 } as const;

/** A `Verdict` for each top node, for one value of the key field and one source of lines. */
export type Plan = Uint8Array;

/** The field that a stage's plans go by. */
export interface StageKey {
  readonly map: 'parsed' | 'meta';
  readonly name: string;
  readonly slot: number;
}

/** Values of the key field come from the log; so many plans are kept, then all are made anew. */
const plansMax = 1024;

/** One stage of a linked parser. */
export class Stage {
  /** The field that most filters of the stage depend on, null when none does. */
  readonly key: StageKey | null;
  /** For each node, whether it can change the key field: plans are then looked up again. */
  readonly changesKey: readonly boolean[];
  /** A node of the stage reads or writes a stash. */
  readonly usesStash: boolean;
  readonly #bySource = new WeakMap<object, Map<string, Plan>>();
  #plans = new Map<string, Plan>();
  #lastValue: string | null = null;
  #lastPlan: Plan = new Uint8Array(0);

  constructor(
    readonly name: string,
    readonly nodes: readonly LinkedNode[],
    names: EventNames,
    /** Labels, module and source of a line are never changed by a rule: filters on them hold for a whole source. */
    readonly linesAreFixed: boolean,
  ) {
    const key = chooseKey(nodes, linesAreFixed);
    this.key = key === null ? null : { ...key, slot: names[key.map].declare(key.name) };
    this.changesKey = nodes.map((node) => key !== null && (node.writes.all || node.writes[key.map].has(key.name)));
    this.usesStash = nodes.some((node) => node.usesStash);
  }

  /** Turns to the plans of a source of lines (any object that stands for it). */
  useSource(source: object): void {
    let plans = this.#bySource.get(source);
    if (plans === undefined) this.#bySource.set(source, plans = new Map());
    if (plans !== this.#plans) this.#lastValue = null;
    this.#plans = plans;
  }

  /** The plan for an event, by the present value of its key field. */
  planFor(event: Event): Plan {
    const value = this.key === null ? '' : event[this.key.map].at(this.key.slot);
    if (value === this.#lastValue) return this.#lastPlan;
    let plan = this.#plans.get(value);
    if (plan === undefined) {
      if (this.#plans.size >= plansMax) this.#plans.clear();
      plan = Uint8Array.from(this.nodes, (node) => this.#verdict(node, event));
      this.#plans.set(value, plan);
    }
    this.#lastValue = value;
    this.#lastPlan = plan;
    return plan;
  }

  #verdict(node: LinkedNode, event: Event): number {
    if (node.filter === null) return Verdict.always;
    const known = node.conditions.filter((condition) => isDecidedBy(condition.reads, this.key, this.linesAreFixed));
    if (known.some((condition) => !condition.holds(event))) return Verdict.never;
    return node.conditionsAreAll && known.length === node.conditions.length ? Verdict.always : Verdict.ask;
  }
}

/** The field of Parsed or Meta that alone decides a condition of the most nodes. */
function chooseKey(nodes: readonly LinkedNode[], linesAreFixed: boolean): Omit<StageKey, 'slot'> | null {
  const votes = new Map<string, { key: Omit<StageKey, 'slot'>; count: number }>();
  for (const node of nodes) {
    for (const key of new Set(node.conditions.map((condition) => onlyField(condition, linesAreFixed)))) {
      if (key === null) continue;
      const [map, name] = key.split('\0') as ['parsed' | 'meta', string];
      const vote = votes.get(key) ?? { key: { map, name }, count: 0 };
      vote.count++;
      votes.set(key, vote);
    }
  }
  let best: { key: Omit<StageKey, 'slot'>; count: number } | null = null;
  for (const vote of votes.values()) if (best === null || vote.count > best.count) best = vote;
  return best?.key ?? null;
}

function onlyField({ reads }: Condition, linesAreFixed: boolean): string | null {
  if (reads.parsed.length + reads.meta.length !== 1) return null;
  const map = reads.parsed.length === 1 ? 'parsed' : 'meta';
  const name = reads[map][0];
  return isDecidedBy(reads, { map, name }, linesAreFixed) ? `${map}\0${name}` : null;
}

function isDecidedBy(reads: FieldReads, key: Omit<StageKey, 'slot'> | null, linesAreFixed: boolean): boolean {
  const within = (map: 'parsed' | 'meta'): boolean => reads[map].every((name) => key?.map === map && key.name === name);
  return !reads.all && !reads.unmarshaled && !reads.lineRaw && reads.enriched.length === 0
    && within('parsed') && within('meta')
    && reads.other.every((path) => linesAreFixed && /^Line\.(Labels|Module|Src)(\.|$)/.test(path));
}
