import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '../../ts/config/log.js';
import { ChangeStreams } from '../../lapi/change-streams.js';
import { listen, type Listening } from '../../lapi/listen.js';
import { lapiLimits } from '../../lapi/limits.js';
import type { IncomingAlert } from '../../lapi/store/prepared-alert.js';
import type { Store } from '../../lapi/store/store.js';
import { StartupStreams } from '../../lapi/startup-streams.js';
import { GoTime } from '../../ts/util/go-time.js';
import { ChangeClient } from './change-client.js';
import { addBouncer, alertBody, startInstance, type Instance } from './instance.js';
import { testDatabases } from './store/databases.js';
import { testSeed } from '../support/random.js';

for (const database of testDatabases()) describe(`the open stream of changes, ${database.name}`, { skip: database.skip }, () => {
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  let instance: Instance;
  let listening: Listening;
  let other: Store;
  const clients: ChangeClient[] = [];
  let names = 0;
  before(async () => {
    await database.start();
    const open = await database.create();
    instance = { ...await startInstance({ store: await open(() => clock.ms), nowMs: clock.ms, changeBeatMs: 100 }), clock };
    other = await open(() => clock.ms);
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await listening.close();
    await Promise.all([instance.store.close(), other.close()]);
    await database.stop();
  });

  const ban = (store: Store, value: string, seconds: number, decision: object = {}) => store.alerts.add(null, [alertBody({
    stop_at: new Date(clock.ms).toISOString(), decisions: [{ origin: 'o', type: 'ban', scope: value.includes('/') ? 'Range' : 'Ip', value,
      scenario: 's<1>', duration: `${seconds}s`, ...decision }] }) as unknown as IncomingAlert]);
  const openClient = async (query = '', key?: string): Promise<ChangeClient> => {
    const client = new ChangeClient(listening.port!, key ?? await addBouncer(instance, `b${names++}`), query);
    clients.push(client);
    assert.equal(await client.connect(), 200);
    return client;
  };
  const inForce = async (): Promise<number[]> => {
    const filter = { contains: true, withSimulated: true, scopes: ['Ip', 'Range'] };
    const rows = await instance.store.decisions.streamPage({ kind: 'new', now: instance.store.now(), dedup: false }, filter);
    return rows.map(({ id }) => id);
  };

  test('tells everything, then what begins and ends, by whomever', async () => {
    await ban(instance.store, '10.0.0.1', 4000);
    await ban(instance.store, '10.0.0.0/24', 4000);
    const client = await openClient();
    await client.until(() => client.isCurrent, 'the first comparison');
    assert.deepEqual(client.events.map(({ name }) => name), ['reset', 'decisions', 'state']);
    assert.deepEqual(client.events[0], { name: 'reset', id: null, data: { reason: 'start' } });
    assert.deepEqual(client.values, ['10.0.0.0/24', '10.0.0.1']);
    const [item] = (client.events[1].data as { new: object[] }).new;
    assert.deepEqual(Object.keys(item), ['duration', 'id', 'origin', 'scenario', 'scope', 'type', 'uuid', 'value']);
    await ban(instance.store, '10.0.0.2', 10);
    await client.until(() => client.values.includes('10.0.0.2'), 'a ban of this process');
    await ban(other, '10.0.0.3', 4000);
    await client.until(() => client.values.includes('10.0.0.3'), 'a ban of another process');
    await other.decisions.expire({ contains: true, value: '10.0.0.1' });
    await client.until(() => !client.values.includes('10.0.0.1'), 'an end');
    clock.ms += 11_000;
    await client.until(() => !client.values.includes('10.0.0.2'), 'an end by time');
    await instance.store.db.deleteFrom('decisions').where('value', '=', '10.0.0.3').execute();
    await client.until(() => !client.values.includes('10.0.0.3'), 'a row that was removed');
    assert.deepEqual(client.values, ['10.0.0.0/24']);
    const states = client.events.filter(({ name }) => name === 'state').length;
    await client.until(() => client.events.filter(({ name }) => name === 'state').length > states, 'another comparison');
    await client.until(() => client.comments > 2, 'signs of life');
  });

  test('goes on where a client was, also past changes that it missed', async () => {
    const client = await openClient();
    await client.until(() => client.isCurrent, 'the first comparison');
    client.disconnect();
    await ban(instance.store, '10.1.0.1', 4000);
    await ban(instance.store, '10.1.0.2', 5);
    clock.ms += 6_000;
    await other.decisions.expire({ contains: true, value: '10.0.0.0/24' });
    client.events.length = 0;
    await client.connect();
    await client.until(() => client.events.some(({ name }) => name === 'state'), 'a comparison');
    assert.deepEqual(client.events.map(({ name }) => name).filter((name) => name === 'reset'), []);
    assert.deepEqual(client.values, ['10.1.0.1']);
    // The query will do where a header cannot be set.
    const late = new ChangeClient(listening.port!, await addBouncer(instance, 'late'), `?after=${encodeURIComponent(client.position!)}`);
    clients.push(late);
    late.learnFrom(client);
    await late.connect();
    await late.until(() => late.events.length > 0, 'a first event');
    assert.equal(late.events[0].name, 'state');
  });

  test('begins anew for positions that it cannot go on from', async () => {
    for (const position of ['nonsense', '0@0.000000000', '1@', '%00']) {
      const client = await openClient();
      await client.until(() => client.isCurrent, 'the first comparison');
      client.disconnect();
      client.position = position;
      client.events.length = 0;
      await client.connect();
      await client.until(() => client.events.some(({ name }) => name === 'state'), `a comparison after "${position}"`);
      assert.deepEqual(client.events[0], { name: 'reset', id: null, data: { reason: 'gap' } }, position);
    }
    const client = await openClient();
    client.disconnect();
    assert.equal(await client.connect({ 'last-event-id': 'x'.repeat(4001) }), 400);
  });

  test('sends what a filter lets through, and compares that', async () => {
    const cases: [query: string, passes: string[]][] = [
      ['?scopes=country', ['FR']], ['?scopes=ip,country&origins=cscli', ['10.2.0.1', 'FR']], ['?origins=lists', ['10.2.0.3']],
      ['?scenarios_containing=SSH', ['10.2.0.2']], ['?scenarios_not_containing=ssh,1', []], ['?type=captcha', ['10.2.0.3']],
      ['?simulated=true&scenarios_containing=practice', ['10.2.0.4']],
    ];
    const followed = await Promise.all(cases.map(([query]) => openClient(query)));
    for (const client of followed) await client.until(() => client.isCurrent, 'the first comparison');
    await ban(other, '10.2.0.1', 4000, { origin: 'cscli' });
    await ban(instance.store, 'FR', 4000, { origin: 'cscli', scope: 'Country' });
    await ban(instance.store, '10.2.0.2', 4000, { scenario: 'x/ssh-bf' });
    await ban(instance.store, '10.2.0.3', 4000, { origin: 'lists', type: 'captcha' });
    await ban(instance.store, '10.2.0.4', 4000, { scenario: 'practice', simulated: true });
    for (const [index, [query, passes]] of cases.entries()) {
      const client = followed[index];
      await client.until(() => passes.every((value) => client.values.includes(value)), query);
      const states = client.events.filter(({ name }) => name === 'state').length;
      await client.until(() => client.events.filter(({ name }) => name === 'state').length > states, `${query}: a comparison`);
      assert.deepEqual(client.values.filter((value) => /^10\.2|FR/.test(value)), passes, query);
      client.disconnect();
    }
  });

  test('loses nothing and repeats no gap on random worlds with clients that come and go', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
    const values = ['10.3.0.1', '10.3.0.2', '10.3.0.3', '10.3.0.0/24', '2001:db8::1'];
    const followed = [await openClient('?simulated=true'), await openClient('?simulated=true'), await openClient('?simulated=true')];
    for (let round = 0; round < 60; round++) {
      const store = pick([instance.store, other]);
      const what = random();
      if (what < 0.5) await ban(store, pick(values), pick([1, 5, 60, 4000]), { type: pick(['ban', 'captcha']) });
      else if (what < 0.7) await store.decisions.expire({ contains: true, value: pick(values) });
      else if (what < 0.8) await store.db.deleteFrom('decisions').where('value', '=', pick(values)).execute();
      clock.ms += pick([0, 400, 1000, 5000]) + 1;
      const client = pick(followed);
      if (random() < 0.3) client.disconnect();
      else if (!client.isOpen) await client.connect();
    }
    clock.ms += 1;
    const wanted = await inForce();
    for (const client of followed) {
      if (!client.isOpen) await client.connect();
      await client.until(() => JSON.stringify(client.ids) === JSON.stringify(wanted), `seed ${seed}: ${JSON.stringify(wanted)}`);
      // Who was cut off before the first position has to start again, but there is never a gap.
      assert.deepEqual(client.events.filter(({ data }) => data['reason'] === 'gap'), [], `seed ${seed}`);
      client.disconnect();
    }
  });

  test('says that allowlists changed', async () => {
    const client = await openClient();
    await client.until(() => client.isCurrent, 'the first comparison');
    await other.allowlists.add('mine', '');
    await other.allowlists.addItems((await other.allowlists.get('mine', false))!.id, [{ value: '192.0.2.0/24', comment: '', expiresAt: GoTime.zero }]);
    await client.until(() => client.events.some(({ name }) => name === 'allowlists'), 'the event');
  });

  test('has room for so many of one bouncer, and ends when its key goes', async () => {
    const key = await addBouncer(instance, 'greedy');
    const own: ChangeClient[] = [];
    for (let i = 0; i < lapiLimits.changeStreamsPerOwnerMax; i++) own.push(await openClient('', key));
    const more = new ChangeClient(listening.port!, key);
    assert.equal(await more.connect(), 503);
    own[0].disconnect();
    await own[0].until(() => !own[0].isOpen, 'the end');
    for (const end = performance.now() + 30_000; await more.connect() !== 200;) assert.ok(performance.now() < end, 'no room again');
    clients.push(more);
    await more.until(() => more.isCurrent, 'the first comparison');
    await more.until(() => more.comments > 0, 'a sign of life');
    assert.equal((await instance.store.bouncers.get('greedy'))!.lastPull.isZero, false);
    await instance.store.bouncers.remove('greedy');
    for (const client of [...own, more]) await client.until(() => !client.isOpen, 'the end of the stream');
  });

  test('tells lists of thousands in parts', async () => {
    const many = Array.from({ length: 25_000 }, (_all, index) => `10.${4 + (index >> 16)}.${index >> 8 & 255}.${index & 255}`);
    const early = await openClient();
    await early.until(() => early.isCurrent, 'the first comparison');
    // Under an id of its sender's: in one transaction.
    await instance.store.alerts.add(null, [alertBody({ uuid: randomUUID(), stop_at: new Date(clock.ms).toISOString(), decisions: many.map((value) => ({ origin: 'lists',
      type: 'ban', scope: 'Ip', value, scenario: 'list', duration: '1h' })) }) as unknown as IncomingAlert], true);
    const late = await openClient();
    for (const client of [early, late]) await client.until(() => client.values.length >= many.length, 'the whole list');
    const parts = early.events.filter(({ name }) => name === 'decisions').slice(-many.length / lapiLimits.streamEventRows);
    assert.deepEqual(parts.map(({ id }) => id !== null), [...Array.from({ length: parts.length - 1 }, () => false), true]);
    await instance.store.decisions.expire({ contains: true, origin: 'lists' });
    for (const client of [early, late]) await client.until(() => client.values.length < many.length && client.isCurrent, 'the end of the list');
  });

  test('cuts off clients that take nothing, and only those', async () => {
    const cut: string[] = [];
    const streams = new ChangeStreams({ store: instance.store, startups: new StartupStreams(), log: silentLog, beatMs: 1 });
    const open = async (owner: string) => (await streams.open({ owner, filter: { key: '', filter: { contains: true, withSimulated: false } },
      after: '', check: async () => {}, cut: () => cut.push(owner) })).pieces;
    const slow = await open('slow');
    const quick = await open('quick');
    await slow.next();
    while (cut.length === 0) await quick.next();
    assert.deepEqual([...new Set(cut)], ['slow']);
    await slow.return(undefined);
    assert.equal(streams.size, 1);
    streams.close();
    assert.equal(streams.size, 0);
    await assert.rejects(open('late'), { code: 'busy' });
  });

  test('ends at once when the server ends', async () => {
    const own = await startInstance({ store: { ...instance.store }, nowMs: clock.ms });
    const ownListening = await listen(own.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    const client = new ChangeClient(ownListening.port!, await addBouncer(own, 'last'));
    await client.connect();
    await client.until(() => client.events.length > 0, 'an event');
    const began = performance.now();
    await ownListening.close();
    await client.until(() => !client.isOpen, 'the end');
    assert.ok(performance.now() - began < lapiLimits.shutdownMsMax);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
