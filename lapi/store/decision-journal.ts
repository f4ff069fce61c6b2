// The last changes of decisions in memory, in the order in which they were seen, so that a client that asks again soon is
// answered without a query. Pure; decision-follower.ts fills it.

import { lapiLimits } from '../limits.js';
import { formatPosition, hasSeen, hasSeenAll, type ChangePosition } from './change-position.js';
import type { IndexedDecision } from './decision-index.js';

/** Changes of one transaction that are of one kind. */
export interface JournalRun {
  readonly transaction: number;
  readonly event: 'insert' | 'update' | 'delete';
  /** As the change left them, or as they were when they were deleted. */
  readonly decisions: readonly IndexedDecision[];
}

interface Mark {
  readonly position: ChangePosition;
  readonly atSeconds: number;
  /** Runs, and decisions in them, there were, from the beginning of time, when a reader stood here. */
  readonly runs: number;
  readonly decisions: number;
}

/** The journal. */
export class DecisionJournal {
  #runs: JournalRun[] = [];
  /** Runs forgotten before the first that is kept. */
  #forgotten = 0;
  /** The positions readers stood at, oldest first; the first is where the journal begins. */
  #marks: Mark[] = [];
  readonly #byText = new Map<string, Mark>();

  constructor(start: ChangePosition, atSeconds: number) {
    this.#mark({ position: start, atSeconds, runs: 0, decisions: 0 });
  }

  /** The position after everything that was added. */
  get position(): ChangePosition {
    return this.#last.position;
  }

  /** Adds what was seen on the way to a position. */
  append(runs: readonly JournalRun[], position: ChangePosition, atSeconds: number): void {
    for (const run of runs) this.#runs.push(run);
    const count = runs.reduce((sum, { decisions }) => sum + decisions.length, 0);
    this.#mark({ position, atSeconds, runs: this.#forgotten + this.#runs.length, decisions: this.#last.decisions + count });
    this.#trim(atSeconds);
  }

  /** The changes that a client at a position has not seen; null when the journal does not reach back to it. */
  since(position: ChangePosition): readonly JournalRun[] | null {
    const mark = this.#byText.get(formatPosition(position));
    if (mark !== undefined) return this.#runs.slice(mark.runs - this.#forgotten);
    if (!hasSeenAll(position, this.#marks[0].position)) return null;
    // Ahead of this reader: another Local API told the client what is still to be read here.
    return this.#runs.filter(({ transaction }) => !hasSeen(position, transaction));
  }

  get #last(): Mark {
    return this.#marks[this.#marks.length - 1];
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
    this.#byText.set(formatPosition(mark.position), mark);
  }

  /** Forgets what is old or too much, in whole steps from mark to mark. */
  #trim(nowSeconds: number): void {
    let drop = 0;
    while (drop < this.#marks.length - 1 && (this.#last.decisions - this.#marks[drop].decisions > lapiLimits.journalEntriesMax
      || nowSeconds - this.#marks[drop + 1].atSeconds > lapiLimits.journalSecondsMax)) drop++;
    // Now and then, for it copies what is kept.
    if (drop === 0 || drop < this.#marks.length / 4) return;
    for (const { position } of this.#marks.slice(0, drop)) this.#byText.delete(formatPosition(position));
    this.#marks = this.#marks.slice(drop);
    this.#runs = this.#runs.slice(this.#marks[0].runs - this.#forgotten);
    this.#forgotten = this.#marks[0].runs;
  }
}
