import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { BulkCaller } from '../../../lapi/bulk/bulk-caller.js';
import { doBulkWork, type BulkWork, type BulkWorker } from '../../../lapi/bulk/bulk-work.js';
import type { IntakeDeps } from '../../../lapi/intake.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { NeverBan } from '../../../lapi/never-ban.js';
import { openProfiles } from '../../../lapi/profiles.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { cursorAt } from '../../../lapi/store/decision-delta.js';
import { precedenceBytes } from '../../../lapi/store/precedence.js';
import { openStore } from '../../../lapi/store/store.js';
import { silentLog } from '../../../ts/config/log.js';
import { defaultProtection } from '../../../ts/config/protection.js';
import { alertBody } from '../instance.js';
import { onEachDatabase } from '../store/databases.js';
import { randomFrom } from '../../../ts/util/random.js';

const seed = 20261123;
const manyDecisions = 12_500;

onEachDatabase('the thread for long requests', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-bulk-'));
  const profilesPath = join(folder, 'profiles.yaml');
  const precedence = new SharedArrayBuffer(precedenceBytes);
  let deps: IntakeDeps;
  let thread: BulkCaller;
  let written = 0;
  const threads: boolean[] = [];
  let offsetMs = 0;
  const nowMs = (): number => Date.now() + offsetMs;
  before(async () => {
    writeFileSync(profilesPath, "name: none\nfilters: ['false']\ndecisions: [{type: ban, duration: 1h}]\n");
    await database.create();
    const { options } = database;
    const store = await openStore({ ...options, precedence }, nowMs);
    deps = { store, neverBan: new NeverBan(defaultProtection.neverBan, nowMs), log: silentLog, metrics: { countSpared: () => {} },
      profiles: openProfiles({ profilesPath, dataDir: folder, store, nowMs, log: silentLog, escalation: null }) };
    thread = new BulkCaller({ log: silentLog, onSpared: () => {}, onSlice: (slice) => deps.store.decisions.expect(slice), onWritten: () => written++, onThread: (isRunning) => threads.push(isRunning), setup: { dataDir: folder,
      database: { user: '', password: '', name: '', host: '', port: 0, flush: null, ...options, useWal: options.useWal ?? null },
      protection: defaultProtection, clockOffsetMs: 0, precedence, server: { enabled: true, listenUri: '', listenSocket: '', profilesPath,
        logLevel: 'info', useForwardedForHeaders: false, trustedProxies: [], trustedIps: [], disableRemoteRegistration: false,
        autoRegistration: null, tls: null } } });
    await store.machines.add({ name: 'm', passwordHash: 'none', ipAddress: '', isValidated: true });
  });
  after(async () => {
    await thread.close();
    await deps.store.close();
    rmSync(folder, { recursive: true });
  });
  const direct: BulkWorker = { run: (work) => doBulkWork(work, deps), expect: () => {} };
  const importOf = (alerts: readonly object[], ownIds = false): BulkWork =>
    ({ kind: 'addAlerts', body: Buffer.from(JSON.stringify(alerts)), machine: 'm', ownIds });

  test('lets other threads have the processor first', { skip: existsSync('/proc/thread-self') ? false : 'needs /proc/thread-self' }, async () => {
    await textOf(thread, { kind: 'listAlerts', query: 'limit=1' });
    // Field 19 of proc(5), counted from behind the name.
    const nices = readdirSync('/proc/self/task').map((task) => Number(readFileSync(`/proc/self/task/${task}/stat`, 'latin1').split(') ')[1].split(' ')[16]));
    assert.equal(nices.filter((nice) => nice === lapiLimits.bulkNice).length, 1, nices.join(' '));
  });

  test('writes what the thread of the requests writes, and lists it the same', async () => {
    const random = randomFrom(seed);
    const alerts = [{ ...imported(random, manyDecisions) }, imported(random, 3), imported(random, lapiLimits.decisionSliceRows)];
    const ids: number[][] = [];
    for (const worker of [direct, thread]) ids.push((JSON.parse(await textOf(worker, importOf(alerts))) as string[]).map(Number));
    assert.equal(written, 1);
    const [here, there] = await Promise.all(ids.map((some) => deps.store.alerts.load(some, true)));
    const plain = (list: typeof here): object[] => list.map(({ decisions, row }) => ({ scenario: row.scenario, message: row.message,
      decisions: decisions.map(({ value, type, scope, origin, scenario }) => ({ value, type, scope, origin, scenario })) }));
    assert.deepEqual(plain(there), plain(here));
    assert.equal(there[0].decisions.length, manyDecisions);
    for (const work of [{ kind: 'listAlerts', query: 'limit=0' }, { kind: 'listAlerts', query: 'ip=10.1.2.3&limit=5' },
      { kind: 'listDecisions', query: '' }, { kind: 'listDecisions', query: 'origins=nobody' },
      { kind: 'listDecisions', query: 'type=captcha&limit=777' },
      { kind: 'checkAllowlists', body: Buffer.from('{"targets":["192.0.2.1"]}') }] satisfies BulkWork[]) {
      const [wanted, got] = [await textOf(direct, work), await textOf(thread, work)];
      // Seconds may have passed between the two.
      assert.ok(withoutTimes(got) === withoutTimes(wanted), `${work.kind} differs`);
      JSON.parse(got);
    }
  });

  // Only SQLite has a log to move.
  if (database.name === 'SQLite') test('moves what an import wrote to the file of the database when it is done, and the Local API leaves that to it', async () => {
    const { path } = database.options;
    await textOf(thread, importOf([imported(randomFrom(seed + 6), manyDecisions)]));
    // Both are done one after the other.
    await textOf(thread, { kind: 'listAlerts', query: 'limit=1' });
    const moved = statSync(path).size;
    deps.store.dialect.writeAheadLog!.move();
    assert.equal(statSync(path).size, moved);
    await thread.close();
    assert.deepEqual(threads, [true, false]);
  });

  test('refuses in the same words', async () => {
    for (const work of [importOf([{}]), { kind: 'listDecisions', query: 'ip=x' }, { kind: 'listAlerts', query: 'since=never' },
      { ...importOf([]), body: Buffer.from('{') }, { kind: 'checkAllowlists', body: Buffer.from('{"targets":["x y"]}') }] as BulkWork[]) {
      const [wanted, got] = await Promise.all([direct, thread].map((worker) => textOf(worker, work).then(() => null,
        ({ code, message }: { code: string; message: string }) => ({ code, message }))));
      assert.ok(wanted !== null);
      assert.deepEqual(got, wanted);
    }
  });

  test('a slice that cannot be written takes the alerts of its import back, and whoever was told hears of it', async () => {
    const { decisions } = deps.store;
    const before = await counts();
    await decisions.keepInMemory();
    const bad = imported(randomFrom(seed + 1), lapiLimits.decisionSliceRows * 15);
    bad.decisions[bad.decisions.length - 1].scenario = 'none';
    const isSqlite = database.name === 'SQLite';
    await (isSqlite ? sql`create trigger no_none before insert on decisions when new.scenario = 'none' begin select raise(abort, 'no_none'); end`
      : sql`alter table decisions add constraint no_none check (scenario <> 'none')`).execute(deps.store.db);
    for (const worker of [direct, thread]) {
      let told = 0;
      let cursor = cursorAt((await decisions.inMemory())!, deps.store.now());
      const known = new Set<number>();
      const hear = async (): Promise<void> => {
        const { added, ended, cursor: next } = (await decisions.delta(cursor, { contains: true, withSimulated: false }, false))!;
        for (const { id } of added) known.add(id);
        for (const { id } of ended) known.delete(id);
        told = Math.max(told, known.size);
        cursor = next;
      };
      let isOver = false;
      const importing = assert.rejects(textOf(worker, importOf([imported(randomFrom(seed + 2), 2), bad])), /no_none/)
        .finally(() => { isOver = true; });
      while (!isOver) {
        await hear();
        await setImmediate();
      }
      await importing;
      await hear();
      assert.ok(told > 0, 'slices are in force before the last one');
      assert.equal(known.size, 0);
      assert.deepEqual(await counts(), before);
    }
    await (isSqlite ? sql`drop trigger no_none` : sql`alter table decisions drop constraint no_none`).execute(deps.store.db);
  });

  test('an import whose alert is deleted meanwhile is refused, and leaves nothing', async () => {
    const before = await counts();
    const importing = assert.rejects(textOf(thread, importOf([imported(randomFrom(seed + 4), 15 * lapiLimits.decisionSliceRows)])),
      /deleted while its decisions were written|cannot be used now/);
    const isBegun = async (): Promise<boolean> => (await deps.store.db.selectFrom('palisade_unfinished').selectAll().execute()).length > 0;
    while (!await isBegun()) await setImmediate();
    const [{ id }] = await deps.store.db.selectFrom('palisade_unfinished').select('alert_id as id').execute();
    await deps.store.alerts.removeById(id);
    await importing;
    assert.deepEqual(await counts(), before);
  });

  test('bans go between the slices of an import', async () => {
    let isOver = false;
    let between = 0;
    const before = await decisionCount();
    const importing = textOf(thread, importOf([imported(randomFrom(seed + 3), 15 * lapiLimits.decisionSliceRows)]))
      .finally(() => { isOver = true; });
    while (await decisionCount() === before) await setImmediate();
    while (!isOver) {
      await deps.store.alerts.add('m', [alertBody() as unknown as IncomingAlert]);
      if (!isOver) between++;
    }
    await importing;
    assert.ok(between > 0, `${between} bans`);
  });

  test('one that dies at work answers those who wait, another goes on, and what it left half done goes', async () => {
    const started = new Promise<Worker>((resolve) => process.once('worker', resolve));
    await thread.close();
    const before = await counts();
    const importing = assert.rejects(textOf(thread, importOf([imported(randomFrom(seed + 5), 15 * lapiLimits.decisionSliceRows)])),
      /the thread for long requests ended/);
    const [, decisionsBefore] = before;
    while (await decisionCount() === decisionsBefore) await setImmediate();
    const listing = assert.rejects(textOf(thread, { kind: 'listDecisions', query: '' }), /the thread for long requests ended/);
    await (await started).terminate();
    await Promise.all([importing, listing]);
    assert.match(await textOf(thread, { kind: 'listDecisions', query: 'limit=1' }), /^\[\{"duration"/);
    assert.equal(await deps.store.retention.removeAbandoned(), 0, 'somebody may be about to go on');
    offsetMs = lapiLimits.unfinishedMsMax + 1_000;
    assert.equal(await deps.store.retention.removeAbandoned(), 1);
    offsetMs = 0;
    assert.deepEqual(await counts(), before);
  });

  test('ends when asked although nobody wants the rest of a list, and begins anew', async () => {
    const abandoned = thread.run({ kind: 'listDecisions', query: '' });
    assert.equal((await abandoned.next()).done, false);
    await abandoned.return(undefined);
    await thread.close();
    assert.match(await textOf(thread, { kind: 'listDecisions', query: 'limit=1' }), /^\[\{"duration"/);
  });

  /** Alerts, decisions, alerts that are not whole. */
  async function counts(): Promise<number[]> {
    const unfinished = await deps.store.db.selectFrom('palisade_unfinished').selectAll().execute();
    return [await deps.store.alerts.count(), await decisionCount(), unfinished.length];
  }

  async function decisionCount(): Promise<number> {
    return Number((await deps.store.db.selectFrom('decisions').select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow()).count);
  }
});

/** An alert as `cscli decisions import` sends it. */
function imported(random: () => number, count: number): Record<string, unknown> & { decisions: Record<string, string>[] } {
  const decisions = Array.from({ length: count }, () => ({ origin: random() < 0.5 ? 'cscli-import' : 'lists', type: random() < 0.8 ? 'ban' : 'captcha',
    scope: 'Ip', value: `10.${Math.floor(random() * 255)}.${Math.floor(random() * 255)}.${Math.floor(random() * 255)}`,
    scenario: `<list> ${Math.floor(random() * 4)}`, duration: `${2 + Math.floor(random() * 9)}h` }));
  const now = new Date().toISOString();
  return { ...alertBody({ start_at: now, stop_at: now }), decisions };
}

async function textOf(worker: BulkWorker, work: BulkWork): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of worker.run(work)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

function withoutTimes(text: string): string {
  return text.replace(/"duration":"[^"]*"/g, '"duration":""');
}
