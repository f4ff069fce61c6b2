// Which of the transactions that wait in the change log are read next: small ones first, large ones (a slice of an
// import, a list) one at a time, so that a ban never waits behind a list, nor a list behind ever more bans. What is left
// for later counts as still open (change-position.ts). Pure; change-log.ts reads, decision-follower.ts takes turns.

import { lapiLimits } from '../limits.js';
import type { ChangePosition } from './change-position.js';

/** What of a row of the log matters here. */
export interface WaitingRow {
  readonly transaction: number;
  readonly row_id: number;
  readonly last_id: number | null;
}

/** The oldest transactions that wait, whole, by ascending number. */
export interface WaitingPage<Row extends WaitingRow> {
  readonly rows: readonly Row[];
  /** From this number on others may wait; null when these are all. */
  readonly cut: number | null;
}

/** What may be read: small transactions alone, or the oldest large one where there is no small one, or all small ones and the oldest large one. */
export type Lanes = 'small' | 'small first' | 'both';

/** Rows to be read, and the position of a reader that has read them. */
export interface ChosenPart<Row extends WaitingRow> {
  readonly rows: readonly Row[];
  readonly position: ChangePosition;
  readonly hasLarge: boolean;
  /** Large ones wait, and nothing else does. */
  readonly isPutOff: boolean;
}

/**
 * Chooses from a page that is not empty.
 * `from` is where the reader stands, `end` where it would stand if it read everything.
 */
export function choosePart<Row extends WaitingRow>({ rows, cut }: WaitingPage<Row>, from: ChangePosition, end: ChangePosition,
  lanes: Lanes): ChosenPart<Row> {
  const chosen = new Set<number>();
  const large: number[] = [];
  let total = 0;
  let looked = cut ?? end.next;
  for (const [number, size] of sizesOf(rows)) {
    const isSmall = size <= lapiLimits.smallTransactionRows;
    // A part has its bounds, and so has the text of a position.
    if (isSmall ? total + size > lapiLimits.changePartRows : large.length === lapiLimits.largeTransactionsLeftMax) {
      looked = number;
      break;
    }
    if (isSmall) chosen.add(number);
    else large.push(number);
    total += isSmall ? size : 0;
  }
  const isPutOff = lanes === 'small' && chosen.size === 0 && large.length > 0;
  const hasLarge = large.length > 0 && (lanes === 'both' || (lanes === 'small first' && chosen.size === 0));
  if (hasLarge) chosen.add(large.shift()!);
  const next = Math.max(looked, from.next);
  // What the reader had left and nobody looked at now is still left.
  const open = new Set([...large, ...from.open.filter((number) => number >= looked), ...end.open.filter((number) => number < next)]);
  return { rows: rows.filter(({ transaction }) => chosen.has(transaction)),
    position: { next, open: [...open].sort((a, b) => a - b) }, hasLarge, isPutOff };
}

function sizesOf(rows: readonly WaitingRow[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const { transaction, row_id: first, last_id: last } of rows) {
    sizes.set(transaction, (sizes.get(transaction) ?? 0) + (last ?? first) - first + 1);
  }
  return sizes;
}
