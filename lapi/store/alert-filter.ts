// Which alerts a query wants, and the SQL of it. Parsing the query string is the route's work.

import { sql, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { GoTime } from '../../ts/util/go-time.js';
import { toColumn } from './columns.js';
import type { IpRange } from './ip-range.js';
import { rangeCondition } from './range-condition.js';
import type { Tables } from './tables.js';

/** Absent fields do not restrict. Conditions on decisions are independent: different decisions may meet them. */
export interface AlertFilter {
  /** No other alert can pass. */
  readonly among?: readonly number[];
  /** The alerts that hold decisions of blocklists; absent: each alert is looked at. */
  readonly blocklists?: readonly number[];
  /** Looking up all decisions in the range would take longer than looking at each alert. */
  readonly asksEachAlert?: boolean;
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

/** Origins of decisions that somebody else's list brought. */
export const blocklistOrigins = ['CAPI', 'lists'] as const;

/** Adds the conditions of a filter to a query on alerts. */
export function filterAlerts<O>(query: SelectQueryBuilder<Tables, 'alerts', O>,
  filter: AlertFilter): SelectQueryBuilder<Tables, 'alerts', O> {
  let result = query;
  if (filter.among !== undefined) result = result.where(isOneOf(filter.among));
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
  return filter.withBlocklists ? result : result.where(sql<SqlBool>`not ${isFromBlocklist(filter.blocklists)}`);
}

function isOneOf(alerts: readonly number[]): RawBuilder<SqlBool> {
  return alerts.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`alerts.id in (${sql.join(alerts)})`;
}

function decisionConditions(filter: AlertFilter): RawBuilder<SqlBool>[] {
  // Without any decision, and with one of this kind.
  const wantsOne = filter.range !== undefined || filter.decisionType !== undefined || filter.origin !== undefined;
  if (filter.hasActiveDecision === false && wantsOne) return [sql<SqlBool>`1 = 0`];
  const conditions: RawBuilder<SqlBool>[] = [];
  // First what costs least of an alert.
  if (filter.range !== undefined) {
    const inRange = rangeCondition('decisions', filter.range, filter.contains);
    // An index finds these, so they are looked up once and not for each alert.
    conditions.push(filter.asksEachAlert === true ? hasDecision(inRange)
      : sql<SqlBool>`alerts.id in (select decisions.alert_decisions from decisions where ${inRange})`);
  }
  if (filter.scenario !== undefined) {
    conditions.push(sql<SqlBool>`(alerts.scenario = ${filter.scenario} or ${
      hasDecision(sql`decisions.scenario = ${filter.scenario}`)})`);
  }
  if (filter.decisionType !== undefined) conditions.push(hasDecision(sql`decisions.type = ${filter.decisionType}`));
  if (filter.origin !== undefined) conditions.push(hasDecision(sql`decisions.origin = ${filter.origin}`));
  if (filter.hasActiveDecision === true) {
    conditions.push(hasDecision(sql`decisions.until >= ${toColumn(filter.now)}`));
  } else if (filter.hasActiveDecision === false) conditions.push(sql<SqlBool>`not ${hasDecision(sql`1 = 1`)}`);
  return conditions;
}

/** Asked as a value: of an `exists` the servers' planners make a join of all alerts and decisions, though the newest page is wanted. */
function hasDecision(condition: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`((select 1 from decisions where decisions.alert_decisions = alerts.id and ${condition} limit 1) is not null)`;
}

/** Whether the community's blocklist or a subscribed list brought an alert; `known` are those that hold decisions of one. */
export function isFromBlocklist(known: readonly number[] | undefined): RawBuilder<SqlBool> {
  const [first, second] = blocklistOrigins;
  const fromList = known === undefined ? hasDecision(sql`decisions.origin in (${first}, ${second})`) : isOneOf(known);
  const emptied = sql`(alerts.source_scope like 'lists:%' or alerts.source_scope = 'crowdsecurity/community-blocklist')
    and not ${hasDecision(sql`1 = 1`)}`;
  // A scope may be missing, as nothing else here may.
  return sql<SqlBool>`(${fromList} or coalesce(${emptied}, 1 = 0))`;
}
