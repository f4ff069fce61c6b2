// Nodes made runnable in one thread: expressions become functions, groks native programs, targets setters. Both runners
// (run.ts over batches, run-one.ts over single events) walk these.

import type { Enrichers } from '../enrich/table.js';
import type { Event, EventNames } from '../event/event.js';
import type { CompiledExpr, FieldReads, Requirement } from '../expr/compiled.js';
import { link } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import { GrokSet } from '../grok/prefilter.js';
import { GrokProgram } from '../grok/program.js';
import type { Counters } from '../metrics/counters.js';
import type { GoTime } from '../util/go-time.js';
import { AddressSet } from './address-set.js';
import type { GrokNodeSpec, NodeSpec, ParserSpec, StashWriteSpec, WhitelistSpec } from './spec.js';
import { fuseStatics, linkStatic, type RunStatics, type Static } from './statics.js';
import { type WhitelistGuard, whitelistGuards } from './whitelist-guard.js';
import { expressionsOf, withDescendants, writesOf, type Writes } from './writes.js';

/** Fewer groks are tried one by one about as fast as a set is. */
const familySizeMin = 4;

/** What a thread gives to its parsers. */
export interface ParserRuntime {
  readonly names: EventNames;
  /** Runtime of the expressions, with the helpers' context of this thread. */
  readonly expr: ExprRuntime;
  readonly enrichers: Enrichers;
  readonly counters: Counters;
  readonly stash: StashWriter;
  /** The wall clock. */
  now(): GoTime;
}

/** The part of a stash store that nodes write to. */
export interface StashWriter {
  set(name: string, key: string, value: string, ttlNs: number): void;
}

/** An expression as a function of the event. Its value is in boxed form; a failure throws ExprError. */
export type Evaluate = (event: Event) => unknown;

/** A condition that a filter begins with, for stage plans. */
export interface Condition {
  readonly reads: FieldReads;
  readonly requires: readonly Requirement[];
  /** False when the filter is surely false. */
  holds(event: Event): boolean;
}

export interface LinkedGrok {
  readonly program: GrokProgram;
  /** Slot of each field of the program in Parsed. */
  readonly slots: readonly number[];
  readonly subject: LinkedSubject;
  readonly statics: readonly Static[];
  readonly runStatics: RunStatics;
}

export type LinkedSubject =
  | { readonly kind: 'raw' }
  | { readonly kind: 'parsed'; readonly slot: number }
  | { readonly kind: 'expression'; readonly evaluate: Evaluate; readonly isAsync: boolean };

export interface LinkedStash {
  readonly name: string;
  readonly key: Evaluate;
  readonly value: Evaluate;
  readonly ttlNs: number;
  readonly isAsync: boolean;
}

export interface LinkedWhitelist {
  readonly reason: string;
  readonly addresses: AddressSet;
  readonly expressions: readonly { readonly evaluate: Evaluate; readonly isAsync: boolean }[];
  /** An expression changes the event. */
  readonly hasEffects: boolean;
  readonly sourceIpSlot: number;
  /** Says where no expression can be true; null where they must be asked each time. */
  readonly guard: WhitelistGuard | null;
}

/** Neighbouring children that one pass over the text can rule out together. */
export interface GrokFamily {
  /** Positions among the children. */
  readonly first: number;
  readonly end: number;
  readonly subject: LinkedSubject;
  readonly set: GrokSet;
}

/** One node, its children inside. */
export interface LinkedNode {
  /** Number of the node in its world, parents before children. */
  readonly id: number;
  readonly name: string;
  readonly stage: string;
  readonly nextStage: boolean;
  readonly filter: Evaluate | null;
  readonly filterIsAsync: boolean;
  /** The filter changes the event, whether it lets it in or not. */
  readonly filterHasEffects: boolean;
  readonly conditions: readonly Condition[];
  /** The conditions are the whole filter. */
  readonly conditionsAreAll: boolean;
  readonly whitelist: LinkedWhitelist | null;
  readonly grok: LinkedGrok | null;
  readonly stash: readonly LinkedStash[];
  readonly children: readonly LinkedNode[];
  readonly families: readonly GrokFamily[];
  readonly statics: readonly Static[];
  /** The same over many events. */
  readonly runStatics: RunStatics;
  /** The node or one inside it reads or writes a stash. */
  readonly usesStash: boolean;
  /** What the node or one inside it can write. */
  readonly writes: Writes;
}

/** What linking hands down. */
interface Linking {
  readonly runtime: ParserRuntime;
  readonly guards: ReadonlyMap<WhitelistSpec, WhitelistGuard>;
  nextId: number;
}

/** Top nodes of a world, linked, and how many nodes there are in all. */
export interface LinkedNodes {
  readonly nodes: readonly LinkedNode[];
  readonly nodeCount: number;
  /** Levels of the deepest tree. */
  readonly depth: number;
}

/** Makes all nodes of a world runnable in this thread. */
export function linkNodes(spec: ParserSpec, runtime: ParserRuntime): LinkedNodes {
  const linking: Linking = { runtime, guards: whitelistGuards(spec.nodes, runtime), nextId: 0 };
  const nodes = spec.nodes.map((node) => linkNode(node, linking));
  return { nodes, nodeCount: linking.nextId, depth: Math.max(1, ...spec.nodes.map(depthOf)) };
}

/** Whether a filter passes: true only for the value true; a failure is false. Not for asynchronous filters. */
export function passes(filter: Evaluate, event: Event): boolean {
  try {
    return filter(event) === true;
  } catch (error) {
    if (error instanceof ExprError) return false;
    throw error;
  }
}

function linkNode(spec: NodeSpec, linking: Linking): LinkedNode {
  const id = linking.nextId++;
  const { runtime } = linking;
  const { filter, grok, whitelist } = spec;
  const statics = spec.statics.map((item) => linkStatic(item, runtime));
  return {
    id, name: spec.name, stage: spec.stage, nextStage: spec.nextStage,
    filter: filter === null ? null : evaluator(filter, runtime),
    filterIsAsync: filter?.isAsync ?? false,
    filterHasEffects: filter?.hasEffects ?? false,
    conditions: spec.conditions.map((condition) => linkCondition(condition, runtime)),
    conditionsAreAll: spec.conditionsAreAll,
    whitelist: whitelist === null ? null : linkWhitelist(whitelist, linking),
    grok: grok === null ? null : linkGrok(grok, runtime),
    stash: spec.stash.map((stash) => linkStash(stash, runtime)),
    children: spec.children.map((child) => linkNode(child, linking)),
    families: spec.nextStage ? linkFamilies(spec.children, runtime) : [],
    statics, runStatics: fuseStatics(statics),
    usesStash: usesStash(spec),
    writes: writesOf(spec),
  };
}

/** The function of an expression over the event. */
export function evaluator(expression: CompiledExpr, runtime: ParserRuntime): Evaluate {
  return link(expression, runtime.expr) as Evaluate;
}

function linkCondition(expression: CompiledExpr, runtime: ParserRuntime): Condition {
  const evaluate = evaluator(expression, runtime);
  return { reads: expression.reads, requires: expression.requires, holds: (event) => passes(evaluate, event) };
}

function linkGrok(spec: GrokNodeSpec, runtime: ParserRuntime): LinkedGrok {
  const program = new GrokProgram(spec.grok);
  const statics = spec.statics.map((item) => linkStatic(item, runtime));
  return {
    program,
    slots: program.fields.map((field) => runtime.names.parsed.declare(field.name)),
    subject: linkSubject(spec, runtime),
    statics, runStatics: fuseStatics(statics),
  };
}

function linkSubject({ subject }: GrokNodeSpec, runtime: ParserRuntime): LinkedSubject {
  if (subject.kind === 'raw') return { kind: 'raw' };
  if (subject.kind === 'parsed') return { kind: 'parsed', slot: runtime.names.parsed.declare(subject.key) };
  return { kind: 'expression', evaluate: evaluator(subject.expression, runtime),
    isAsync: subject.expression.isAsync };
}

/**
 * Finds runs of children that only try a grok on the same text. Their parent stops at the first that matches, and one
 * that does not match changes nothing, so what the set rules out need not be tried.
 */
function linkFamilies(children: readonly NodeSpec[], runtime: ParserRuntime): GrokFamily[] {
  const families: GrokFamily[] = [];
  for (let first = 0; first < children.length;) {
    let end = first;
    while (end < children.length && isBareGrok(children[end]) && subjectKey(children[end]) === subjectKey(children[first])) end++;
    const members = children.slice(first, end).map((child) => child.grok as GrokNodeSpec);
    if (members.length >= familySizeMin) {
      families.push({ first, end, subject: linkSubject(members[0], runtime),
        set: new GrokSet(members.map((member) => member.grok.regex)) });
    }
    first = Math.max(end, first + 1);
  }
  return families;
}

function isBareGrok({ filter, grok, whitelist, stash, children }: NodeSpec): boolean {
  return filter === null && grok !== null && grok.subject.kind !== 'expression' && whitelist === null && stash.length === 0
    && children.length === 0;
}

function subjectKey({ grok }: NodeSpec): string {
  return grok?.subject.kind === 'parsed' ? `parsed ${grok.subject.key}` : 'raw';
}

function linkStash(spec: StashWriteSpec, runtime: ParserRuntime): LinkedStash {
  return { name: spec.name, key: evaluator(spec.key, runtime), value: evaluator(spec.value, runtime), ttlNs: spec.ttlNs,
    isAsync: spec.key.isAsync || spec.value.isAsync };
}

function linkWhitelist(spec: WhitelistSpec, { runtime, guards }: Linking): LinkedWhitelist {
  return {
    reason: spec.reason,
    addresses: new AddressSet(spec.ips, spec.cidrs),
    expressions: spec.expressions.map((expression) => (
      { evaluate: evaluator(expression, runtime), isAsync: expression.isAsync })),
    hasEffects: spec.expressions.some((expression) => expression.hasEffects),
    sourceIpSlot: runtime.names.meta.declare('source_ip'),
    guard: guards.get(spec) ?? null,
  };
}

function depthOf(node: NodeSpec): number {
  return 1 + Math.max(0, ...node.children.map(depthOf));
}

function usesStash(spec: NodeSpec): boolean {
  return withDescendants(spec).some((node) => node.stash.length > 0
    || expressionsOf(node).some((expression) => expression.usesStash));
}
