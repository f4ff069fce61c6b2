// Scenarios made runnable on one worker, and what a failing expression of each slot means.

import type { Event } from '../event/event.js';
import type { LeakyArgument, QueueArgument } from '../expr/env.js';
import { type CompiledExpr, type FieldReads, link } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import { readsTexts } from './kept-texts.js';
import type { ScenarioSpec } from './scenario.js';

export type OfEvent = (event: Event) => unknown;
export type OfBucket = (event: Event | null, queue: QueueArgument, leaky: LeakyArgument) => unknown;

/** The last `count` events of a queue that pass (null: all do), and what is asked of them. */
export interface QueueTail {
  readonly count: number;
  readonly passes: ((event: Event) => boolean) | null;
  readonly condition: OfBucket;
  /** What is read of them; null when that is more than their time and texts. */
  readonly reads: readonly FieldReads[] | null;
}

/** A scenario whose expressions are functions. */
export interface LinkedScenario {
  readonly spec: ScenarioSpec;
  /** Position in load order: the number that the shared memory knows. */
  readonly index: number;
  readonly filter: OfEvent;
  readonly groupby: OfEvent | null;
  readonly distinct: OfEvent | null;
  readonly cancelOn: OfEvent | null;
  readonly condition: OfBucket | null;
  /** The condition for the end of its queue; null when it needs all. */
  readonly conditionTail: QueueTail | null;
  readonly bayesian: readonly OfBucket[];
  readonly overflowFilter: ((event: null, queue: QueueArgument, signal: unknown, leaky: LeakyArgument) => unknown) | null;
  /** Its filter or groupby may change the event, and with it which scenarios still apply. */
  readonly hasEffects: boolean;
}

/** Links all scenarios against a worker's runtime. */
export function linkScenarios(scenarios: readonly ScenarioSpec[], runtime: ExprRuntime): LinkedScenario[] {
  const linked = (expression: CompiledExpr | null): OfEvent | null => expression && (link(expression, runtime) as OfEvent);
  return scenarios.map((spec, index) => ({
    spec, index,
    filter: link(spec.filter, runtime) as OfEvent,
    groupby: linked(spec.groupby),
    // A trigger's bucket dies of the event that made it: nothing can be seen twice or cancelled.
    distinct: spec.type === 'trigger' ? null : linked(spec.distinct),
    cancelOn: spec.type === 'trigger' ? null : linked(spec.cancelOn),
    condition: spec.condition && (link(spec.condition, runtime) as OfBucket),
    conditionTail: linkTail(spec, runtime),
    bayesian: (spec.bayesian?.conditions ?? []).map(({ condition }) => link(condition, runtime) as OfBucket),
    overflowFilter: spec.overflowFilter && (link(spec.overflowFilter, runtime) as LinkedScenario['overflowFilter']),
    hasEffects: [spec.filter, spec.groupby, spec.distinct, spec.cancelOn].some((expression) => expression?.hasEffects),
  }));
}

function linkTail({ conditionTail }: ScenarioSpec, runtime: ExprRuntime): QueueTail | null {
  if (conditionTail === undefined) return null;
  const { filter, count, condition } = conditionTail;
  const passes = filter && (link(filter, runtime) as OfEvent);
  const reads = [condition, ...(filter === null ? [] : [filter])].map((expression) => expression.reads);
  return { count, condition: link(condition, runtime) as OfBucket, passes: passes && ((event) => passes(event) === true),
    reads: reads.every(readsTexts) ? reads : null };
}

/** What `attempt` returns for an expression that failed. */
export const failed = Symbol('failed');

/** Calls an expression; a failure of the expression is a value, anything else is a bug and goes on up. */
export function attempt<T>(evaluate: () => T): T | typeof failed {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof ExprError) return failed;
    throw error;
  }
}
