import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DecisionFilter, DecisionRow } from '../../../lapi/store/decisions.js';
import { parseIpRange, rangeContains } from '../../../lapi/store/ip-range.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import type { Store } from '../../../lapi/store/store.js';
import { alertBody } from '../instance.js';
import { testDatabases } from './databases.js';
import { testSeed } from '../../support/random.js';

interface Model {
  readonly value: string;
  readonly scope: string;
  readonly type: string;
  readonly origin: string;
  readonly scenario: string;
  readonly simulated: boolean;
  readonly hours: number;
}

const plain: DecisionFilter = { contains: true, withSimulated: true };

for (const database of testDatabases()) describe(`decisions in the store, ${database.name}`, { skip: database.skip }, () => {
  const seed = testSeed();
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  const models: Model[] = [];
  let store: Store;
  let inMemory: Store;

  before(async () => {
    await database.start();
    const open = await database.create();
    store = await open(() => clock.ms);
    inMemory = await open(() => clock.ms);
    for (let i = 0; i < 300; i++) models.push(randomModel(pick));
    for (const model of models) await store.alerts.add(null, [asAlert(model)]);
    await inMemory.decisions.keepInMemory();
  });
  after(async () => {
    await Promise.all([store.close(), inMemory.close()]);
    await database.stop();
  });

  test('filters give what a plain reading of them gives, on random queries', async () => {
    for (let round = 0; round < 300; round++) {
      const filter = randomFilter(pick);
      const rows = await store.decisions.active(filter);
      assert.deepEqual(rows.map((row) => row.id), (await inMemory.decisions.active(filter)).map((row) => row.id),
        `in memory, seed ${seed}, filter ${describeFilter(filter)}`);
      const found = rows.map((row) => row.id).toSorted((a, b) => a - b);
      const wanted = models.map((model, index) => ({ model, id: index + 1 }))
        .filter(({ model, id }) => model.hours > 0 && matches(model, id, filter)).map(({ id }) => id);
      assert.deepEqual(found, wanted, `seed ${seed}, filter ${describeFilter(filter)}`);
    }
  });

  test('a page is a part of the whole list; below zero, the limit is none and the offset the start', async () => {
    for (const from of [store, inMemory]) {
      const all = (await from.decisions.active(plain)).map((row) => row.id);
      const page = async (limit?: number, offset?: number): Promise<number[]> => (
        (await from.decisions.active({ ...plain, limit, offset })).map((row) => row.id));
      assert.deepEqual(await page(5, 3), all.slice(3, 8));
      assert.deepEqual(await page(5, -3), all.slice(0, 5));
      assert.deepEqual(await page(-1, 4), all.slice(4));
      assert.deepEqual(await page(undefined, -1), all);
    }
  });

  test('a stream without duplicates keeps the one that lasts longest', async () => {
    const rows = await store.decisions.streamPage({ kind: 'new', now: store.now(), dedup: true }, plain);
    const key = (row: { value: string; type: string; scope: string }): string => `${row.value} ${row.type} ${row.scope}`;
    const longest = new Map<string, number>();
    for (const model of models) longest.set(key(model), Math.max(longest.get(key(model)) ?? -Infinity, model.hours));
    const wanted = models.filter((model) => model.hours > 0 && model.hours === longest.get(key(model))).length;
    assert.equal(rows.length, wanted, `seed ${seed}`);
  });

  test('counts and the time left of a value agree with the rows', async () => {
    const value = '10.0.0.1';
    const containing = models.filter((model) => isAddress(model) && rangeContains(parseIpRange(model.value), parseIpRange(value)));
    assert.equal(await store.decisions.countByValue(value), containing.length);
    assert.equal(await store.decisions.countByValue(value, { activeOnly: true }),
      containing.filter((model) => model.hours > 0).length);
    assert.equal(await store.decisions.countByValue(value, { since: store.now() }), 0);
    const hours = Math.max(0, ...containing.map((model) => model.hours));
    const leftHours = await store.decisions.timeLeftNs(value) / 3600e9;
    assert.ok(Math.abs(leftHours - hours) < 0.01, `${leftHours} h left, ${hours} expected, seed ${seed}`);
    await assert.rejects(store.decisions.countByValue('zz'), { message: "invalid ip address 'zz'" });
  });

  test('ended decisions are reported once as ended and no longer active', async () => {
    await store.alerts.add(null, [asAlert({ value: '10.9.9.9', scope: 'Ip', type: 'ban', origin: 'cscli', scenario: 's',
      simulated: false, hours: 5 })]);
    const since = store.now();
    clock.ms += 1000;
    assert.equal(await store.decisions.expire({ contains: true, value: '10.9.9.9' }), 1);
    assert.equal(await store.decisions.expire({ contains: true, value: '10.9.9.9' }), 0);
    clock.ms += 1000;
    assert.deepEqual(await store.decisions.active({ ...plain, value: '10.9.9.9' }), []);
    const ended: DecisionRow[] = await store.decisions.streamPage(
      { kind: 'deleted', now: store.now(), since, dedup: true }, plain);
    assert.deepEqual(ended.map((row) => row.value), ['10.9.9.9']);
  });

  test('every change to a decision is in the change log', async () => {
    const last = async () => store.db.selectFrom('palisade_changes').selectAll().orderBy('seq', 'desc').limit(1)
      .executeTakeFirstOrThrow();
    const { ids: [id] } = await store.alerts.add(null, [asAlert({ value: '10.8.8.8', scope: 'Ip', type: 'ban', origin: 'o',
      scenario: 's', simulated: false, hours: 5 })]);
    const [{ id: decision }] = await store.decisions.active({ ...plain, value: '10.8.8.8' });
    const inserted = await last();
    assert.deepEqual([inserted.kind, inserted.row_id], ['decisions', decision]);
    await store.decisions.expireById(decision);
    const expired = await last();
    assert.deepEqual([expired.seq > inserted.seq, expired.row_id], [true, decision]);
    await store.alerts.removeById(id);
    const removed = await last();
    assert.deepEqual([removed.seq > expired.seq, removed.row_id], [true, decision]);
  });
});

const values = ['10.0.0.1', '10.0.0.2', '10.0.0.0/24', '10.0.0.0/8', '2001:db8::1', '2001:db8::/32', 'FR'] as const;

function randomModel(pick: <T>(items: readonly T[]) => T): Model {
  const value = pick(values);
  return { value, scope: value === 'FR' ? 'Country' : value.includes('/') ? 'Range' : 'Ip', type: pick(['ban', 'captcha']),
    origin: pick(['cscli', 'lists', 'CAPI']), scenario: pick(['Test/One', 'test/two', '100%_sure']),
    simulated: pick([true, false]), hours: pick([-1, 1, 2, 87_600]) };
}

function randomFilter(pick: <T>(items: readonly T[]) => T): DecisionFilter {
  const maybe = <T>(make: () => T): T | undefined => pick([true, false, false]) ? make() : undefined;
  return { contains: pick([true, false]), withSimulated: pick([true, false]),
    range: maybe(() => parseIpRange(pick(['10.0.0.1', '10.0.0.0/16', '2001:db8::1', '2001:db8::/16', '0.0.0.0/0']))),
    scopes: maybe(() => pick([['Ip'], ['Ip', 'Range'], ['Country']])), value: maybe(() => pick(values)),
    type: maybe(() => 'ban'), origins: maybe(() => pick([['lists', 'CAPI'], ['cscli']])),
    scenariosContaining: maybe(() => pick([['TEST'], ['%_'], ['one', 'two']])),
    scenariosNotContaining: maybe(() => pick([['two'], ['%']])), idAbove: maybe(() => pick([50, 100])) };
}

function matches(model: Model, id: number, filter: DecisionFilter): boolean {
  const has = (words: readonly string[]): boolean =>
    words.some((word) => model.scenario.toLowerCase().includes(word.toLowerCase()));
  return (filter.withSimulated || !model.simulated) && (filter.scopes?.includes(model.scope) ?? true)
    && (filter.value === undefined || filter.value === model.value) && (filter.type === undefined || filter.type === model.type)
    && (filter.origins?.includes(model.origin) ?? true) && (filter.scenariosContaining === undefined || has(filter.scenariosContaining))
    && (filter.scenariosNotContaining === undefined || !has(filter.scenariosNotContaining)) && id > (filter.idAbove ?? 0) && inRange(model, filter);
}

function inRange(model: Model, { range, contains }: DecisionFilter): boolean {
  if (range === undefined) return true;
  if (!isAddress(model)) return false;
  const own = parseIpRange(model.value);
  return contains ? rangeContains(own, range) : rangeContains(range, own);
}

function isAddress(model: Model): boolean {
  return model.scope !== 'Country';
}

function asAlert(model: Model): IncomingAlert {
  return alertBody({ stop_at: '2026-11-23T01:44:56Z', simulated: model.simulated, decisions: [{ origin: model.origin,
    type: model.type, scope: model.scope, value: model.value, duration: `${model.hours}h`, scenario: model.scenario }] },
  ) as unknown as IncomingAlert;
}

function describeFilter(filter: DecisionFilter): string {
  return JSON.stringify(filter, (_key, value: unknown) => typeof value === 'bigint' ? String(value) : value);
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
