// Long lists as text, piece by piece: page by page from the database, so that neither the list nor its text stands in memory.

import type { GoTime } from '../../ts/util/go-time.js';
import { encodeJson } from '../json.js';
import { lapiLimits } from '../limits.js';
import type { AlertFilter } from '../store/alert-filter.js';
import type { AlertPage, StoredAlert } from '../store/alerts.js';
import type { DecisionFilter, DecisionRow } from '../store/decisions.js';
import type { Store } from '../store/store.js';
import { alertJson, decisionJson, timeLeft } from './alert-json.js';

/** The answer of GET /v1/alerts. */
export async function* alertListText({ alerts }: Store, filter: AlertFilter, page: AlertPage, now: GoTime): AsyncGenerator<string> {
  const ids = await alerts.ids(filter, page);
  let separator = '[';
  for (let from = 0; from < ids.length; from += lapiLimits.alertPageRows) {
    const some = ids.slice(from, from + lapiLimits.alertPageRows);
    const isLong = page.withDecisions && await alerts.haveManyDecisions(some);
    for (const alert of await alerts.load(some, page.withDecisions && !isLong)) {
      yield separator;
      if (isLong) yield* longAlertText(alerts, alert, now);
      else yield encodeJson(alertJson(alert, now));
      separator = ',';
    }
  }
  yield separator === '[' ? 'null' : ']';
}

/** The answer of GET /v1/decisions. */
export async function* decisionListText({ decisions }: Store, filter: DecisionFilter, now: GoTime): AsyncGenerator<string> {
  yield* listText(decisions.activePages(filter), (row) => liveDecisionJson(row, now));
}

/** A list that comes in pages; null when nothing comes. */
async function* listText<Row>(pages: AsyncIterable<readonly Row[]>, toJson: (row: Row) => object): AsyncGenerator<string> {
  let separator = '[';
  for await (const rows of pages) {
    yield `${separator}${rows.map((row) => encodeJson(toJson(row))).join(',')}`;
    separator = ',';
  }
  yield separator === '[' ? 'null' : ']';
}

/** A decision as the live query shows it. */
export function liveDecisionJson(row: DecisionRow, now: GoTime): object {
  return { duration: timeLeft(row.until, now), id: row.id, origin: row.origin, scenario: row.scenario,
    scope: row.scope, type: row.type, value: row.value };
}

const noDecisions = 'null';
const decisionsName = '"decisions":';

/** An alert that was loaded without its decisions, with them. */
async function* longAlertText(alerts: Store['alerts'], alert: StoredAlert, now: GoTime): AsyncGenerator<string> {
  const text = encodeJson(alertJson(alert, now));
  // Only numbers and an instant stand before it.
  const at = text.indexOf(decisionsName) + decisionsName.length;
  yield text.slice(0, at);
  yield* listText(alerts.decisionPages(alert.row.id), (row) => decisionJson(row, Boolean(alert.row.simulated), now));
  yield text.slice(at + noDecisions.length);
}
