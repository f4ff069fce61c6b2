// Parses whole batches: stage by stage and node by node over the events still alive, so that one native call serves a
// batch. Same outcome for each event as run-one.ts, which says the algorithm event by event. Hot: bench/suites.
//
//   for each stage, for each top node, over the events in that stage:
//     those that pass the filter enter the node, which gives each a state, OK or KO
//     an OK lets the event live beyond the stage; next_stage, or a changed stage, ends the stage for it

import type { Event } from '../event/event.js';
import { CountersBySource, type SourceCounters } from './counters.js';
import { GrokBatch } from './grok-batch.js';
import type { LinkedParser } from './linked.js';
import { type GrokFamily, type LinkedGrok, type LinkedNode, passes } from './node.js';
import { EventRunner, type Position, prepare } from './run-one.js';
import { keepUnmarked, type Level, newLevels } from './selection.js';
import { type Plan, type Stage, Verdict } from './stage.js';
import { checkWhitelist } from './whitelist.js';

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
  readonly #grok = new GrokBatch();
  #eventCountMax = 0;
  #levels: readonly Level[] = [];
  /** Event numbers still alive, and those in the stage at work. */
  #alive = new Int32Array(0);
  #inStage = new Int32Array(0);
  /** Marks by event number: dropped for good; done with the stage at work; OK in it. */
  #ended = new Uint8Array(0);
  #left = new Uint8Array(0);
  #stageOk = new Uint8Array(0);
  /** By event number, which groks of the family at work may match. */
  #masks = new Uint32Array(0);
  readonly #planOf: Plan[] = [];
  readonly #plans: Plan[] = [];
  #parked: Parked[] = [];
  /** The run at work: events of one source in one buffer. */
  #events: readonly Event[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #source: SourceCounters | null = null;

  constructor(linked: LinkedParser) {
    this.#linked = linked;
    this.#counters = new CountersBySource(linked.runtime.counters, linked.nodeCount);
    this.#one = new EventRunner(linked);
  }

  /**
   * Parses the first `count` events, made from lines in the order of the log. `process` then says for each whether it
   * came through. Returns how many wait for `runStashPass` because a rule of theirs uses a stash.
   */
  parseBatch(events: readonly Event[], count: number): number {
    this.#parked = [];
    this.#reserve(count);
    this.#events = events;
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
    this.#levels = newLevels(this.#linked.depth, count);
    this.#alive = new Int32Array(count);
    this.#inStage = new Int32Array(count);
    this.#ended = new Uint8Array(count);
    this.#left = new Uint8Array(count);
    this.#stageOk = new Uint8Array(count);
    this.#grok.reserve(count);
  }

  #parseRun(first: number, end: number): void {
    const { line } = this.#events[first];
    this.#bytes = line.text.bytes;
    const source = this.#source = this.#counters.of(line);
    const parkedBefore = this.#parked.length;
    let alive = 0;
    for (let number = first; number < end; number++) {
      prepare(this.#events[number], this.#linked);
      this.#ended[number] = 0;
      this.#alive[alive++] = number;
    }
    for (let index = 0; index < this.#linked.stages.length && alive > 0; index++) alive = this.#runStage(index, alive);
    for (let index = 0; index < alive; index++) this.#events[this.#alive[index]].process = true;
    const parkedCount = this.#parked.length - parkedBefore;
    source.parsed(end - first - parkedCount, alive);
  }

  /** Runs one stage; returns how many events are alive after it. */
  #runStage(stageIndex: number, aliveCount: number): number {
    const stage = this.#linked.stages[stageIndex];
    stage.useSource(this.#source as SourceCounters);
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
        this.#runNode(node, entered, 0);
        if (this.#leaveNode(node, stage, entered)) count = keepUnmarked(this.#inStage, count, this.#left);
      }
      // A filter with effects may have changed the key fields of events that it did not let in, too.
      if (node.filterHasEffects) this.#plan(stage, this.#inStage, count);
      else if (stage.changesKey[nodeIndex]) this.#plan(stage, this.#levels[0].inside, entered);
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
        this.#ended[number] = 1;
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
    const { inside } = this.#levels[0];
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
    const counters = this.#source as SourceCounters;
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const number = this.#inStage[index];
      const event = this.#events[number];
      if (this.#planOf[number][nodeIndex] === Verdict.never || !node.conditions.every((item) => item.holds(event))) {
        this.#inStage[kept++] = number;
        continue;
      }
      this.#ended[number] = 1;
      this.#parked.push({ number, event, counters, from: { stageIndex, nodeIndex, stageOk: this.#stageOk[number] === 1 } });
    }
    return kept;
  }

  /** Takes over the states of a top node; true when an event is done with the stage. */
  #leaveNode(node: LinkedNode, stage: Stage, entered: number): boolean {
    const { inside, ok } = this.#levels[0];
    let someLeft = false;
    for (let index = 0; index < entered; index++) {
      const number = inside[index];
      const isOk = ok[number] === 1;
      if (isOk) this.#stageOk[number] = 1;
      if (this.#ended[number] === 1 || (isOk && node.nextStage) || this.#events[number].stage !== stage.name) {
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
      if (this.#ended[number] === 0 && this.#stageOk[number] === 1) this.#alive[kept++] = number;
    }
    return kept;
  }

  /** Runs a node over the events inside it at a depth; leaves each one's state in `ok` of that level. */
  #runNode(node: LinkedNode, count: number, depth: number): void {
    const level = this.#levels[depth];
    const source = this.#source as SourceCounters;
    source.nodeEntered(node, count);
    if (node.whitelist !== null) {
      for (let index = 0; index < count; index++) {
        const number = level.inside[index];
        level.whitelisted[number] = checkWhitelist(node, this.#events[number], source) ? 1 : 0;
      }
    }
    if (node.grok === null) this.#assumeOk(level, count);
    else this.#runGrok(node.grok, level, count);
    if (node.children.length > 0) this.#runChildren(node, level, count, depth);
    this.#finishNode(node, level, count);
  }

  #assumeOk(level: Level, count: number): void {
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      level.ok[number] = 1;
      level.grokOk[number] = 0;
    }
  }

  #runGrok(grok: LinkedGrok, level: Level, count: number): void {
    this.#grok.match(grok, this.#events, level.inside, count, this.#bytes, level.ok);
    let matched = 0;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      level.grokOk[number] = level.ok[number];
      if (level.ok[number] === 1) level.some[matched++] = number;
    }
    if (matched > 0) grok.runStatics(this.#events, level.some, matched, this.#ended);
  }

  #runChildren(node: LinkedNode, level: Level, count: number, depth: number): void {
    const { pending } = level;
    let waiting = 0;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      if (this.#ended[number] === 1) continue;
      level.done[number] = 0;
      pending[waiting++] = number;
    }
    let family = 0;
    for (let at = 0; at < node.children.length && waiting > 0; at++) {
      if (node.families[family]?.first === at) {
        const { end } = node.families[family];
        waiting = this.#runFamily(node, node.families[family], level, waiting, depth + 1);
        family++;
        at = end - 1;
        continue;
      }
      const entered = this.#enterChild(node.children[at], level, waiting, depth + 1);
      if (entered === 0) continue;
      this.#runNode(node.children[at], entered, depth + 1);
      waiting = this.#leaveChild(node, level, waiting, depth + 1, entered);
    }
  }

  /** Runs children that only try a grok each, for the events for which a set did not rule it out. */
  #runFamily(node: LinkedNode, family: GrokFamily, level: Level, waitingBefore: number, depth: number): number {
    const { words } = family.set;
    if (this.#masks.length < words * this.#eventCountMax) this.#masks = new Uint32Array(words * this.#eventCountMax);
    this.#grok.rule(family.subject, family.set, this.#events, level.pending, waitingBefore, this.#bytes, this.#masks);
    const { inside } = this.#levels[depth];
    let waiting = waitingBefore;
    for (let at = family.first; at < family.end && waiting > 0; at++) {
      const word = (at - family.first) >>> 5;
      const bit = 1 << ((at - family.first) & 31);
      let entered = 0;
      for (let index = 0; index < waiting; index++) {
        const number = level.pending[index];
        if ((this.#masks[words * number + word] & bit) !== 0) inside[entered++] = number;
        else if (level.grokOk[number] === 0) level.ok[number] = 0;
      }
      this.#countRuledOut(node.children[at], waiting - entered);
      if (entered === 0) continue;
      this.#runNode(node.children[at], entered, depth);
      waiting = this.#leaveChild(node, level, waiting, depth, entered);
    }
    return waiting;
  }

  #countRuledOut(node: LinkedNode, count: number): void {
    if (count === 0) return;
    (this.#source as SourceCounters).nodeEntered(node, count);
    (this.#source as SourceCounters).nodeLeft(node, 0, count);
  }

  /** Lists the waiting events that a child's filter lets in; the others take its KO. */
  #enterChild(child: LinkedNode, level: Level, waiting: number, depth: number): number {
    const { inside } = this.#levels[depth];
    const { filter } = child;
    if (filter === null) {
      inside.set(level.pending.subarray(0, waiting));
      return waiting;
    }
    let entered = 0;
    for (let index = 0; index < waiting; index++) {
      const number = level.pending[index];
      if (passes(filter, this.#events[number])) inside[entered++] = number;
      else if (level.grokOk[number] === 0) level.ok[number] = 0;
    }
    return entered;
  }

  /** Takes over the states of a child; returns how many events wait for the next one. */
  #leaveChild(node: LinkedNode, level: Level, waiting: number, depth: number, entered: number): number {
    const { inside, ok } = this.#levels[depth];
    let someDone = false;
    for (let index = 0; index < entered; index++) {
      const number = inside[index];
      const isOk = ok[number] === 1;
      if (isOk) level.ok[number] = 1;
      else if (level.grokOk[number] === 0) level.ok[number] = 0;
      if (this.#ended[number] === 1 || (isOk && node.nextStage)) {
        level.done[number] = 1;
        someDone = true;
      }
    }
    return someDone ? keepUnmarked(level.pending, waiting, level.done) : waiting;
  }

  /** Counts the states, then runs the statics and the move to the next stage for the events that are OK. */
  #finishNode(node: LinkedNode, level: Level, count: number): void {
    let okCount = 0;
    let endedCount = 0;
    let concerned = 0;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      if (this.#ended[number] === 1) endedCount++;
      else if (level.ok[number] === 1) {
        okCount++;
        if (node.whitelist === null || level.whitelisted[number] === 1) level.some[concerned++] = number;
      }
    }
    (this.#source as SourceCounters).nodeLeft(node, okCount, count - okCount - endedCount);
    if (concerned > 0) node.runStatics(this.#events, level.some, concerned, this.#ended);
    if (!node.nextStage) return;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      const event = this.#events[number];
      if (level.ok[number] === 1 && this.#ended[number] === 0) event.stage = this.#linked.stageAfter(event.stage);
    }
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
