// Debian's crowdsec (1.4.6) as another writer of the database file that our Local API serves: its cscli bans and lets go
// through its own Local API, and bouncers at ours hear of each change once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import { addBouncer, logIn, startInstance, type Instance } from '../lapi/instance.js';
import { skipWithoutPackage } from '../support/debian-package.js';
import { freePort } from '../support/free-port.js';
import type { RunningDaemon } from '../support/instance.js';
import { DebianCrowdsec } from './debian-crowdsec.js';

interface Delta {
  readonly new: readonly { readonly value: string }[];
  readonly deleted: readonly { readonly value: string }[];
}

describe("Debian's crowdsec on the database that our Local API serves", skipWithoutPackage('crowdsec'), () => {
  let theirs: DebianCrowdsec;
  let api: RunningDaemon;
  let ours: Instance;
  after(async () => {
    await ours?.close();
    await api?.stop();
    theirs?.remove();
  });
  const cscli = async (...args: readonly string[]): Promise<void> => {
    const { exit, stdout, stderr } = await theirs.cscli(...args);
    assert.equal(exit, 0, stdout + stderr);
  };
  const start = async (): Promise<void> => {
    api = theirs.start('-no-cs');
    await api.until(() => fetch(theirs.url).then(() => true, () => false));
  };
  const pull = async (key: string, query = ''): Promise<Delta> => {
    const answer = await ours.app.inject({ url: `/v1/decisions/stream${query}`, headers: { 'x-api-key': key, 'user-agent': 'test/v1' } });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json();
  };
  const values = (rows: Delta['new']): string[] => rows.map(({ value }) => value).toSorted();

  test('each ban and each end of one is told once, whoever wrote it', async () => {
    theirs = new DebianCrowdsec(await freePort());
    await cscli('machines', 'add', 'admin', '-p', 'pass', '--force');
    await start();
    ours = await startInstance({ path: join(theirs.folder, 'instance/data/crowdsec.db'), nowMs: Date.now() });
    const clock = setInterval(() => { ours.clock.ms = Date.now(); }, 1);
    try {
      const key = await addBouncer(ours);
      await pull(key, '?startup=true');
      for (let round = 0; round < 4; round++) {
        const [a, b] = [`203.0.113.${round}`, `198.51.100.${round}`];
        await cscli('decisions', 'add', '--ip', a, '--duration', '1h');
        await cscli('decisions', 'add', '--range', `10.${round}.0.0/16`, '--duration', '1h');
        await ours.store.alerts.add(null, [{ ...banOf(b) }]);
        const { new: added, deleted } = await pull(key);
        assert.deepEqual([values(added), values(deleted)], [[`10.${round}.0.0/16`, b, a].toSorted(), []]);
        await cscli('decisions', 'delete', '--ip', a);
        await cscli('decisions', 'delete', '--ip', b);
        // An end is told when the clock has passed it.
        await sleep(2);
        const later = await pull(key);
        assert.deepEqual([values(later.new), values(later.deleted)], [[], [a, b].toSorted()]);
        assert.deepEqual(await pull(key), { new: [], deleted: [] });
      }
      await ours.store.bouncers.flushPulls();
    } finally {
      clearInterval(clock);
    }
  });

  test('it builds the tables anew when it starts again, as it knows them: ours puts back what is missing and goes on', async () => {
    const clock = setInterval(() => { ours.clock.ms = Date.now(); }, 1);
    try {
      const key = await addBouncer(ours, 'second');
      await pull(key, '?startup=true');
      await ours.store.bouncers.flushPulls();
      await api.stop();
      await start();
      await cscli('decisions', 'add', '--ip', '203.0.113.200', '--duration', '1h');
      // It was told that there may be more that it does not know.
      assert.ok(values((await pull(key)).new).includes('203.0.113.200'));
      const token = await logIn(ours, 'engine');
      const answer = await ours.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${token}` },
        payload: JSON.stringify([banOf('203.0.113.201')]) });
      assert.equal(answer.statusCode, 201, answer.body);
      await cscli('decisions', 'delete', '--ip', '203.0.113.201');
      await sleep(2);
      const { new: added, deleted } = await pull(key);
      assert.deepEqual([values(added), values(deleted)], [[], ['203.0.113.201']]);
    } finally {
      clearInterval(clock);
    }
  });
});

function banOf(value: string) {
  const now = new Date().toISOString();
  return { scenario: 'test/scenario', scenario_hash: '', scenario_version: '', message: '', events_count: 1, start_at: now, stop_at: now, capacity: 1,
    leakspeed: '1s', simulated: false, remediation: true, events: [], source: { scope: 'Ip', value, ip: value },
    decisions: [{ origin: 'cscli', type: 'ban', scope: 'Ip', value, duration: '1h', scenario: 'manual' }] };
}
