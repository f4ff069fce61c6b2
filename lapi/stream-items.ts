// A decision as streams send it, polled and open ones alike.

import type { GoTime } from '../ts/util/go-time.js';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../ts/util/go-duration.js';
import type { DecisionRow } from './store/decisions.js';

/** The item of a decision, keys in CrowdSec's order. */
export function decisionItem(row: DecisionRow, now: GoTime): object {
  return { duration: formatGoDuration(roundDuration(row.until.since(now), nanosecondsPer.second)), id: row.id,
    origin: row.origin, scenario: row.scenario, scope: row.scope, type: row.type, ...(row.uuid && { uuid: row.uuid }),
    value: row.value };
}
