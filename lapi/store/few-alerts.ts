// Looks first how many decisions a filter of alerts is about. Where few alerts have such ones they are found from these: an
// index is walked from alert to alert, so a blocklist of thousands costs one step. Where there are many, the newest page
// is soon found by looking at each alert.

import { sql } from 'kysely';
import { lapiLimits } from '../limits.js';
import { blocklistOrigins, type AlertFilter } from './alert-filter.js';
import type { IpRange } from './ip-range.js';
import { isWide, rangeCondition } from './range-condition.js';
import type { StoreContext } from './store.js';

/** Returns the filter with what it says of few alerts said by their ids, and `asksEachAlert` where its range is better asked of each alert. */
export async function narrow(context: StoreContext, given: AlertFilter): Promise<AlertFilter> {
  const filter = { ...given, blocklists: given.withBlocklists ? undefined : await blocklistAlerts(context) };
  const { db } = context;
  const wanted = [['origin', filter.origin], ['type', filter.decisionType], ['scenario', filter.scenario]] as const;
  for (const [column, value] of wanted) {
    if (value === undefined) continue;
    const owners = await ownersOf(context, column, value);
    // Of a scenario the alert itself is asked too.
    const own = owners === null || column !== 'scenario' ? [] : await db.selectFrom('alerts').select('id')
      .where('scenario', '=', value).limit(lapiLimits.fewAlertsMax + 1).execute();
    if (owners !== null && own.length <= lapiLimits.fewAlertsMax) return { ...filter, asksEachAlert: true, among: [...owners, ...own.map(({ id }) => id)] };
  }
  if (filter.range === undefined || filter.contains) return filter;
  if (!await isWide(db, filter.range)) return filter;
  const owners = await ownersWithin(context, filter.range);
  return owners === null ? { ...filter, asksEachAlert: true } : { ...filter, asksEachAlert: true, among: owners };
}

/** The alerts that have a decision within a range; null when there are many. The index of owners has all that is asked, in their order. */
async function ownersWithin({ db, dialect }: StoreContext, range: IpRange): Promise<number[] | null> {
  const { rows } = await sql<{ id: number }>`select distinct alert_decisions as id from decisions
    where alert_decisions is not null and ${rangeCondition('decisions', range, false, dialect.signAgainstIndex)}
    order by alert_decisions limit ${sql.lit(lapiLimits.fewAlertsMax + 1)}`.execute(db);
  return rows.length > lapiLimits.fewAlertsMax ? null : rows.map(({ id }) => id);
}

async function blocklistAlerts(context: StoreContext): Promise<number[] | undefined> {
  const found: number[] = [];
  for (const origin of blocklistOrigins) {
    const owners = await ownersOf(context, 'origin', origin);
    if (owners === null) return undefined;
    found.push(...owners);
  }
  return found;
}

/** The alerts that have a decision with this value in a column; null when there are many. */
async function ownersOf({ db, dialect }: StoreContext, column: 'origin' | 'type' | 'scenario', value: string): Promise<number[] | null> {
  // That there is an alert is said though it is clear: only then the index, which leaves out what has none, may be used.
  const having = sql`from decisions where ${sql.ref(column)} = ${value} and alert_decisions is not null`;
  const max = sql.lit(lapiLimits.fewAlertsMax + 1);
  const { rows } = await (dialect.skipsInIndexes
    ? sql<{ id: number }>`select distinct alert_decisions as id ${having} order by alert_decisions limit ${max}`
    : sql<{ id: number }>`with recursive owners (id) as (select min(alert_decisions) ${having} union all
      select (select min(alert_decisions) ${having} and alert_decisions > owners.id) from owners where owners.id is not null)
      select id from owners where id is not null limit ${max}`).execute(db);
  return rows.length > lapiLimits.fewAlertsMax ? null : rows.map(({ id }) => id);
}
