// What a packet filter has to do for the bouncer. Not when or why: that is enforce.ts.

import type { FamilyNumber } from './family.js';
import type { ElementList, HeldElements, SetId } from './element-list.js';

/** A change of one set, applied whole or not at all. An element in both lists changes its end. */
export interface SetChange {
  readonly set: SetId;
  /** Whatever the set held goes; `adds` is all of it. */
  readonly isReplacement: boolean;
  readonly deletes: ElementList;
  readonly adds: ElementList;
}

/** A banned address as the kernel holds it. */
export interface HeldBan {
  /** When it was put there last, NaN where nobody knows. */
  readonly sinceMs: number;
  /** Infinity: it stays. */
  readonly untilMs: number;
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
  /** Families whose single addresses and ranges are to be in one set, which is of the kind of ranges. Known once it was opened. */
  readonly oneSet: ReadonlySet<FamilyNumber>;
  /**
   * Makes tables, chains, rules and sets what they should be and leaves bans that are there. May be called again at any
   * time. Resolves to whether something was missing or foreign, so that sets must be replaced. Throws BackendError.
   */
  open(): Promise<{ readonly wasRepaired: boolean; readonly kept: readonly SetId[] }>;
  /** Throws BackendError. */
  apply(change: SetChange, nowMs: number): Promise<void>;
  /** What the kernel holds of a set. Slow on large sets; for tests and questions. */
  dump(set: SetId, nowMs: number): Promise<HeldElements>;
  /** By what a set bans an address, in network order, or null. */
  find(set: SetId, address: Uint8Array, nowMs: number): Promise<HeldBan | null>;
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
