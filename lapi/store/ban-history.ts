// What happened to a target before: how often the profiles banned it, and when it was let go by hand. Read from the
// decisions themselves, so every Local API and cscli on the database counts; of the decisions that retention takes away
// the bans are kept in a table of their own.

import { sql, type Kysely, type SqlBool } from 'kysely';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { siteOf } from '../../ts/util/ip.js';
import { lapiLimits } from '../limits.js';
import { fromColumn, toColumn } from './columns.js';
import type { StoreDialect } from './dialect/dialect.js';
import { IpRangeError, parseIpRange, type IpRange } from './ip-range.js';
import { listOrigin } from './list-decisions.js';
import { rangeCondition } from './range-condition.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';

/** Whom decisions are about. */
export interface Target {
  readonly scope: string;
  readonly value: string;
}

/** A change by a command comes at least this long after the row was written, and sets both times at once. */
const touchedNs = 100e6;
const apartNsMax = 1e9;

/** Of decisions that are not simulated: whether they are bans by profiles. */
const isOwn = sql<SqlBool>`(origin = 'crowdsec' or origin like 'crowdsec/%')`;

/**
 * How many bans by profiles a target has behind it that began after `since`. Bans that overlap count as one, one that
 * still lasts does not count: who trips over three rules in a second has not come back. Of IPv6 the bans of a /64 are
 * those of each address in it, for whoever has one has them all.
 */
export async function bansBehind({ db, now }: StoreContext, target: Target, since: GoTime): Promise<number> {
  const { scope, value } = target;
  const present = now();
  const site = siteOfTarget(target);
  let query = db.selectFrom('decisions').select(['created_at', 'until']).where('scope', '=', scope)
    .where('created_at', '>', toColumn(since)).where('simulated', '=', 0).where(isOwn);
  query = site === value ? query.where('value', '=', value) : query.where(rangeCondition('decisions', parseIpRange(site), false));
  const rows = [...await query.orderBy('created_at', 'desc').limit(lapiLimits.banHistoryRowsMax).execute(),
    ...await db.selectFrom('palisade_bans').select(['created_at', 'until']).where('value', '=', site).where('scope', '=', scope)
      .where('created_at', '>', toColumn(since)).orderBy('created_at', 'desc').limit(lapiLimits.banHistoryRowsMax).execute()];
  const spans = rows.map((row) => ({ from: fromColumn(row.created_at), until: fromColumn(row.until) }))
    .sort((a, b) => a.from.compare(b.from));
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

/** Keeps the bans of alerts that are about to be removed, inside the open transaction of `db`. */
export async function keepBans(db: Kysely<Tables>, dialect: StoreDialect, alertIds: readonly number[]): Promise<void> {
  const rows = await db.selectFrom('decisions').select(['scope', 'value', 'created_at', 'until'])
    .where('alert_decisions', 'in', [...alertIds]).where('simulated', '=', 0).where(isOwn).orderBy('id').execute();
  await dialect.insertRows(db, 'palisade_bans', rows.map((row) =>
    ({ scope: row.scope, value: siteOfTarget(row), created_at: row.created_at, until: row.until ?? row.created_at })));
}

/** Forgets bans that began long ago, and the oldest where there are too many. Returns how many. */
export async function forgetBans({ db, now }: StoreContext, rowsMax: number = lapiLimits.pastBansMax): Promise<number> {
  const before = toColumn(now().add(-lapiLimits.pastBanDaysMax * nanosecondsPer.day));
  const row = await db.selectFrom('palisade_bans').select(sql<number | null>`max(id)`.as('newest')).executeTakeFirst();
  const result = await db.deleteFrom('palisade_bans').where((builder) => builder.or([
    builder('created_at', '<', before), builder('id', '<=', (row?.newest ?? 0) - rowsMax)])).executeTakeFirst();
  return Number(result.numDeletedRows);
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

function siteOfTarget({ scope, value }: Target): string {
  return scope === 'Ip' ? siteOf(value) : value;
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
