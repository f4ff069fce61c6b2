import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { after, describe, test } from 'node:test';
import { sql } from 'kysely';
import { DecisionIndex, keptAfterEndSeconds, type IndexedDecision } from '../../../lapi/store/decision-index.js';
import { parseIpRange, rangeContains } from '../../../lapi/store/ip-range.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { alertBody } from '../instance.js';
import { testSeed } from '../../support/random.js';

function decision(id: number, value: string, untilSeconds = 1e10): IndexedDecision {
  return { id, value, scope: value.includes('/') ? 'Range' : 'Ip', until: new GoTime(untilSeconds, 0), scenario: 's', type: 'ban',
    origin: 'o', uuid: '', simulated: false, createdAt: GoTime.zero };
}

test('the index finds what a scan finds, on random additions, removals and lookups', () => {
  const seed = testSeed();
  const random = seeded(seed);
  const index = new DecisionIndex();
  const all = new Map<number, IndexedDecision>();
  for (let round = 0; round < 4000; round++) {
    const id = Math.floor(random() * 400);
    if (random() < 0.7) {
      const added = decision(id, randomNetwork(random), Math.floor(random() * 100));
      index.put(added);
      all.set(id, added);
    } else {
      index.remove(id);
      all.delete(id);
    }
    if (round % 4 !== 0) continue;
    const query = randomNetwork(random);
    const wanted = [...all.values()].filter((one) => rangeContains(parseIpRange(one.value), parseIpRange(query)))
      .map((one) => one.id).toSorted((a, b) => a - b);
    assert.deepEqual(index.containing(parseIpRange(query)).map((one) => one.id), wanted, `seed ${seed}, lookup of ${query}`);
    const inside = [...all.values()].filter((one) => rangeContains(parseIpRange(query), parseIpRange(one.value)))
      .map((one) => one.id).toSorted((a, b) => a - b);
    assert.deepEqual(index.within(parseIpRange(query)).map((one) => one.id).toSorted((a, b) => a - b), inside, `seed ${seed}, what lies within ${query}`);
    const from = Math.floor(random() * 100);
    const ending = [...index.inOrderOfEnd(new GoTime(from, 0), (one) => one.id % 3 !== 0)];
    const ids = ending.map((ones) => ones.map((one) => one.id).toSorted((a, b) => a - b)).flat();
    const wantedIds = [...all.values()].filter((one) => one.until.seconds >= from && one.id % 3 !== 0)
      .toSorted((a, b) => a.until.seconds - b.until.seconds || a.id - b.id).map((one) => one.id);
    assert.deepEqual(ids, wantedIds, `seed ${seed}, what ends from ${from} on`);
  }
  assert.equal(index.size, all.size);
});

test('a sweep forgets what ended, and values that are no address are never found', () => {
  const index = new DecisionIndex();
  index.put(decision(1, '10.0.0.1', 100));
  index.put(decision(2, '10.0.0.1', 200));
  index.put({ ...decision(3, 'FR'), scope: 'Country' });
  index.put(decision(4, 'nonsense'));
  index.sweep(new GoTime(150 + keptAfterEndSeconds, 0));
  assert.deepEqual(index.containing(parseIpRange('10.0.0.1')).map((one) => one.id), [2]);
  assert.equal(index.size, 3);
});

describe('lookups from memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-index-'));
  after(() => rmSync(folder, { recursive: true }));
  let count = 0;
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  const open = (path: string): Promise<Store> => openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 }, () => clock.ms);
  const pair = async (): Promise<[server: Store, other: Store]> => {
    const path = join(folder, `${count++}.db`);
    const server = await open(path);
    await server.decisions.keepInMemory();
    return [server, await open(path)];
  };
  const ban = (store: Store, value: string, hours = 4) => store.alerts.add(null, [alertBody({ stop_at: new Date(clock.ms).toISOString(),
    decisions: [{ ...decision(0, value), duration: `${hours}h` }] }) as unknown as IncomingAlert]);
  const lookUp = async (store: Store, address: string): Promise<string[]> => (await store.decisions.active(
    { contains: true, withSimulated: true, range: parseIpRange(address) })).map((row) => row.value);

  test('follow every writer: itself, another process, deletions and retention', async () => {
    const [server, other] = await pair();
    await ban(server, '10.0.0.1');
    await ban(other, '10.0.0.0/8');
    assert.deepEqual(await lookUp(server, '10.0.0.1'), ['10.0.0.1', '10.0.0.0/8']);
    await other.decisions.expire({ contains: true, value: '10.0.0.1' });
    clock.ms += 10;
    assert.deepEqual(await lookUp(server, '10.0.0.1'), ['10.0.0.0/8']);
    await other.alerts.remove({ contains: true, withBlocklists: true, withSimulated: true, now: other.now() });
    assert.deepEqual(await lookUp(server, '10.0.0.1'), []);
    await ban(server, '10.0.0.2', 1);
    clock.ms += 2 * 3600_000;
    assert.deepEqual(await lookUp(server, '10.0.0.2'), []);
    await Promise.all([server.close(), other.close()]);
  });

  test('count what is in force as the database does', async () => {
    const [server, other] = await pair();
    for (const [value, hours] of [['10.0.0.1', 1], ['10.0.0.2', 3], ['10.0.0.3', 5], ['2001:db8::/64', 5]] as const) await ban(server, value, hours);
    await other.alerts.add(null, [alertBody({ stop_at: new Date(clock.ms).toISOString(), simulated: true, decisions: [
      { ...decision(0, '10.0.0.4'), duration: '4h' }] }), alertBody({ stop_at: new Date(clock.ms).toISOString(), decisions: [
      { ...decision(0, '10.0.0.5'), type: 'captcha', duration: '4h' }] })] as unknown as IncomingAlert[]);
    for (const wanted of [5, 4, 2, 0]) {
      const counts = await server.decisions.countActive();
      assert.deepEqual(counts.toSorted((a, b) => a.count - b.count), (await other.decisions.countActive()).toSorted((a, b) => a.count - b.count));
      assert.equal(counts.reduce((sum, { count }) => sum + count, 0), wanted);
      clock.ms += 2 * 3600_000;
    }
    await server.close();
    await other.close();
  });

  test('start over when the change log was cut, or its triggers were lost and made again', async () => {
    const [server, other] = await pair();
    await ban(other, '10.0.0.1');
    await other.db.deleteFrom('palisade_changes').execute();
    await ban(other, '10.0.0.2');
    assert.deepEqual(await lookUp(server, '10.0.0.1'), ['10.0.0.1']);
    await sql`drop trigger palisade_log_decisions_insert`.execute(other.db);
    await ban(other, '10.0.0.3');
    assert.deepEqual(await lookUp(server, '10.0.0.3'), ['10.0.0.3']);
    await ban(other, '10.0.0.4');
    assert.deepEqual(await lookUp(server, '10.0.0.4'), ['10.0.0.4']);
    await Promise.all([server.close(), other.close()]);
  });

  test('miss nothing while this and another thread write at once', async () => {
    const path = join(folder, `${count++}.db`);
    const server = await open(path);
    await server.decisions.keepInMemory();
    // Writes one ban after the other and names each only when it is committed.
    const other = new Worker(`(async () => {
      const { parentPort, workerData } = require('node:worker_threads');
      const { openStore } = await import(workerData.module);
      const store = await openStore({ type: 'sqlite', path: workerData.path, useWal: true, bulkSize: 1000 });
      for (let i = 0; i < 60; i++) {
        const value = '10.1.0.' + i;
        await store.alerts.add(null, [{ ...workerData.alert, decisions: [{ ...workerData.alert.decisions[0], value }] }]);
        parentPort.postMessage(value);
      }
      await store.close();
    })()`, { eval: true, workerData: { path, module: new URL('../../../lapi/store/store.js', import.meta.url).href,
      alert: alertBody({ stop_at: new Date(clock.ms).toISOString(), decisions: [{ origin: 'o', type: 'ban', scope: 'Ip', scenario: 's',
        duration: '4h', value: '' }] }) } });
    const checks: Promise<void>[] = [];
    other.on('message', (value: string) => {
      checks.push(lookUp(server, value).then((found) => assert.deepEqual(found, [value])));
    });
    const ended = new Promise((resolve, reject) => other.once('exit', resolve).once('error', reject));
    for (let i = 0; i < 60; i++) {
      await ban(server, `10.2.0.${i}`);
      assert.deepEqual(await lookUp(server, `10.2.0.${i}`), [`10.2.0.${i}`]);
    }
    await ended;
    await Promise.all(checks);
    assert.equal(checks.length, 60);
    await server.close();
  });
});

function randomNetwork(random: () => number): string {
  const pick = (max: number): number => Math.floor(random() * (max + 1));
  if (random() < 0.6) {
    const address = `10.${pick(1)}.${pick(1)}.${pick(3)}`;
    return random() < 0.5 ? address : `${address}/${pick(32)}`;
  }
  const address = `2001:db8:${pick(1)}:0:${pick(1)}::${pick(3)}`;
  return random() < 0.5 ? address : `${address}/${pick(128)}`;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
