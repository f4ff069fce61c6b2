// The loaded form of scenarios: plain data that travels to the workers by postMessage. Expressions are compiled,
// numbers checked, nothing here can run. linked.ts makes it runnable.

import type { Place } from '../errors.js';
import type { CompiledExpr } from '../expr/compiled.js';
import type { DataFileSpec } from '../expr-helpers/data-declaration.js';

export type BucketType = 'leaky' | 'trigger' | 'counter' | 'conditional' | 'bayesian';

/** An installed rule file. */
export interface ScenarioFile {
  readonly path: string;
  /** The file itself when `path` is a link. */
  readonly realPath?: string;
  /** Hub version, `?` for a file of one's own or an edited one. */
  readonly version?: string;
  /** Lower-case hexadecimal sha256 of the file. */
  readonly hash?: string;
  /** What the file says, where it is not to be read. */
  readonly text?: string;
}

/** All scenarios, in load order. */
export interface ScenarioSet {
  readonly scenarios: readonly ScenarioSpec[];
  readonly dataFiles: readonly DataFileSpec[];
  /** What was skipped or is doubtful, as sentences with places. */
  readonly warnings: readonly string[];
}

export interface ScenarioSpec {
  readonly name: string;
  readonly type: BucketType;
  readonly place: Place;
  readonly version: string;
  readonly hash: string;
  readonly filter: CompiledExpr;
  readonly groupby: CompiledExpr | null;
  readonly distinct: CompiledExpr | null;
  readonly cancelOn: CompiledExpr | null;
  readonly condition: CompiledExpr | null;
  /** The events that the condition needs of its queue, where it does not need all. */
  readonly conditionTail?: QueueTailSpec;
  readonly overflowFilter: CompiledExpr | null;
  readonly bayesian: BayesianSpec | null;
  /** -1 is unlimited. */
  readonly capacity: number;
  readonly leakspeedNs: number;
  /** 0 when the rule has no `duration`. */
  readonly durationNs: number;
  readonly blackholeNs: number;
  readonly cacheSize: number;
  readonly scope: ScopeSpec;
  readonly reprocess: boolean;
  /** labels.remediation is the boolean true. */
  readonly remediation: boolean;
  /** The same for scenarios of the same name and filter: they share their buckets. */
  readonly keyId: number;
}

/** The last `count` events of a queue for which `filter` is true (null: any), and the condition for a queue of only those. */
export interface QueueTailSpec {
  readonly filter: CompiledExpr | null;
  readonly count: number;
  readonly condition: CompiledExpr;
}

/** What an alert is about: `Ip` unless the rule says otherwise. */
export interface ScopeSpec {
  readonly type: string;
  readonly expression: CompiledExpr | null;
}

export interface BayesianSpec {
  readonly prior: number;
  readonly threshold: number;
  readonly conditions: readonly BayesianCondition[];
}

export interface BayesianCondition {
  readonly condition: CompiledExpr;
  readonly givenEvil: number;
  readonly givenBenign: number;
  /** Once true, true for the bucket's life. */
  readonly guillotine: boolean;
}

/** How many events a bucket's queue holds: one more than the rule's bound, or null where the rule sets none. */
export function queueLengthOf(spec: Pick<ScenarioSpec, 'capacity' | 'cacheSize'>): number | null {
  const { capacity, cacheSize } = spec;
  if (cacheSize > 0 && (cacheSize <= capacity || capacity === -1)) return cacheSize + 1;
  return capacity === -1 ? null : capacity + 1;
}

/** A bucket's life in whole seconds and nanoseconds; which instant it counts from depends on the kind of bucket. */
export function lifetimeOf(spec: Pick<ScenarioSpec, 'type' | 'capacity' | 'leakspeedNs' | 'durationNs'>):
{ readonly seconds: number; readonly nanos: number } {
  const { type, capacity, leakspeedNs, durationNs } = spec;
  if (type === 'conditional' || type === 'bayesian') return split(leakspeedNs, 1);
  if (durationNs !== 0) return split(durationNs, 1);
  return capacity > 0 ? split(leakspeedNs, capacity + 1) : split(0, 1);
}

/** Multiplies exactly: a product of nanoseconds would pass what a double holds. */
function split(ns: number, factor: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ns / 1e9);
  const nanos = (ns - seconds * 1e9) * factor;
  return { seconds: seconds * factor + Math.floor(nanos / 1e9), nanos: nanos % 1e9 };
}
