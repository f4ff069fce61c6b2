import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listen, type Listening } from '../../lapi/listen.js';
import { ApiError, LapiClient } from '../../ts/client/client.js';
import { startHeartbeat } from '../../ts/client/heartbeat.js';
import { UnreachableError } from '../../ts/client/transport.js';
import { silentLog } from '../../ts/config/log.js';
import type { Alert } from '../../ts/model/alert.js';
import { alertBody, logIn, startInstance, type Instance } from '../lapi/instance.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-client-'));
after(() => rmSync(folder, { recursive: true }));

describe('the client of the Local API', () => {
  let instance: Instance;
  let listening: Listening;
  const socket = join(folder, 'lapi.sock');
  const clients: LapiClient[] = [];
  // The server's clock stands still, so a duration is exact.
  const nowMs = Date.now();
  const connect = (changes: object = {}): LapiClient => {
    const client = new LapiClient({ url: `http://127.0.0.1:${listening.port}/`, login: 'testm', password: 'pass', ...changes });
    clients.push(client);
    return client;
  };

  before(async () => {
    instance = await startInstance({ nowMs });
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: socket, tls: null });
    await logIn(instance);
  });
  after(async () => {
    for (const client of clients) client.close();
    await listening.close();
    await instance.store.close();
  });

  test('logs in with its scenarios and a user agent that the server takes', async () => {
    await connect().login(['a/b', 'c/d']);
    const machine = (await instance.store.machines.get('testm'))!;
    assert.equal(machine.scenarios, 'a/b,c/d');
    assert.match(machine.version, /^v1\.7\.9-palisade/);
  });

  for (const [name, url] of [['an address', () => `http://127.0.0.1:${listening.port}`], ['a unix socket', () => socket]] as const) {
    test(`stores, lists and deletes alerts over ${name}`, async () => {
      const client = connect({ url: url() });
      const stopped = new Date(Math.floor(nowMs / 1000) * 1000).toISOString();
      const [id] = await client.postAlerts([alertBody({ scenario: 'client/test', stop_at: stopped }) as unknown as Alert]);
      const [alert] = await client.listAlerts({ scenario: 'client/test', limit: '1' });
      assert.equal(String(alert.id), id);
      assert.match(alert.decisions![0].duration, /^(4h0m0s|3h59m59s)$/);
      assert.equal(await client.deleteDecisions({ value: '192.0.2.1', scenario: 'client/test' }), 1);
      assert.equal(await client.deleteDecision(alert.decisions![0].id!), 1);
      assert.equal((await client.getAlert(id)).scenario, 'client/test');
      assert.equal(await client.deleteAlert(id), 1);
      assert.equal(await client.deleteAlerts({ scenario: 'client/test' }), 0);
    });
  }

  test('sends hundreds of alerts, and each once however often it sends them', async () => {
    const client = connect();
    const alerts = Array.from({ length: 300 }, (_value, index) => alertBody({ scenario: 'many/alerts',
      uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` }) as unknown as Alert);
    const first = await client.postAlerts(alerts);
    assert.deepEqual(await client.postAlerts(alerts), first);
    assert.equal(await client.deleteAlerts({ scenario: 'many/alerts' }), 300);
  });

  test('logs in again when its token is refused, for many requests at once only once', async () => {
    const client = connect();
    await client.heartbeat();
    instance.clock.ms += 2 * 3600_000;
    await Promise.all(Array.from({ length: 5 }, () => client.heartbeat()));
    instance.clock.ms -= 2 * 3600_000;
  });

  test('tells a wrong password as the server does, and does not try it again', async () => {
    let slept = 0;
    const client = connect({ password: 'wrong' });
    await assert.rejects(client.login([], { sleep: async () => { slept++; } }),
      { name: 'ApiError', status: 401, message: 'API error: incorrect Username or Password' });
    assert.equal(slept, 0);
    await assert.rejects(client.heartbeat(), { message: `Get "http://127.0.0.1:${listening.port}/v1/heartbeat": `
      + 'API error: incorrect Username or Password' });
  });

  test('tells refusals in the words of the server', async () => {
    await assert.rejects(connect().getAlert(999_999), (error: ApiError) => {
      assert.deepEqual([error.status, error.reason, error.message], [404, 'object not found', 'API error: object not found']);
      return true;
    });
    await assert.rejects(connect().listAlerts({ foo: 'bar' }), { message: /unknown \(=bar\): invalid filter$/ });
  });

  test('registers a machine, which then may or may not log in', async () => {
    assert.equal(await connect().register('newcomer', 'pw'), false);
    await assert.rejects(connect({ login: 'newcomer', password: 'pw' }).login(), { message: /machine newcomer not validated/ });
    await instance.store.machines.validate('newcomer');
    const client = connect({ login: 'newcomer', password: 'pw' });
    await client.login();
    await client.unregister();
    assert.equal(await instance.store.machines.get('newcomer'), null);
  });
});

describe('a Local API that is not there', () => {
  // Port 1 of this host: nothing listens there.
  const client = new LapiClient({ url: 'http://127.0.0.1:1/', login: 'm', password: 'p' });

  test('is told in Go\'s words, the login inside the request', async () => {
    await assert.rejects(client.listAlerts({ limit: '50', include_capi: 'false' }), (error: UnreachableError) => {
      assert.equal(error.message, 'Get "http://127.0.0.1:1/v1/alerts?include_capi=false&limit=50": could not get jwt token: '
        + 'Post "http://127.0.0.1:1/v1/watchers/login": retryable error: dial tcp 127.0.0.1:1: connect: connection refused');
      return true;
    });
    await assert.rejects(client.authenticate(),
      { message: 'Post "http://127.0.0.1:1/v1/watchers/login": dial tcp 127.0.0.1:1: connect: connection refused' });
    const missing = join(folder, 'none.sock');
    await assert.rejects(new LapiClient({ url: missing, login: 'm', password: 'p' }).authenticate(),
      { message: new RegExp(`dial unix ${missing}: connect: no such file or directory`) });
  });

  test('is waited for at login, longer each time, and not for ever', async () => {
    const pauses: number[] = [];
    await assert.rejects(client.login([], { attemptsMax: 5, sleep: async (ms) => { pauses.push(ms); } }), { name: 'UnreachableError' });
    assert.deepEqual(pauses, [100, 200, 400, 800]);
  });

  test('is complained of once by the heartbeat, until a beat works again', async () => {
    const errors: string[] = [];
    let due = (): void => {};
    const beats: (Error | null)[] = [new Error('a'), new Error('b'), null, new Error('c')];
    const stop = startHeartbeat({ heartbeat: async () => {
      const error = beats.shift();
      if (error) throw error;
    } }, { ...silentLog, error: (text) => errors.push(text) }, (_ms, then) => {
      due = then;
      return () => {};
    });
    for (let i = 0; i < 4; i++) {
      await new Promise(setImmediate);
      due();
    }
    await new Promise(setImmediate);
    stop();
    assert.deepEqual(errors, ['heartbeat: a', 'heartbeat: c']);
  });
});

test('options that exclude each other are refused at once', () => {
  const base = { url: 'http://127.0.0.1:1/', login: 'm', password: 'p' };
  assert.throws(() => new LapiClient({ ...base, certPath: 'x' }), { message: /mutually exclusive/ });
  assert.throws(() => new LapiClient({ ...base, url: '/run/x.sock', caCertPath: 'x' }), { message: 'cannot use TLS with a unix socket' });
  assert.throws(() => new LapiClient({ ...base, url: 'nonsense' }), { code: 'E_CONFIG' });
  assert.throws(() => new LapiClient({ ...base, url: 'https://localhost/', caCertPath: '/none.pem' }), { code: 'E_FILE' });
});
