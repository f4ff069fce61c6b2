import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJson } from '../../lapi/json.js';
import { itemsText } from '../../lapi/stream-items.js';
import type { DecisionRow } from '../../lapi/store/decisions.js';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../../ts/util/go-duration.js';
import { GoTime } from '../../ts/util/go-time.js';

const now = GoTime.fromMs(Date.parse('2026-11-23T01:44:56.789Z'));

/** The simple version. */
function naiveText(rows: readonly DecisionRow[]): string {
  return rows.map((row) => encodeJson({ duration: formatGoDuration(roundDuration(row.until.since(now), nanosecondsPer.second)),
    id: row.id, origin: row.origin, scenario: row.scenario, scope: row.scope, type: row.type, ...(row.uuid && { uuid: row.uuid }),
    value: row.value })).join(',');
}

test('items of streams are the JSON of their objects, whatever their words are', () => {
  let state = 7;
  const random = (below: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % 65_521 % below;
  const letters = [...'abz09.:/-_<>&"\\\u2028\u2029\n\u0001 é', '😀', '\ud800', ''];
  const word = (): string => Array.from({ length: random(6) }, () => letters[random(letters.length)]).join('');
  const rows = Array.from({ length: 3_000 }, (_all, index) => ({ id: index, origin: word(), scenario: word(), scope: word(), type: word(),
    uuid: random(3) === 0 ? '' : word(), value: word(), until: GoTime.fromMs(Date.parse('2026-11-23T00:00:00Z') + random(60_000) * 1_000) }) as DecisionRow);
  assert.equal(itemsText(rows, now), naiveText(rows));
  assert.equal(itemsText([], now), '');
});
