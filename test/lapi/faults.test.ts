import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { after, describe, test } from 'node:test';
import { hashPassword } from '../../lapi/store/credentials.js';
import { openStore } from '../../lapi/store/store.js';
import { LapiClient } from '../../ts/client/client.js';
import type { Alert } from '../../ts/model/alert.js';
import { addBouncer, alertBody, logIn, startInstance } from './instance.js';
import { testDatabases } from './store/databases.js';

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

for (const database of testDatabases().filter((one) => one.server !== null)) {
  test(`a ${database.name} server that goes away is answered 503, and all goes on when it is back`, { skip: database.skip }, async () => {
    await database.start();
    const open = await database.create();
    const instance = await startInstance({ store: await open(Date.now), nowMs: Date.now() });
    const authorization = `Bearer ${await logIn(instance)}`;
    const post = async () => (await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization },
      payload: JSON.stringify([alertBody()]) })).statusCode;
    assert.equal(await post(), 201);
    let told = 0;
    instance.store.decisions.subscribe(() => { told++; });
    await database.server!.halt();
    assert.equal(await post(), 503);
    await database.server!.resume();
    const before = told;
    // Connections that broke are noticed one by one.
    for (const deadline = Date.now() + 120_000; await post() !== 201;) assert.ok(Date.now() < deadline);
    while (told === before) await new Promise<void>((resolve) => setImmediate(resolve));
    assert.equal(await instance.store.alerts.count(), 2);
    await instance.close();
    await database.stop();
  });
}

describe('a Local API that is killed while alerts flow', () => {
  const path = join(folder, 'killed.db');
  const profilesPath = join(folder, 'profiles.yaml');
  writeFileSync(profilesPath, 'name: p\nfilters: [Alert.Remediation]\ndecisions:\n - {type: ban, duration: 4h}\n');
  const database = { type: 'sqlite', path, useWal: true, bulkSize: 1000, user: '', password: '', name: '', host: '', port: 0, flush: null };
  const options = { database, dataDir: folder, clockOffsetMs: 0, server: { enabled: true, listenUri: '127.0.0.1:0', listenSocket: '',
    profilesPath, logLevel: 'info', useForwardedForHeaders: false, trustedProxies: [], trustedIps: [], disableRemoteRegistration: false,
    autoRegistration: null, tls: null } };

  test('keeps every alert that it acknowledged, once, with its decisions', async () => {
    const setup = await openStore(database);
    await setup.machines.add({ name: 'm', passwordHash: (await hashPassword('p'))!, ipAddress: '', isValidated: true });
    await setup.close();
    const acknowledged = new Map<string, string>();
    let repeat: Alert[] = [];
    for (let round = 0; round < 3; round++) {
      const { port, kill } = await start();
      const client = new LapiClient({ url: `http://127.0.0.1:${port}/`, login: 'm', password: 'p' });
      // What was under way when the server died is sent again, as the engine's outbox does.
      for (let sent = 0, batch = repeat; ; sent++) {
        if (batch.length === 0) batch = Array.from({ length: 7 }, () => alertBody({ uuid: randomUUID() }) as unknown as Alert);
        repeat = batch;
        const answer = client.postAlerts(batch);
        if (sent === 8 + round) {
          kill();
          await answer.then((ids) => remember(batch, ids), () => {});
          break;
        }
        remember(batch, await answer);
        batch = [];
      }
      client.close();
    }
    const store = await openStore(database);
    const rows = await store.db.selectFrom('alerts').select(['id', 'uuid']).execute();
    const idOf = new Map(rows.map((row) => [row.uuid, String(row.id)]));
    assert.equal(idOf.size, rows.length, 'no alert is there twice');
    for (const [uuid, id] of acknowledged) assert.equal(idOf.get(uuid), id);
    assert.equal(await store.decisions.countByValue('192.0.2.1'), rows.length);
    await store.close();

    function remember(batch: readonly Alert[], ids: readonly string[]): void {
      for (const [index, alert] of batch.entries()) acknowledged.set(alert.uuid!, ids[index]);
    }
  });

  /** A Local API in a process of its own. */
  async function start(): Promise<{ port: number; kill: () => void }> {
    const script = `import { startLapi } from ${JSON.stringify(new URL('../../lapi/run.js', import.meta.url).href)};
      const log = { trace() {}, debug() {}, info() {}, warning() {}, error: (text) => console.error(text) };
      const running = await startLapi(JSON.parse(process.argv[1]), log);
      console.log(running.port);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      lines.once('line', (line) => resolve(Number(line)));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return { port, kill: () => child.kill('SIGKILL') };
  }
});
