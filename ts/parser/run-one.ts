// Parses one event at a time: engine of postoverflows (which may wait for a DNS answer), of explain, and of the events
// that use a stash. Says the same as run.ts, in the order in which CrowdSec does it for one event.

import type { Event } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import { CountersBySource, type SourceCounters } from './counters.js';
import { GrokBatch } from './grok-batch.js';
import type { LinkedGrok, LinkedNode } from './node.js';
import type { LinkedParser } from './linked.js';
import { subjectText } from './static-text.js';
import type { Static } from './statics.js';
import { writeStash } from './stash.js';
import type { Trace } from './trace.js';
import { checkWhitelistLater } from './whitelist.js';

/** State in which an event leaves a node; `ended` is a static that drops the event. */
const State = { ko: 0, ok: 1, ended: 2 } as const;
type State = (typeof State)[keyof typeof State];

/** A computation that yields what it waits for and is resumed with its value. */
type Steps<T> = Generator<unknown, T, unknown>;

/** Where in a stage an event is to go on. */
export interface Position {
  readonly stageIndex: number;
  readonly nodeIndex: number;
  /** A node of that stage was OK already. */
  readonly stageOk: boolean;
}

const start: Position = { stageIndex: 0, nodeIndex: 0, stageOk: false };

/** Runs the nodes of one world over single events. */
export class EventRunner {
  readonly #linked: LinkedParser;
  readonly #trace: Trace | null;
  readonly #counters: CountersBySource;
  readonly #grok = new GrokBatch();
  readonly #list = new Int32Array(1);
  readonly #ok = new Uint8Array(1);

  /** `trace` is told after each top node that ran, if given. */
  constructor(linked: LinkedParser, trace: Trace | null = null) {
    this.#linked = linked;
    this.#trace = trace;
    this.#counters = new CountersBySource(linked.runtime.counters, linked.nodeCount);
    this.#grok.reserve(1);
  }

  /** Parses an event to the end or to where it drops out: `event.process` says which. */
  async run(event: Event): Promise<boolean> {
    prepare(event, this.#linked);
    return drive(this.#run(event, start, this.#counters.of(event.line)));
  }

  /** The same at once, for worlds without asynchronous expressions and methods (parsers have none). */
  runNow(event: Event): boolean {
    prepare(event, this.#linked);
    return driveNow(this.#run(event, start, this.#counters.of(event.line)));
  }

  /** Goes on with an event from a top node of the stage it is in. */
  resumeNow(event: Event, from: Position, counters: SourceCounters): boolean {
    return driveNow(this.#run(event, from, counters));
  }

  *#run(event: Event, from: Position, counters: SourceCounters): Steps<boolean> {
    const { stages } = this.#linked;
    for (let index = from.stageIndex; index < stages.length; index++) {
      const stage = stages[index];
      const reached = this.#linked.stageIndexOf(event.stage);
      if (reached > index) continue;
      if (reached < index) return false;
      let stageOk = index === from.stageIndex && from.stageOk;
      for (let at = index === from.stageIndex ? from.nodeIndex : 0; at < stage.nodes.length; at++) {
        const node = stage.nodes[at];
        const state = yield* this.#node(node, event, counters);
        if (state === State.ended) return false;
        this.#trace?.nodeDone(stage.name, node.name, state === State.ok, event);
        if (state === State.ok) stageOk = true;
        if ((state === State.ok && node.nextStage) || event.stage !== stage.name) break;
      }
      if (!stageOk) return false;
    }
    event.process = true;
    return true;
  }

  *#node(node: LinkedNode, event: Event, counters: SourceCounters): Steps<State> {
    if (!(yield* filterPasses(node, event))) return State.ko;
    counters.nodeEntered(node, 1);
    const whitelisted = node.whitelist !== null && (yield* checkWhitelistLater(node, event, counters));
    const { grok } = node;
    const grokOk = grok !== null && (yield* this.#matchGrok(grok, event));
    if (grok !== null) this.#trace?.grokTried?.(node, grokOk, event);
    if (grokOk && !(yield* runStatics(grok.statics, event))) return State.ended;
    if (grokOk || grok === null) {
      for (const stash of node.stash) yield* writeStash(stash, event, this.#linked.runtime.stash);
    }
    const state = yield* this.#children(node, event, counters, grokOk || grok === null, grokOk);
    if (state === State.ended) return state;
    counters.nodeLeft(node, state, 1 - state);
    if (state === State.ko) return state;
    if (this.#linked.notesOkNodes) this.#linked.noteOk(node, event);
    if ((node.whitelist === null || whitelisted) && !(yield* runStatics(node.statics, event))) return State.ended;
    if (node.nextStage) event.stage = this.#linked.stageAfter(event.stage);
    return state;
  }

  /** A child's OK makes the node OK; its KO makes it KO unless the node's own grok matched. */
  *#children(
    node: LinkedNode, event: Event, counters: SourceCounters, startsOk: boolean, grokOk: boolean,
  ): Steps<State> {
    let ok = startsOk;
    for (const child of node.children) {
      const state = yield* this.#node(child, event, counters);
      if (state === State.ended) return state;
      if (state === State.ok) ok = true;
      else if (!grokOk) ok = false;
      if (state === State.ok && node.nextStage) break;
    }
    return ok ? State.ok : State.ko;
  }

  *#matchGrok(grok: LinkedGrok, event: Event): Steps<boolean> {
    const { subject } = grok;
    if (subject.kind === 'expression' && subject.isAsync) {
      try {
        return this.#grok.matchText(grok, event, subjectText(yield subject.evaluate(event)));
      } catch (error) {
        if (error instanceof ExprError) return false;
        throw error;
      }
    }
    this.#grok.match(grok, [event], this.#list, 1, event.line.text.bytes, this.#ok);
    return this.#ok[0] === 1;
  }
}

/** Readies an event for its first stage. */
export function prepare(event: Event, linked: LinkedParser): void {
  if (event.stage === '' && linked.stages.length > 0) event.stage = linked.stages[0].name;
  if (event.time.isZero) event.time = linked.runtime.now();
  event.process = false;
}

function* filterPasses(node: LinkedNode, event: Event): Steps<boolean> {
  if (node.filter === null) return true;
  try {
    const value = node.filter(event);
    return (node.filterIsAsync ? yield value : value) === true;
  } catch (error) {
    if (error instanceof ExprError) return false;
    throw error;
  }
}

/** False when one of them ends the event. */
function* runStatics(statics: readonly Static[], event: Event): Steps<boolean> {
  for (const item of statics) {
    if (!(item.isAsync ? yield item.applyLater(event) : item.apply(event))) return false;
  }
  return true;
}

async function drive<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

function driveNow<T>(steps: Steps<T>): T {
  const step = steps.next();
  if (step.done !== true) throw new TypeError('this world has asynchronous expressions: use run');
  return step.value;
}
