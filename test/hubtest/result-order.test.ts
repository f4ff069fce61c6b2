// The order in which a scenario.assert sees overflows, and what is left open in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, newEventNames } from '../../ts/event/event.js';
import { fillOpenPlaces, orderResults } from '../../ts/hubtest/result-order.js';
import type { OverflowEvent } from '../../ts/hubtest/results.js';
import { GoTime } from '../../ts/util/go-time.js';

test('overflows stand in descending order of scenario and sources', () => {
  const { results, open } = orderResults([made('a', ['1']), made('b', ['1']), made('a', ['2']), made('c', ['0'])]);
  assert.deepEqual(results.map(nameOf), ['c 0', 'b 1', 'a 2', 'a 1']);
  assert.deepEqual(open, []);
});

test('equal ones stay as they happened and are open to any order', () => {
  const overflows = [made('a', ['1'], 'x'), made('b', ['1']), made('a', ['1'], 'y'), made('a', ['2'])];
  const ordered = orderResults(overflows);
  assert.deepEqual(ordered.results.map(nameOf), ['b 1', 'a 2', 'a 1 x', 'a 1 y']);
  assert.deepEqual(ordered.open, [{ from: 2, count: 2 }]);
});

test('a scenario with several sources leaves all its overflows open: their texts are joined in any order', () => {
  assert.deepEqual(orderResults([made('a', ['1', '2']), made('a', ['3']), made('b', ['1'])]).open, [{ from: 1, count: 2 }]);
});

test('open places are filled as the assertions want them, and left alone where they want nothing', () => {
  const ordered = orderResults(['w', 'x', 'y', 'z'].map((label) => made('a', ['1'], label)));
  const wants: Readonly<Record<number, string>> = { 0: 'yz', 1: 'wxyz', 2: 'z', 3: 'wx' };
  const filled = fillOpenPlaces(ordered, (place, { overflow: { bucketId } }) => wants[place].includes(bucketId));
  for (const [place, { overflow: { bucketId } }] of filled.entries()) assert.ok(wants[place].includes(bucketId), `${place}: ${bucketId}`);
  assert.deepEqual(fillOpenPlaces(ordered, () => true), ordered.results);
  assert.deepEqual(fillOpenPlaces(ordered, () => false), ordered.results);
});

test('what fits nowhere takes the places that are left', () => {
  const ordered = orderResults(['x', 'y'].map((label) => made('a', ['1'], label)));
  assert.deepEqual(fillOpenPlaces(ordered, (place, { overflow: { bucketId } }) => place === 0 && bucketId === 'y').map(nameOf), ['a 1 y', 'a 1 x']);
});

function made(scenario: string, sources: readonly string[], bucketId = ''): OverflowEvent {
  const event = new Event(newEventNames());
  event.resetToOverflow({ mapkey: '', bucketId, whitelisted: false, reprocess: false, apiAlerts: [],
    sources: Object.fromEntries(sources.map((value) => [value, { scope: 'Ip', value }])), alert: { scenario } as never }, GoTime.zero);
  return event as OverflowEvent;
}

function nameOf({ overflow: { alert, sources, bucketId } }: OverflowEvent): string {
  return `${alert?.scenario} ${Object.keys(sources).join('@')} ${bucketId}`.trim();
}
