import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lapiLimits } from '../../../lapi/limits.js';
import { readAlertFilter, readAlertPage } from '../../../lapi/routes/alert-query.js';
import { readDecisionFilter } from '../../../lapi/routes/decision-query.js';
import { sortedSlice } from '../../../lapi/store/smallest.js';
import type { Store } from '../../../lapi/store/store.js';
import { randomFrom } from '../../../ts/util/random.js';
import { alertFilters, combinations, decisionFilters } from '../../support/alert-queries.js';
import { alertWorld, fillWorld, listAlerts, listDecisions } from '../../support/alert-world.js';
import { testSeed } from '../../support/random.js';
import { onEachDatabase } from './databases.js';

const queriesMax = 100;

onEachDatabase('lists with filters', (database) => {
  const seed = testSeed();
  const random = randomFrom(seed);
  // More than the store looks up one by one, of alerts and of decisions in a range of either family.
  const world = alertWorld({ alertCount: 4 * lapiLimits.fewAlertsMax, listCount: 6, listSize: lapiLimits.wideRangeRows / 2 }, random);
  const clock = { ms: 0 };
  let store: Store;
  let inMemory: Store;
  before(async () => {
    const open = await database.create();
    store = await open(() => clock.ms);
    await fillWorld(store, clock, world, Date.parse('2026-11-23T01:44:56Z'));
    inMemory = await open(() => clock.ms);
    await inMemory.decisions.keepInMemory();
  });
  after(() => Promise.all([store.close(), inMemory.close()]));
  const some = (queries: readonly string[]): string[] => queries.filter(() => random() < queriesMax / queries.length);

  test('of alerts give what a plain reading of all gives, in its order', async () => {
    for (const text of some(combinations(alertFilters, random, 300))) {
      const query = new URLSearchParams(text);
      const ids = await store.alerts.ids(readAlertFilter(query, store.now()), readAlertPage(query));
      assert.deepEqual(ids, listAlerts(world, query).map((place) => place + 1), `seed ${seed}, ?${text}`);
    }
  });

  test('of decisions give what a plain reading of all gives, from the database and from memory', async () => {
    for (const text of some(combinations(decisionFilters, random, 300))) {
      const query = new URLSearchParams(text);
      const rows = await store.decisions.active(readDecisionFilter(query));
      assert.deepEqual((await inMemory.decisions.active(readDecisionFilter(query))).map(({ id }) => id), rows.map(({ id }) => id), `seed ${seed}, ?${text}`);
      if (query.has('limit')) continue;
      assert.deepEqual(rows.map(({ id }) => id).toSorted((a, b) => a - b), listDecisions(world, query).map((place) => place + 1), `seed ${seed}, ?${text}`);
    }
  });
});

test('a part of a sorted list is what sorting all of it gives, on random lists', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  for (let round = 0; round < 500; round++) {
    const items = Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 20));
    const from = Math.floor(random() * 45);
    const to = from + Math.floor(random() * 10);
    const where = `seed ${seed}, ${from} to ${to} of ${items.join(' ')}`;
    assert.deepEqual(sortedSlice([...items], from, to, (a, b) => a - b), items.toSorted((a, b) => a - b).slice(from, to), where);
  }
});
