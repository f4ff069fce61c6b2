// Slices of an import that this process wrote itself, kept for a moment so that the reader of the change log need not ask the database for
// what was just put there: that cost the thread of the requests a quarter of its time during an import. Pure. The log says what is there and
// when; a slice that is not here, or no longer as it was written, is read.

import { lapiLimits } from '../limits.js';
import type { DecisionRow } from './prepared-alert.js';

/** What decisions of one slice mostly share, as the database keeps it. */
export const sharedColumns = ['created_at', 'until', 'scenario', 'type', 'scope', 'origin', 'simulated'] as const;

/** Decisions whose ids are one run and that differ in address and uuid alone. Plain data: it travels between threads. */
export interface WrittenSlice {
  readonly first: number;
  readonly like: Pick<DecisionRow, typeof sharedColumns[number]>;
  readonly values: readonly string[];
  readonly uuids: readonly string[];
}

/** The slice of rows that were written under ids from `first` on; null where the database might give back something else, or they are not alike. */
export function writtenSlice(first: number, rows: readonly DecisionRow[]): WrittenSlice | null {
  const [{ created_at, until, scenario, type, scope, origin, simulated }] = rows;
  const like = { created_at, until, scenario, type, scope, origin, simulated };
  const isAlike = rows.every((row) => row.ip_size > 0 && sharedColumns.every((name) => row[name] === like[name]));
  // Half a character becomes another one; addresses have none.
  const isKept = [scenario, type, scope, origin].every((word) => Buffer.from(word).toString() === word);
  return isAlike && isKept ? { first, like, values: rows.map(({ value }) => value), uuids: rows.map(({ uuid }) => uuid) } : null;
}

/** The slices that wait to be found in the log. */
export class WrittenSlices {
  readonly #byFirst = new Map<number, WrittenSlice>();

  add(slice: WrittenSlice): void {
    this.#byFirst.set(slice.first, slice);
    if (this.#byFirst.size > lapiLimits.writtenSlicesKept) this.#byFirst.delete(this.#byFirst.keys().next().value!);
  }

  /** The slice that has exactly these ids, once. */
  take(first: number, last: number): WrittenSlice | undefined {
    const slice = this.#byFirst.get(first);
    this.#byFirst.delete(first);
    return slice?.values.length === last - first + 1 ? slice : undefined;
  }
}
