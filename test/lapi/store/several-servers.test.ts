import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { retentionPlan } from '../../../lapi/jobs/plan.js';
import { runRetentionInTurn } from '../../../lapi/jobs/retention-job.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { cursorAt } from '../../../lapi/store/decision-delta.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import type { Store } from '../../../lapi/store/store.js';
import { silentLog } from '../../../ts/config/log.js';
import { addBouncer, alertBody, logIn, startInstance } from '../instance.js';
import { testDatabases } from './databases.js';

const everything = { contains: true, withSimulated: true };

for (const database of testDatabases()) describe(`several Local APIs on one database, ${database.name}`, { skip: database.skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-several-'));
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  let open: (nowMs: () => number) => Promise<Store>;
  before(async () => {
    await database.start();
    open = await database.create();
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await database.stop();
  });

  const ban = (store: Store, value: string) => store.alerts.add(null, [alertBody({ stop_at: new Date(clock.ms).toISOString(),
    decisions: [{ origin: 'o', type: 'ban', scope: 'Ip', value, scenario: 's', duration: '4h' }] }) as unknown as IncomingAlert]);

  test('take the tokens of each other, and a bouncer goes on at another where it stopped', async () => {
    const first = await startInstance({ store: await open(() => clock.ms) });
    const second = await startInstance({ store: await open(() => clock.ms) });
    const authorization = `Bearer ${await logIn(first)}`;
    assert.equal((await second.app.inject({ url: '/v1/alerts', headers: { authorization } })).statusCode, 200);
    const key = await addBouncer(first);
    const pull = async (at: typeof first): Promise<string> => {
      at.store.dialect.noteWrite();
      const { body } = await at.app.inject({ url: '/v1/decisions/stream', headers: { 'x-api-key': key, 'user-agent': 'test/v1' } });
      await at.store.bouncers.flushPulls();
      clock.ms += 1000;
      return [...body.matchAll(/"value":"([^"]*)"/g)].map((match) => match[1]).join();
    };
    await ban(first.store, '10.0.0.1');
    assert.equal(await pull(first), '10.0.0.1');
    await ban(second.store, '10.0.0.2');
    assert.equal(await pull(second), '10.0.0.2');
    await ban(first.store, '10.0.0.3');
    await ban(second.store, '10.0.0.4');
    assert.equal(await pull(first), '10.0.0.3,10.0.0.4');
    assert.equal(await pull(second), '');
    await Promise.all([first.close(), second.close()]);
  });

  test('tell those who wait at one what was written at the other', async (context) => {
    const [server, other] = [await open(() => clock.ms), await open(() => clock.ms)];
    await server.decisions.keepInMemory();
    let cursor = cursorAt((await server.decisions.inMemory())!, server.now());
    const heard: string[] = [];
    let arrived = (): void => {};
    // One after the other: two that were asked at once would both start at the same cursor.
    let asked: Promise<void> = Promise.resolve();
    const ask = async (): Promise<void> => {
      const delta = await server.decisions.delta(cursor, everything, true);
      cursor = delta!.cursor;
      heard.push(...delta!.added.map((one) => one.value));
      arrived();
    };
    const unsubscribe = server.decisions.subscribe(() => { asked = asked.then(ask); });
    context.after(async () => {
      unsubscribe();
      await asked;
      await Promise.all([server.close(), other.close()]);
    });
    for (let i = 0; i < 3; i++) {
      await ban(other, `10.1.0.${i}`);
      while (heard.length <= i) await new Promise<void>((resolve) => { arrived = resolve; });
      assert.deepEqual(heard[i], `10.1.0.${i}`);
    }
  });

  test('leave what recurs to one of them, and to another when that one is gone or ends', async () => {
    const [first, second] = [await open(() => clock.ms), await open(() => clock.ms)];
    const hold = (store: Store): Promise<boolean> => store.jobs.hold(lapiLimits.jobLeaseMs);
    assert.deepEqual([await hold(first), await hold(second), await hold(first)], [true, false, true]);
    clock.ms += lapiLimits.jobLeaseMs + 1;
    assert.deepEqual([await hold(second), await hold(first)], [true, false]);
    await second.close();
    const third = await open(() => clock.ms);
    const taken = await Promise.all([hold(first), hold(third)]);
    assert.equal(taken.filter(Boolean).length, 1);
    await Promise.all([first.close(), third.close()]);
  });

  test('remove old alerts once', async () => {
    const [first, second] = [await open(() => clock.ms), await open(() => clock.ms)];
    await sql`delete from alerts`.execute(first.db);
    await first.alerts.add(null, Array.from({ length: 5 }, () => alertBody() as unknown as IncomingAlert));
    const lines: string[] = [];
    const log = { ...silentLog, info: (line: string) => { lines.push(line); } };
    for (const store of [first, second]) await runRetentionInTurn(store, retentionPlan({ max_items: 2 }), log);
    assert.deepEqual(lines, ['flushed 2/5 alerts: no more than 2 are kept']);
    await Promise.all([first.close(), second.close()]);
  });
});
