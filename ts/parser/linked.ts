// A loaded world made runnable in one thread: its stages in order, each with its linked nodes.

import type { Event } from '../event/event.js';
import { NodeSet } from '../event/node-set.js';
import { type LinkedNode, linkNodes, type ParserRuntime } from './node.js';
import type { ParserSpec } from './spec.js';
import { Stage } from './stage.js';
import { writesLine } from './writes.js';

/** Parsers or postoverflows of one thread. Both runners of the thread may share it. */
export class LinkedParser {
  readonly stages: readonly Stage[];
  /** How many nodes there are, children included. */
  readonly nodeCount: number;
  /** Levels of the deepest node tree, at least 1. */
  readonly depth: number;
  readonly #indexes: ReadonlyMap<string, number>;

  /** `notesOkNodes`: the runners write into each event which nodes were OK. */
  constructor(spec: ParserSpec, readonly runtime: ParserRuntime, readonly notesOkNodes = false) {
    const { nodes, nodeCount, depth } = linkNodes(spec, runtime);
    const linesAreFixed = !spec.nodes.some(writesLine);
    this.stages = spec.stages.map((name) => (
      new Stage(name, nodes.filter((node) => node.stage === name), runtime.names, linesAreFixed)));
    this.nodeCount = nodeCount;
    this.depth = depth;
    this.#indexes = new Map(spec.stages.map((name, index) => [name, index]));
  }

  /** Writes into an event that a node was OK for it. */
  noteOk({ id }: LinkedNode, event: Event): void {
    event.okNodes = (event.okNodes ?? NodeSet.empty).with(id);
  }

  /** Position of a stage, -1 for a name that is none. */
  stageIndexOf(name: string): number {
    return this.#indexes.get(name) ?? -1;
  }

  /** The stage after a named one; the last stays the last, and what is no stage goes to the first. */
  stageAfter(name: string): string {
    const next = this.stageIndexOf(name) + 1;
    return next < this.stages.length ? this.stages[next].name : name;
  }
}
