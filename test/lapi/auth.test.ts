import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSigner } from 'fast-jwt';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSecret } from '../../lapi/auth/secret.js';
import type { LapiSettings } from '../../lapi/deps.js';
import { lapiLimits } from '../../lapi/limits.js';
import { hashPassword } from '../../lapi/store/credentials.js';
import type { Store } from '../../lapi/store/store.js';
import { addBouncer, logIn, secret, startInstance, type Instance } from './instance.js';
import { onEachDatabase } from './store/databases.js';

const agent = { 'user-agent': 'crowdsec/v1.7.9-test' };

onEachDatabase('machine tokens', (database) => {
  let instance: Instance;
  let other: Instance;
  before(async () => {
    const open = await database.create();
    instance = await startInstance({ store: await open(Date.now) });
    other = await startInstance({ store: await open(Date.now) });
  });
  after(() => Promise.all([instance.close(), other.close()]));

  const get = (token: string, url = '/v1/heartbeat') => instance.app.inject({ url,
    headers: { ...agent, authorization: `Bearer ${token}` } });

  test('hold exactly exp, id and orig_iat', async () => {
    const token = await logIn(instance);
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()) as object;
    const now = instance.clock.ms / 1000;
    assert.deepEqual(claims, { exp: now + 3600, id: 'testm', orig_iat: now });
  });

  test('end after an hour, and are renewed only within an hour of the login', async () => {
    const token = await logIn(instance);
    instance.clock.ms += 3599_000;
    assert.equal((await get(token)).statusCode, 200);
    const renewed = (await get(token, '/v1/refresh_token')).json() as { token: string };
    instance.clock.ms += 2000;
    const expired = await get(token);
    assert.equal(expired.statusCode, 401);
    assert.deepEqual(expired.json(), { code: 401, message: 'Token is expired' });
    assert.equal((await get(token, '/v1/refresh_token')).statusCode, 401);
    assert.equal((await get(renewed.token)).statusCode, 200);
  });

  test('of a removed or no longer validated machine are dead at once', async () => {
    const token = await logIn(instance, 'short', 'lived');
    await instance.store.db.updateTable('machines').set({ is_validated: 0 }).where('machine_id', '=', 'short').execute();
    assert.deepEqual((await get(token)).json(), { code: 401, message: 'machine short not validated' });
    await instance.store.machines.remove('short');
    assert.deepEqual((await get(token)).json(), { code: 401, message: 'ent: machine not found' });
  });

  const logInAgain = (name: string, password: string, app = instance.app) => app.inject({ method: 'POST', url: '/v1/watchers/login', headers: agent,
    payload: JSON.stringify({ machine_id: name, password }) });
  const passwordOf = async (password: string) => ({ passwordHash: (await hashPassword(password))!, ipAddress: '127.0.0.1', isValidated: true });

  test('of a machine with a new password are dead at once, even if that is the old one; those of its next login live', async () => {
    for (const password of ['other', 'other']) {
      const token = await logIn(instance, 'renewed', 'other');
      assert.equal((await get(token)).statusCode, 200);
      await instance.store.machines.add({ name: 'renewed', ...await passwordOf(password) }, true);
      for (const url of ['/v1/heartbeat', '/v1/refresh_token']) {
        assert.deepEqual((await get(token, url)).json(), { code: 401, message: 'signature is invalid' });
      }
      assert.equal((await get(((await logInAgain('renewed', password)).json() as { token: string }).token)).statusCode, 200);
    }
  });

  test('of a machine that was removed and added under the same name are dead', async () => {
    const token = await logIn(instance, 'again', 'same');
    await instance.store.machines.remove('again');
    await instance.store.machines.add({ name: 'again', ...await passwordOf('same') });
    assert.equal((await get(token)).statusCode, 401);
    assert.equal((await logInAgain('again', 'same')).statusCode, 200);
  });

  test('are taken by another Local API on the same database with the same secret, until the password changes', async () => {
    const token = await logIn(instance, 'shared', 'first');
    const renewed = ((await get(token, '/v1/refresh_token')).json() as { token: string }).token;
    other.clock.ms = instance.clock.ms;
    const askOther = async (text: string) => (await other.app.inject({ url: '/v1/heartbeat',
      headers: { ...agent, authorization: `Bearer ${text}` } })).statusCode;
    for (const text of [token, renewed]) assert.equal(await askOther(text), 200);
    await instance.store.machines.add({ name: 'shared', ...await passwordOf('second') }, true);
    for (const text of [token, renewed]) {
      // On a database server it hears of that within half a second.
      while (await askOther(text) === 200) await sleep(10);
      assert.equal(await askOther(text), 401);
    }
  });

  const exp = 4e9;
  const forged: [name: string, token: () => string][] = [
    ['signed with another key', () => createSigner({ key: Buffer.alloc(64, 1), algorithm: 'HS256' })({ exp, id: 'testm', orig_iat: 1 })],
    ['signed with another algorithm', () => createSigner({ key: secret, algorithm: 'HS512' })({ exp, id: 'testm', orig_iat: 1 })],
    ['without a signature', () => createSigner({ algorithm: 'none' })({ exp, id: 'testm', orig_iat: 1 })],
    ['that name no password, as before an upgrade', () => createSigner({ key: secret, algorithm: 'HS256' })({ exp, id: 'testm', orig_iat: 1 })],
    ['without an end', () => createSigner({ key: secret, algorithm: 'HS256', noTimestamp: true })({ id: 'testm', orig_iat: 1 })],
    ['of two parts', () => 'a.b'],
    ['of nothing', () => ''],
  ];
  for (const [name, token] of forged) {
    test(`${name} are refused`, async () => {
      const answer = await get(token());
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.headers['www-authenticate'], 'JWT realm=Crowdsec API local');
    });
  }

  test('are not given any more as soon as a password that was right before is another, or its machine is no more', async () => {
    const logInAs = async (password: string): Promise<number> => (await instance.app.inject({ method: 'POST', url: '/v1/watchers/login',
      headers: { 'user-agent': 'a/b' }, payload: JSON.stringify({ machine_id: 'changing', password }) })).statusCode;
    await logIn(instance, 'changing', 'first');
    assert.equal(await logInAs('first'), 200);
    const changed = { name: 'changing', passwordHash: (await hashPassword('second'))!, ipAddress: '', isValidated: true };
    await instance.store.machines.add(changed, true);
    assert.deepEqual([await logInAs('first'), await logInAs('second')], [401, 200]);
    await instance.store.db.updateTable('machines').set({ is_validated: 0 }).where('machine_id', '=', 'changing').execute();
    assert.equal(await logInAs('second'), 401);
    await instance.store.machines.validate('changing');
    assert.equal(await logInAs('second'), 200);
    await instance.store.machines.remove('changing');
    assert.equal(await logInAs('second'), 401);
  });

  test('are not given for a wrong password, nor when the password is longer than bcrypt reads', async () => {
    for (const password of ['wrong', 'x'.repeat(100), '']) {
      const answer = await instance.app.inject({ method: 'POST', url: '/v1/watchers/login', headers: agent,
        payload: JSON.stringify({ machine_id: 'testm', password }) });
      assert.deepEqual([answer.statusCode, answer.json()], [401, { code: 401, message: 'incorrect Username or Password' }]);
    }
  });

  test('login keeps scenarios, address and version of the machine', async () => {
    await logIn(instance);
    await instance.app.inject({ method: 'POST', url: '/v1/watchers/login', headers: agent, remoteAddress: '192.0.2.7',
      payload: JSON.stringify({ machine_id: 'testm', password: 'pass', scenarios: ['a/b', 'c/d'] }) });
    const machine = (await instance.store.machines.get('testm'))!;
    assert.deepEqual([machine.scenarios, machine.ipAddress, machine.version], ['a/b,c/d', '192.0.2.7', 'v1.7.9-test']);
  });
});

onEachDatabase('bouncer keys', (database) => {
  let instance: Instance;
  before(async () => { instance = await startInstance({ database }); });
  after(() => instance.close());

  const ask = (key: string, remoteAddress: string, userAgent = 'bouncer/v1') => instance.app.inject({ url: '/v1/decisions',
    remoteAddress, headers: { 'user-agent': userAgent, 'x-api-key': key } });

  test('are adopted by the first address; each further one gets a row of its own', async () => {
    const key = await addBouncer(instance, 'fw');
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8::1', '192.0.2.2']) {
      assert.equal((await ask(key, address)).statusCode, 200);
    }
    const rows = (await instance.store.bouncers.list()).map((row) => [row.name, row.ipAddress, row.isAutoCreated]);
    assert.deepEqual(rows, [['fw', '192.0.2.1', false], ['fw@192.0.2.2', '192.0.2.2', true],
      ['fw@2001:db8::1', '2001:db8::1', true]]);
  });

  test('tell type and version by the user agent', async () => {
    const key = await addBouncer(instance, 'ua');
    await ask(key, '192.0.2.1', 'cs-firewall/v2');
    await ask(key, '192.0.2.1', 'strange');
    const bouncer = (await instance.store.bouncers.get('ua'))!;
    assert.deepEqual([bouncer.type, bouncer.version], ['strange', 'N/A']);
  });

  test('make no more rows than the bound', async () => {
    const key = await addBouncer(instance, 'many');
    for (let i = 0; i < lapiLimits.bouncersPerKeyMax; i++) {
      assert.equal((await ask(key, `10.0.${i >> 8}.${i & 255}`)).statusCode, 200);
    }
    assert.equal((await ask(key, '10.1.0.0')).statusCode, 403);
    assert.equal((await ask(key, '10.0.0.5')).statusCode, 200);
  });

  test('that were removed or never given are refused', async () => {
    const key = await addBouncer(instance, 'gone');
    assert.equal((await ask(key, '192.0.2.1')).statusCode, 200);
    await instance.store.bouncers.remove('gone');
    for (const bad of [key, 'x', '']) assert.deepEqual((await ask(bad, '192.0.2.1')).json(), { message: 'access forbidden' });
  });
});

onEachDatabase('who may register and delete', (database) => {
  let store: Store;
  before(async () => { store = await (await database.create())(Date.now); });
  after(() => store.close());
  const start = (settings: Partial<LapiSettings>) => startInstance({ store, settings, nowMs: Date.now() });

  const token = 'a'.repeat(32);
  const settings = { trustedIps: ['198.51.100.0/24'], disableRemoteRegistration: true,
    autoRegistration: { token, allowedRanges: ['10.0.0.0/8', '127.0.0.1'] } };
  const register: [name: string, from: string, body: object, status: number][] = [
    ['without a token from this host', '127.0.0.1', {}, 201], ['without a token from this host, IPv6', '::1', {}, 201],
    ['without a token from elsewhere', '10.0.0.1', {}, 403], ['with a token from elsewhere', '10.0.0.1', { registration_token: token }, 403],
    ['with a token from this host', '127.0.0.1', { registration_token: token }, 202],
    ['with a wrong token', '127.0.0.1', { registration_token: 'b'.repeat(32) }, 401],
  ];
  for (const [index, [name, remoteAddress, body, status]] of register.entries()) {
    test(`registration ${name} is answered ${status}`, async () => {
      const { app } = await start(settings);
      const answer = await app.inject({ method: 'POST', url: '/v1/watchers', remoteAddress,
        payload: JSON.stringify({ machine_id: `m${index}`, password: 'p', ...body }) });
      assert.equal(answer.statusCode, status);
      await app.close();
    });
  }

  test('alerts are deleted from this host and trusted addresses only', async () => {
    const instance = await start(settings);
    const authorization = `Bearer ${await logIn(instance)}`;
    for (const [remoteAddress, status] of [['127.0.0.1', 200], ['198.51.100.9', 200], ['192.0.2.1', 403]] as const) {
      const answer = await instance.app.inject({ method: 'DELETE', url: '/v1/alerts', remoteAddress, headers: { authorization } });
      assert.equal(answer.statusCode, status, remoteAddress);
    }
    await instance.app.close();
  });

  const forwarded: [settings: Partial<LapiSettings>, header: string, seen: string][] = [
    [{}, '192.0.2.9, 192.0.2.8', '203.0.113.1'],
    [{ trustedProxies: ['0.0.0.0/0'] }, '192.0.2.9, 192.0.2.8', '192.0.2.9'],
    [{ trustedProxies: ['203.0.113.0/24'] }, '192.0.2.9, 192.0.2.8, 203.0.113.7', '192.0.2.8'],
    [{ trustedProxies: ['10.0.0.0/8'] }, '192.0.2.9', '203.0.113.1'],
    [{ trustedProxies: ['203.0.113.1'] }, 'zz', '203.0.113.1'],
  ];
  for (const [index, [proxySettings, header, seen]] of forwarded.entries()) {
    test(`X-Forwarded-For: ${header} with ${JSON.stringify(proxySettings)} is taken for ${seen}`, async () => {
      const instance = await start(proxySettings);
      const key = await addBouncer(instance, `proxied${index}`);
      await instance.app.inject({ url: '/v1/decisions', remoteAddress: '203.0.113.1', headers: { 'x-api-key': key, 'x-forwarded-for': header } });
      assert.equal((await instance.store.bouncers.get(`proxied${index}`))!.ipAddress, seen);
      await instance.app.close();
    });
  }
});

describe('the signing key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-secret-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is made once, kept for the next start, and readable by its owner only', () => {
    const first = loadSecret(folder, {});
    assert.equal(first.length, 64);
    assert.deepEqual(loadSecret(folder, {}), first);
    const file = join(folder, 'palisade-jwt.key');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readFileSync(file), first);
  });

  test('comes from the environment when that is strong enough', () => {
    assert.equal(loadSecret(folder, { CS_LAPI_SECRET: 'x'.repeat(64) }).toString(), 'x'.repeat(64));
    assert.throws(() => loadSecret(folder, { CS_LAPI_SECRET: 'x'.repeat(63) }),
      { code: 'E_CONFIG', message: /CS_LAPI_SECRET not strong enough/ });
  });

  test('that cannot be kept stops the start', () => {
    chmodSync(folder, 0o700);
    assert.throws(() => loadSecret(join(folder, 'none'), {}), { code: 'E_FILE' });
  });
});

describe('attempts of one address', () => {
  const logInAs = (instance: Instance, password: string, remoteAddress: string) => instance.app.inject({ method: 'POST',
    url: '/v1/watchers/login', remoteAddress, headers: { 'user-agent': 'crowdsec/v1' },
    payload: JSON.stringify({ machine_id: 'nobody', password }) });

  test('to log in are refused after a while, those of others are not, and a minute later they count anew', async () => {
    const instance = await startInstance();
    for (let attempt = 0; attempt < lapiLimits.attemptsPerMinuteMax; attempt++) {
      assert.equal((await logInAs(instance, 'x', '192.0.2.1')).statusCode, 401);
    }
    const refused = await logInAs(instance, 'x', '192.0.2.1');
    assert.deepEqual([refused.statusCode, refused.json()], [429, { message: 'too many attempts, try again in a minute' }]);
    assert.equal((await logInAs(instance, 'x', '192.0.2.2')).statusCode, 401);
    instance.clock.ms += 60_000;
    assert.equal((await logInAs(instance, 'x', '192.0.2.1')).statusCode, 401);
    await instance.close();
  });

  test('of IPv6 are those of its /64, and of many at once none is free', async () => {
    const instance = await startInstance();
    await logIn(instance, 'nobody', 'right');
    const count = lapiLimits.attemptsPerMinuteMax + 10;
    const at = (index: number): string => `2001:db8:0:1::${index.toString(16)}`;
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => logInAs(instance, 'wrong', at(index))));
    assert.equal(answers.filter(({ statusCode }) => statusCode === 429).length, 10);
    assert.equal((await logInAs(instance, 'right', at(count))).statusCode, 429, 'not even with the password');
    assert.equal((await logInAs(instance, 'right', '2001:db8:0:2::1')).statusCode, 200);
    await instance.close();
  });

  test('that succeed are free, registrations are not', async () => {
    const instance = await startInstance();
    await logIn(instance, 'nobody', 'right');
    for (let attempt = 0; attempt < 3; attempt++) assert.equal((await logInAs(instance, 'right', '192.0.2.1')).statusCode, 200);
    const statuses = new Map<number, number>();
    for (let attempt = 0; attempt <= lapiLimits.attemptsPerMinuteMax; attempt++) {
      const { statusCode } = await instance.app.inject({ method: 'POST', url: '/v1/watchers', remoteAddress: '192.0.2.1', payload: '{' });
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    }
    assert.deepEqual([...statuses], [[400, lapiLimits.attemptsPerMinuteMax], [429, 1]]);
    await instance.close();
  });
});
