// The shared memory at its bounds: everything comes back, a full table evicts in order, a full arena loses events but
// never counts. And several threads in one small memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import * as abi from '../../engine-wasm/abi.js';
import { type Pourer } from '../../ts/buckets/pour.js';
import { BucketEngine, createBuckets, type SharedBuckets } from '../../ts/buckets/memory.js';
import { Counters } from '../../ts/metrics/counters.js';
import type { ThreadTask } from '../buckets/pour-thread.js';
import { pourerOf, pourOne } from '../buckets/pour-harness.js';
import { allScenarios, type Draft, handMade, randomLog, scenario, testNames } from '../buckets/random-log.js';
import { randomFrom } from '../../ts/util/random.js';

const dayMs = 86_400_000;
const startMs = 1_700_000_000_000;
const everything = handMade('() => true');
const bySource = handMade(`(event) => event.meta.get('source_ip')`);
const byUser = handMade(`(event) => event.meta.get('user')`);

function live(meta: Record<string, string>): Draft {
  return { meta, marshaledTime: '', live: true, process: true, whitelisted: false };
}

/** Lets all live buckets expire: two batches without events, far apart. */
function expireAll(pourer: Pourer, seq: number, nowMs: number): void {
  const names = testNames();
  pourOne(pourer, { drafts: [], nowMs: nowMs + dayMs }, seq, names);
  pourOne(pourer, { drafts: [], nowMs: nowMs + 2 * dayMs }, seq + 1, names);
}

function valueOf(counters: Counters, metric: string): number {
  return counters.snapshot().filter(({ name }) => name === metric).reduce((sum, { value }) => sum + value, 0);
}

test('when all buckets are gone, every slot and every block is free again', () => {
  const scenarios = allScenarios();
  const names = testNames();
  const buckets = createBuckets(scenarios, { workerCount: 1, slotsMax: 1024, arenaBytesMax: 16 << 20 });
  const engine = new BucketEngine(buckets);
  const counters = new Counters();
  const pourer = pourerOf(scenarios, buckets, names, 0, counters);
  const log = randomLog(11, 'live', 2000);
  for (const [seq, batch] of log.batches.entries()) pourOne(pourer, batch, seq, names);
  assert.ok(engine.slotsBusy > 10 && engine.exports.blocksInUse() > 10, 'the log fills buckets');
  expireAll(pourer, log.batches.length, log.batches.at(-1)!.nowMs);
  assert.equal(engine.slotsBusy, 0);
  assert.equal(engine.exports.blocksInUse(), 0);
  assert.equal(valueOf(counters, 'cs_buckets'), 0);
  assert.ok(valueOf(counters, 'cs_bucket_underflowed_total') > 0);
});

test('four threads in one small memory, with evictions, leave it whole', async () => {
  const scenarios = allScenarios();
  const workerCount = 4;
  const buckets = createBuckets(scenarios, { workerCount: workerCount + 1, slotsMax: 64, arenaBytesMax: 40 << 18 });
  const log = randomLog(12, 'live', 3000);
  await Promise.all(Array.from({ length: workerCount }, (_, worker) => finished({ buckets, worker, workerCount, seed: 12,
    mode: 'live', lines: 3000 })));
  const engine = new BucketEngine(buckets);
  assert.ok(engine.slotsBusy > 0 && engine.slotsBusy <= 64);
  expireAll(pourerOf(scenarios, buckets, testNames(), workerCount), log.batches.length, log.batches.at(-1)!.nowMs);
  assert.equal(engine.slotsBusy, 0);
  assert.equal(engine.exports.blocksInUse(), 0);
});

test('no bucket is lost while the index of the table doubles, and each goes when it runs over', () => {
  const scenarios = [scenario('bf', everything, { capacity: 2, leakspeedNs: 3600e9, groupby: bySource })];
  const buckets = createBuckets(scenarios, { workerCount: 1, slotsMax: 1 << 16, arenaBytesMax: 64 << 20 });
  const engine = new BucketEngine(buckets);
  const counters = new Counters();
  const names = testNames();
  const pourer = pourerOf(scenarios, buckets, names, 0, counters);
  const [sourceCount, batchSize] = [20_000, 1000];
  const addressOf = (n: number): string => `10.0.${n >> 8}.${n & 255}`;
  for (let seq = 0, overflows = 0; overflows < sourceCount; seq++) {
    const drafts = Array.from({ length: batchSize }, (_, i) => live({ source_ip: addressOf((seq * batchSize + i) % sourceCount) }));
    overflows += pourOne(pourer, { drafts, nowMs: startMs + seq }, seq, names).length;
    const poured = (seq + 1) * batchSize;
    assert.equal(engine.slotsBusy, poured <= 2 * sourceCount ? Math.min(poured, sourceCount) : 3 * sourceCount - poured);
  }
  assert.equal(valueOf(counters, 'cs_bucket_instantiation_total'), sourceCount);
  assert.equal(engine.exports.blocksInUse(), 0);
});

test('a full table evicts the least recently poured bucket, and counts it', () => {
  const scenarios = [scenario('bf', everything, { capacity: 2, leakspeedNs: 3600e9, groupby: bySource })];
  const [a, b, c] = keysOfOneShard(3);
  const names = testNames();
  const counters = new Counters();
  const pourer = pourerOf(scenarios, smallMemory(scenarios, 32), names, 0, counters);
  // Two slots a shard: c needs one of them, and a was poured after b.
  const order = [a, b, a, c, a, b, b];
  const overflows = order.flatMap((key, seq) => pourOne(pourer, { drafts: [live({ source_ip: key })], nowMs: startMs + seq }, seq, names)
    .map((line) => [seq, line.includes(`[${key}]`)]));
  assert.deepEqual(overflows, [[4, true]]);
  assert.equal(valueOf(counters, 'palisade_bucket_evicted_total'), 1);
});

test('a full table gives up an expired bucket before a living one that was poured earlier', () => {
  const scenarios = [
    scenario('long', handMade(`(event) => event.meta.get('service') === 'long'`), { capacity: 2, leakspeedNs: 3600e9, groupby: bySource, keyId: 0 }),
    scenario('short', handMade(`(event) => event.meta.get('service') === 'short'`), { capacity: 1, leakspeedNs: 1e9, groupby: bySource, keyId: 1 }),
  ];
  const names = testNames();
  const counters = new Counters();
  const pourer = pourerOf(scenarios, smallMemory(scenarios, 32), names, 0, counters);
  const shard = shardOf(scenarios, { service: 'long', source_ip: 'a' });
  const [first, second] = Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`)
    .filter((key) => shardOf(scenarios, { service: 'short', source_ip: key }) === shard);
  let seq = 0;
  const pour = (service: string, key: string, nowMs: number): string[] =>
    pourOne(pourer, { drafts: [live({ service, source_ip: key })], nowMs }, seq++, names);
  pour('long', 'a', startMs);
  pour('short', first, startMs + 10);
  pour('short', second, startMs + 2600);
  assert.equal(valueOf(counters, 'palisade_bucket_evicted_total'), 0);
  assert.equal(valueOf(counters, 'cs_bucket_underflowed_total'), 1);
  assert.equal(valueOf(counters, 'cs_buckets'), 2);
});

test('a long log with a few sources at a time does not keep the events of all: ended buckets go when many are queued', () => {
  const scenarios = [scenario('slow', everything, { type: 'conditional', capacity: -1, leakspeedNs: 60e9, groupby: bySource,
    condition: handMade('() => false') })];
  const counters = new Counters();
  const pourer = pourerOf(scenarios, createBuckets(scenarios, { workerCount: 1, slotsMax: 1 << 16, arenaBytesMax: 256 << 20 }), testNames(), 0, counters);
  const eventsOfSource = 500;
  const queuedMax: number[] = [];
  for (let source = 0; source < 1200; source++) {
    const at = new Date(startMs + source * 100_000).toISOString().replace('.000Z', 'Z');
    const draft = { ...live({ source_ip: `10.0.${source >> 8}.${source & 255}` }), live: false, marshaledTime: at };
    pourOne(pourer, { drafts: Array.from({ length: eventsOfSource }, () => draft), nowMs: startMs }, source, testNames());
    queuedMax.push(valueOf(counters, 'cs_buckets') * eventsOfSource);
  }
  assert.ok(Math.max(...queuedMax) > 100_000, 'they stay while they are few');
  assert.ok(Math.max(...queuedMax) < 250_000, `${Math.max(...queuedMax)} events in queues`);
  assert.equal(valueOf(counters, 'palisade_bucket_evicted_total'), 0);
});

test('when the arena is full events are lost and counted, but every pour still counts', () => {
  const scenarios = [scenario('big', everything, { type: 'conditional', capacity: -1, leakspeedNs: 3600e9, groupby: byUser,
    condition: handMade('(event, queue, leaky) => leaky.totalCount === 40') })];
  const names = testNames();
  const counters = new Counters();
  const buckets = createBuckets(scenarios, { workerCount: 1, slotsMax: 1024, arenaBytesMax: 4 << 18 });
  const pourer = pourerOf(scenarios, buckets, names, 0, counters);
  const answers = Array.from({ length: 40 }, (_, seq) => pourOne(pourer, { nowMs: startMs, drafts: [
    live({ user: 'one', source_ip: '10.0.0.1', text: 'x'.repeat(60_000) })] }, seq, names)).flat();
  assert.equal(answers.length, 1);
  assert.match(answers[0], /×40 /);
  assert.ok(valueOf(counters, 'palisade_bucket_events_lost_total') > 0);
  assert.equal(new BucketEngine(buckets).exports.blocksInUse(), 0);
});

for (const slotsMax of [32, 1 << 16]) {
  test(`hundreds of overflows in one batch pass the ring, each with its own events (${slotsMax} slots)`, () => {
    const scenarios = [scenario('bf', everything, { capacity: 2, leakspeedNs: 3600e9, groupby: bySource })];
    const buckets = createBuckets(scenarios, { workerCount: 1, slotsMax, arenaBytesMax: 16 << 20 });
    const drafts = Array.from({ length: 5 * abi.ringEntriesMax * 3 }, (_, i) => live({ source_ip: '10.0.0.1', user: `<${i}>` }));
    const answers = pourOne(pourerOf(scenarios, buckets, testNames(), 0), { drafts, nowMs: startMs }, 0, testNames());
    assert.equal(answers.length, 5 * abi.ringEntriesMax);
    for (const [i, answer] of answers.entries()) {
      assert.ok(answer.startsWith(`${3 * i + 2} bf `), answer);
      assert.deepEqual([...answer.matchAll(/<(\d+)>/g)].map(([, user]) => Number(user)), [3 * i, 3 * i + 1, 3 * i + 2]);
    }
    const engine = new BucketEngine(buckets);
    assert.deepEqual([engine.slotsBusy, engine.exports.blocksInUse()], [0, 0]);
  });
}

test('thousands of counters that end at one tick pass the ring', () => {
  const scenarios = [scenario('count', everything, { type: 'counter', capacity: -1, durationNs: 5e9, leakspeedNs: 5e9, groupby: bySource })];
  const buckets = createBuckets(scenarios, { workerCount: 1, slotsMax: 1 << 16, arenaBytesMax: 64 << 20 });
  const pourer = pourerOf(scenarios, buckets, testNames(), 0);
  const drafts = Array.from({ length: 6000 }, (_, i) => live({ source_ip: `10.0.${i % 2000 >> 8}.${i % 2000 & 255}` }));
  assert.deepEqual(pourOne(pourer, { drafts, nowMs: startMs }, 0, testNames()), []);
  const answers = pourOne(pourer, { drafts: [], nowMs: startMs + 5001 }, 1, testNames());
  assert.equal(new Set(answers).size, 2000);
  assert.ok(answers.every((answer) => answer.includes(' ×3 ')));
  const engine = new BucketEngine(buckets);
  assert.deepEqual([engine.slotsBusy, engine.exports.blocksInUse()], [0, 0]);
});

test('a bucket remembers thousands of distinct values exactly, and beyond the limit takes all', () => {
  const scenarios = [scenario('many', everything, { type: 'conditional', capacity: -1, leakspeedNs: 3600e9, cacheSize: 1,
    distinct: byUser, condition: handMade(`(event, queue, leaky) => event.meta.get('user') === 'last' && leaky.totalCount > 0`) })];
  const names = testNames();
  const counters = new Counters();
  const distinctValuesMax = 5000;
  const pourer = pourerOf(scenarios, createBuckets(scenarios, { workerCount: 1, slotsMax: 64, arenaBytesMax: 16 << 20,
    distinctValuesMax }), names, 0, counters);
  const random = randomFrom(3);
  const seen = new Set<string>();
  let seq = 0;
  const pour = (users: string[]): string[] => pourOne(pourer, { nowMs: startMs,
    drafts: users.map((user) => live({ user, source_ip: '10.0.0.1' })) }, seq++, names);
  for (let i = 0; i < 20; i++) {
    const users = Array.from({ length: 400 }, () => `user-${Math.floor(random() * 4000)}-é${'z'.repeat(Math.floor(random() * 3))}`);
    users.forEach((user) => seen.add(user));
    pour(users);
  }
  assert.ok(seen.size > 4000 && seen.size < distinctValuesMax + 3000);
  const known = Math.min(seen.size, distinctValuesMax);
  if (seen.size < distinctValuesMax) assert.match(pour(['last'])[0], new RegExp(`×${known + 1} `));
  else assert.ok(valueOf(counters, 'palisade_bucket_distinct_full_total') > 0);
});

/** Keys that fall into one shard of a memory with the same seed. */
function keysOfOneShard(count: number): string[] {
  const scenarios = [scenario('bf', everything, { capacity: 2, leakspeedNs: 3600e9, groupby: bySource })];
  const wanted = shardOf(scenarios, { source_ip: '10.0.0.0' });
  return Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`)
    .filter((key) => shardOf(scenarios, { source_ip: key }) === wanted).slice(0, count);
}

/** The shard in which an event makes its bucket. */
function shardOf(scenarios: ReturnType<typeof allScenarios>, meta: Record<string, string>): number {
  const buckets = smallMemory(scenarios, 32);
  pourOne(pourerOf(scenarios, buckets, testNames(), 0), { drafts: [live(meta)], nowMs: startMs }, 0, testNames());
  const { uint32 } = new BucketEngine(buckets);
  const first = uint32[(abi.headerAt + abi.headerShardsAt) / 4];
  return Array.from({ length: abi.shardCount }, (_, index) => index)
    .findIndex((index) => uint32[(first + index * abi.shardBytes + abi.shardSlotsBusy) / 4] === 1);
}

function smallMemory(scenarios: ReturnType<typeof allScenarios>, slotsMax: number): SharedBuckets {
  return createBuckets(scenarios, { workerCount: 1, slotsMax, arenaBytesMax: 4 << 20, hashSeed: new Uint8Array(16) });
}

function finished(task: ThreadTask): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('../buckets/pour-thread.js', import.meta.url), { workerData: task });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
