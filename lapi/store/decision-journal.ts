// The last changes of decisions in memory, in the order in which they were seen, so that a client that asks again soon is
// answered without a query. Pure; decision-follower.ts fills it.

import { lapiLimits } from '../limits.js';
import { formatPosition, hasSeen, hasSeenAll, type ChangePosition } from './change-position.js';
import type { IndexedDecision } from './decision-index.js';

/** One change. */
export interface JournalEntry {
  readonly transaction: number;
  readonly event: 'insert' | 'update' | 'delete';
  /** As the change left it, or as it was when it was deleted. */
  readonly decision: IndexedDecision;
}

interface Mark {
  readonly position: ChangePosition;
  readonly atSeconds: number;
  /** Entries there were, from the beginning of time, when a reader stood here. */
  readonly count: number;
}

/** The journal. */
export class DecisionJournal {
  #entries: JournalEntry[] = [];
  /** Entries forgotten before the first that is kept. */
  #forgotten = 0;
  /** The positions readers stood at, oldest first; the first is where the journal begins. */
  #marks: Mark[];
  readonly #byText = new Map<string, Mark>();

  constructor(start: ChangePosition, atSeconds: number) {
    this.#marks = [];
    this.#mark(start, atSeconds);
  }

  /** The position after everything that was added. */
  get position(): ChangePosition {
    return this.#marks[this.#marks.length - 1].position;
  }

  /** Adds what was seen on the way to a position. */
  append(entries: readonly JournalEntry[], position: ChangePosition, atSeconds: number): void {
    for (const entry of entries) this.#entries.push(entry);
    this.#mark(position, atSeconds);
    this.#trim(atSeconds);
  }

  /** The changes that a client at a position has not seen; null when the journal does not reach back to it. */
  since(position: ChangePosition): readonly JournalEntry[] | null {
    const mark = this.#byText.get(formatPosition(position));
    if (mark !== undefined) return this.#entries.slice(mark.count - this.#forgotten);
    if (!hasSeenAll(position, this.#marks[0].position)) return null;
    // Ahead of this reader: another Local API told the client what is still to be read here.
    return this.#entries.filter(({ transaction }) => !hasSeen(position, transaction));
  }

  #mark(position: ChangePosition, atSeconds: number): void {
    const mark = { position, atSeconds, count: this.#forgotten + this.#entries.length };
    this.#marks.push(mark);
    this.#byText.set(formatPosition(position), mark);
  }

  /** Forgets what is old or too much, in whole steps from mark to mark. */
  #trim(nowSeconds: number): void {
    const end = this.#forgotten + this.#entries.length;
    let drop = 0;
    while (drop < this.#marks.length - 1 && (end - this.#marks[drop].count > lapiLimits.journalEntriesMax
      || nowSeconds - this.#marks[drop + 1].atSeconds > lapiLimits.journalSecondsMax)) drop++;
    // Now and then, for it copies what is kept.
    if (drop === 0 || drop < this.#marks.length / 4) return;
    for (const mark of this.#marks.slice(0, drop)) this.#byText.delete(formatPosition(mark.position));
    this.#marks = this.#marks.slice(drop);
    this.#entries = this.#entries.slice(this.#marks[0].count - this.#forgotten);
    this.#forgotten = this.#marks[0].count;
  }
}
