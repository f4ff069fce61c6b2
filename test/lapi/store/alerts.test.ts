import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hashPassword } from '../../../lapi/store/credentials.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { alertBody } from '../instance.js';
import { testDatabases } from './databases.js';

const nowMs = Date.parse('2026-11-23T01:44:56Z');
const everything = { contains: true, withBlocklists: true, withSimulated: true } as const;
const decision = { origin: 'cscli', type: 'ban', scope: 'Ip', value: '192.0.2.1', duration: '4h', scenario: 'manual' };

function incoming(changes: Record<string, unknown> = {}): IncomingAlert {
  return alertBody(changes) as unknown as IncomingAlert;
}

for (const database of testDatabases()) describe(`alerts in the store, ${database.name}`, { skip: database.skip }, () => {
  let store: Store;
  before(async () => {
    await database.start();
    store = await (await database.create())(() => nowMs);
    await store.machines.add({ name: 'm', passwordHash: (await hashPassword('p'))!, ipAddress: '', isValidated: true });
  });
  after(async () => {
    await store.close();
    await database.stop();
  });

  test('come back with their events, context and decisions', async () => {
    const { ids } = await store.alerts.add('m', [incoming({ decisions: [decision], meta: [{ key: 'k', value: '["v"]' }] })]);
    const alert = (await store.alerts.get(ids[0]))!;
    assert.equal(alert.owner, 'm');
    assert.equal(alert.startedAt.toRfc3339(), '2026-11-23T01:40:00Z');
    assert.deepEqual(alert.events.map((event) => event.time.toString()), ['2026-11-23 01:40:00.5 +0000 UTC']);
    assert.deepEqual(alert.metas, [{ key: 'k', value: '["v"]' }]);
    assert.equal(alert.decisions[0].until.toRfc3339(), '2026-11-23T05:44:50Z');
  });

  test('are stored once when their machine repeats them under their own ids', async () => {
    const twice = [incoming({ uuid: 'aaaaaaaa-0000-4000-8000-000000000001' }),
      incoming({ uuid: 'aaaaaaaa-0000-4000-8000-000000000002' })];
    const first = await store.alerts.add('m', twice, true);
    const second = await store.alerts.add('m', [...twice, incoming({ uuid: 'aaaaaaaa-0000-4000-8000-000000000003' })], true);
    assert.deepEqual(second.ids.slice(0, 2), first.ids);
    assert.equal(second.ids.length, 3);
    // Without that promise every post is new, as in CrowdSec.
    assert.notDeepEqual((await store.alerts.add('m', twice)).ids, first.ids);
  });

  test('without an id of their own they get a uuid that begins with the time', async () => {
    const { ids } = await store.alerts.add('m', [incoming(), incoming()]);
    const [first, second] = (await store.alerts.load(ids, false)).map(({ row }) => row.uuid!);
    for (const uuid of [first, second]) {
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(parseInt(uuid.slice(0, 13).replace('-', ''), 16), nowMs);
    }
    assert.notEqual(first, second);
  });

  test('one bad duration among many leaves nothing behind', async () => {
    const before = await store.alerts.count();
    const batch = [...Array.from({ length: 60 }, () => incoming()), incoming({ decisions: [{ ...decision, duration: '1x' }] })];
    await assert.rejects(store.alerts.add('m', batch), /time: unknown unit "x" in duration "1x": unable to parse duration$/);
    assert.equal(await store.alerts.count(), before);
  });

  test('outlive their machine', async () => {
    await store.machines.add({ name: 'gone', passwordHash: 'x', ipAddress: '', isValidated: true });
    const { ids } = await store.alerts.add('gone', [incoming()]);
    await store.machines.remove('gone');
    assert.equal((await store.alerts.get(ids[0]))!.owner, null);
  });

  const long = 'é'.repeat(3000);
  const metas: [name: string, value: string, stored: (text: string) => boolean][] = [
    ['short meta stays', 'short', (text) => text === '[{"key":"k","value":"short"}]'],
    ['long values are cut between characters', long + long, (text) => text.includes('é<stripped>'.replace('<', '\\u003c').replace('>', '\\u003e'))
      && Buffer.byteLength(text) <= 8191],
  ];
  for (const [name, value, check] of metas) {
    test(`events: ${name}`, async () => {
      const { ids } = await store.alerts.add('m', [incoming({ events: [{ timestamp: 'zz', meta: [{ key: 'k', value }] }] })]);
      const { serialized, time } = (await store.alerts.get(ids[0]))!.events[0];
      assert.ok(check(serialized), serialized.slice(0, 100));
      assert.equal(time.toRfc3339(), '2026-11-23T01:44:56Z');
    });
  }

  test('events: key and value of meta are stored in this order, without what is empty or unknown', async () => {
    const odd = [{ value: 'v', key: 'k' }, { key: '', value: 'v' }, { key: 'k', value: '' }, { key: 'k' }, {}, { key: 'k', value: 'v', more: 1 }];
    const { ids } = await store.alerts.add('m', [incoming({ events: odd.map((item) =>
      ({ timestamp: '2026-11-23T01:44:56Z', meta: [{ key: 'a', value: 'b' }, item as { key: string; value: string }] })) })]);
    const stored = (await store.alerts.get(ids[0]))!.events.map(({ serialized }) => serialized);
    const whole = '{"key":"k","value":"v"}';
    assert.deepEqual(stored, [whole, '{"value":"v"}', '{"key":"k"}', '{"key":"k"}', '{}', whole].map((item) => `[{"key":"a","value":"b"},${item}]`));
  });

  test('deleting by filter takes all parts along', async () => {
    const { ids } = await store.alerts.add('m', [incoming({ decisions: [decision], scenario: 'to/delete' })]);
    assert.equal(await store.alerts.remove({ ...everything, scenario: 'to/delete', now: store.now() }), 1);
    assert.equal(await store.alerts.get(ids[0]), null);
    const rows = await store.db.selectFrom('decisions').select('id').where('alert_decisions', '=', ids[0]).execute();
    assert.deepEqual(rows, []);
  });

  test('filters by what their decisions are give what a plain reading gives, be they few or many, on random alerts', async () => {
    const seed = Date.now() % 1e9;
    const random = seeded(seed);
    // Drawn so that some are rare and some are not.
    const pick = (words: string): string => `${words}${Math.floor(8 * random() ** 6)}`;
    const alerts = Array.from({ length: 1500 }, () => ({ scenario: pick('s'), decisions: Array.from({ length: Math.floor(random() * 3) }, () =>
      ({ ...decision, origin: pick('o'), type: pick('t'), scenario: pick('s') })) }));
    const { ids } = await store.alerts.add('m', alerts.map(incoming));
    for (let round = 0; round < 40; round++) {
      const maybe = (words: string): string | undefined => random() < 0.6 ? undefined : `${words}${Math.floor(random() * 9)}`;
      const filter = { origin: maybe('o'), decisionType: maybe('t'), scenario: maybe('s') };
      const has = (of: typeof alerts[number], name: 'origin' | 'type' | 'scenario', value: string | undefined): boolean =>
        value === undefined || of.decisions.some((one) => one[name] === value) || (name === 'scenario' && of.scenario === value);
      const wanted = ids.filter((_id, place) => has(alerts[place], 'origin', filter.origin) && has(alerts[place], 'type', filter.decisionType)
        && has(alerts[place], 'scenario', filter.scenario));
      const found = new Set(await store.alerts.ids({ ...everything, ...filter, now: store.now() }, { limit: 0, order: 'asc' }));
      assert.deepEqual(ids.filter((id) => found.has(id)), wanted, `seed ${seed}, ${JSON.stringify(filter)}`);
    }
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

describe('the database file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-store-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is readable by its owner and group only, and opens again with what was stored', async () => {
    const path = join(folder, 'a.db');
    const options = { type: 'sqlite', path, useWal: true, bulkSize: 1000 };
    const first = await openStore(options);
    await first.alerts.add(null, [incoming()]);
    await first.close();
    assert.equal(statSync(path).mode & 0o777, 0o640);
    const second = await openStore(options);
    assert.equal(await second.alerts.count(), 1);
    await second.close();
  });

  test('in a folder that does not exist is an error that says so', async () => {
    await assert.rejects(openStore({ type: 'sqlite', path: join(folder, 'none', 'a.db'), useWal: true, bulkSize: 1 }),
      (error: Error & { code: string }) => error.code === 'E_STORE' && /the folder .*none does not exist/.test(error.message));
  });

  for (const type of ['meh', 'mongodb']) {
    test(`of type ${type} is refused by name`, async () => {
      await assert.rejects(openStore({ type, path: '', useWal: null, bulkSize: 1 }),
        { code: 'E_CONFIG', message: new RegExp(`'${type}'`) as never });
    });
  }
});

describe('a full disk', { skip: process.getuid?.() === 0 ? false : 'needs root to mount a small tmpfs' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-full-'));
  let isMounted = false;
  after(() => {
    if (isMounted) execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });

  test('refuses alerts, keeps those it took, and takes more when there is room', async (context) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
      isMounted = true;
    } catch {
      context.skip('mounting a tmpfs is not allowed here');
      return;
    }
    const options = { type: 'sqlite', path: join(folder, 'a.db'), useWal: true, bulkSize: 1000 };
    let store = await openStore(options);
    let taken = 0;
    const batch = Array.from({ length: 20 }, () => incoming({ message: 'x'.repeat(2000) }));
    await assert.rejects(async () => {
      for (;;) taken += (await store.alerts.add(null, batch)).ids.length;
    }, (error: Error) => store.dialect.isUnavailable(error));
    assert.ok(taken > 0);
    assert.equal(await store.alerts.count(), taken);
    await store.close();
    execFileSync('mount', ['-o', 'remount,size=4m', folder]);
    store = await openStore(options);
    assert.equal(await store.alerts.count(), taken);
    assert.equal((await store.alerts.add(null, batch)).ids.length, 20);
    await store.close();
  });
});
