// Decisions that are too many for one transaction follow their alert in slices, so that other writers get their turn. While
// they do, the alert stands in palisade_unfinished: whatever fails or dies in between, in the end it is there whole or not at all.

import type { Kysely } from 'kysely';
import { lapiLimits } from '../limits.js';
import { toColumn } from './columns.js';
import type { DecisionRow, PreparedAlert } from './prepared-alert.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';
import { writtenSlice, type WrittenSlice } from './written-slices.js';

/** Says of alerts, in the transaction that writes them, that decisions follow. */
export async function markUnfinished(db: Kysely<Tables>, alerts: readonly number[]): Promise<void> {
  if (alerts.length === 0) return;
  await db.insertInto('palisade_unfinished').values(alerts.map((alert) => ({ alert_id: alert }))).execute();
}

/** Writes the decisions that follow an alert, the last of them with the word that it is whole. */
export async function writeSlices({ db, dialect, precedence, now, onSlice }: StoreContext, alert: number,
  { following, rowsOf }: PreparedAlert): Promise<void> {
  // A server's transactions stand side by side, and there a long one keeps others waiting.
  const slicesMax = dialect.writeAheadLog === null ? 1 : lapiLimits.slicesPerTransaction;
  let last = 0;
  for (let from = 0; from < following.length;) {
    await precedence.giveWayToReader(last);
    const startMs = performance.now();
    const written = await db.transaction().execute(async (transaction) => {
      const stamp = toColumn(now());
      // First, for whoever deletes an alert locks it first too.
      const { numUpdatedRows } = await transaction.updateTable('alerts').set({ updated_at: stamp }).where('id', '=', alert).executeTakeFirst();
      if (numUpdatedRows === 0n) throw new Error('the alert was deleted while its decisions were written');
      const slices: (WrittenSlice | null)[] = [];
      do {
        const slice = rowsOf(following.slice(from, from + lapiLimits.decisionSliceRows));
        stampDecisions(slice, alert, stamp);
        const first = await dialect.insertRows(transaction, 'decisions', slice);
        slices.push(first === null ? null : writtenSlice(first, slice));
        from += slice.length;
      } while (from < following.length && slices.length < slicesMax && !precedence.isTaken);
      if (from === following.length) await transaction.deleteFrom('palisade_unfinished').where('alert_id', '=', alert).execute();
      return slices;
    });
    for (const slice of written) {
      if (slice === null) continue;
      onSlice(slice);
      last = slice.first + slice.values.length - 1;
    }
    if (from < following.length) await precedence.rest(performance.now() - startMs);
  }
}

/** Takes back what nobody goes on writing: its writer died. Returns how many alerts went. */
export async function removeAbandoned({ db, now }: StoreContext): Promise<number> {
  const before = toColumn(now().add(-lapiLimits.unfinishedMsMax * 1e6));
  const { numDeletedRows } = await db.deleteFrom('alerts').where('updated_at', '<', before)
    .where('id', 'in', db.selectFrom('palisade_unfinished').select('alert_id')).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Fills in what was not known before. */
export function stampDecisions(decisions: readonly DecisionRow[], alert: number, stamp: string): void {
  for (const decision of decisions) {
    decision.created_at = decision.updated_at = stamp;
    decision.alert_decisions = alert;
  }
}
