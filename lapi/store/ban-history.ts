// What happened to a target before: how often the profiles banned it, and when it was let go by hand. Read from the
// decisions themselves, so every Local API and cscli on the database counts, as far back as retention keeps them.

import { sql, type SqlBool } from 'kysely';
import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { fromColumn, toColumn } from './columns.js';
import { IpRangeError, parseIpRange, type IpRange } from './ip-range.js';
import { listOrigin } from './list-decisions.js';
import { rangeCondition } from './range-condition.js';
import type { StoreContext } from './store.js';

/** Whom decisions are about. */
export interface Target {
  readonly scope: string;
  readonly value: string;
}

/** A change by a command comes at least this long after the row was written, and sets both times at once. */
const touchedNs = 100e6;
const apartNsMax = 1e9;

/**
 * How many bans by profiles a target has behind it that began after `since`. Bans that overlap count as one, one that
 * still lasts does not count: who trips over three rules in a second has not come back.
 */
export async function bansBehind({ db, now }: StoreContext, { scope, value }: Target, since: GoTime): Promise<number> {
  const present = now();
  const rows = await db.selectFrom('decisions').select(['created_at', 'until']).where('value', '=', value)
    .where('scope', '=', scope).where('simulated', '=', 0).where('created_at', '>', toColumn(since))
    .where(sql<SqlBool>`(origin = 'crowdsec' or origin like 'crowdsec/%')`)
    .orderBy('created_at', 'desc').limit(lapiLimits.banHistoryRowsMax).execute();
  const spans = rows.map((row) => ({ from: fromColumn(row.created_at), until: fromColumn(row.until) })).reverse();
  let count = 0;
  for (let index = 0; index < spans.length;) {
    let { until } = spans[index++];
    while (index < spans.length && spans[index].from.compare(until) <= 0) {
      if (spans[index].until.compare(until) > 0) until = spans[index].until;
      index++;
    }
    if (until.compare(present) < 0) count++;
  }
  return count;
}

/** When a decision on a target, or on a network around it, was last ended by hand after `since`; null when none was. */
export async function lastUnban({ db, now }: StoreContext, target: Target, since: GoTime): Promise<GoTime | null> {
  const range = rangeOf(target);
  let query = db.selectFrom('decisions').select(['created_at', 'updated_at', 'until'])
    .where('until', '>', toColumn(since)).where('until', '<=', toColumn(now()))
    .where('origin', 'not in', [listOrigin, 'CAPI']);
  query = range === null ? query.where('value', '=', target.value).where('scope', '=', target.scope)
    : query.where(rangeCondition('decisions', range, true));
  let last: GoTime | null = null;
  for (const row of await query.orderBy('until', 'desc').limit(lapiLimits.banHistoryRowsMax).execute()) {
    const [created, updated, until] = [row.created_at, row.updated_at, row.until].map(fromColumn);
    const isByHand = updated.since(created) > touchedNs && Math.abs(until.since(updated)) <= apartNsMax;
    if (isByHand && (last === null || until.compare(last) > 0)) last = until;
  }
  return last;
}

function rangeOf({ scope, value }: Target): IpRange | null {
  if (scope !== 'Ip' && scope !== 'Range') return null;
  try {
    return parseIpRange(value);
  } catch (error) {
    if (error instanceof IpRangeError) return null;
    throw error;
  }
}
