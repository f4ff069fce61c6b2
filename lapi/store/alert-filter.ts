// Which alerts a query wants, and the SQL of it. Parsing the query string is the route's work.

import { sql, type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { GoTime } from '../../ts/util/go-time.js';
import { toColumn } from './columns.js';
import type { IpRange } from './ip-range.js';
import { rangeCondition } from './range-condition.js';
import type { Tables } from './tables.js';

/** Absent fields do not restrict. Conditions on decisions are independent: different decisions may meet them. */
export interface AlertFilter {
  /** No other alert can pass. */
  readonly among?: readonly number[];
  /** So many decisions lie in the range that looking them all up takes longer than looking at each alert. */
  readonly isRangeWide?: boolean;
  readonly scope?: string;
  readonly value?: string;
  /** The alert's own scenario or that of one of its decisions. */
  readonly scenario?: string;
  readonly range?: IpRange;
  /** true: a decision contains the range; false: one lies within. */
  readonly contains: boolean;
  readonly startedFrom?: GoTime;
  readonly startedUntil?: GoTime;
  readonly createdUntil?: GoTime;
  readonly decisionType?: string;
  readonly origin?: string;
  /** false: leave out what the community blocklist and subscribed lists brought. */
  readonly withBlocklists: boolean;
  /** true: some decision is in force; false: there is no decision at all. */
  readonly hasActiveDecision?: boolean;
  readonly kind?: string;
  readonly withSimulated: boolean;
  readonly now: GoTime;
}

/** Adds the conditions of a filter to a query on alerts. */
export function filterAlerts<O>(query: SelectQueryBuilder<Tables, 'alerts', O>,
  filter: AlertFilter): SelectQueryBuilder<Tables, 'alerts', O> {
  let result = query;
  if (filter.among !== undefined) result = result.where(filter.among.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`alerts.id in (${sql.join(filter.among)})`);
  if (!filter.withSimulated) result = result.where('alerts.simulated', '=', 0);
  if (filter.scope !== undefined) result = result.where('alerts.source_scope', '=', filter.scope);
  if (filter.value !== undefined) result = result.where('alerts.source_value', '=', filter.value);
  if (filter.kind !== undefined) result = result.where('alerts.kind', '=', filter.kind);
  if (filter.startedFrom !== undefined) result = result.where('alerts.started_at', '>=', toColumn(filter.startedFrom));
  if (filter.startedUntil !== undefined) {
    result = result.where('alerts.started_at', '<=', toColumn(filter.startedUntil));
  }
  if (filter.createdUntil !== undefined) {
    result = result.where('alerts.created_at', '<=', toColumn(filter.createdUntil));
  }
  for (const condition of decisionConditions(filter)) result = result.where(condition);
  return filter.withBlocklists ? result : result.where(notFromBlocklist);
}

function decisionConditions(filter: AlertFilter): RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = [];
  if (filter.scenario !== undefined) {
    conditions.push(sql<SqlBool>`(alerts.scenario = ${filter.scenario} or ${
      hasDecision(sql`decisions.scenario = ${filter.scenario}`)})`);
  }
  if (filter.range !== undefined) {
    const inRange = rangeCondition('decisions', filter.range, filter.contains);
    // An index finds these, so they are looked up once and not for each alert.
    conditions.push(filter.isRangeWide === true ? hasDecision(inRange)
      : sql<SqlBool>`alerts.id in (select decisions.alert_decisions from decisions where ${inRange})`);
  }
  if (filter.decisionType !== undefined) conditions.push(hasDecision(sql`decisions.type = ${filter.decisionType}`));
  if (filter.origin !== undefined) conditions.push(hasDecision(sql`decisions.origin = ${filter.origin}`));
  if (filter.hasActiveDecision === true) {
    conditions.push(hasDecision(sql`decisions.until >= ${toColumn(filter.now)}`));
  } else if (filter.hasActiveDecision === false) conditions.push(sql<SqlBool>`not ${hasDecision(sql`1 = 1`)}`);
  return conditions;
}

function hasDecision(condition: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from decisions where decisions.alert_decisions = alerts.id and ${condition})`;
}

function notFromBlocklist(builder: ExpressionBuilder<Tables, 'alerts'>) {
  const fromList = hasDecision(sql`decisions.origin in ('CAPI', 'lists')`);
  const emptied = sql<SqlBool>`(not ${hasDecision(sql`1 = 1`)} and (alerts.source_scope like 'lists:%'
    or alerts.source_scope = 'crowdsecurity/community-blocklist'))`;
  return builder.not(builder.or([fromList, emptied]));
}
