// The decisions of blocklists in the database: which of a list are in force, ending some, and which decisions hold an
// address. They are written with their alert, as all decisions are.

import { sql } from 'kysely';
import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { fromColumn, toColumn } from './columns.js';
import { parseIpRange } from './ip-range.js';
import { rangeCondition } from './range-condition.js';
import type { StoreContext } from './store.js';

/** Origin of the decisions of all lists; the scenario is the name of the list. CrowdSec's own words. */
export const listOrigin = 'lists';

/** A decision of a list that is in force. */
export interface ListedDecision {
  readonly id: number;
  readonly value: string;
  readonly type: string;
  /** It is in force beyond the instant that was asked for. */
  readonly isLasting: boolean;
}

/** A decision that covers an address. */
export interface CoveringDecision {
  readonly value: string;
  readonly type: string;
  readonly until: GoTime;
  readonly origin: string;
  readonly scenario: string;
  readonly scope: string;
}

/**
 * The decisions of a list that are in force, and whether they outlast an instant. Read in pages by id, between which
 * others get their turn: no index knows lists, and an index of ends would be walked for every page.
 */
export async function* decisionsOfList({ db, now }: StoreContext, name: string, outlasting: GoTime):
AsyncGenerator<readonly ListedDecision[]> {
  const isAfter = (time: GoTime) => sql<unknown>`case when until > ${toColumn(time)} then 1 else 0 end`;
  for (let after = 0; ;) {
    const rows = await db.selectFrom('decisions')
      .select(['id', 'value', 'type', isAfter(now()).as('in_force'), isAfter(outlasting).as('lasting')])
      .where('origin', '=', listOrigin).where('scenario', '=', name).where('id', '>', after)
      .orderBy('id').limit(lapiLimits.blocklistSliceRows).execute();
    yield rows.filter((row) => Number(row.in_force) === 1)
      .map(({ id, value, type, lasting }) => ({ id, value, type, isLasting: Number(lasting) === 1 }));
    if (rows.length < lapiLimits.blocklistSliceRows) return;
    after = rows.at(-1)!.id;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Number of different addresses and networks in force, by list. */
export async function countByList({ db, now }: StoreContext): Promise<Map<string, number>> {
  const rows = await db.selectFrom('decisions').select(['scenario', sql<number>`count(distinct value)`.as('count')])
    .where('origin', '=', listOrigin).where('until', '>', toColumn(now())).groupBy('scenario').execute();
  return new Map(rows.map(({ scenario, count }) => [scenario, Number(count)]));
}

/** The decisions in force that cover an address or the whole of a range, whatever made them. Throws IpRangeError. */
export async function decisionsCovering({ db, now }: StoreContext, value: string): Promise<CoveringDecision[]> {
  const rows = await db.selectFrom('decisions').select(['value', 'type', 'until', 'origin', 'scenario', 'scope'])
    .where(rangeCondition('decisions', parseIpRange(value), true)).where('until', '>', toColumn(now()))
    .orderBy('origin').orderBy('scenario').orderBy('until', 'desc').execute();
  return rows.map((row) => ({ ...row, until: fromColumn(row.until) }));
}

/** Ends decisions. Between batches others get their turn. */
export async function endDecisions({ db, precedence, now }: StoreContext, ids: readonly number[]): Promise<void> {
  for (let from = 0; from < ids.length; from += lapiLimits.expireBatchRows) {
    const end = toColumn(now());
    await db.updateTable('decisions').set({ until: end, updated_at: end })
      .where('id', 'in', ids.slice(from, from + lapiLimits.expireBatchRows)).execute();
    await precedence.giveWay();
  }
}
