// Looks first how many decisions a filter of alerts is about. Where few alerts have such ones they are found from these: an
// index is walked from alert to alert, so a blocklist of thousands costs one step. Where there are many, the newest page
// is soon found by looking at each alert.

import { sql, type Kysely, type RawBuilder } from 'kysely';
import { lapiLimits } from '../limits.js';
import { blocklistOrigins, type AlertFilter } from './alert-filter.js';
import { isWide } from './range-condition.js';
import type { Tables } from './tables.js';

/** Returns the filter with what it says of few alerts said by their ids, and `isRangeWide` where its range is better asked of each alert. */
export async function narrow(db: Kysely<Tables>, given: AlertFilter): Promise<AlertFilter> {
  const filter = { ...given, blocklists: given.withBlocklists ? undefined : await blocklistAlerts(db) };
  const wanted = [['origin', filter.origin], ['type', filter.decisionType], ['scenario', filter.scenario]] as const;
  for (const [column, value] of wanted) {
    if (value === undefined) continue;
    const owners = await ownersOf(db, column, value);
    // Of a scenario the alert itself is asked too.
    const own = owners === null || column !== 'scenario' ? [] : await db.selectFrom('alerts').select('id')
      .where('scenario', '=', value).limit(lapiLimits.fewAlertsMax + 1).execute();
    if (owners !== null && own.length <= lapiLimits.fewAlertsMax) return { ...filter, isRangeWide: true, among: [...owners, ...own.map(({ id }) => id)] };
  }
  if (filter.range === undefined || filter.contains) return filter;
  return await isWide(db, filter.range) ? { ...filter, isRangeWide: true } : filter;
}

async function blocklistAlerts(db: Kysely<Tables>): Promise<number[] | undefined> {
  const found: number[] = [];
  for (const origin of blocklistOrigins) {
    const owners = await ownersOf(db, 'origin', origin);
    if (owners === null) return undefined;
    found.push(...owners);
  }
  return found;
}

/** The alerts that have a decision with this value in a column; null when there are many. */
async function ownersOf(db: Kysely<Tables>, column: 'origin' | 'type' | 'scenario', value: string): Promise<number[] | null> {
  // The smallest as the first of an order, which each database takes from the index; MariaDB looks for a minimum at all rows. That there is an
  // alert is said though it is clear: only then the index, which leaves out what has none, may be used.
  const next = (above: RawBuilder<unknown>) => sql`(select alert_decisions from decisions where ${sql.ref(column)} = ${value}
    and alert_decisions is not null and alert_decisions > ${above} order by alert_decisions limit 1)`;
  const { rows } = await sql<{ id: number }>`with recursive owners (id) as (select ${next(sql`0`)} union all
    select ${next(sql`owners.id`)} from owners where owners.id is not null)
    select id from owners where id is not null limit ${sql.lit(lapiLimits.fewAlertsMax + 1)}`.execute(db);
  return rows.length > lapiLimits.fewAlertsMax ? null : rows.map(({ id }) => id);
}
