import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GoTime } from '../../../ts/util/go-time.js';
import { addBouncer, logIn, startInstance, type Instance } from '../instance.js';
import { onEachDatabase } from '../store/databases.js';

onEachDatabase('allowlists', (database) => {
  let instance: Instance;
  let key: string;
  let token: string;
  before(async () => {
    instance = await startInstance({ database });
    key = await addBouncer(instance);
    token = await logIn(instance);
    await instance.store.allowlists.add('mine', 'what is mine');
    const list = (await instance.store.allowlists.get('mine', false))!;
    await instance.store.allowlists.addItems(list.id, [{ value: '198.51.100.0/24', comment: 'office', expiresAt: GoTime.zero }]);
  });
  after(() => instance.close());

  const routes: [method: 'GET' | 'HEAD' | 'POST', url: string, payload?: string][] = [
    ['GET', '/v1/allowlists'], ['GET', '/v1/allowlists?with_content=true'], ['GET', '/v1/allowlists/mine?with_content=true'],
    ['GET', '/v1/allowlists/nope'], ['GET', '/v1/allowlists/check/198.51.100.7'], ['HEAD', '/v1/allowlists/check/198.51.100.7'],
    ['HEAD', '/v1/allowlists/check/192.0.2.1'], ['POST', '/v1/allowlists/check', '{"targets":["198.51.100.7","192.0.2.1"]}'],
  ];
  for (const [method, url, payload] of routes) {
    test(`${method} ${url} answers a bouncer what it answers a machine`, async () => {
      const ask = async (headers: Record<string, string>) => {
        const { statusCode, body } = await instance.app.inject({ method, url, payload, headers: { 'user-agent': 'test/v1', ...headers } });
        return [statusCode, body];
      };
      const machine = await ask({ authorization: `Bearer ${token}` });
      assert.deepEqual(await ask({ 'x-api-key': key }), machine);
      // Whoever shows both is a machine, as for CrowdSec.
      assert.deepEqual(await ask({ 'x-api-key': 'wrong', authorization: `Bearer ${token}` }), machine);
    });
  }

  test('are closed to others: a wrong key is refused like a bouncer, none like a machine', async () => {
    const wrong = await instance.app.inject({ url: '/v1/allowlists', headers: { 'x-api-key': 'wrong' } });
    assert.deepEqual([wrong.statusCode, wrong.json()], [403, { message: 'access forbidden' }]);
    const none = await instance.app.inject('/v1/allowlists');
    assert.deepEqual([none.statusCode, none.json()], [401, { code: 401, message: 'cookie token is empty' }]);
  });
});
