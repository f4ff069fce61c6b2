// Parses whole batches: stage by stage and node by node over the events still alive, so that one native call serves a
// batch. Same outcome for each event as run-one.ts, which says the algorithm event by event. Hot: bench/suites.
//
//   for each stage, for each top node, over the events in that stage:
//     those that pass the filter enter the node, which gives each a state, OK or KO
//     an OK lets the event live beyond the stage; next_stage, or a changed stage, ends the stage for it

import type { Event } from '../event/event.js';
import { type NumberedBatch, NumberedFields } from '../grok/field-numbers.js';
import { CountersBySource, type SourceCounters } from './counters.js';
import type { LinkedParser } from './linked.js';
import { type LinkedNode, passes } from './node.js';
import { NodeBatch } from './node-batch.js';
import { EventRunner, type Position, prepare } from './run-one.js';
import { keepUnmarked } from './selection.js';
import { type Plan, type Stage, Verdict } from './stage.js';

/** An event that must read or write a stash, and where it waits. */
interface Parked {
  readonly number: number;
  readonly event: Event;
  readonly from: Position;
  readonly counters: SourceCounters;
}

/** Runs the parsers over batches of lines. One for each thread; its working memory is reused from batch to batch. */
export class Parser {
  readonly #linked: LinkedParser;
  readonly #counters: CountersBySource;
  readonly #one: EventRunner;
  readonly #nodes: NodeBatch;
  readonly #batch: NumberedBatch;
  #eventCountMax = 0;
  /** Event numbers still alive, and those in the stage at work. */
  #alive = new Int32Array(0);
  #inStage = new Int32Array(0);
  /** Marks by event number: done with the stage at work; OK in it. */
  #left = new Uint8Array(0);
  #stageOk = new Uint8Array(0);
  readonly #planOf: Plan[] = [];
  readonly #plans: Plan[] = [];
  #parked: Parked[] = [];
  #events: readonly Event[] = [];
  /** Set at the start of each run. */
  #source!: SourceCounters;

  constructor(linked: LinkedParser) {
    this.#linked = linked;
    this.#counters = new CountersBySource(linked.runtime.counters, linked.nodeCount);
    this.#one = new EventRunner(linked);
    this.#nodes = new NodeBatch(linked);
    this.#batch = NumberedFields.of(linked.runtime.names).batch;
  }

  /**
   * Parses the first `count` events, made from lines in the order of the log. `process` then says for each whether it
   * came through. Returns how many wait for `runStashPass` because a rule of theirs uses a stash.
   */
  parseBatch(events: readonly Event[], count: number): number {
    this.#parked = [];
    this.#reserve(count);
    this.#events = events;
    this.#batch.take(events, count);
    for (let first = 0; first < count;) {
      const end = endOfRun(events, first, count);
      this.#parseRun(first, end);
      first = end;
    }
    return this.#parked.length;
  }

  /**
   * Finishes the events of the last batch that wait, in the order of the log. Call it when all earlier batches have had
   * their stash pass: the stash must see the lines in order.
   */
  runStashPass(): void {
    // Each stage parked its own: put them back into the order of the log.
    for (const { event, from, counters } of this.#parked.sort((a, b) => a.number - b.number)) {
      const isOk = this.#one.resumeNow(event, from, counters);
      counters.parsed(1, isOk ? 1 : 0);
    }
    this.#parked = [];
  }

  #reserve(count: number): void {
    if (count <= this.#eventCountMax) return;
    this.#eventCountMax = count;
    this.#alive = new Int32Array(count);
    this.#inStage = new Int32Array(count);
    this.#left = new Uint8Array(count);
    this.#stageOk = new Uint8Array(count);
    this.#nodes.reserve(count);
  }

  #parseRun(first: number, end: number): void {
    const { line } = this.#events[first];
    this.#source = this.#counters.of(line);
    this.#nodes.use({ events: this.#events, bytes: line.text.bytes, counters: this.#source });
    const parkedBefore = this.#parked.length;
    let alive = 0;
    for (let number = first; number < end; number++) {
      prepare(this.#events[number], this.#linked);
      this.#nodes.ended[number] = 0;
      this.#alive[alive++] = number;
    }
    for (let index = 0; index < this.#linked.stages.length && alive > 0; index++) alive = this.#runStage(index, alive);
    for (let index = 0; index < alive; index++) this.#events[this.#alive[index]].process = true;
    const parkedCount = this.#parked.length - parkedBefore;
    this.#source.parsed(end - first - parkedCount, alive);
  }

  /** Runs one stage; returns how many events are alive after it. */
  #runStage(stageIndex: number, aliveCount: number): number {
    const stage = this.#linked.stages[stageIndex];
    stage.useSource(this.#source);
    let count = this.#enterStage(stage, stageIndex, aliveCount);
    this.#plans.length = 0;
    this.#plan(stage, this.#inStage, count);
    for (let nodeIndex = 0; nodeIndex < stage.nodes.length && count > 0; nodeIndex++) {
      if (!this.#plans.some((plan) => plan[nodeIndex] !== Verdict.never)) continue;
      const node = stage.nodes[nodeIndex];
      if (node.usesStash) {
        count = this.#park(node, stageIndex, nodeIndex, count);
        continue;
      }
      const entered = this.#enterNode(node, nodeIndex, count);
      if (entered > 0) {
        this.#nodes.run(node, entered);
        if (this.#leaveNode(node, stage, entered)) count = keepUnmarked(this.#inStage, count, this.#left);
      }
      // A filter with effects may have changed the key fields of events that it did not let in, too.
      if (node.filterHasEffects) this.#plan(stage, this.#inStage, count);
      else if (stage.changesKey[nodeIndex]) this.#plan(stage, this.#nodes.top.inside, entered);
    }
    return this.#endStage(aliveCount);
  }

  /** Lists the events that are in the stage; marks those behind it as ended. */
  #enterStage(stage: Stage, stageIndex: number, aliveCount: number): number {
    let count = 0;
    for (let index = 0; index < aliveCount; index++) {
      const number = this.#alive[index];
      const event = this.#events[number];
      this.#left[number] = 0;
      // An event ahead of the stage passes it by.
      this.#stageOk[number] = 1;
      if (event.stage === stage.name) {
        this.#stageOk[number] = 0;
        this.#inStage[count++] = number;
      } else if (this.#linked.stageIndexOf(event.stage) < stageIndex) {
        this.#nodes.ended[number] = 1;
      }
    }
    return count;
  }

  /** Looks up the plans of events and notes each plan once. */
  #plan(stage: Stage, list: Int32Array, count: number): void {
    let last: Plan | null = null;
    for (let index = 0; index < count; index++) {
      const number = list[index];
      const plan = stage.planFor(this.#events[number]);
      this.#planOf[number] = plan;
      if (plan === last) continue;
      last = plan;
      if (!this.#plans.includes(plan)) this.#plans.push(plan);
    }
  }

  /** Lists at level 0 the events of the stage whose filter lets them into a top node; returns how many. */
  #enterNode(node: LinkedNode, nodeIndex: number, count: number): number {
    const { inside } = this.#nodes.top;
    if (node.filterHasEffects) this.#batch.version++;
    let entered = 0;
    for (let index = 0; index < count; index++) {
      const number = this.#inStage[index];
      const verdict = this.#planOf[number][nodeIndex];
      if (verdict === Verdict.never) continue;
      if (verdict === Verdict.always || node.filter === null || passes(node.filter, this.#events[number])) {
        inside[entered++] = number;
      }
    }
    return entered;
  }

  /**
   * Sets aside the events that may enter a node with a stash, before its filter has had an effect: they go on from
   * here one by one. Returns how many events the stage still has.
   */
  #park(node: LinkedNode, stageIndex: number, nodeIndex: number, count: number): number {
    const counters = this.#source;
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const number = this.#inStage[index];
      const event = this.#events[number];
      if (this.#planOf[number][nodeIndex] === Verdict.never || !node.conditions.every((item) => item.holds(event))) {
        this.#inStage[kept++] = number;
        continue;
      }
      this.#nodes.ended[number] = 1;
      this.#parked.push({ number, event, counters, from: { stageIndex, nodeIndex, stageOk: this.#stageOk[number] === 1 } });
    }
    return kept;
  }

  /** Takes over the states of a top node; true when an event is done with the stage. */
  #leaveNode(node: LinkedNode, stage: Stage, entered: number): boolean {
    const { inside, ok } = this.#nodes.top;
    let someLeft = false;
    for (let index = 0; index < entered; index++) {
      const number = inside[index];
      const isOk = ok[number] === 1;
      if (isOk) this.#stageOk[number] = 1;
      if (this.#nodes.ended[number] === 1 || (isOk && node.nextStage) || this.#events[number].stage !== stage.name) {
        this.#left[number] = 1;
        someLeft = true;
      }
    }
    return someLeft;
  }

  /** Keeps the events that had an OK node in the stage or were ahead of it. */
  #endStage(aliveCount: number): number {
    let kept = 0;
    for (let index = 0; index < aliveCount; index++) {
      const number = this.#alive[index];
      if (this.#nodes.ended[number] === 0 && this.#stageOk[number] === 1) this.#alive[kept++] = number;
    }
    return kept;
  }
}

/** The end of the events from `first` on that share a source and a buffer. */
function endOfRun(events: readonly Event[], first: number, count: number): number {
  const { line } = events[first];
  const { text, labels, src, module } = line;
  let end = first + 1;
  for (; end < count; end++) {
    const other = events[end].line;
    if (other.text.bytes !== text.bytes || other.labels !== labels || other.src !== src || other.module !== module) break;
  }
  return end;
}
