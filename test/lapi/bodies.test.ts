import assert from 'node:assert/strict';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { listen, type Listening } from '../../lapi/listen.js';
import { silentLog } from '../../ts/config/log.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from './instance.js';
import { onEachDatabase } from './store/databases.js';
import { testSeed } from '../support/random.js';

onEachDatabase('bodies of requests', (database) => {
  let instance: Instance;
  let listening: Listening;
  let token: string;
  let key: string;
  const logged: string[] = [];
  before(async () => {
    instance = await startInstance({ database, log: { ...silentLog, info: (text) => logged.push(text) } });
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    token = await logIn(instance);
    key = await addBouncer(instance);
  });
  after(async () => {
    await listening.close();
    await instance.store.close();
  });

  const post = (url: string, payload: string | Buffer, headers: Record<string, string> = {}) => instance.app.inject({
    method: 'POST', url, payload, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers } });

  const bad: [what: string, url: string, body: string, status: number, message: string][] = [
    ['nothing', '/v1/alerts', '', 400, 'EOF'],
    ['no alert in a list', '/v1/alerts', '[null]', 422, 'validation failure list:\n0 in body is required'],
    ['half a list', '/v1/alerts', '[{"scenario": "a"', 400, 'unexpected EOF'],
    ['a number for alerts', '/v1/alerts', '1', 400, 'json: cannot unmarshal number into Go value of type models.AddAlertsRequest'],
    ['a text for an alert', '/v1/alerts', '["x"]', 400, 'json: cannot unmarshal string into Go value of type models.Alert'],
    ['a text for a number', '/v1/alerts', '[{"capacity":"1"}]', 400,
      'json: cannot unmarshal string into Go struct field Alert.capacity of type int32'],
    ['a latitude that no float32 holds', '/v1/alerts', '[{"source":{"latitude":1e39}}]', 400,
      'json: cannot unmarshal number 1e+39 into Go struct field Source.source.latitude of type float32'],
    ['a longitude that no number holds', '/v1/alerts', '[{"source":{"longitude":-1e999}}]', 400,
      'json: cannot unmarshal number -Infinity into Go struct field Source.source.longitude of type float32'],
    ['a number too large', '/v1/alerts', '[{"capacity":3000000000}]', 400,
      'json: cannot unmarshal number 3000000000 into Go struct field Alert.capacity of type int32'],
    ['a fraction', '/v1/alerts', '[{"capacity":1.5}]', 400,
      'json: cannot unmarshal number 1.5 into Go struct field Alert.capacity of type int32'],
    ['a text for a source', '/v1/alerts', '[{"source":"x"}]', 400,
      'json: cannot unmarshal string into Go struct field Alert.source of type models.Source'],
    ['a number inside a source', '/v1/alerts', '[{"source":{"ip":1}}]', 400,
      'json: cannot unmarshal number into Go struct field Source.source.ip of type string'],
    ['a decision without its fields', '/v1/alerts', JSON.stringify([alertBody({ decisions: [{}] })]), 422,
      ['validation failure list:', 'validation failure list:', ...['duration', 'origin', 'scenario', 'scope', 'type', 'value']
        .map((name) => `0.decisions.0.${name} in body is required`)].join('\n')],
    ['an event without meta', '/v1/alerts', JSON.stringify([alertBody({ events: [{ timestamp: 'x' }] })]), 422,
      'validation failure list:\nvalidation failure list:\n0.events.0.meta in body is required'],
  ];
  for (const [what, url, body, status, message] of bad) {
    test(`${what}: ${status} and nothing stored`, async () => {
      const before = await instance.store.alerts.count();
      const answer = await post(url, body);
      assert.deepEqual([answer.statusCode, answer.json()], [status, { message }]);
      assert.equal(await instance.store.alerts.count(), before);
    });
  }

  test('hold the largest number of their type, and it comes back as it was', async () => {
    const source = { scope: 'Ip', value: '192.0.2.9', ip: '192.0.2.9', latitude: 3.4028235e38, longitude: -3.4028235e38 };
    const [id] = (await post('/v1/alerts', JSON.stringify([alertBody({ source })]))).json() as string[];
    const { json } = await instance.app.inject({ url: `/v1/alerts/${id}`, headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual((json() as { source: unknown }).source, source);
  });

  test('are inflated, and refused when they are no gzip', async () => {
    const good = await post('/v1/alerts', gzipSync(JSON.stringify([alertBody()])), { 'content-encoding': 'gzip' });
    assert.equal(good.statusCode, 201);
    const answer = await post('/v1/alerts', 'zz', { 'content-encoding': 'gzip' });
    assert.deepEqual([answer.statusCode, answer.json()], [400, { message: 'gzip: invalid header' }]);
  });

  test('are bounded after inflation', async () => {
    const bomb = gzipSync(Buffer.alloc(3 * 1024 * 1024, 32));
    assert.ok(bomb.length < 10_000);
    const answer = await sendRaw('/v1/watchers', bomb, { 'content-encoding': 'gzip' });
    assert.deepEqual(answer, { status: 400, body: '{"message":"http: request body too large"}' });
    // The same size is allowed behind a token.
    const trusted = await sendRaw('/v1/alerts', bomb, { 'content-encoding': 'gzip', authorization: `Bearer ${token}` });
    assert.deepEqual(trusted, { status: 400, body: '{"message":"EOF"}' });
  });

  test('of unknown callers are not read', async () => {
    const answer = await sendRaw('/v1/alerts', Buffer.from('{'), {});
    assert.equal(answer.status, 401);
  });

  test('and everything else a client sends forges no line in the log', async () => {
    logged.length = 0;
    await instance.app.inject({ url: '/health?a=\u0085b', headers: { 'user-agent': 'evil\u0085 level=error "x' } });
    await post('/v1/alerts', JSON.stringify([alertBody({ scenario: 'a\nlevel=fatal msg=forged' })]));
    assert.ok(logged.length >= 2);
    for (const line of logged) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
  });

  test('a NUL in what is sent or asked for keeps no alert from being stored and found', async () => {
    const sent = alertBody({ scenario: 'with\0nul', message: 'a\0b' });
    const answer = await post('/v1/alerts', JSON.stringify([{ ...sent, events: [{ timestamp: sent['start_at'], meta: [{ key: 'k\0', value: 'v\0\\u0000' }] }] }]));
    assert.equal(answer.statusCode, 201, answer.body);
    const headers = { authorization: `Bearer ${token}` };
    const found = await instance.app.inject({ url: '/v1/alerts?scenario=with%00nul', headers });
    assert.match(found.body, /"with(\\u0000|\ufffd)nul"/);
    for (const query of ['uuid=%00', 'scope=%00&value=%00', 'origin=%00', 'ip=%00']) {
      for (const [method, url] of [['DELETE', '/v1/decisions'], ['GET', '/v1/decisions'], ['GET', '/v1/alerts']] as const) {
        const { statusCode } = await instance.app.inject({ method, url: `${url}?${query}`, headers: { ...headers, 'x-api-key': key } });
        assert.ok(statusCode < 500, `${method} ${url} ${query}: ${statusCode}`);
      }
    }
  });

  test('whatever comes to any route is never answered 5xx', async () => {
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD');
    const path = fc.constantFrom('/v1/alerts', '/v1/alerts/1', '/v1/decisions', '/v1/decisions/1', '/v1/decisions/stream', '/v1/heartbeat',
      '/v1/allowlists', '/v1/allowlists/x', '/v1/allowlists/check/x', '/v1/allowlists/check', '/v1/usage-metrics', '/v1/watchers',
      '/v1/watchers/login', '/v1/refresh_token', '/health', '/v1/%ff', '/');
    const name = fc.constantFrom('ip', 'range', 'scope', 'scopes', 'limit', 'offset', 'id_gt', 'contains', 'since', 'until', 'origins',
      'startup', 'with_content', 'simulated', 'sort', 'uuid', 'x');
    const value = fc.oneof(fc.constantFrom('1', '-1', '0', 'true', 'zz', '1.2.3.4', '::/0', '9999999999999999999', '1h', '-9999999h', '%00', ''),
      fc.string());
    const query = fc.array(fc.tuple(name, value), { maxLength: 3 });
    const body = fc.oneof(fc.json(), fc.string(), fc.constant(JSON.stringify([alertBody()])),
      fc.constant('{"machine_id":"m","password":"p"}'), fc.constant('{"targets":["1.2.3.4"]}'));
    await fc.assert(fc.asyncProperty(method, path, query, body, async (verb, route, parameters, payload) => {
      const url = `${route}?${new URLSearchParams(parameters).toString()}`;
      const answer = await instance.app.inject({ method: verb as 'GET', url, payload: verb === 'POST' ? payload : undefined,
        headers: { authorization: `Bearer ${token}`, 'x-api-key': key, 'user-agent': 'a/b' } });
      assert.ok(answer.statusCode < 500, `${verb} ${url} ${payload}: ${answer.statusCode} ${answer.body}`);
    }), { seed: testSeed(), numRuns: 300 });
  });

  function sendRaw(path: string, body: Buffer, headers: Record<string, string>): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: listening.port!, method: 'POST', path,
        headers: { ...headers, 'content-length': body.length } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => { text += chunk.toString(); });
        response.on('end', () => resolve({ status: response.statusCode!, body: text }));
      });
      call.on('error', reject);
      call.end(body);
    });
  }
});
