import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { DecisionFollower } from '../../../lapi/store/decision-follower.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { Precedence, precedenceBytes } from '../../../lapi/store/precedence.js';
import { openStore } from '../../../lapi/store/store.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { alertBody } from '../instance.js';

test('who has it is waited for by all who share it, but not for ever', async (context) => {
  const shared = new SharedArrayBuffer(precedenceBytes);
  const [one, other] = [new Precedence(shared), new Precedence(shared)];
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  await other.giveWay();
  let isDone = false;
  await one.during(async () => {
    const waiting = other.giveWay().then(() => { isDone = true; });
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    assert.equal(isDone, false);
    context.mock.timers.tick(lapiLimits.giveWayMsMax);
    await waiting;
  });
  await assert.rejects(one.during(async () => {
    assert.ok(other.isTaken);
    throw new Error('failed');
  }), /failed/);
  assert.equal(other.isTaken, false);
  one.take();
  context.mock.timers.tick(lapiLimits.precedenceMsMax);
  assert.equal(other.isTaken, false);
});

test('an import is not read while a ban is on its way into the database, which is read first then', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-precedence-'));
  const store = await openStore({ type: 'sqlite', path: join(folder, 'db'), useWal: true, bulkSize: 100 });
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const decisions = (count: number, origin: string): IncomingAlert => ({ ...alertBody(), decisions: Array.from({ length: count },
    (_, index) => ({ origin, type: 'ban', scope: 'Ip', value: `11.0.${index >> 8}.${index & 255}`, scenario: 's', duration: '4h' })) }) as unknown as IncomingAlert;
  let isTaken = false;
  let given = 0;
  const precedence = { get isTaken() { return isTaken; }, giveWay: async () => {
    given++;
    await store.alerts.add(null, [decisions(1, 'crowdsec')]);
  } } as unknown as Precedence;
  const known: string[] = [];
  const follower = new DecisionFollower({ ...store, precedence }, () => {
    known.push([...new Set([...follower.known!.index.each()].map(({ origin }) => origin))].sort().join(' '));
  });
  await follower.current();
  isTaken = true;
  await store.alerts.add(null, [decisions(150, 'lists')]);
  // It goes on being taken, so the import is read after one wait.
  await follower.current();
  assert.equal(given, 1);
  assert.deepEqual(known, ['crowdsec', 'crowdsec lists']);
});
