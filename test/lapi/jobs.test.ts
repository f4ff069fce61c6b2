import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { retentionPlan, type FlushConfig } from '../../lapi/jobs/plan.js';
import { runRetention } from '../../lapi/jobs/retention-job.js';
import { repeat, type Wait } from '../../lapi/jobs/schedule.js';
import { lapiLimits } from '../../lapi/limits.js';
import type { IncomingAlert } from '../../lapi/store/prepared-alert.js';
import type { Store } from '../../lapi/store/store.js';
import { silentLog } from '../../ts/config/log.js';
import { alertBody } from './instance.js';
import { testDatabases } from './store/databases.js';

const hourMs = 3600_000;

for (const database of testDatabases()) describe(`retention, ${database.name}`, { skip: database.skip }, () => {
  before(() => database.start());
  after(() => database.stop());
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  const open = async (): Promise<Store> => (await database.create())(() => clock.ms);
  const alert = (duration?: string): IncomingAlert => alertBody(duration === undefined ? {} : {
    stop_at: new Date(clock.ms).toISOString(), decisions: [{ origin: 'cscli', type: 'ban', scope: 'Ip', value: '192.0.2.1',
      duration, scenario: 's' }] }) as unknown as IncomingAlert;
  const keep = async (store: Store, flush: FlushConfig): Promise<number[]> => {
    await runRetention(store, retentionPlan(flush), silentLog);
    return (await store.db.selectFrom('alerts').select('id').orderBy('id').execute()).map((row) => row.id);
  };

  test('by number keeps the newest, and those whose decision is in force', async () => {
    const store = await open();
    await store.alerts.add(null, [alert('4h'), alert('-1h'), alert(), alert(), alert()]);
    assert.deepEqual(await keep(store, { max_items: 2 }), [1, 3, 4, 5]);
    clock.ms += 5 * hourMs;
    assert.deepEqual(await keep(store, { max_items: 2 }), [3, 4, 5]);
    await store.close();
  });

  test('by age keeps those whose decision is in force', async () => {
    const store = await open();
    await store.alerts.add(null, [alert('100h'), alert('1h')]);
    clock.ms += 48 * hourMs;
    await store.alerts.add(null, [alert()]);
    assert.deepEqual(await keep(store, { max_age: '1d' }), [1, 3]);
    await store.close();
  });

  test('works through more rows than one slice', async () => {
    const store = await open();
    await store.alerts.add(null, Array.from({ length: lapiLimits.flushSliceRows + 50 }, () => alert()));
    assert.equal((await keep(store, { max_items: 10 })).length, 11);
    const events = await store.db.selectFrom('events').select('id').execute();
    assert.equal(events.length, 11);
    await store.close();
  });

  test('looks at a few slices a round, at the next ones in the next, and then begins anew', async () => {
    const store = await open();
    const ids = (await store.alerts.add(null, Array.from({ length: lapiLimits.flushSliceRows + 50 }, () => alert()))).ids;
    const orphan = (id: number) => store.db.updateTable('events').set({ alert_events: null }).where('alert_events', '=', id).execute();
    await orphan(ids.at(-1)!);
    const rounds = [await store.retention.removeOrphans(1), await store.retention.removeOrphans(1)];
    await orphan(ids[0]);
    rounds.push(await store.retention.removeOrphans(1));
    assert.deepEqual(rounds, [0, 1, 1]);
    await store.close();
  });

  test('of alerts looks at a few slices a round too', async () => {
    const store = await open();
    const long = Array.from({ length: lapiLimits.flushSliceRows }, () => alert('1000h'));
    await store.alerts.add(null, [...long, alert(), alert()]);
    clock.ms += 48 * hourMs;
    await store.alerts.add(null, [alert()]);
    const bounds = { ageMaxNs: 24 * hourMs * 1e6, countMax: 2 };
    const rounds = [];
    for (let round = 0; round < 3; round++) rounds.push(await store.retention.flushAlerts(bounds, 1));
    const total = lapiLimits.flushSliceRows + 3;
    assert.deepEqual(rounds, [{ byAge: 0, byCount: 0, total: 0 }, { byAge: 2, byCount: 0, total }, { byAge: 0, byCount: 0, total: 0 }]);
    await store.close();
  });

  test('removes silent machines and bouncers of the type it was told, never this host or an owner of alerts', async () => {
    const store = await open();
    for (const [name, ipAddress] of [['remote', '192.0.2.1'], ['local', '127.0.0.1'], ['owner', '192.0.2.2'], ['fresh', '192.0.2.3']]) {
      await store.machines.add({ name, passwordHash: 'x', ipAddress, isValidated: true });
      await store.machines.recordHeartbeat(name);
    }
    await store.alerts.add('owner', [alert()]);
    const bouncer = await store.bouncers.add({ name: 'b', keyHash: 'x', ipAddress: '', isAutoCreated: false });
    await store.bouncers.recordPull(bouncer!, store.now());
    await store.bouncers.add({ name: 'never-pulled', keyHash: 'y', ipAddress: '', isAutoCreated: false });
    clock.ms += 2 * hourMs;
    await store.machines.recordHeartbeat('fresh');
    await keep(store, { agents_autodelete: { login_password: '1h', cert: '1m' }, bouncers_autodelete: { api_key: '1h' } });
    assert.deepEqual((await store.machines.list()).map((machine) => machine.name), ['local', 'owner', 'fresh']);
    assert.deepEqual((await store.bouncers.list()).map((row) => row.name), ['never-pulled']);
    await store.close();
  });

  test('removes reports after a week, ended allowlist items, and what lost its alert', async () => {
    const store = await open();
    await store.usageMetrics.add('RC', 'b', '{}');
    await store.allowlists.add('l', '');
    await store.allowlists.addItems(1, [{ value: '192.0.2.1', comment: '', expiresAt: store.now().add(3600e9) }]);
    await store.alerts.add(null, [alert('1h')]);
    await store.db.updateTable('events').set({ alert_events: null }).execute();
    await store.db.updateTable('decisions').set({ alert_decisions: null }).execute();
    clock.ms += 8 * 24 * hourMs;
    await keep(store, {});
    assert.deepEqual(await store.usageMetrics.list('RC'), []);
    for (const table of ['allow_list_items', 'events', 'decisions'] as const) {
      assert.deepEqual(await store.db.selectFrom(table).select('id').execute(), [], table);
    }
    await store.close();
  });

  const refused: [config: FlushConfig, message: RegExp][] = [
    [{ max_items: 0 }, /max_items can't be zero or negative/], [{ max_items: -1 }, /max_items/],
    [{ max_age: '1y' }, /max_age: .*unknown unit "y"/], [{ metrics_max_age: 'x' }, /metrics_max_age: .*invalid duration "x"/],
    [{ agents_autodelete: { cert: 'x' } }, /agents_autodelete\.cert/],
  ];
  for (const [config, message] of refused) {
    test(`${JSON.stringify(config)} is refused at start`, () => {
      assert.throws(() => retentionPlan(config), { code: 'E_CONFIG', message });
    });
  }

  test('says which combinations it does not serve', () => {
    assert.equal(retentionPlan({ agents_autodelete: { api_key: '1h' }, bouncers_autodelete: { login_password: '1h' } }).warnings.length, 2);
  });
});

test('a schedule never overlaps rounds, and stopping waits for the one under way', async () => {
  let due = (): void => {};
  const wait: Wait = (_ms, then) => {
    due = then;
    return () => { due = () => {}; };
  };
  let finish = (): void => {};
  let rounds = 0;
  const schedule = repeat(() => new Promise<void>((resolve) => {
    rounds++;
    finish = resolve;
  }), 1, wait);
  due();
  assert.equal(rounds, 1);
  const stopped = schedule.stop();
  finish();
  await stopped;
  due();
  assert.equal(rounds, 1);
});
