import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Blocklists, dueMs } from '../../../lapi/blocklists/blocklists.js';
import { ListCache, unknownList } from '../../../lapi/blocklists/list-cache.js';
import { dropList, refreshList, type RefreshDeps, type RefreshOutcome } from '../../../lapi/blocklists/refresh.js';
import { countByList, decisionsCovering, decisionsOfList } from '../../../lapi/store/list-decisions.js';
import { withLease } from '../../../lapi/store/lease.js';
import type { Store } from '../../../lapi/store/store.js';
import type { Log } from '../../../ts/config/log.js';
import type { Blocklist } from '../../../ts/config/protection.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { ipv4, prefixOf } from '../../../ts/util/ip.js';
import { testDatabases } from '../store/databases.js';
import { blocklist } from './settings.js';
import { testSeed } from '../../support/random.js';

const hourMs = 3_600_000;

for (const database of testDatabases()) describe(`a blocklist, ${database.name}`, { skip: database.skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-refresh-'));
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  const never: string[] = [];
  let store: Store;
  let deps: RefreshDeps;
  let listCount = 0;
  let mtime = 1;
  before(async () => {
    await database.start();
    store = await (await database.create())(() => clock.ms);
    deps = { store, cache: new ListCache(folder), nowMs: () => clock.ms, never: () => never };
  });
  after(async () => {
    await store.close();
    await database.stop();
    rmSync(folder, { recursive: true });
  });

  /** A list of a test's own, from a file. */
  const newList = (changes: Partial<Blocklist> = {}): Blocklist =>
    blocklist({ name: `list${++listCount}`, file: join(folder, `list${listCount}.txt`), ...changes });
  const write = (list: Blocklist, ...lines: readonly string[]): void => {
    writeFileSync(list.file, `${lines.join('\n')}\n`);
    // Two writes within a tick of the file system's clock would look like one.
    utimesSync(list.file, mtime, mtime++);
  };
  const refresh = async (list: Blocklist): Promise<RefreshOutcome> => (await refreshList(list, deps))!;
  const inForce = async (list: Blocklist): Promise<string[]> => {
    const values = new Set<string>();
    for await (const page of decisionsOfList(store, list.name, store.now())) for (const { value } of page) values.add(value);
    return [...values].sort();
  };

  test('becomes decisions of origin lists, named by their scenario, once', async () => {
    const list = newList({ type: 'captcha' });
    write(list, '1.2.3.4', '5.6.7.0/24', '1.2.3.4');
    const { error, addedCount, entryCount } = await refresh(list);
    assert.deepEqual({ error, addedCount, entryCount }, { error: '', addedCount: 2, entryCount: 2 });
    const again = await refresh(list);
    assert.deepEqual([again.isUnchanged, again.addedCount, again.renewedCount, again.removedCount], [true, 0, 0, 0]);
    const [found] = await store.alerts.find({ contains: true, scope: `lists:${list.name}`, withBlocklists: true,
      withSimulated: true, now: store.now() }, { limit: 0, order: 'desc', withDecisions: true });
    assert.equal(found.row.scenario, 'update : +2/-0 IPs');
    assert.equal(found.owner, null);
    assert.deepEqual(found.decisions.map(({ origin, scenario, type, scope, value }) => ({ origin, scenario, type, scope, value })), [
      { origin: 'lists', scenario: list.name, type: 'captcha', scope: 'Ip', value: '1.2.3.4' },
      { origin: 'lists', scenario: list.name, type: 'captcha', scope: 'Range', value: '5.6.7.0/24' }]);
    assert.equal((await countByList(store)).get(list.name), 2);
    assert.deepEqual((await decisionsCovering(store, '5.6.7.8')).map(({ scenario, value }) => [scenario, value]), [[list.name, '5.6.7.0/24']]);
    assert.deepEqual(await decisionsCovering(store, '5.6.8.8'), []);
  });

  test('lets go what vanished and bans what is new', async () => {
    const list = newList();
    write(list, '1.2.3.4', '1.2.3.9');
    await refresh(list);
    write(list, '1.2.3.4', '1.2.3.20');
    const { addedCount, removedCount } = await refresh(list);
    assert.deepEqual([addedCount, removedCount], [1, 1]);
    assert.deepEqual(await inForce(list), ['1.2.3.20', '1.2.3.4']);
  });

  test('leaves out what is allowlisted, never banned or private, and bans it again when it no longer is', async () => {
    const list = newList();
    await store.allowlists.add('office', '');
    const office = (await store.allowlists.get('office', false))!.id;
    await store.allowlists.addItems(office, [{ value: '9.9.9.9', comment: '', expiresAt: GoTime.zero }]);
    never.push('9.9.9.12/31');
    write(list, '9.9.9.8/29', '10.1.2.3', '192.168.0.0/16', '127.0.0.1', 'fe80::1', '::1');
    await refresh(list);
    assert.deepEqual(await inForce(list), ['9.9.9.10/31', '9.9.9.14/31', '9.9.9.8']);
    await store.allowlists.removeItems(office, ['9.9.9.9']);
    never.length = 0;
    await refresh(list);
    assert.deepEqual(await inForce(list), ['9.9.9.8/29']);
    await refresh({ ...list, withPrivate: true });
    assert.deepEqual(await inForce(list), ['10.1.2.3', '127.0.0.1', '192.168.0.0/16', '9.9.9.8/29', '::1', 'fe80::1']);
  });

  test('that cannot be had, or cannot be right, stays as it was, and says why', async () => {
    const list = newList({ entriesMax: 3 });
    write(list, '1.2.3.4', 'nonsense', '1.2.3.6');
    assert.equal((await refresh(list)).parsed?.invalidCount, 1);
    const wrong: [lines: string[] | null, error: RegExp][] = [
      [null, /cannot read/],
      [[''], /the list has no entry/],
      [['<html>', '</html>', '1.2.3.4'], /2 of 3 lines cannot be read; line 1: <html>/],
      [['1.1.1.1', '1.1.1.3', '1.1.1.5', '1.1.1.7'], /more than 3 entries/],
    ];
    for (const [lines, error] of wrong) {
      if (lines === null) unlinkSync(list.file);
      else write(list, ...lines);
      assert.match((await refresh(list)).error, error);
      assert.deepEqual(await inForce(list), ['1.2.3.4', '1.2.3.6']);
    }
    assert.equal(deps.cache.state(list.name).failureCount, wrong.length);
    write(list, '1.2.3.4');
    assert.equal((await refresh(list)).error, '');
    assert.deepEqual(await inForce(list), ['1.2.3.4']);
    assert.equal(deps.cache.state(list.name).failureCount, 0);
  });

  test('is renewed before it ends, and no more often', async () => {
    const list = newList({ intervalMs: hourMs, ttlMs: 10 * hourMs });
    write(list, '1.2.3.4');
    await refresh(list);
    let renewals = 0;
    for (let hour = 1; hour <= 40; hour++) {
      clock.ms += hourMs;
      const { addedCount, renewedCount } = await refresh(list);
      assert.equal(addedCount, 0, `hour ${hour}`);
      renewals += renewedCount;
      assert.deepEqual(await inForce(list), ['1.2.3.4']);
    }
    assert.ok(renewals >= 4 && renewals <= 8, String(renewals));
    unlinkSync(list.file);
    clock.ms += 11 * hourMs;
    await refresh(list);
    assert.deepEqual(await inForce(list), [], 'a list that stays away runs out');
  });

  test('is refreshed by one at a time', async () => {
    const list = newList();
    write(list, '1.2.3.4');
    await withLease(store, `blocklist:${list.name}`, 1000, async () => {
      assert.equal(await refreshList(list, deps), null);
    });
    assert.equal((await refresh(list)).error, '');
    // One that was killed in the midst does not hold it for ever.
    await store.db.insertInto('palisade_leases').values({ name: `blocklist:${list.name}`, holder: 'gone', until: '2026-11-22 00:00:00+00:00' }).execute();
    assert.equal((await refresh(list)).error, '');
  });

  test('of many pages is read in a thread and agrees as a short one does', async () => {
    const list = newList();
    const addresses = Array.from({ length: 12_000 }, (_, index) => `30.${index >> 8}.${index & 255}.7`);
    write(list, ...addresses);
    assert.equal((await refresh(list)).addedCount, 12_000);
    assert.deepEqual(await inForce(list), [...addresses].sort());
    write(list, ...addresses.slice(6_000), '30.0.0.9');
    const { addedCount, removedCount, renewedCount } = await refresh(list);
    assert.deepEqual([addedCount, removedCount, renewedCount], [1, 6_000, 0]);
    assert.deepEqual(await inForce(list), [...addresses.slice(6_000), '30.0.0.9'].sort());
  });

  test('that is dropped from the configuration ends', async () => {
    const list = newList();
    write(list, '1.2.3.4');
    await refresh(list);
    await dropList(list.name, deps);
    assert.deepEqual(await inForce(list), []);
    assert.ok(!deps.cache.names().includes(list.name));
  });

  test('holds the addresses it names and no others, on random lists', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    const list = newList();
    const spared = new Set<number>();
    for (let round = 0; round < 40; round++) {
      const hosts = new Set(Array.from({ length: 1 + Math.floor(random() * 30) }, () => Math.floor(random() * 64)));
      spared.clear();
      for (let i = 0; i < random() * 6; i++) spared.add(Math.floor(random() * 64));
      never.splice(0, never.length, ...[...spared].map((host) => `20.0.0.${host}`));
      write(list, ...[...hosts].map((host) => `20.0.0.${host}`));
      const settings = { ...list, aggregates: random() < 0.5 };
      const { error } = await refresh(settings);
      assert.equal(error, '', `seed ${seed}, round ${round}`);
      const found = (await inForce(list)).map((value) => prefixOf(value)!);
      for (let host = 0; host < 64; host++) {
        const covering = found.filter((prefix) => prefix.contains(ipv4(0x14000000 + host)));
        assert.equal(covering.length, hosts.has(host) && !spared.has(host) ? 1 : 0, `seed ${seed}, round ${round}, host ${host}`);
      }
      clock.ms += Math.floor(random() * 2 * hourMs);
    }
    never.length = 0;
  });

  test('is looked after by its interval: due at once, after its interval, after a change of its file, sooner after a failure', async () => {
    const list = newList({ intervalMs: hourMs });
    const said: string[] = [];
    const log = Object.fromEntries(['trace', 'debug', 'info', 'warning', 'error'].map((level) =>
      [level, (text: string) => said.push(`${level}: ${text}`)])) as unknown as Log;
    const lists = new Blocklists([list], deps, log);
    await lists.runDue();
    assert.match(said.join('\n'), new RegExp(`warning: blocklist ${list.name}: cannot read .*; its 0 entries stay as they are`));
    assert.match(said.join('\n'), /info: blocklist list\d+ is no longer configured: its decisions have ended/);
    write(list, '1.2.3.4', '1.2.3.6', 'x');
    said.length = 0;
    await lists.runDue();
    assert.deepEqual(said, [], 'a failure is not tried again at once');
    clock.ms += 60_000;
    await lists.runDue();
    assert.deepEqual(said, [`warning: blocklist ${list.name}: 1 lines cannot be read; line 3: x`,
      `info: blocklist ${list.name}: 2 entries (+2/-0, 0 renewed)`]);
    said.length = 0;
    await lists.runDue();
    assert.deepEqual(said, []);
    write(list, '1.2.3.4');
    await lists.runDue();
    assert.deepEqual(said, [`info: blocklist ${list.name}: 1 entries (+0/-1, 0 renewed)`]);
  });
});

test('a list is due by its state', () => {
  const list = blocklist({ url: 'https://lists.example/a', file: '', intervalMs: hourMs });
  const state = { ...unknownList, source: list.url, fetchedMs: 1000, triedMs: 1000 };
  const cases: [name: string, state: typeof state, due: number][] = [
    ['never got', unknownList, 0],
    ['got from elsewhere', { ...state, source: 'https://lists.example/b' }, 0],
    ['got', state, 1000 + hourMs],
    ['failed once', { ...state, triedMs: 5000, failureCount: 1 }, 65_000],
    ['failed three times', { ...state, triedMs: 5000, failureCount: 3 }, 245_000],
    ['failed for long', { ...state, triedMs: 5000, failureCount: 300 }, 5000 + hourMs],
  ];
  for (const [name, given, due] of cases) assert.equal(dueMs(list, given), due, name);
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
