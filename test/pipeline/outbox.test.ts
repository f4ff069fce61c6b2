import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../ts/config/log.js';
import { limits } from '../../ts/limits.js';
import type { Alert } from '../../ts/model/alert.js';
import { withEvents } from '../../ts/model/alert-events.js';
import { Outbox, type SendAlerts } from '../../ts/pipeline/outbox.js';

function alert(id: number): Alert {
  return { id, scenario: 's', scenario_hash: '', scenario_version: '', message: '', events_count: 1, start_at: '', stop_at: '',
    capacity: 0, leakspeed: '', simulated: false, events: [], source: { scope: 'Ip', value: '192.0.2.1' } };
}

function outbox(send: SendAlerts, alertsMax = 1000, whenFull: 'wait' | 'drop-oldest' = 'wait'): Outbox {
  return new Outbox({ send, alertsMax, whenFull, log: silentLog, retryMs: () => 1 });
}

test('an alert goes at once, what arrives during a request is the next batch', async () => {
  const sent: number[][] = [];
  const releases: (() => void)[] = [];
  const box = outbox((alerts) => new Promise<void>((resolve) => {
    sent.push(alerts.map(({ id }) => id ?? -1));
    releases.push(resolve);
  }));
  await box.put([alert(1)]);
  assert.deepEqual(sent, [[1]]);
  await box.put([alert(2)]);
  await box.put([alert(3)]);
  assert.deepEqual(sent, [[1]]);
  releases.shift()?.();
  const drained = box.drain(5000);
  await new Promise(setImmediate);
  assert.deepEqual(sent, [[1], [2, 3]]);
  releases.shift()?.();
  assert.deepEqual(await drained, []);
});

test('a batch has events of at most so many characters, and always an alert', async () => {
  const sent: number[][] = [];
  const box = outbox(async (alerts) => { sent.push(alerts.map(({ id }) => id ?? -1)); });
  const withLength = (id: number, parts: number): Alert => withEvents(alert(id), '['.padEnd(parts * limits.outboxBatchCharsMax / 96 - 1) + ']');
  await box.put([withLength(1, 60), withLength(2, 60), withLength(3, 500), withLength(4, 90), withLength(5, 5), withLength(6, 0.5), alert(7)]);
  assert.deepEqual(await box.drain(5000), []);
  assert.deepEqual(sent, [[1], [2], [3], [4, 5, 6, 7]]);
});

test('gathered alerts go when there are enough of them, when they have waited, or when the outbox is drained', async () => {
  const sent: number[] = [];
  const made = (gatherMs: number, alertsMax = 1000): Outbox => new Outbox({ send: async (alerts) => { sent.push(alerts.length); },
    alertsMax, whenFull: 'wait', gatherMs, log: silentLog });
  const box = made(1e6);
  await box.put([alert(1), alert(2)]);
  await box.put([alert(3)]);
  assert.deepEqual(sent, []);
  await box.put(Array.from({ length: 29 }, (_, id) => alert(4 + id)));
  assert.deepEqual(sent, [32]);
  await new Promise(setImmediate);
  await box.put([alert(33)]);
  assert.deepEqual(sent, [32]);
  assert.deepEqual(await box.drain(5000), []);
  assert.deepEqual(sent, [32, 1]);
  const waited = made(1);
  await waited.put([alert(1)]);
  while (sent.length < 3) await new Promise(setImmediate);
  assert.deepEqual([sent, waited.waiting], [[32, 1, 1], 0]);
  const small = made(1e6, 2);
  await small.put([alert(1), alert(2)]);
  assert.deepEqual(sent, [32, 1, 1, 2]);
});

test('a refused batch is sent again until it is taken, in order and without doubles', async () => {
  let refusals = 3;
  const taken: number[] = [];
  const box = outbox(async (alerts) => {
    if (refusals-- > 0) throw new Error('away');
    taken.push(...alerts.map(({ id }) => id ?? -1));
  });
  await box.put([alert(1)]);
  await box.put([alert(2)]);
  assert.deepEqual(await box.drain(5000), []);
  assert.deepEqual(taken, [1, 2]);
});

test('a full outbox drops the oldest and counts it, live', async () => {
  const box = outbox(() => new Promise(() => {}), 3, 'drop-oldest');
  await box.put([1, 2, 3, 4, 5].map(alert));
  assert.deepEqual([box.waiting, box.dropped], [3, 2]);
});

test('a full outbox makes the replay wait', async () => {
  const releases: (() => void)[] = [];
  const box = outbox(() => new Promise<void>((resolve) => { releases.push(resolve); }), 2, 'wait');
  await box.put([alert(1), alert(2)]);
  let through = false;
  const second = box.put([alert(3)]).then(() => { through = true; });
  await new Promise(setImmediate);
  assert.equal(through, false);
  releases.shift()?.();
  await second;
  assert.equal(through, true);
});

test('draining gives up after its time and says how many are left', async () => {
  const box = outbox(async () => { throw new Error('away'); });
  await box.put([alert(1), alert(2)]);
  assert.equal((await box.drain(20)).length, 2);
});
