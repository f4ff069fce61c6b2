// A decision as streams send it, polled and open ones alike.

import type { GoTime } from '../ts/util/go-time.js';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../ts/util/go-duration.js';
import { encodeJson } from './json.js';
import type { DecisionRow } from './store/decisions.js';

/** The item of a decision, keys in CrowdSec's order. */
function decisionItem(row: DecisionRow, now: GoTime): object {
  return { duration: formatGoDuration(roundDuration(row.until.since(now), nanosecondsPer.second)), id: row.id,
    origin: row.origin, scenario: row.scenario, scope: row.scope, type: row.type, ...(row.uuid && { uuid: row.uuid }),
    value: row.value };
}

/** The items of a list, in JSON and separated by commas. */
export function itemsText(rows: readonly DecisionRow[], now: GoTime): string {
  return rows.map((row) => encodeJson(decisionItem(row, now))).join(',');
}
