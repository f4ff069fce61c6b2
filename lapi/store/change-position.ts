// How far a reader of the change log has come, and where a client of the decisions stands: plain data with a text form
// that lasts over restarts and means the same to every Local API on one database. Pure.

import { GoTime } from '../../ts/util/go-time.js';

/**
 * What has been seen of the log: every change of a transaction below `next` but those in `open`. Where transactions
 * write one after the other a transaction's number is that of its row in the log and `open` is empty.
 */
export interface ChangePosition {
  readonly next: number;
  readonly open: readonly number[];
}

/** Where a client stands: it knows the changes up to `position`, and what ended by itself up to `at`. */
export interface DecisionCursor {
  readonly position: ChangePosition;
  readonly at: GoTime;
}

/** Whether the changes of a transaction have been seen. */
export function hasSeen(position: ChangePosition, transaction: number): boolean {
  return transaction < position.next && !position.open.includes(transaction);
}

/** Whether everything that `other` has seen has been seen. */
export function hasSeenAll(position: ChangePosition, other: ChangePosition): boolean {
  // Between the two ends `other` must know nothing; counted first, for a client may send any number.
  if (other.next - position.next > other.open.length) return false;
  for (let number = position.next; number < other.next; number++) if (!other.open.includes(number)) return false;
  return position.open.every((number) => !hasSeen(other, number));
}

/** Below this number everything has been seen. */
export function lowestUnseen({ next, open }: ChangePosition): number {
  return open.reduce((least, number) => Math.min(least, number), next);
}

/** The text of a position: `next`, or `next:open,open`. */
export function formatPosition({ next, open }: ChangePosition): string {
  return open.length === 0 ? String(next) : `${next}:${open.join(',')}`;
}

/** The text of a cursor: its position, `@`, seconds since 1970 with nine digits of fraction. */
export function formatCursor({ position, at }: DecisionCursor): string {
  return `${formatPosition(position)}@${at.seconds}.${String(at.nanos).padStart(9, '0')}`;
}

/** Returns the cursor of a text, or null when it is none. */
export function parseCursor(text: string): DecisionCursor | null {
  const match = /^(\d{1,15})(?::(\d{1,15}(?:,\d{1,15})*))?@(\d{1,11})\.(\d{9})$/.exec(text);
  if (match === null) return null;
  const [, next, open, seconds, nanos] = match;
  return { position: { next: Number(next), open: open === undefined ? [] : open.split(',').map(Number) },
    at: new GoTime(Number(seconds), Number(nanos)) };
}

/** Whether a client at one cursor has heard everything that one at the other has. */
export function isCovered(cursor: DecisionCursor, by: DecisionCursor): boolean {
  return cursor.at.compare(by.at) <= 0 && hasSeenAll(by.position, cursor.position);
}
