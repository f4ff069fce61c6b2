// Turns of a shard between threads: whoever waits is woken by every pass, not only by the first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as abi from '../../engine-wasm/abi.js';
import { BucketEngine, createBuckets, type SharedBuckets } from '../../ts/buckets/memory.js';

const wantedTurn = 6;

if (isMainThread) {
  test('a thread that waits for a later turn is woken again and again until it comes', { timeout: 30_000 }, async () => {
    const buckets = createBuckets([], { workerCount: 2, slotsMax: 4096, arenaBytesMax: 64 * 2 ** 20 });
    const engine = new BucketEngine(buckets);
    const thread = new Worker(new URL(import.meta.url), { workerData: buckets });
    const calls = new Promise<number>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
    const waiters = (engine.uint32[(abi.headerAt + abi.headerShardsAt) / 4] + abi.shardWaiters) / 4;
    for (let turn = 0; turn < wantedTurn; turn++) {
      while (Atomics.load(engine.int32, waiters) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      // It counts itself among the waiters shortly before it sleeps.
      await new Promise((resolve) => setTimeout(resolve, 5));
      engine.exports.passTurn(0);
    }
    assert.ok(await calls <= wantedTurn + 1);
  });
} else {
  const { exports } = new BucketEngine(workerData as SharedBuckets);
  let calls = 1;
  // A lost wake-up would cost a minute here, more than the test has.
  while (exports.awaitTurn(0, wantedTurn, 60_000) === abi.turnTimedOut) calls++;
  parentPort?.postMessage(calls);
}
