import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { operations } from '../../../lapi/schema/openapi.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from '../instance.js';

describe('the OpenAPI document', () => {
  let instance: Instance;
  let headers: Record<string, string>;
  before(async () => {
    instance = await startInstance();
    headers = { authorization: `Bearer ${await logIn(instance)}`, 'x-api-key': await addBouncer(instance), 'user-agent': 'crowdsec/v1' };
    await instance.store.allowlists.add('mine', 'what is mine');
    const list = await instance.store.allowlists.get('mine', false);
    await instance.store.allowlists.addItems(list!.id, [{ value: '198.51.100.0/24', comment: 'office', expiresAt: GoTime.zero }]);
    const payload = JSON.stringify([alertBody({ meta: [{ key: 'context', value: 'one' }] })]);
    const posted = await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers, payload });
    assert.equal(posted.statusCode, 201);
  });
  after(() => instance.close());

  test('has an operation for every route, and no other', async () => {
    const routes = instance.app.printRoutes({ commonPrefix: false, includeHooks: false });
    const { paths } = (await instance.app.inject('/v1/openapi.json')).json() as { paths: Record<string, Record<string, object>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) =>
      `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`));
    for (const entry of documented) {
      const [method, url] = entry.split(' ');
      assert.ok(instance.app.hasRoute({ method: method as 'GET', url }), `${entry} is documented and missing\n${routes}`);
    }
    const methods = [...routes.matchAll(/\(([A-Z, ]+)\)/g)].flatMap(([, list]) => list.split(', '));
    assert.equal(documented.length, methods.length, routes);
  });

  const bodies: Record<string, unknown> = { '/v1/allowlists/check': { targets: ['198.51.100.7', '192.0.2.9'] },
    '/v1/watchers/login': { machine_id: 'testm', password: 'pass' }, '/v1/alerts': [alertBody({}, '192.0.2.77')],
    '/v1/watchers': { machine_id: 'another', password: 'pass' } };
  const names: Record<string, string> = { alert_id: '1', decision_id: '1', allowlist_name: 'mine', ip_or_range: '198.51.100.7' };
  // What deletes comes last, so that the others have something to answer.
  // The stream of changes has no end; it has tests of its own.
  const others = ['/v1/usage-metrics', '/v1/watchers/self', '/v1/decisions/changes'];
  const ordered = operations.filter(({ path }) => !others.includes(path))
    .toSorted((a, b) => Number(a.method === 'delete') - Number(b.method === 'delete') || (a.path < b.path ? 1 : -1));
  for (const { method, path, answers, access } of ordered) {
    test(`${method.toUpperCase()} ${path} answers what it says`, async () => {
      const url = path.replace(/:(\w+)/g, (_all, name: string) => names[name]);
      const { 'x-api-key': key, ...machine } = headers;
      const response = await instance.app.inject({ method: method.toUpperCase() as 'GET', url,
        headers: access === 'bouncer' ? { 'x-api-key': key, 'user-agent': 'test/v1' } : machine,
        ...(bodies[path] !== undefined && method === 'post' && { payload: JSON.stringify(bodies[path]) }) });
      assert.ok(response.statusCode in answers, `${response.statusCode} ${response.body}`);
      const schema = answers[response.statusCode];
      if (schema === null) assert.equal(response.body, '');
      else assert.deepEqual([...Value.Errors(schema, response.json())], []);
    });
  }
});
