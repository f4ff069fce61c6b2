import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Tokens } from '../../lapi/auth/token.js';
import { LapiMetrics } from '../../lapi/metrics.js';
import { retentionPlan } from '../../lapi/jobs/plan.js';
import { runRetention } from '../../lapi/jobs/retention-job.js';
import { lapiLimits } from '../../lapi/limits.js';
import { forgetBans } from '../../lapi/store/ban-history.js';
import { NeverBan } from '../../lapi/never-ban.js';
import { openProfiles } from '../../lapi/profiles.js';
import { buildServer } from '../../lapi/server.js';
import type { Store } from '../../lapi/store/store.js';
import { silentLog } from '../../ts/config/log.js';
import type { Decision } from '../../ts/model/alert.js';
import { parseGoDuration } from '../../ts/util/go-duration.js';
import { alertBody, defaultSettings, logIn, secret, type Instance } from './instance.js';
import { testDatabases } from './store/databases.js';

const hourMs = 3_600_000;
const profiles = `name: by_expression
filters: ['Alert.Remediation == true && Alert.GetScenario() == "test/expression"']
decisions: [{type: ban, duration: 4h}]
duration_expr: "'30m'"
on_success: break
---
name: usual
filters: ['Alert.Remediation == true && Alert.GetScope() in ["Ip", "Range"]']
decisions: [{type: ban, duration: 4h}]
on_success: break
`;

for (const database of testDatabases()) describe(`alerts come in, ${database.name}`, { skip: database.skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-intake-'));
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  const said: string[] = [];
  const log = { ...silentLog, info: (text: string) => { said.push(text); }, warning: (text: string) => { said.push(text); } };
  let instance: Instance;
  let store: Store;
  let token: string;
  before(async () => {
    await database.start();
    store = await (await database.create())(() => clock.ms);
    await store.decisions.keepInMemory();
    writeFileSync(join(folder, 'profiles.yaml'), profiles);
    const nowMs = (): number => clock.ms;
    const metrics = new LapiMetrics();
    const app = buildServer({ store, metrics, log, secret, nowMs, settings: defaultSettings, certificates: null,
      neverBan: new NeverBan({ ownAddresses: false, addresses: ['192.0.2.0/24'] }, nowMs), afterUnbanNs: 2 * hourMs * 1e6,
      profiles: openProfiles({ profilesPath: join(folder, 'profiles.yaml'), dataDir: folder, store, nowMs, log: silentLog,
        escalation: { steps: null, factor: 2, maximumNs: 100 * hourMs * 1e6, jitterNs: 0, memoryNs: 720 * hourMs * 1e6 } }) });
    instance = { app, store, metrics, clock, close: async () => {
      await app.close();
      await store.close();
    } };
    token = await logIn(instance);
  });
  after(async () => {
    await instance.close();
    await database.stop();
    rmSync(folder, { recursive: true });
  });

  const post = async (...alerts: object[]) => instance.app.inject({ method: 'POST', url: '/v1/alerts',
    headers: { authorization: `Bearer ${await freshToken()}` }, payload: JSON.stringify(alerts) });
  /** The clock runs faster than tokens live. */
  const freshToken = async (): Promise<string> => token = new Tokens(secret, () => clock.ms).issue((await instance.store.machines.get('testm'))!).text;
  const attack = (ip: string, changes: object = {}) =>
    alertBody({ start_at: new Date(clock.ms).toISOString(), stop_at: new Date(clock.ms).toISOString(), ...changes }, ip);
  const byHand = (...values: string[]) => alertBody({ stop_at: new Date(clock.ms).toISOString(), decisions: values.map((value): Decision => ({
    value, scope: value.includes('/') ? 'range' : 'ip', type: 'ban', origin: 'cscli', scenario: 'x', duration: '1h' })) });
  /** Hours of the decisions that an attack led to. */
  const hoursAfter = async (ip: string, changes: object = {}): Promise<number[]> => {
    const answer = await post(attack(ip, changes));
    assert.equal(answer.statusCode, 201, answer.body);
    const [id] = answer.json() as [string];
    const { decisions } = (await instance.app.inject({ url: `/v1/alerts/${id}`, headers: { authorization: `Bearer ${token}` } })).json() as
      { decisions: Decision[] | null };
    return (decisions ?? []).map(({ duration }) => Math.round(parseGoDuration(duration) / 3600e9 * 100) / 100);
  };
  const spared = async (reason: string): Promise<number> => (await instance.metrics.snapshot(store))
    .find(({ name, labels }) => name === 'palisade_decisions_spared_total' && labels['reason'] === reason)?.value ?? 0;

  test('bans grow with those that ended before, not with several at once', async () => {
    assert.deepEqual(await hoursAfter('203.0.113.1'), [4]);
    assert.deepEqual(await hoursAfter('203.0.113.1', { scenario: 'test/other' }), [4], 'still the first ban');
    clock.ms += 5 * hourMs;
    assert.deepEqual(await hoursAfter('203.0.113.1'), [8]);
    assert.deepEqual(await hoursAfter('203.0.113.2'), [4], 'somebody else');
    clock.ms += 9 * hourMs;
    assert.deepEqual(await hoursAfter('203.0.113.1', { scenario: 'test/expression' }), [0.5], 'duration_expr is taken at its word');
    clock.ms += hourMs;
    assert.deepEqual(await hoursAfter('203.0.113.1'), [32]);
    clock.ms += 1000 * hourMs;
    assert.deepEqual(await hoursAfter('203.0.113.1'), [4], 'long ago does not count');
  });

  test('bans still count when retention has taken their alerts away, until they are too old or too many', async () => {
    const value = '203.0.113.90';
    for (const hours of [4, 8]) {
      assert.deepEqual(await hoursAfter(value), [hours]);
      clock.ms += (hours + 1) * hourMs;
    }
    await runRetention(store, retentionPlan({ max_age: '1h' }), silentLog);
    const left = await store.db.selectFrom('decisions').select('id').where('value', '=', value).execute();
    assert.deepEqual(left, []);
    assert.deepEqual(await hoursAfter(value), [16], 'both are remembered');
    clock.ms += 17 * hourMs;
    assert.deepEqual(await hoursAfter(value), [32], 'two are remembered, one is stored');
    clock.ms += 33 * hourMs;
    await runRetention(store, retentionPlan({ max_age: '1h' }), silentLog);
    const kept = async (): Promise<number> => (await store.db.selectFrom('palisade_bans').select('id').where('value', '=', value).execute()).length;
    assert.equal(await kept(), 4);
    assert.ok(await forgetBans(store, 3) >= 1);
    assert.equal(await kept(), 3);
    clock.ms += (lapiLimits.pastBanDaysMax + 1) * 24 * hourMs;
    await runRetention(store, retentionPlan({}), silentLog);
    assert.equal(await kept(), 0);
  });

  test('of IPv6 the bans of a /64 count together, those that retention took away too', async () => {
    for (const [value, hours] of [['2001:db8:1:2::1', 4], ['2001:db8:1:2:ffff::7', 8], ['2001:db8:1:3::1', 4]] as const) {
      assert.deepEqual(await hoursAfter(value), [hours], value);
      clock.ms += (hours + 1) * hourMs;
    }
    await runRetention(store, retentionPlan({ max_age: '1h' }), silentLog);
    assert.deepEqual(await hoursAfter('2001:db8:1:2::9'), [16]);
    assert.deepEqual(await hoursAfter('2001:db8:1:3::9'), [8]);
  });

  test('simulated bans neither grow nor count', async () => {
    for (const hours of [[4], [4]]) {
      assert.deepEqual(await hoursAfter('203.0.113.3', { simulated: true }), hours);
      clock.ms += 5 * hourMs;
    }
    assert.deepEqual(await hoursAfter('203.0.113.3'), [4]);
  });

  test('who was let go by hand is left alone for a while', async () => {
    assert.deepEqual(await hoursAfter('203.0.113.4'), [4]);
    clock.ms += 60_000;
    const answer = await instance.app.inject({ method: 'DELETE', url: '/v1/decisions?ip=203.0.113.4', headers: { authorization: `Bearer ${await freshToken()}` } });
    assert.equal(answer.body, '{"nbDeleted":"1"}');
    clock.ms += 60_000;
    said.length = 0;
    assert.deepEqual(await hoursAfter('203.0.113.4'), []);
    assert.match(said.join('\n'), /no decision on Ip 203\.0\.113\.4 for test\/scenario: it was let go at .*, after_unban is 2h0m0s/);
    assert.equal(await spared('after_unban'), 1);
    assert.deepEqual(await hoursAfter('203.0.113.5'), [4], 'others are not');
    assert.equal((await post(byHand('203.0.113.4'))).statusCode, 201, 'a ban by hand is a ban');
    clock.ms += 2 * hourMs;
    assert.deepEqual(await hoursAfter('203.0.113.4'), [8]);
  });

  test('who was let go with a network around is left alone too; a ban that simply ended is no unban', async () => {
    assert.equal((await post(byHand('203.0.112.0/24'))).statusCode, 201);
    clock.ms += 60_000;
    await instance.app.inject({ method: 'DELETE', url: '/v1/decisions?range=203.0.112.0/24', headers: { authorization: `Bearer ${await freshToken()}` } });
    clock.ms += 60_000;
    assert.deepEqual(await hoursAfter('203.0.112.9'), []);
    assert.deepEqual(await hoursAfter('203.0.113.6'), [4]);
    clock.ms += 4 * hourMs + 1000;
    assert.deepEqual(await hoursAfter('203.0.113.6'), [8]);
  });

  test('a decision on whom is never banned is refused, and the answer says why', async () => {
    const before = await spared('configured');
    for (const [value, message] of [['192.0.2.9', '192.0.2.9 is never banned: it is named by never_ban in palisade.yaml'],
      ['192.0.0.0/16', '192.0.0.0/16 is never banned: it covers 192.0.2.0/24, named by never_ban in palisade.yaml'],
      ['127.0.0.1', '127.0.0.1 is never banned: it is loopback']]) {
      const answer = await post(byHand(value));
      assert.deepEqual([answer.statusCode, answer.json()], [403, { message }]);
    }
    assert.equal(await spared('configured'), before + 2);
    assert.equal(await spared('loopback'), 1);
  });

  test('of an import only those decisions are left out', async () => {
    said.length = 0;
    assert.equal((await post(byHand('192.0.2.1', '203.0.113.20', '127.0.0.1', '203.0.113.21'))).statusCode, 201);
    assert.match(said.join('\n'), /machine testm: 2 of 4 decisions left out: 192\.0\.2\.1 is never banned/);
    const active = await store.decisions.active({ contains: true, withSimulated: true, origins: ['cscli'] });
    assert.deepEqual(active.map(({ value }) => value).filter((value) => /^(203\.0\.113\.2\d|192|127)/.test(value)).sort(), ['203.0.113.20', '203.0.113.21']);
  });

  test('an attack from whom is never banned is an alert without a decision', async () => {
    said.length = 0;
    assert.deepEqual(await hoursAfter('192.0.2.33'), []);
    assert.match(said.join('\n'), /no decision for test\/scenario: 192\.0\.2\.33 is never banned/);
  });
});
