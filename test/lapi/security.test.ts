import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../../ts/config/log.js';
import { lapiLimits } from '../../lapi/limits.js';
import { listen, type Listening } from '../../lapi/listen.js';
import { operations } from '../../lapi/schema/openapi.js';
import { hashApiKey } from '../../lapi/store/credentials.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from './instance.js';
import { onEachDatabase } from './store/databases.js';
import { testSeed } from '../support/random.js';

const agent = { 'user-agent': 'crowdsec/v1' };

const password = 'the password of the machine';

onEachDatabase('a Local API that is attacked', (database) => {
  const logged: string[] = [];
  let instance: Instance;
  let listening: Listening;
  let token: string;
  let key: string;
  before(async () => {
    const note = (text: string): void => { logged.push(text); };
    instance = await startInstance({ database, changeBeatMs: 20,
      log: { ...silentLog, info: note, warning: note, error: note } });
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    token = await logIn(instance, 'testm', password);
    key = await addBouncer(instance);
  });
  after(async () => {
    await listening.close();
    await instance.store.close();
  });

  interface Answer { readonly status: number; readonly body: string; readonly headers: IncomingHttpHeaders }
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: listening.port!, method, path, agent: false, headers: { ...agent, ...headers } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
            // The stream of changes has no end.
            if (response.headers['content-type'] === 'text/event-stream') response.destroy();
          });
          response.on('close', () => resolve({ status: response.statusCode!, body: text, headers: response.headers }));
          response.on('error', () => {});
        });
      call.on('error', reject);
      call.end(body);
    });

  test('opens no route without proof, and none to the wrong kind of it', async () => {
    const proofs: Record<string, Record<string, string>> = { none: {}, machine: { authorization: `Bearer ${token}` }, bouncer: { 'x-api-key': key },
      forged: { authorization: `Bearer ${token.slice(0, -4)}AAAA`, 'x-api-key': `${key}A` } };
    const opens: Record<string, readonly string[]> = { machine: ['machine'], refresh: ['machine'], bouncer: ['bouncer'],
      either: ['machine', 'bouncer'], reader: ['machine', 'bouncer'] };
    for (const { method, path, access } of operations) {
      if (access === 'open' || path === '/v1/watchers/self') continue;
      for (const [name, headers] of Object.entries(proofs)) {
        const { status } = await ask(method.toUpperCase(), path.replace(/:\w+/g, '1'), headers);
        const isOpen = opens[access].includes(name);
        assert.equal(status === 401 || status === 403, !isOpen, `${method} ${path} with ${name}: ${status}`);
      }
    }
  });

  test('shows no secret: not in the database, not in an answer, not in the log', async () => {
    await instance.app.inject({ method: 'POST', url: '/v1/watchers/login', headers: agent, payload: '{"machine_id":"testm","password":"guessed secret"}' });
    await ask('GET', '/v1/decisions', { 'x-api-key': 'guessed key' });
    await instance.store.decisions.keepInMemory();
    const { db } = instance.store;
    const tables = (await db.introspection.getTables()).map(({ name }) => name as 'machines');
    const stored = JSON.stringify(await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute())));
    for (const secret of [key, token, password, 'guessed']) {
      assert.ok(!stored.includes(secret), 'in the database');
      assert.ok(!logged.some((line) => line.includes(secret)), 'in the log');
    }
    assert.match(stored, /\$2[aby]\$10\$/);
    assert.ok(stored.includes(hashApiKey(key)));
    const machines = await ask('GET', '/v1/alerts', { authorization: `Bearer ${token}` });
    assert.doesNotMatch(machines.body, /password/);
  });

  test('lets go at once of a machine that was removed, whatever its token says', async () => {
    const doomed = await logIn(instance, 'doomed', 'p');
    assert.equal((await ask('GET', '/v1/heartbeat', { authorization: `Bearer ${doomed}` })).status, 200);
    assert.equal((await ask('DELETE', '/v1/watchers/self', { authorization: `Bearer ${doomed}` })).status, 204);
    for (const [method, path] of [['GET', '/v1/heartbeat'], ['GET', '/v1/refresh_token'], ['POST', '/v1/alerts'], ['DELETE', '/v1/decisions']]) {
      assert.equal((await ask(method, path, { authorization: `Bearer ${doomed}` }, method === 'POST' ? '[]' : undefined)).status, 401, path);
    }
    assert.equal((await ask('GET', '/v1/heartbeat', { cookie: `jwt=${doomed}` })).status, 401);
  });

  test('deletes for an address only what is about it', async () => {
    const post = (ip: string) => ask('POST', '/v1/alerts', { authorization: `Bearer ${token}` }, JSON.stringify([alertBody({}, ip)]));
    for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) await post(ip);
    const [, , third] = (await instance.store.alerts.find({ contains: true, withBlocklists: true, withSimulated: true, now: instance.store.now() },
      { limit: 0, order: 'asc', withDecisions: true }));
    assert.notEqual(third, undefined);
    assert.equal((await ask('DELETE', '/v1/alerts?ip=10.0.0.2', { authorization: `Bearer ${token}` })).body, '{"nbDeleted":"1"}');
    assert.equal((await ask('DELETE', '/v1/decisions?range=10.0.0.0/30&contains=false', { authorization: `Bearer ${token}` })).body, '{"nbDeleted":"2"}');
    for (const typo of ['ipp=10.0.0.1', 'IP=10.0.0.1', 'limit', 'scope=Ip']) {
      assert.equal((await ask('DELETE', `/v1/decisions?${typo}`, { authorization: `Bearer ${token}` })).status, 400, typo);
    }
  });

  test('answers every route for any headers, query and body without a 5xx, and forges no line in the log', async () => {
    logged.length = 0;
    const machine = (await instance.store.machines.get('testm'))!;
    const paths = operations.map(({ path }) => path);
    const word = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('1', '-1', 'ban', '192.0.2.1', '2001:db8::/32', '0', '%2F', '..', '%00', '%0a', '\u2028',
      'Ip', '1h', '-99999999999h', '9223372036854775808', '1e400', "' or 1=1 --", '${jndi:x}', '\x1b[31m'));
    const path = fc.tuple(fc.constantFrom(...paths), word).map(([template, value]) => template.replace(/:\w+/g, encodeURIComponent(value) || '%20'));
    const names = [...new Set(operations.flatMap(({ query }) => Object.keys(query ?? {})))];
    const query = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), word), word), { maxLength: 4 });
    const proof = fc.constantFrom({}, { authorization: `Bearer ${token}` }, { 'x-api-key': key }, { authorization: 'Bearer a.b.c' }, { authorization: 'Basic x' },
      { cookie: 'jwt=x; jwt=y' }, { 'x-api-key': '' });
    const header = fc.constantFrom({}, { 'content-encoding': 'gzip' }, { 'content-encoding': 'br' }, { 'content-type': 'text/plain' }, { 'last-event-id': '1@2.000000000' },
      { 'user-agent': 'a/b/c' }, { 'user-agent': 'x\x85y' }, { 'x-forwarded-for': '1.2.3.4, zz' }, { 'x-palisade-alert-ids': 'uuid' }, { expect: 'nothing' });
    const shaped = fc.record({ scenario: word, scenario_hash: word, scenario_version: word, message: word, events_count: fc.integer(), start_at: word, stop_at: word,
      capacity: fc.integer(), leakspeed: word, simulated: fc.boolean(), uuid: word, kind: word, events: fc.array(fc.record({ timestamp: word, meta: fc.array(fc.record({ key: word, value: word }), { maxLength: 2 }) }), { maxLength: 2 }),
      source: fc.record({ scope: word, value: word, ip: word, latitude: fc.float() }), decisions: fc.array(fc.record({ duration: word, origin: word, scenario: word,
        scope: word, type: word, value: word }), { maxLength: 2 }) }, { requiredKeys: ['scenario', 'source', 'events', 'message'] });
    const body = fc.oneof(fc.json(), fc.array(shaped, { maxLength: 2 }).map((alerts) => JSON.stringify(alerts)), fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.record({ machine_id: word, password: word, registration_token: word, targets: fc.array(word) }, { requiredKeys: [] }).map((value) => JSON.stringify(value)));
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'PUT', 'PATCH', 'OPTIONS');
    await fc.assert(fc.asyncProperty(method, path, query, proof, header, body, async (verb, route, parameters, proofs, headers, payload) => {
      const url = `${route}?${new URLSearchParams(parameters).toString()}`;
      const { status, body: text } = await ask(verb, url, { ...headers, ...proofs } as Record<string, string>, verb === 'GET' || verb === 'HEAD' ? undefined : payload);
      assert.ok(status < 500, `${verb} ${url} ${JSON.stringify(headers)} ${String(payload)}: ${status} ${text}`);
      // The machine may have taken itself off the list.
      if (route === '/v1/watchers/self') await instance.store.machines.add(machine);
    }), { seed: testSeed(), numRuns: 400 });
    assert.ok(logged.length > 0);
    for (const line of logged) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  });

  test('survives bytes that are no HTTP', async () => {
    const send = (bytes: Buffer): Promise<void> => new Promise((resolve) => {
      const socket = connect(listening.port!, '127.0.0.1', () => socket.write(bytes, () => setImmediate(() => socket.destroy())));
      socket.on('error', () => {}).on('close', () => resolve()).resume();
    });
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(Buffer.alloc(0), preface, Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.from('POST /v1/watchers HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')), async (bytes, start) => {
      await send(Buffer.concat([start, bytes]));
    }), { seed: testSeed(), numRuns: 60 });
    assert.equal((await ask('GET', '/health')).status, 200);
  });

  test('bounds what it reads: long headers, long paths, long lists', async () => {
    assert.equal((await ask('GET', '/health', { 'x-long': 'x'.repeat(100_000) })).status, 431);
    assert.equal((await ask('GET', `/v1/alerts/${'1'.repeat(10_000)}`, { authorization: `Bearer ${token}` })).status, 414);
    const list = Array.from({ length: lapiLimits.allowlistTargetsMax + 1 }, () => '1').join('","');
    assert.equal((await ask('POST', '/v1/allowlists/check', { authorization: `Bearer ${token}` }, `{"targets":["${list}"]}`)).status, 400);
  });
});

describe('a database file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-security-'));
  after(() => rmSync(folder, { recursive: true }));

  test('holds no secret in any of its bytes, and strangers may not read it', async () => {
    const instance = await startInstance({ path: join(folder, 'crowdsec.db') });
    const secrets = [password, await logIn(instance, 'testm', password), await addBouncer(instance)];
    const files = ['crowdsec.db', 'crowdsec.db-wal', 'crowdsec.db-shm'].map((name) => join(folder, name));
    const bytes = files.map((file) => readFileSync(file, 'latin1')).join('');
    assert.match(bytes, /\$2[aby]\$10\$/);
    for (const secret of secrets) assert.ok(!bytes.includes(secret));
    for (const file of files) assert.equal(statSync(file).mode & 0o007, 0, file);
    await instance.close();
  });
});
