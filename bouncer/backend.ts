// What a packet filter has to do for the bouncer. Not when or why: that is enforce.ts.

import type { ElementList, HeldElements, SetId } from './element-list.js';

/** A change of one set, applied whole or not at all. An element in both lists changes its end. */
export interface SetChange {
  readonly set: SetId;
  /** Whatever the set held goes; `adds` is all of it. */
  readonly isReplacement: boolean;
  readonly deletes: ElementList;
  readonly adds: ElementList;
}

/** What packets met, by origin. */
export interface PacketCounts {
  readonly group: string;
  readonly family: 4 | 6;
  readonly packets: number;
  readonly bytes: number;
}

/** The packet filter refused, or did not answer; what it holds now is not known. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}

/** A packet filter. Calls come one after the other, except for `cutConnections`, which comes beside them. */
export interface Backend {
  readonly name: string;
  /**
   * Makes tables, chains, rules and sets what they should be and leaves bans that are there. May be called again at any
   * time. Resolves to whether something was missing or foreign, so that sets must be replaced. Throws BackendError.
   */
  open(): Promise<{ readonly wasRepaired: boolean; readonly kept: readonly SetId[] }>;
  /** Throws BackendError. */
  apply(change: SetChange, nowMs: number): Promise<void>;
  /** What the kernel holds of a set. Slow on large sets; for tests and questions. */
  dump(set: SetId, nowMs: number): Promise<HeldElements>;
  /** The sets of bans that the kernel holds, whoever made them under our names. */
  list(): Promise<readonly SetId[]>;
  /** Dropped and processed packets since the counters were made. */
  count(): Promise<{ readonly dropped: readonly PacketCounts[]; readonly processed: readonly PacketCounts[] }>;
  /** Forgets known connections from banned addresses; resolves to how many. */
  cutConnections(set: SetId, elements: ElementList): Promise<number>;
  /** Calls when somebody else changed what is ours, also when that may have been since the last `open`. */
  watch(onForeignChange: (what: string) => void): Promise<void>;
  /** Lets go; bans stay. */
  close(): Promise<void>;
  /** Removes everything that is ours. */
  cleanUp(): Promise<void>;
}
