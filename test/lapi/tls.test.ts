import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import { silentLog } from '../../ts/config/log.js';
import { lapiLimits } from '../../lapi/limits.js';
import { listen, type Listening } from '../../lapi/listen.js';
import { readTlsSettings } from '../../lapi/tls-settings.js';
import { skipWithoutOpenssl, TestAuthority, type TestCertificate } from './certificates.js';
import { addBouncer, logIn, startInstance, type Instance } from './instance.js';
import { onEachDatabase } from './store/databases.js';

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Served {
  readonly instance: Instance;
  readonly warnings: string[];
  ask(path: string, options?: { by?: TestCertificate; headers?: Record<string, string>; body?: string }): Promise<Answer>;
  logIn(by?: TestCertificate, body?: string): Promise<Answer>;
  readonly port: number;
}

onEachDatabase('TLS', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-tls-'));
  const crlFile = join(folder, 'revoked.pem');
  const opened: { listening: Listening; instance: Instance }[] = [];
  let root: TestAuthority;
  let below: TestAuthority;
  let server: TestCertificate;
  let bouncer: TestCertificate;
  let agent: TestCertificate;

  before(() => {
    root = new TestAuthority(join(folder, 'root'));
    below = new TestAuthority(join(folder, 'below'), root);
    server = root.issue('server', '/CN=localhost');
    bouncer = root.issue('bouncer', '/OU=other/OU=bouncer-ou/CN=fw');
    agent = below.issue('agent', '/OU=agent-ou/CN=engine');
  });
  after(async () => {
    for (const { listening, instance } of opened) {
      await listening.close();
      await instance.store.close();
    }
    rmSync(folder, { recursive: true });
  });

  const serve = async (changes: Record<string, unknown> = {}): Promise<Served> => {
    const warnings: string[] = [];
    const log = { ...silentLog, warning: (text: string) => warnings.push(text) };
    const clock = { ms: Date.now() };
    const tls = readTlsSettings({ cert_file: server.certFile, key_file: server.keyFile, ca_cert_path: root.caFile,
      agents_allowed_ou: ['agent-ou'], bouncers_allowed_ou: ['bouncer-ou', 'second-ou'], ...changes }, () => clock.ms, log)!;
    const instance = { ...await startInstance({ database, nowMs: clock.ms, log, certificates: tls.certificates ?? undefined }), clock };
    const listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls });
    opened.push({ listening, instance });
    const port = listening.port!;
    const ask: Served['ask'] = (path, { by, headers = {}, body } = {}) => new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path, ca: server.cert, cert: by?.cert, key: by?.key, agent: false,
        method: body === undefined ? 'GET' : 'POST', headers: { 'user-agent': 'test/v1', ...headers } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => { text += chunk.toString(); });
        response.on('end', () => resolve({ status: response.statusCode!, body: text }));
      });
      call.on('error', reject);
      call.end(body);
    });
    return { instance, warnings, ask, port, logIn: (by, body = '{}') => ask('/v1/watchers/login', { by, body }) };
  };

  test('serves HTTP/1.1 and HTTP/2, and nothing before TLS 1.2', async () => {
    const { port, ask } = await serve();
    assert.deepEqual(await ask('/health'), { status: 200, body: '{"status":"up"}' });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: server.cert });
    const status = await new Promise((resolve, reject) => {
      session.on('error', reject);
      session.request({ ':path': '/health' }).on('response', (headers) => resolve(headers[':status'])).on('error', reject).resume();
    });
    assert.equal(status, 200);
    session.close();
    await assert.rejects(new Promise((resolve, reject) => {
      connect({ host: '127.0.0.1', port, ca: server.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, () => resolve(null))
        .on('error', reject);
    }));
  });

  test('a bouncer is known by its certificate: its row is named after it and the address', async () => {
    const { ask, instance } = await serve();
    assert.deepEqual(await ask('/v1/decisions/stream', { by: bouncer }), { status: 200, body: '{"new": [], "deleted": []}' });
    assert.equal((await ask('/v1/decisions', { by: bouncer, headers: { 'user-agent': 'fw/v2' } })).status, 200);
    assert.equal((await ask('/v1/allowlists', { by: bouncer })).status, 200);
    const rows = (await instance.store.bouncers.list()).map((row) => [row.name, row.ipAddress, row.authType, row.type, row.isAutoCreated]);
    assert.deepEqual(rows, [['fw@127.0.0.1', '127.0.0.1', 'tls', 'test', true]]);
    // Keys go on working beside it.
    assert.equal((await ask('/v1/decisions', { headers: { 'x-api-key': await addBouncer(instance) } })).status, 200);
    assert.equal((await ask('/v1/decisions')).status, 403);
  });

  test('a machine logs in with its certificate, intermediates included, and uses the token from then on', async () => {
    const { ask, logIn: enter, instance } = await serve();
    const answer = await enter(agent, '{"scenarios":["a/b"]}');
    assert.equal(answer.status, 200, answer.body);
    const { token } = JSON.parse(answer.body) as { token: string };
    assert.equal((await ask('/v1/heartbeat', { headers: { authorization: `Bearer ${token}` } })).status, 200);
    const machine = (await instance.store.machines.get('engine@127.0.0.1'))!;
    assert.deepEqual([machine.authType, machine.isValidated, machine.scenarios, machine.version], ['tls', true, 'a/b', 'v1']);
    assert.equal((await enter(agent)).status, 200);
    assert.equal((await enter(agent, '')).status, 401);
    // Its row opens to no password, and a row made for a password to no certificate.
    const byPassword = await enter(undefined, '{"machine_id":"engine@127.0.0.1","password":"x"}');
    assert.match(byPassword.body, /attempted to auth with password but it is configured to use tls/);
    await logIn(instance, 'plain@127.0.0.1');
    const plain = root.issue('plain', '/OU=agent-ou/CN=plain');
    assert.match((await enter(plain)).body, /attempted to auth with TLS cert but it is configured to use password/);
  });

  test('a certificate opens the doors of its own organizational units only', async () => {
    const { ask, logIn: enter, warnings, instance } = await serve();
    assert.deepEqual(await ask('/v1/decisions', { by: agent }), { status: 403, body: '{"message":"access forbidden"}' });
    assert.equal((await enter(bouncer)).status, 401);
    // The certificate counts even when a good key comes with it, as for CrowdSec.
    assert.equal((await ask('/v1/decisions', { by: agent, headers: { 'x-api-key': await addBouncer(instance) } })).status, 403);
    assert.match(warnings[0], /"engine": its organizational units \[agent-ou\] are not among those of bouncers \[bouncer-ou, second-ou\]/);
    const forged = root.issue('forged', '/CN=evil\nOU=bouncer-ou, OU=bouncer-ou');
    assert.equal((await ask('/v1/decisions', { by: forged })).status, 403);
    for (const line of warnings) assert.doesNotMatch(line, /\n/);
    const none = await serve({ bouncers_allowed_ou: undefined });
    assert.equal((await none.ask('/v1/decisions', { by: bouncer })).status, 403);
  });

  test('a certificate that is not valid at the time, or of strangers, lets nobody in', async () => {
    const { ask, instance } = await serve();
    const old = root.issue('old', '/OU=bouncer-ou/CN=old', ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z']);
    await assert.rejects(ask('/health', { by: old }));
    const strangers = new TestAuthority(join(folder, 'strangers'));
    await assert.rejects(ask('/health', { by: strangers.issue('fw', '/OU=bouncer-ou/CN=fw') }));
    assert.equal((await ask('/v1/decisions', { by: bouncer })).status, 200);
    instance.clock.ms += 3 * 86_400_000;
    assert.equal((await ask('/v1/decisions', { by: bouncer })).status, 403);
  });

  const modes: [mode: string, without: number | 'cut', verified: number | 'cut', strange: number | 'cut'][] = [
    ['NoClientCert', 200, 403, 403], ['RequestClientCert', 200, 403, 403], ['RequireAnyClientCert', 'cut', 403, 403],
    ['VerifyClientCertIfGiven', 200, 200, 'cut'], ['RequireAndVerifyClientCert', 'cut', 200, 'cut'],
  ];
  for (const [mode, without, verified, strange] of modes) {
    test(`client_verification ${mode}: who is served`, async () => {
      const { ask, instance } = await serve({ client_verification: mode });
      const key = await addBouncer(instance);
      const outcome = async (call: Promise<Answer>): Promise<number | 'cut'> => call.then(({ status }) => status, () => 'cut');
      const stranger = new TestAuthority(join(folder, `strangers-${mode}`)).issue('fw', '/OU=bouncer-ou/CN=fw');
      assert.deepEqual([await outcome(ask('/v1/decisions', { headers: { 'x-api-key': key } })),
        await outcome(ask('/v1/decisions', { by: bouncer })), await outcome(ask('/v1/decisions', { by: stranger }))],
      [without, verified, strange]);
    });
  }

  test('what a list of its issuer revokes is refused, leaf and intermediate; the list is read again when it changes', async () => {
    const good = root.issue('good', '/OU=bouncer-ou/CN=good');
    const bad = root.issue('bad', '/OU=bouncer-ou/CN=bad');
    const other = new TestAuthority(join(folder, 'other'), root);
    const child = other.issue('child', '/OU=bouncer-ou/CN=child');
    writeFileSync(crlFile, root.revoke([bad.certFile]));
    const { ask, instance, warnings } = await serve({ crl_path: crlFile });
    const statusOf = async (by: TestCertificate) => (await ask('/v1/decisions', { by })).status;
    assert.deepEqual([await statusOf(good), await statusOf(bad), await statusOf(child)], [200, 403, 200]);
    assert.match(warnings.at(-1)!, /"bad": certificate revoked by CRL/);
    // A list of another issuer with the same serial numbers says nothing about these.
    const lists = [root.revoke([join(folder, 'other', 'ca.pem')]), below.revoke([below.issue('x', '/CN=x').certFile])].join('\n');
    writeFileSync(crlFile, lists);
    utimesSync(crlFile, 1, 1);
    assert.equal(await statusOf(child), 200);
    instance.clock.ms += lapiLimits.revocationLookMs;
    assert.deepEqual([await statusOf(good), await statusOf(bad), await statusOf(child)], [200, 403, 403]);
    // A file that is broken meanwhile leaves what was read.
    writeFileSync(crlFile, 'nothing');
    instance.clock.ms += lapiLimits.revocationLookMs;
    assert.equal(await statusOf(bad), 403);
    assert.match(warnings.find((line) => line.includes('stays in force'))!, /no revocation list in PEM form/);
  });

  test('a list that has expired still counts, with a warning', async () => {
    const authority = new TestAuthority(join(folder, 'late'));
    const fw = authority.issue('fw', '/OU=bouncer-ou/CN=fw');
    const file = join(folder, 'late.pem');
    writeFileSync(file, authority.revoke([fw.certFile], ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200102000000Z']));
    const { ask, warnings } = await serve({ crl_path: file, ca_cert_path: authority.caFile });
    assert.match(warnings[0], /late\.pem, list 1 has expired$/);
    assert.equal((await ask('/v1/decisions', { by: fw })).status, 403);
  });

  test('one certificate makes no more rows than the bound', async () => {
    const { ask, logIn: enter, instance } = await serve();
    for (let i = 0; i < lapiLimits.rowsPerCertificateMax; i++) {
      await instance.store.bouncers.add({ name: `fw@10.0.0.${i}`, keyHash: `${i}`, ipAddress: '', isAutoCreated: true, authType: 'tls' });
      await instance.store.machines.add({ name: `engine@10.0.0.${i}`, passwordHash: '', ipAddress: '', isValidated: true, authType: 'tls' });
    }
    assert.deepEqual([(await ask('/v1/decisions', { by: bouncer })).status, (await enter(agent)).status], [403, 401]);
  });

  const refused: [what: string, changes: Record<string, unknown>, message: RegExp][] = [
    ['no key', { key_file: '' }, /^missing TLS key file$/], ['no certificate', { cert_file: undefined }, /^missing TLS cert file$/],
    ['an empty unit', { agents_allowed_ou: ['a', ''] }, /^allowed_ou configuration contains invalid empty string$/],
    ['an unknown verification', { client_verification: 'Maybe' }, /unknown TLS client_verification value: Maybe/],
    ['a certificate that is not there', { cert_file: '/no/such.pem' }, /cannot read the TLS files: ENOENT/],
    ['a revocation list that is not there', { crl_path: '/no/such.pem' }, /cannot read the revocation list \/no\/such\.pem: ENOENT/],
    ['a key of somebody else', { key_file: () => bouncer.keyFile }, /cannot use the TLS files: .*key values mismatch/],
    ['a certificate that is none', { cert_file: () => server.keyFile }, /cannot use the TLS files: /],
  ];
  for (const [what, changes, message] of refused) {
    test(`${what} is an error at the start`, () => {
      const section = { cert_file: server.certFile, key_file: server.keyFile, ...Object.fromEntries(Object.entries(changes)
        .map(([key, value]) => [key, typeof value === 'function' ? (value as () => string)() : value])) };
      assert.throws(() => readTlsSettings(section, Date.now, silentLog), { message });
    });
  }
}, skipWithoutOpenssl);
