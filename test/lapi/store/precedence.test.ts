import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { DecisionFollower } from '../../../lapi/store/decision-follower.js';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { Precedence, precedenceBytes } from '../../../lapi/store/precedence.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
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

test('an import rests while there are attacks, longer after more work, and otherwise not', async (context) => {
  const shared = new SharedArrayBuffer(precedenceBytes);
  const [ban, writer] = [new Precedence(shared), new Precedence(shared)];
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  /** Whether it rests at all, and the milliseconds, which a busy machine makes more. */
  const restsFor = async (workedMs: number): Promise<[boolean, number]> => {
    const startMs = performance.now();
    let isOver = false;
    const resting = writer.rest(workedMs).then(() => { isOver = true; });
    await Promise.resolve();
    const rests = !isOver;
    await resting;
    return [rests, performance.now() - startMs];
  };
  assert.equal((await restsFor(10))[0], false);
  await ban.during(async () => {});
  const [rests, restedMs] = await restsFor(10);
  assert.equal(rests, true);
  assert.ok(restedMs > 18);
  const [, longestMs] = await restsFor(1_000);
  assert.ok(longestMs > lapiLimits.restMsMax - 2 && longestMs < 1_000);
  context.mock.timers.tick(lapiLimits.attackMsMax);
  assert.equal((await restsFor(10))[0], false);
});

test('slices wait for a reader that is far behind them, as long as it moves', async (context) => {
  const shared = new SharedArrayBuffer(precedenceBytes);
  const [reader, writer] = [new Precedence(shared), new Precedence(shared)];
  let nowMs = 1_000_000;
  let looks = 0;
  context.mock.method(Date, 'now', () => {
    looks++;
    return nowMs;
  });
  const written = 3 * lapiLimits.unreadRowsMax;
  // Nobody reads.
  await writer.giveWayToReader(written);
  let isDone = false;
  const waiting = (): Promise<void> => {
    isDone = false;
    return writer.giveWayToReader(written).then(() => { isDone = true; });
  };
  const isStillWaiting = async (): Promise<void> => {
    for (const until = looks + 2; looks < until; await setImmediate()) assert.equal(isDone, false);
  };
  reader.noteReadTo(1);
  const first = waiting();
  await isStillWaiting();
  nowMs += lapiLimits.giveWayMsMax - 1;
  reader.noteReadTo(2);
  await isStillWaiting();
  nowMs += lapiLimits.giveWayMsMax - 1;
  await isStillWaiting();
  reader.noteReadTo(written - lapiLimits.unreadRowsMax);
  await first;
  reader.noteReadTo(1);
  const second = waiting();
  await isStillWaiting();
  reader.noteReadTo(0);
  await second;
  reader.noteReadTo(1);
  const third = waiting();
  await isStillWaiting();
  nowMs += lapiLimits.giveWayMsMax;
  await third;
});

test('an import does not run so far ahead of who reads it that a ban behind it is not found', async (context) => {
  const store = await storeOf(context);
  const left: number[] = [];
  const follower = new DecisionFollower(store, () => { left.push(follower.known!.journal.position.open.length); });
  await follower.current();
  let isWriting = true;
  const writing = store.alerts.add(null, [imported(40_000, 'lists')]).finally(() => { isWriting = false; });
  while (isWriting) {
    await follower.current();
    await setImmediate();
  }
  await writing;
  await follower.current();
  assert.equal(follower.known!.index.size, 40_000);
  const ahead = lapiLimits.unreadRowsMax / lapiLimits.decisionSliceRows + lapiLimits.slicesPerTransaction;
  assert.ok(Math.max(...left) <= ahead, `${Math.max(...left)} slices were left`);
  // What was written and handed over is not forgotten before it is read, and a position can name it.
  assert.ok(ahead < lapiLimits.writtenSlicesKept && ahead < lapiLimits.largeTransactionsLeftMax);
});

test('an import is not read while a ban is on its way into the database, which is read first then', async (context) => {
  const store = await storeOf(context);
  let isTaken = false;
  let given = 0;
  const precedence = { get isTaken() { return isTaken; }, giveWay: async () => {
    given++;
    await store.alerts.add(null, [imported(1, 'crowdsec')]);
  }, noteReadTo() {} } as unknown as Precedence;
  const known: string[] = [];
  const follower = new DecisionFollower({ ...store, precedence }, () => {
    known.push([...new Set([...follower.known!.index.each()].map(({ origin }) => origin))].sort().join(' '));
  });
  await follower.current();
  isTaken = true;
  await store.alerts.add(null, [imported(150, 'lists')]);
  // It goes on being taken, so the import is read after one wait.
  await follower.current();
  assert.equal(given, 1);
  assert.deepEqual(known, ['crowdsec', 'crowdsec lists']);
});

async function storeOf(context: TestContext): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-precedence-'));
  const store = await openStore({ type: 'sqlite', path: join(folder, 'db'), useWal: true, bulkSize: 100 });
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

function imported(count: number, origin: string): IncomingAlert {
  return { ...alertBody(), decisions: Array.from({ length: count }, (_, index) => (
    { origin, type: 'ban', scope: 'Ip', value: `11.${index >> 16}.${index >> 8 & 255}.${index & 255}`, scenario: 's', duration: '4h' })) } as unknown as IncomingAlert;
}
