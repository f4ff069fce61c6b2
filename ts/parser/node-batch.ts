// Runs one node with its children over many events at once: filter by filter, grok by grok. Knows nodes and their
// states; the stages around them are in run.ts. Hot.

import type { Event } from '../event/event.js';
import { type NumberedBatch, NumberedFields } from '../grok/field-numbers.js';
import type { SourceCounters } from './counters.js';
import { GrokBatch } from './grok-batch.js';
import type { LinkedParser } from './linked.js';
import { type GrokFamily, type LinkedGrok, type LinkedNode, passes } from './node.js';
import { keepUnmarked, type Level, newLevels } from './selection.js';
import { checkWhitelist } from './whitelist.js';

/** Events of one source whose lines lie in one buffer. */
export interface Run {
  readonly events: readonly Event[];
  readonly bytes: Buffer;
  readonly counters: SourceCounters;
}

/** Runs nodes over the events of a run. Its working memory is reused from batch to batch. */
export class NodeBatch {
  /** By event number, 1 for those that dropped out: no further node or static runs for them. */
  ended = new Uint8Array(0);
  readonly #linked: LinkedParser;
  readonly #grok = new GrokBatch();
  /** Its version goes up where fields may change: whitelists remember what they found in them. */
  readonly #batch: NumberedBatch;
  /** Set by `use`, which comes before every run. */
  #run!: Run;
  #eventCountMax = 0;
  #levels: readonly Level[] = [];
  /** By event number, which groks of the family at work may match. */
  #masks = new Uint32Array(0);

  constructor(linked: LinkedParser) {
    this.#linked = linked;
    this.#batch = NumberedFields.of(linked.runtime.names).batch;
  }

  /** The level of the top nodes: `inside` is filled by the caller, `ok` read by it. */
  get top(): Level {
    return this.#levels[0];
  }

  /** Makes room for batches of this size. */
  reserve(eventCountMax: number): void {
    if (eventCountMax <= this.#eventCountMax) return;
    this.#eventCountMax = eventCountMax;
    this.#levels = newLevels(this.#linked.depth, eventCountMax);
    this.ended = new Uint8Array(eventCountMax);
    this.#grok.reserve(eventCountMax);
  }

  /** Turns to the events of another run. */
  use(run: Run): void {
    this.#run = run;
  }

  /** Runs a top node over the first `count` events inside it; their states are then in `top.ok`. */
  run(node: LinkedNode, count: number): void {
    this.#runNode(node, count, 0);
  }

  /** Runs a node over the events inside it at a depth; leaves each one's state in `ok` of that level. */
  #runNode(node: LinkedNode, count: number, depth: number): void {
    const level = this.#levels[depth];
    const { events, counters } = this.#run;
    counters.nodeEntered(node, count);
    if (node.whitelist !== null) {
      checkWhitelist(node, events, level.inside, count, counters, level.whitelisted);
      if (node.whitelist.hasEffects) this.#batch.version++;
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
    this.#grok.match(grok, this.#run.events, level.inside, count, this.#run.bytes, level.ok);
    let matched = 0;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      level.grokOk[number] = level.ok[number];
      if (level.ok[number] === 1) level.some[matched++] = number;
    }
    if (matched === 0) return;
    grok.runStatics(this.#run.events, level.some, matched, this.ended);
    this.#batch.version++;
  }

  #runChildren(node: LinkedNode, level: Level, count: number, depth: number): void {
    const { pending } = level;
    let waiting = 0;
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      if (this.ended[number] === 1) continue;
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
    this.#grok.rule(family.subject, family.set, this.#run.events, level.pending, waitingBefore, this.#run.bytes, this.#masks);
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
    this.#run.counters.nodeEntered(node, count);
    this.#run.counters.nodeLeft(node, 0, count);
  }

  /** Lists the waiting events that a child's filter lets in; the others take its KO. */
  #enterChild(child: LinkedNode, level: Level, waiting: number, depth: number): number {
    const { inside } = this.#levels[depth];
    const { filter } = child;
    if (filter === null) {
      inside.set(level.pending.subarray(0, waiting));
      return waiting;
    }
    if (child.filterHasEffects) this.#batch.version++;
    let entered = 0;
    for (let index = 0; index < waiting; index++) {
      const number = level.pending[index];
      if (passes(filter, this.#run.events[number])) inside[entered++] = number;
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
      if (this.ended[number] === 1 || (isOk && node.nextStage)) {
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
      if (this.ended[number] === 1) endedCount++;
      else if (level.ok[number] === 1) {
        okCount++;
        if (node.whitelist === null || level.whitelisted[number] === 1) level.some[concerned++] = number;
      }
    }
    this.#run.counters.nodeLeft(node, okCount, count - okCount - endedCount);
    if (this.#linked.notesOkNodes && okCount > 0) this.#noteOk(node, level, count);
    if (concerned > 0 && node.statics.length > 0) {
      node.runStatics(this.#run.events, level.some, concerned, this.ended);
      this.#batch.version++;
    }
    if (node.nextStage) this.#moveOn(level, count);
  }

  #moveOn(level: Level, count: number): void {
    let stage = '';
    let next = this.#linked.stageAfter(stage);
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      if (level.ok[number] === 0 || this.ended[number] === 1) continue;
      const event = this.#run.events[number];
      // Nearly always the node's own.
      if (event.stage !== stage) next = this.#linked.stageAfter(stage = event.stage);
      event.stage = next;
    }
  }

  #noteOk(node: LinkedNode, level: Level, count: number): void {
    for (let index = 0; index < count; index++) {
      const number = level.inside[index];
      if (level.ok[number] === 1 && this.ended[number] === 0) this.#linked.noteOk(node, this.#run.events[number]);
    }
  }
}
