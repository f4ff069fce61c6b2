// The top nodes of one stage, with a plan for each value of the stage's key fields: which nodes cannot want an event,
// which surely do, which must be asked. So the cost of a line does not grow with the number of installed parsers.

import { type Event, type EventNames, textReader } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import type { LinkedNode } from './node.js';

/** What a plan says of a node: its filter is false, is true, or must be evaluated. */
export const Verdict = { never: 0, always: 1, ask: 2 } as const;

/** A `Verdict` for each top node, for one value of the key fields and one source of lines. */
export type Plan = Uint8Array;

/** A field that a stage's plans go by. */
export interface StageKey {
  readonly map: 'parsed' | 'meta';
  readonly name: string;
  readonly read: (event: Event) => string;
}

/** More keys would make more plans, and each costs a comparison a line. */
const keyCountMax = 2;

/** Values of the key fields come from the log; so many plans are kept, then all are made anew. */
const plansMax = 1024;

/** One stage of a linked parser. */
export class Stage {
  /** The fields that most filters of the stage compare with literals. */
  readonly keys: readonly StageKey[];
  /** For each node, whether it can change a key field: plans are then looked up again. */
  readonly changesKey: readonly boolean[];
  readonly #linesAreFixed: boolean;
  readonly #bySource = new WeakMap<object, Map<string, Plan>>();
  #plans = new Map<string, Plan>();
  /** The values that the last plan was looked up for; null for none. */
  readonly #lastValues: (string | null)[];
  #lastPlan: Plan = new Uint8Array(0);

  /**
   * `linesAreFixed`: labels, module and source of a line are never changed by a rule, so that filters on them hold for
   * a whole source.
   */
  constructor(readonly name: string, readonly nodes: readonly LinkedNode[], names: EventNames, linesAreFixed: boolean) {
    this.keys = chooseKeys(nodes).map((key) => {
      names[key.map].declare(key.name);
      return { ...key, read: textReader(key.map, key.name, names) };
    });
    this.changesKey = nodes.map(({ writes }) => this.keys.some((key) => writes.all || writes[key.map].has(key.name)));
    this.#linesAreFixed = linesAreFixed;
    this.#lastValues = this.keys.map(() => null);
  }

  /** Turns to the plans of a source of lines (any object that stands for it). */
  useSource(source: object): void {
    let plans = this.#bySource.get(source);
    if (plans === undefined) this.#bySource.set(source, plans = new Map());
    if (plans === this.#plans && plans.size > 0) return;
    this.#plans = plans;
    this.#lastValues.fill(null);
    if (this.keys.length === 0) this.#lastPlan = emptyPlan;
  }

  /** The plan for an event, by the present values of its key fields. */
  planFor(event: Event): Plan {
    let isLast = this.#lastPlan !== emptyPlan;
    for (let index = 0; index < this.keys.length; index++) {
      const value = this.keys[index].read(event);
      if (value === this.#lastValues[index]) continue;
      this.#lastValues[index] = value;
      isLast = false;
    }
    return isLast ? this.#lastPlan : (this.#lastPlan = this.#lookUp(event));
  }

  #lookUp(event: Event): Plan {
    // Each value is followed by its length, so no two lists of values give the same text.
    const key = this.#lastValues.map((value) => `${value}\0${value?.length}`).join('\0');
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      if (this.#plans.size >= plansMax) this.#plans.clear();
      plan = Uint8Array.from(this.nodes, (node) => this.#verdict(node, event));
      this.#plans.set(key, plan);
    }
    return plan;
  }

  #verdict(node: LinkedNode, event: Event): number {
    if (node.filter === null) return Verdict.always;
    const known = node.conditions.filter((condition) => this.#decides(condition.reads));
    if (known.some((condition) => !condition.holds(event))) return Verdict.never;
    return node.conditionsAreAll && known.length === node.conditions.length ? Verdict.always : Verdict.ask;
  }

  /** Whether a condition reads nothing but what a plan is made for. */
  #decides(reads: FieldReads): boolean {
    const within = (map: 'parsed' | 'meta'): boolean => (
      reads[map].every((name) => this.keys.some((key) => key.map === map && key.name === name)));
    return !reads.all && !reads.unmarshaled && !reads.lineRaw && reads.enriched.length === 0
      && within('parsed') && within('meta')
      && reads.other.every((path) => this.#linesAreFixed && /^Line\.(Labels|Module|Src)(\.|$)/.test(path));
  }
}

const emptyPlan: Plan = new Uint8Array(0);

/** The fields that the filters of the most nodes want equal to a literal: few values, and they tell nodes apart. */
function chooseKeys(nodes: readonly LinkedNode[]): Omit<StageKey, 'read'>[] {
  const votes = new Map<string, number>();
  for (const node of nodes) {
    const paths = node.conditions.flatMap((condition) => condition.requires.map((requirement) => requirement.path));
    for (const path of new Set(paths)) votes.set(path, (votes.get(path) ?? 0) + 1);
  }
  const keys = [...votes].sort((a, b) => b[1] - a[1]).map(([path]) => /^(Parsed|Meta)\.(.+)$/.exec(path));
  return keys.filter((match) => match !== null).slice(0, keyCountMax)
    .map((match) => ({ map: match[1] === 'Parsed' ? 'parsed' : 'meta', name: match[2] }));
}
