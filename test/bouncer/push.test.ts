// The bouncer on the stream of changes of a real Local API: bans, unbans and allowlists arrive at once although it polls
// once an hour, also those that were made while the Local API was away.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DryRunBackend } from '../../bouncer/backends/dry-run.js';
import { readConfig } from '../../bouncer/config.js';
import { startBouncer } from '../../bouncer/run.js';
import { listen, type Listening } from '../../lapi/listen.js';
import { silentLog } from '../../ts/config/log.js';
import { GoTime } from '../../ts/util/go-time.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from '../lapi/instance.js';
import { waitFor } from './wait-for.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-push-'));
after(() => rmSync(folder, { recursive: true }));
const socket = join(folder, 'lapi.sock');

async function ban(instance: Instance, token: string, ...values: readonly string[]): Promise<void> {
  const decisions = values.map((value) => ({ duration: '1h', origin: 'cscli', scenario: 's', type: 'ban', value,
    scope: value.includes('/') ? 'Range' : 'Ip' }));
  const response = await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${token}` },
    payload: JSON.stringify([alertBody({ decisions, start_at: new Date().toISOString(), stop_at: new Date().toISOString() })]) });
  assert.equal(response.statusCode, 201, response.body);
}

async function unban(instance: Instance, token: string, value: string): Promise<void> {
  const response = await instance.app.inject({ method: 'DELETE', url: `/v1/decisions?value=${value}`,
    headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.statusCode, 200, response.body);
}

test('what changes arrives at once, and what changed meanwhile after a restart of the Local API', async () => {
  let instance = await startInstance({ nowMs: Date.now(), changeBeatMs: 50 });
  const { store } = instance;
  const timer = setInterval(() => { instance.clock.ms = Date.now(); }, 5);
  const serve = (): Promise<Listening> => listen(instance.app, { listenUri: '', listenSocket: socket, tls: null });
  let listening = await serve();
  const token = await logIn(instance);
  const file = join(folder, 'bouncer.yaml');
  writeFileSync(file, `mode: nftables\napi_url: ${socket}\napi_key: ${await addBouncer(instance)}\nupdate_frequency: 1h\n`);
  const backend = new DryRunBackend();
  const held = (set: string): string[] => [...backend.sets.get(set)?.keys() ?? []].sort();
  await ban(instance, token, '192.0.2.1', '198.51.100.0/24');
  const bouncer = await startBouncer(readConfig(file), backend, silentLog);
  try {
    await bouncer.ready;
    assert.deepEqual([held('4/address/cscli'), held('4/range/cscli')], [['192.0.2.1'], ['198.51.100.0-198.51.100.255']]);
    await ban(instance, token, '192.0.2.2', '2001:db8::1');
    await waitFor('the bans', () => held('4/address/cscli').includes('192.0.2.2') && held('6/address/cscli').includes('2001:db8::1'));
    await unban(instance, token, '192.0.2.1');
    await waitFor('the unban', () => !held('4/address/cscli').includes('192.0.2.1'));

    await listening.close();
    instance = await startInstance({ nowMs: Date.now(), store, changeBeatMs: 50 });
    await ban(instance, token, '192.0.2.3');
    await unban(instance, token, '192.0.2.2');
    assert.deepEqual(held('4/address/cscli'), ['192.0.2.2']);
    listening = await serve();
    await waitFor('what happened meanwhile', () => held('4/address/cscli').join() === '192.0.2.3');

    await store.allowlists.add('friends', 'whom we trust');
    const { id } = (await store.allowlists.get('friends', false))!;
    await store.allowlists.addItems(id, [{ value: '203.0.113.0/24', comment: '', expiresAt: GoTime.zero }]);
    await waitFor('the allowlist', () => held('4/never/').includes('203.0.113.0-203.0.113.255'));
    assert.deepEqual(bouncer.feedCounts.failures > 0, true, 'it was away');
  } finally {
    await bouncer.stop();
    clearInterval(timer);
    await listening.close();
    await store.close();
  }
});
