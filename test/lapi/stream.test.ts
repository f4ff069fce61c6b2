import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { parseIpRange } from '../../lapi/store/ip-range.js';
import type { IncomingAlert } from '../../lapi/store/prepared-alert.js';
import type { Store } from '../../lapi/store/store.js';
import { lapiLimits } from '../../lapi/limits.js';
import { checksumOf } from './change-client.js';
import { addBouncer, alertBody, startInstance, type Instance } from './instance.js';
import { testDatabases } from './store/databases.js';
import { testSeed } from '../support/random.js';

interface Stream {
  readonly new: readonly { readonly type: string; readonly id: number; readonly value: string }[];
  readonly deleted: readonly { readonly type: string; readonly id: number; readonly value: string }[];
}

const values = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.0/24', '2001:db8::1'];

for (const database of testDatabases()) describe(`the stream, ${database.name}`, { skip: database.skip }, () => {
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  let instance: Instance;
  let other: Store;
  before(async () => {
    await database.start();
    const open = await database.create();
    instance = await startInstance({ store: await open(() => clock.ms), nowMs: clock.ms });
    other = await open(() => clock.ms);
  });
  after(async () => {
    await Promise.all([instance.close(), other.close()]);
    await database.stop();
  });

  const ban = (store: Store, value: string, seconds: number, type = 'ban') => store.alerts.add(null, [alertBody({
    stop_at: new Date(clock.ms).toISOString(), decisions: [{ origin: 'o', type, scope: value.includes('/') ? 'Range' : 'Ip', value,
      scenario: 's<1>', duration: `${seconds}s` }] }) as unknown as IncomingAlert]);
  const pull = async (key: string, query = ''): Promise<Stream> => (await instance.app.inject({ url: `/v1/decisions/stream${query}`,
    headers: { 'x-api-key': key, 'user-agent': 'test/v1' } })).json();

  test('leaves a bouncer that applies it with what is in force, on random worlds and pulls', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
    const bouncers = await Promise.all(['a', 'b'].map(async (name) => ({ key: await addBouncer(instance, name), known: new Set<string>() })));
    for (let round = 0; round < 150; round++) {
      const what = random();
      if (what < 0.35) await ban(instance.store, pick(values), pick([1, 5, 60, 4000]), pick(['ban', 'captcha']));
      else if (what < 0.45) await instance.store.decisions.expire({ contains: true, value: pick(values) });
      // What is known of a bouncer is written, and read again by whoever asks next.
      else if (what < 0.55) await instance.store.bouncers.flushPulls();
      clock.ms += pick([0, 400, 1000, 5000, 400_000]) + 1;
      const bouncer = pick(bouncers);
      const isStart = random() < 0.1;
      const answer = await pull(bouncer.key, isStart ? '?startup=true' : '');
      if (isStart) bouncer.known.clear();
      for (const row of answer.deleted) bouncer.known.delete(`${row.value} ${row.type}`);
      for (const row of answer.new) bouncer.known.add(`${row.value} ${row.type}`);
      const rows = await instance.store.decisions.streamPage({ kind: 'new', now: instance.store.now(), dedup: true },
        { contains: true, withSimulated: false });
      assert.deepEqual([...bouncer.known].toSorted(), [...new Set(rows.map((row) => `${row.value} ${row.type}`))].toSorted(),
        `seed ${seed}, round ${round}`);
    }
  });

  test('says how many decisions there are and their checksum, so that a client notices what it missed', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
    const key = await addBouncer(instance, 'summing');
    const ask = (query: string) => instance.app.inject({ url: `/v1/decisions/stream?${query}`,
      headers: { 'x-api-key': key, 'user-agent': 'test/v1' } });
    const held = new Map<number, { readonly id: number; readonly value: string }>();
    let comparisons = 0;
    for (let round = 0; round < 60; round++) {
      const store = pick([instance.store, other]);
      if (random() < 0.5) await ban(store, pick(values), pick([1, 5, 60, 4000]), pick(['ban', 'captcha']));
      else if (random() < 0.5) await store.decisions.expire({ contains: true, value: pick(values) });
      clock.ms += pick([0, 400, 1000, 5000, 400_000]) + 1;
      const isStartup = round === 0 || random() < 0.1;
      const { headers, body } = await ask(`dedup=false&scopes=ip&startup=${isStartup}`);
      const answer = JSON.parse(body) as Stream;
      if (isStartup) held.clear();
      for (const item of answer.new) held.set(item.id, item);
      for (const { id } of answer.deleted) held.delete(id);
      if (headers['x-palisade-count'] === undefined) continue;
      comparisons++;
      assert.deepEqual([headers['x-palisade-count'], headers['x-palisade-checksum']], [String(held.size), checksumOf(held.values())],
        `seed ${seed}, round ${round}`);
    }
    assert.ok(comparisons > 30, `${comparisons} comparisons`);
    held.set(0, { id: 0, value: '10.0.0.1' });
    // A client that missed something sees another sum; one that does not ask for every decision is told none.
    assert.notEqual(checksumOf([...held.values()].slice(1)), checksumOf(held.values()));
    for (const query of ['', 'dedup=true', 'dedup=false&value=10.0.0.1', 'dedup=false&id_gt=1', 'dedup=false&ip=10.0.0.1']) {
      assert.equal((await ask(query)).headers['x-palisade-count'], undefined, query);
    }
  });

  test('is the same text from memory, shared by all that start, and from the database', async () => {
    const url = '/v1/decisions/stream?startup=true';
    const get = async (): Promise<string> => (await instance.app.inject({ url, headers: { 'x-api-key': await addBouncer(instance,
      String(Math.random())), 'user-agent': 'test/v1' } })).body;
    clock.ms += 10_000;
    await ban(instance.store, '10.9.9.9', 4000);
    const bodies = await Promise.all([get(), get(), get()]);
    const plain = await startInstance({ store: { ...instance.store, decisions: Object.create(instance.store.decisions, {
      inMemory: { value: async () => null },
      streamPage: { value: instance.store.decisions.streamPage.bind(instance.store.decisions) },
      hasEnded: { value: instance.store.decisions.hasEnded.bind(instance.store.decisions) },
      keepInMemory: { value: async () => {} } }) as Store['decisions'] }, nowMs: clock.ms });
    const fromDatabase = (await plain.app.inject({ url, headers: { 'x-api-key': await addBouncer(instance, 'plain'),
      'user-agent': 'test/v1' } })).body;
    await plain.app.close();
    assert.match(bodies[0], /s\\u003c1\\u003e.*10\.9\.9\.9/);
    for (const body of bodies) assert.equal(body, fromDatabase);
  });

  test('and lookups miss nothing that another writer commits, in whatever order', async () => {
    const isBanned = async (value: string): Promise<boolean> => {
      for (const deadline = performance.now() + 20 * lapiLimits.changePollMs; performance.now() < deadline; await sleep(20)) {
        if ((await instance.store.decisions.active({ contains: true, withSimulated: true, range: parseIpRange(value) })).length > 0) return true;
      }
      return false;
    };
    await ban(other, '10.1.1.1', 4000);
    assert.ok(await isBanned('10.1.1.1'));
    if (!database.hasParallelWrites) return;
    const { ids: [template] } = await ban(other, '10.1.1.2', 4000);
    const start = parseIpRange('10.1.1.3').start;
    // The earlier number of the change log is committed after the later one.
    let commit = (): void => {};
    let isWritten = (): void => {};
    const written = new Promise<void>((resolve) => { isWritten = resolve; });
    const slow = other.db.transaction().execute(async (db) => {
      const row = await db.selectFrom('decisions').select(['created_at', 'until', 'scenario', 'type', 'scope', 'origin'])
        .where('alert_decisions', '=', template).executeTakeFirstOrThrow();
      await other.dialect.insertRows(db, 'decisions', [{ ...row, updated_at: row.created_at, value: '10.1.1.3', start_ip: start,
        end_ip: start, start_suffix: 0n, end_suffix: 0n, ip_size: 4, simulated: 0, uuid: '', alert_decisions: template }]);
      isWritten();
      await new Promise<void>((resolve) => { commit = resolve; });
    });
    await written;
    await ban(other, '10.1.1.4', 4000);
    assert.ok(await isBanned('10.1.1.4'));
    commit();
    await slow;
    assert.ok(await isBanned('10.1.1.3'));
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
