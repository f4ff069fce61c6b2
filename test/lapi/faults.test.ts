import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { after, before, test } from 'node:test';
import { silentLog } from '../../ts/config/log.js';
import { lapiLimits } from '../../lapi/limits.js';
import { hashPassword } from '../../lapi/store/credentials.js';
import type { Store } from '../../lapi/store/store.js';
import { LapiClient } from '../../ts/client/client.js';
import type { Alert } from '../../ts/model/alert.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from './instance.js';
import { onEachDatabase } from './store/databases.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-faults-'));
after(() => rmSync(folder, { recursive: true }));

test('a database that cannot be written is answered 503 with the reason, and works on when it can be', async () => {
  const instance = await startInstance({ path: join(folder, 'read-only.db') });
  const authorization = `Bearer ${await logIn(instance)}`;
  const post = () => instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization },
    payload: JSON.stringify([alertBody()]) });
  await sql`pragma query_only = on`.execute(instance.store.db);
  const refused = await post();
  assert.equal(refused.statusCode, 503);
  assert.match(refused.body, /the database cannot be used now: attempt to write a readonly database/);
  // What needs no write is still answered.
  const list = await instance.app.inject({ url: '/v1/alerts', headers: { authorization } });
  assert.deepEqual([list.statusCode, list.body], [200, 'null']);
  await sql`pragma query_only = off`.execute(instance.store.db);
  assert.equal((await post()).statusCode, 201);
  await instance.close();
});

test('a database that another process has locked holds up writes alone, until it is free', async () => {
  const path = join(folder, 'locked.db');
  const instance = await startInstance({ path });
  const authorization = `Bearer ${await logIn(instance)}`;
  const key = await addBouncer(instance);
  const post = () => instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization }, payload: JSON.stringify([alertBody()]) });
  const lookUp = () => instance.app.inject({ url: '/v1/decisions?ip=192.0.2.1', headers: { 'x-api-key': key, 'user-agent': 'a/b' } });
  assert.equal((await post()).statusCode, 201);
  await lookUp();
  const other = new Database(path);
  other.exec('begin immediate');
  let isAnswered = false;
  const waiting = post().then((answer) => {
    isAnswered = true;
    return answer.statusCode;
  });
  for (let i = 0; i < 20; i++) assert.match((await lookUp()).body, /192\.0\.2\.1/);
  assert.equal(isAnswered, false);
  other.exec('commit');
  other.close();
  assert.equal(await waiting, 201);
  await instance.close();
});

test('a full database is answered 503, keeps what it has, and works on when there is room', async () => {
  const instance = await startInstance({ path: join(folder, 'full.db') });
  const authorization = `Bearer ${await logIn(instance)}`;
  const post = () => instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization },
    payload: JSON.stringify(Array.from({ length: 50 }, () => alertBody())) });
  assert.equal((await post()).statusCode, 201);
  const { rows: [{ pages }] } = await sql<{ pages: number }>`select page_count as pages from pragma_page_count`.execute(instance.store.db);
  await sql`${sql.raw(`pragma max_page_count = ${pages + 4}`)}`.execute(instance.store.db);
  let taken = 1;
  let answer = await post();
  for (; answer.statusCode === 201; answer = await post()) taken++;
  assert.deepEqual([answer.statusCode, answer.json()], [503, { message: 'the database cannot be used now: database or disk is full' }]);
  assert.equal(await instance.store.alerts.count(), 50 * taken, 'all of a request or nothing');
  await sql`${sql.raw(`pragma max_page_count = ${pages + 4_000}`)}`.execute(instance.store.db);
  assert.equal((await post()).statusCode, 201);
  await instance.close();
});

const waits: Readonly<Record<string, string>> = { PostgreSQL: 'lock table alerts in exclusive mode', MariaDB: 'select trimmed from palisade_log for update' };

onEachDatabase('faults of a database server', (database) => {
  if (database.server === null) return;
  const { server } = database;
  let open: (nowMs: () => number) => Promise<Store>;
  let instance: Instance;
  let authorization: string;
  const errors: string[] = [];
  before(async () => {
    open = await database.create();
    instance = await startInstance({ store: await open(Date.now), nowMs: Date.now(), log: { ...silentLog, error: (text) => errors.push(text) } });
    authorization = `Bearer ${await logIn(instance)}`;
  });
  after(() => instance.close());

  const post = (alerts: readonly object[] = [alertBody()]) => instance.app.inject({ method: 'POST', url: '/v1/alerts',
    headers: { authorization, 'x-palisade-alert-ids': 'uuid' }, payload: JSON.stringify(alerts) });

  test('one that goes away is answered 503, and all goes on when it is back', async () => {
    assert.equal((await post()).statusCode, 201);
    let told = 0;
    const unsubscribe = instance.store.decisions.subscribe(() => { told++; });
    await server.halt();
    assert.equal((await post()).statusCode, 503);
    await server.resume();
    const before = told;
    // Connections that broke are noticed one by one.
    for (const deadline = Date.now() + 120_000; (await post()).statusCode !== 201;) assert.ok(Date.now() < deadline);
    while (told === before) await new Promise<void>((resolve) => setImmediate(resolve));
    unsubscribe();
    assert.equal(await instance.store.alerts.count(), 2);
  });

  test('what another process has locked holds up writes alone, until it is free', async () => {
    const key = await addBouncer(instance);
    const lookUp = () => instance.app.inject({ url: '/v1/decisions?ip=192.0.2.1', headers: { 'x-api-key': key, 'user-agent': 'a/b' } });
    assert.equal((await post([alertBody({ stop_at: new Date().toISOString() })])).statusCode, 201);
    await lookUp();
    const other = await open(Date.now);
    let waiting: Promise<number> | undefined;
    await other.db.transaction().execute(async (transaction) => {
      await sql.raw(waits[database.name]).execute(transaction);
      let isAnswered = false;
      waiting = post().then((answer) => {
        isAnswered = true;
        return answer.statusCode;
      });
      for (let i = 0; i < 20; i++) assert.match((await lookUp()).body, /192\.0\.2\.1/);
      assert.equal(isAnswered, false);
    });
    assert.equal(await waiting, 201);
    await other.close();
  });

  test('one that is killed again and again while alerts flow keeps every alert that was acknowledged, once', async () => {
    await sql`delete from alerts`.execute(instance.store.db);
    const ledger = new Ledger();
    let isOver = false;
    const flow = (async () => {
      while (!isOver) {
        const { statusCode, body } = await post(ledger.batch);
        if (statusCode === 201) ledger.acknowledge(JSON.parse(body) as string[]);
        else assert.equal(statusCode, 503, errors.at(-1) ?? body);
      }
    })();
    const grows = async (): Promise<void> => {
      const { size } = ledger;
      while (ledger.size < size + 35) await Promise.race([flow, new Promise<void>((resolve) => setImmediate(resolve))]);
    };
    for (let round = 0; round < 3; round++) {
      await grows();
      await server.kill();
      await server.resume();
    }
    await grows();
    isOver = true;
    await flow;
    await ledger.check(instance.store);
  });
});

onEachDatabase('a Local API that is killed while alerts flow', (database) => {
  const dataDir = mkdtempSync(join(folder, 'killed-'));
  const profilesPath = join(dataDir, 'profiles.yaml');
  writeFileSync(profilesPath, 'name: p\nfilters: [Alert.Remediation]\ndecisions:\n - {type: ban, duration: 4h}\n');

  test('keeps every alert that it acknowledged, once, with its decisions', async () => {
    const open = await database.create();
    const setup = await open(Date.now);
    await setup.machines.add({ name: 'm', passwordHash: (await hashPassword('p'))!, ipAddress: '', isValidated: true });
    await setup.close();
    const ledger = new Ledger();
    for (let round = 0; round < 3; round++) {
      const { port, kill } = await start();
      const client = new LapiClient({ url: `http://127.0.0.1:${port}/`, login: 'm', password: 'p' });
      for (let sent = 0; ; sent++) {
        const answer = client.postAlerts(ledger.batch);
        if (sent === 8 + round) {
          kill();
          await answer.then((ids) => ledger.acknowledge(ids), () => {});
          break;
        }
        ledger.acknowledge(await answer);
      }
      client.close();
    }
    const store = await open(Date.now);
    await ledger.check(store);
    await store.close();
  });

  test('an import in which it was killed is taken back, one that it acknowledged is whole', async () => {
    const open = await database.create();
    let nowMs = Date.now();
    const store = await open(() => nowMs);
    await store.machines.add({ name: 'm', passwordHash: (await hashPassword('p'))!, ipAddress: '', isValidated: true });
    const stopped = new Date(nowMs).toISOString();
    const values = Array.from({ length: 12 * lapiLimits.decisionSliceRows }, (_all, index) => `10.0.${index >> 8}.${index & 255}`);
    const alert = alertBody({ stop_at: stopped, decisions: values.map((value) => ({ origin: 'cscli-import', type: 'ban', scope: 'Ip', value,
      scenario: 'import', duration: '4h' })) }) as unknown as Alert;
    const unfinished = () => store.db.selectFrom('palisade_unfinished').selectAll().execute();
    for (const isAwaited of [true, false]) {
      const { port, kill } = await start();
      const client = new LapiClient({ url: `http://127.0.0.1:${port}/`, login: 'm', password: 'p' });
      const answer = client.postAlerts([alert]);
      if (isAwaited) await answer;
      else while ((await unfinished()).length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      kill();
      await answer.catch(() => {});
      client.close();
    }
    assert.equal((await unfinished()).length, 1);
    nowMs += lapiLimits.unfinishedMsMax + 60_000;
    assert.equal(await store.retention.removeAbandoned(), 1);
    assert.deepEqual([await store.alerts.count(), (await unfinished()).length], [1, 0]);
    const { rows: [{ count }] } = await sql<{ count: number }>`select count(*) as count from decisions`.execute(store.db);
    assert.equal(Number(count), values.length);
    await store.close();
  });

  /** A Local API in a process of its own. */
  async function start(): Promise<{ port: number; kill: () => void }> {
    const options = { database: { ...database.options, flush: null }, dataDir, clockOffsetMs: 0, server: { enabled: true, listenUri: '127.0.0.1:0',
      listenSocket: '', profilesPath, logLevel: 'info', useForwardedForHeaders: false, trustedProxies: [], trustedIps: [], disableRemoteRegistration: false,
      autoRegistration: null, tls: null } };
    const script = `import { startLapi } from ${JSON.stringify(new URL('../../lapi/run.js', import.meta.url).href)};
      const log = { trace() {}, debug() {}, info() {}, warning() {}, error: (text) => console.error(text) };
      const running = await startLapi(JSON.parse(process.argv[2]), log);
      console.log(running.port);`;
    // A file: threads take over the flags of their process, and none begins with a text.
    const file = join(dataDir, 'start.mjs');
    writeFileSync(file, script);
    const child = spawn(process.execPath, [file, JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      lines.once('line', (line) => resolve(Number(line)));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return { port, kill: () => child.kill('SIGKILL') };
  }
});

/** What an engine sends: batch after batch; one that was not acknowledged is sent again, as its outbox does. */
class Ledger {
  batch: readonly Alert[] = this.#fresh();
  readonly #ids = new Map<string, string>();

  get size(): number {
    return this.#ids.size;
  }

  acknowledge(ids: readonly string[]): void {
    for (const [index, { uuid }] of this.batch.entries()) this.#ids.set(uuid!, ids[index]);
    this.batch = this.#fresh();
  }

  /** Every alert that was acknowledged is there once, under the id that was told, with its decision. */
  async check(store: Store): Promise<void> {
    const rows = await store.db.selectFrom('alerts').select(['id', 'uuid']).execute();
    const idOf = new Map(rows.map((row) => [row.uuid, String(row.id)]));
    assert.equal(idOf.size, rows.length, 'no alert is there twice');
    for (const [uuid, id] of this.#ids) assert.equal(idOf.get(uuid), id);
    assert.equal(await store.decisions.countByValue('192.0.2.1'), rows.length);
  }

  #fresh(): readonly Alert[] {
    return Array.from({ length: 7 }, () => alertBody({ uuid: randomUUID() }) as unknown as Alert);
  }
}
