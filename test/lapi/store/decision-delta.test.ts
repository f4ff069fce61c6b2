import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { formatCursor, hasSeen, hasSeenAll, lowestUnseen, parseCursor, type ChangePosition } from '../../../lapi/store/change-position.js';
import { fromColumn, toColumn } from '../../../lapi/store/columns.js';
import { cursorAt, type DecisionDelta } from '../../../lapi/store/decision-delta.js';
import { parseIpRange } from '../../../lapi/store/ip-range.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import type { Store } from '../../../lapi/store/store.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { alertBody } from '../instance.js';
import { testDatabases } from './databases.js';
import { testSeed } from '../../support/random.js';

const everything = { contains: true, withSimulated: true };
const values = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.0/24', '2001:db8::1'];

/** A row as a client may know it. */
interface Known {
  readonly id: number;
  readonly until: GoTime;
  readonly key: string;
  readonly text: string;
}

/** What a client was told last: every row of that instant. The naive twin of a cursor. */
interface Snapshot {
  readonly rows: ReadonlyMap<number, Known>;
  readonly at: GoTime;
}

for (const database of testDatabases()) describe(`deltas by change number, ${database.name}`, { skip: database.skip }, () => {
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  let open: (nowMs: () => number) => Promise<Store>;
  before(async () => {
    await database.start();
    open = await database.create();
  });
  after(() => database.stop());

  const openServer = async (): Promise<Store> => {
    const store = await open(() => clock.ms);
    await store.decisions.keepInMemory();
    return store;
  };
  const ban = (store: Store, value: string, seconds: number, type = 'ban') => store.alerts.add(null, [alertBody({
    stop_at: new Date(clock.ms).toISOString(), decisions: [{ origin: 'o', type, scope: value.includes('/') ? 'Range' : 'Ip', value,
      scenario: 's', duration: `${seconds}s` }] }) as unknown as IncomingAlert]);
  const begin = async (store: Store): Promise<string> => {
    store.dialect.noteWrite();
    return cursorAt((await store.decisions.inMemory())!, store.now());
  };
  const ask = async (store: Store, cursor: string, dedup = false): Promise<DecisionDelta> => {
    // Others' writes to a server are looked for in intervals; this looks now.
    store.dialect.noteWrite();
    const delta = await store.decisions.delta(cursor, everything, dedup);
    assert.ok(delta !== null, `no delta from ${cursor}`);
    return delta;
  };
  const valuesOf = ({ added, ended }: DecisionDelta) => ({ added: added.map((one) => one.value), ended: ended.map((one) => one.value) });

  test('say what comparing the whole table before and after says, on random worlds, restarts and servers', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
    const servers = [await openServer(), await openServer()];
    const other = await open(() => clock.ms);
    const clients = await Promise.all([0, 1, 2].map(async () => ({ cursor: await begin(servers[0]), told: await read(servers[0]) })));
    for (let round = 0; round < 250; round++) {
      const what = random();
      const writer = pick([...servers, other]);
      const where = `seed ${seed}, round ${round}`;
      if (what < 0.3) await ban(writer, pick(values), pick([1, 5, 60, 4000]), pick(['ban', 'captcha']));
      else if (what < 0.4) await writer.decisions.expire({ contains: true, value: pick(values) });
      else if (what < 0.45) await sql`update decisions set origin = ${`o${round}`} where value = ${pick(values)}`.execute(other.db);
      else if (what < 0.5) await sql`delete from decisions where value = ${pick(values)}`.execute(other.db);
      else if (what < 0.52) await other.alerts.remove({ ...everything, range: parseIpRange(pick(values)), withBlocklists: true, now: other.now() });
      else if (what < 0.55) {
        const at = pick([0, 1]);
        await servers[at].close();
        servers[at] = await openServer();
      }
      clock.ms += pick([0, 400, 1000, 5000, 400_000]) + 1;
      if (random() < 0.4) continue;
      const client = pick(clients);
      const dedup = random() < 0.5;
      const now = await read(other);
      const delta = await ask(pick(servers), client.cursor, dedup);
      const { added, ended, either } = difference(client.told, { rows: now.rows, at: delta.now }, dedup);
      assert.deepEqual(delta.added.map((one) => one.id), added, where);
      assert.deepEqual(delta.ended.map((one) => one.id).filter((id) => !either.has(id)), ended, where);
      client.cursor = delta.cursor;
      client.told = { rows: now.rows, at: delta.now };
    }
    for (const store of [...servers, other]) await store.close();
  });

  test('miss nothing and repeat nothing when transactions end in another order than they began', async () => {
    const server = await openServer();
    const other = await open(() => clock.ms);
    let cursor = await begin(server);
    if (database.hasParallelWrites) {
      const slow = await insertHeld(other, '10.3.0.1');
      const undone = await insertHeld(other, '10.3.0.2');
      await ban(server, '10.3.0.3', 4000);
      let delta = await ask(server, cursor);
      assert.deepEqual(valuesOf(delta), { added: ['10.3.0.3'], ended: [] });
      await slow.commit();
      await undone.rollBack();
      // A server that begins now, and one that was there: both go on from the same place.
      const late = await openServer();
      for (const store of [server, late]) {
        assert.deepEqual(valuesOf(await ask(store, delta.cursor)), { added: ['10.3.0.1'], ended: [] });
      }
      delta = await ask(server, delta.cursor);
      cursor = delta.cursor;
      assert.deepEqual(valuesOf(await ask(late, cursor)), { added: [], ended: [] });
      await late.close();
    }
    if (database.hasWaitingWrites) {
      const slow = await insertHeld(other, '10.3.1.1');
      const waiting = ban(server, '10.3.1.2', 4000);
      assert.deepEqual(valuesOf(await ask(server, cursor)), { added: [], ended: [] });
      await slow.commit();
      await waiting;
      const delta = await ask(server, cursor);
      assert.deepEqual(valuesOf(delta), { added: ['10.3.1.1', '10.3.1.2'], ended: [] });
      cursor = delta.cursor;
    }
    // Where writers wait for each other, one that was first in line is told first.
    const writes = Array.from({ length: 20 }, (_, index) => ban(index % 2 === 0 ? server : other, `10.4.0.${index}`, 4000));
    const told: string[] = [];
    for (let done = false; !done;) {
      done = await Promise.race([Promise.all(writes).then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
      const delta = await ask(server, cursor);
      cursor = delta.cursor;
      told.push(...valuesOf(delta).added);
    }
    assert.deepEqual(told.toSorted(), Array.from({ length: 20 }, (_, index) => `10.4.0.${index}`).toSorted());
    await Promise.all([server.close(), other.close()]);
  });

  test('are refused when the log does not reach back, was begun anew, or the cursor is none', async () => {
    const server = await openServer();
    const cursor = await begin(server);
    assert.equal(await server.decisions.delta('', everything, true), null);
    assert.equal(await server.decisions.delta('999999999@1.000000000:', everything, true), null);
    await server.db.insertInto('palisade_changes').values({ kind: '', event: 'reset', row_id: 0 }).execute();
    server.dialect.noteWrite();
    assert.equal(await server.decisions.delta(cursor, everything, true), null);
    const fresh = await begin(server);
    await ban(server, '10.5.0.1', 60);
    assert.deepEqual(valuesOf(await ask(server, fresh)).added, ['10.5.0.1']);
    await server.close();
  });

  test('bring a client to where a server stands that began later, though nothing was written to the log since', async () => {
    const before = await openServer();
    await ban(before, '10.7.0.1', 4000);
    const cursor = await begin(before);
    // Transactions that the log does not know, for which a server may count on.
    for (let round = 0; round < 3; round++) await sql`update machines set version = 'x'`.execute(before.db);
    for (let round = 0; round < 3; round++) await sql`update palisade_log set trimmed = trimmed`.execute(before.db);
    const later = await openServer();
    for (const read of [() => later.decisions.knownDelta(cursor), () => later.decisions.delta(cursor, everything, false)]) {
      const delta = (await read())!;
      assert.deepEqual(valuesOf(delta), { added: [], ended: [] });
      assert.deepEqual(parseCursor(delta.cursor)?.position, (await later.decisions.inMemory())!.journal.position);
    }
    await Promise.all([before.close(), later.close()]);
  });

  test('call those who wait when others write and when a decision ends by itself', async () => {
    const server = await openServer();
    const other = await open(() => clock.ms);
    let cursor = await begin(server);
    const seen: string[] = [];
    const asked: Promise<void>[] = [];
    let arrived = (): void => {};
    const unsubscribe = server.decisions.subscribe(() => {
      asked.push(server.decisions.delta(cursor, everything, true).then((delta) => {
        for (const one of delta?.added ?? []) seen.push(`+${one.value}`);
        for (const one of delta?.ended ?? []) seen.push(`-${one.value}`);
        cursor = delta?.cursor ?? cursor;
        arrived();
      }));
    });
    const until = async (wanted: string): Promise<void> => {
      while (!seen.includes(wanted)) await new Promise<void>((resolve) => { arrived = resolve; });
    };
    await ban(other, '10.6.0.1', 60);
    await until('+10.6.0.1');
    clock.ms += 61_000;
    await until('-10.6.0.1');
    unsubscribe();
    await Promise.all(asked);
    await Promise.all([server.close(), other.close()]);
  });

  /** Inserts a decision in a transaction that stays open. */
  async function insertHeld(store: Store, value: string): Promise<{ commit(): Promise<void>; rollBack(): Promise<void> }> {
    let end = (_isKept: boolean): void => {};
    const ended = new Promise<boolean>((resolve) => { end = resolve; });
    const time = toColumn(store.now());
    let written = (): void => {};
    const isWritten = new Promise<void>((resolve) => { written = resolve; });
    const transaction = store.db.transaction().execute(async (db) => {
      await store.dialect.insertRows(db, 'decisions', [{ created_at: time, updated_at: time, until: toColumn(store.now().add(4000e9)),
        scenario: 's', type: 'ban', start_ip: 0, end_ip: 0, start_suffix: 0, end_suffix: 0, ip_size: 4, scope: 'Ip', value, origin: 'o',
        simulated: 0, uuid: '', alert_decisions: null }]);
      written();
      if (!await ended) throw new Error('undone');
    }).catch((error: Error) => { if (error.message !== 'undone') throw error; });
    await isWritten;
    const finish = async (isKept: boolean): Promise<void> => {
      end(isKept);
      await transaction;
    };
    return { commit: () => finish(true), rollBack: () => finish(false) };
  }

  async function read(store: Store): Promise<Snapshot> {
    const rows = await store.db.selectFrom('decisions').selectAll().execute();
    return { at: store.now(), rows: new Map(rows.map((row) => [row.id, { id: row.id, until: fromColumn(row.until),
      key: `${row.value} ${row.type} ${row.scope}`, text: `${row.origin} ${row.until}` }])) };
  }
});

/** What is told of two states of the table, by comparing them row by row. */
function difference(before: Snapshot, after: Snapshot, dedup: boolean): { added: number[]; ended: number[]; either: Set<number> } {
  // By what is in force, or ended since: that one is told.
  const outlived = (key: string, until: GoTime): boolean => dedup && [...after.rows.values()]
    .some((other) => other.key === key && other.until.compare(until) > 0 && other.until.compare(before.at) > 0);
  const added: number[] = [];
  const ended: number[] = [];
  for (const row of after.rows.values()) {
    const known = before.rows.get(row.id);
    if (outlived(row.key, row.until)) continue;
    const hasChanged = known?.text !== row.text;
    if (row.until.compare(after.at) > 0) {
      if (hasChanged) added.push(row.id);
    } else if (row.until.compare(before.at) > 0 || (known !== undefined && hasChanged)) ended.push(row.id);
  }
  // How long a row lasted that is not there any more cannot be seen here: one that ended later may outlive it or not.
  const either = new Set<number>();
  for (const row of before.rows.values()) {
    if (after.rows.has(row.id) || outlived(row.key, after.at)) continue;
    if (outlived(row.key, before.at)) either.add(row.id);
    else ended.push(row.id);
  }
  return { added: added.toSorted((a, b) => a - b), ended: ended.toSorted((a, b) => a - b), either };
}

describe('positions in the change log', () => {
  const cases: readonly (readonly [position: ChangePosition, unseen: readonly number[]])[] = [
    [{ next: 1, open: [] }, [1, 2, 3, 4, 5, 6]], [{ next: 4, open: [] }, [4, 5, 6]], [{ next: 6, open: [2, 4] }, [2, 4, 6]],
  ];

  test('tell what was seen, and compare by it', () => {
    for (const [position, unseen] of cases) {
      for (const number of [1, 2, 3, 4, 5, 6]) assert.equal(hasSeen(position, number), !unseen.includes(number));
      assert.equal(lowestUnseen(position), unseen[0]);
      for (const [other, unseenThere] of cases) {
        assert.equal(hasSeenAll(position, other), unseen.every((number) => unseenThere.includes(number)));
      }
    }
  });

  test('are written as text and read back; anything else is no cursor', () => {
    for (const [position] of cases) {
      const cursor = { position, at: new GoTime(1_763_862_296, 5) };
      assert.deepEqual(parseCursor(formatCursor(cursor)), cursor);
    }
    for (const text of ['', '1', '1@2', '1@2.3', '-1@2.000000003', '1:@2.000000003', '1@2.000000003 ', '1'.repeat(20) + '@1.000000000']) {
      assert.equal(parseCursor(text), null, text);
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
