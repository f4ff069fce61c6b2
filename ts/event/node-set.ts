// A set of parser nodes by their numbers: which nodes were OK for an event. Noted for every line, and lines of one kind pass the same
// nodes, so a set is one object for all its events and knows what it becomes with one more node: noting is a comparison.

import { limits } from '../limits.js';

/** The set without a node, made anew when there are too many others behind it, and how many there are. */
let emptySet: NodeSet | null = null;
let madeCount = 0;

/** Numbers of nodes; never changed. Equal sets are mostly one object. */
export class NodeSet {
  readonly #next = new Map<number, NodeSet>();
  /** What was added last, and what that gave. */
  #lastId = -1;
  #last: NodeSet = this;

  /** `text`: the numbers in ascending order, a UTF-16 unit each. */
  private constructor(readonly text: string) {}

  /** The set without a node. */
  static get empty(): NodeSet {
    return (emptySet ??= new NodeSet(''));
  }

  /** The set with one more number. */
  with(id: number): NodeSet {
    if (id !== this.#lastId) {
      this.#last = this.#next.get(id) ?? this.#make(id);
      this.#lastId = id;
    }
    return this.#last;
  }

  #make(id: number): NodeSet {
    // Which sets there are is up to the log.
    if (++madeCount > limits.rememberedNodeSetsMax) {
      madeCount = 0;
      emptySet = null;
    }
    const unit = String.fromCharCode(id);
    const made = this.text.includes(unit) ? this : new NodeSet((this.text + unit).split('').sort().join(''));
    this.#next.set(id, made);
    return made;
  }
}
