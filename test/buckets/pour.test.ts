// Pouring against the naive oracle: every feature, random logs, several workers over one memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { BucketEngine, createBuckets } from '../../ts/buckets/memory.js';
import { oracleAnswer, pourerOf, pourOne } from './pour-harness.js';
import type { ThreadTask } from './pour-thread.js';
import { allScenarios, randomLog, testNames } from './random-log.js';
import { Counters } from '../../ts/metrics/counters.js';
import { testSeed } from '../support/random.js';

const seedOfRun = testSeed();
const memory = { slotsMax: 4096, arenaBytesMax: 64 * 2 ** 20, keptEventsMax: 50 };

const known = new Map<string, string[][]>();

for (const mode of ['live', 'timeMachine', 'mixed'] as const) {
  for (const workerCount of [1, 2, 4]) {
    test(`random logs give the oracle's alerts, ${mode}, ${workerCount} workers taking turns`, () => {
      for (let seed = seedOfRun; seed < seedOfRun + 3; seed++) {
        const scenarios = allScenarios();
        const names = testNames();
        const log = randomLog(seed, mode, 1000);
        const buckets = createBuckets(scenarios, { ...memory, workerCount });
        const pourers = Array.from({ length: workerCount }, (_, worker) => pourerOf(scenarios, buckets, names, worker));
        const expected = expectedOf(seed, mode, 1000);
        let alerts = 0;
        for (const [seq, batch] of log.batches.entries()) {
          const answer = pourOne(pourers[seq % workerCount], batch, seq, names);
          assert.deepEqual(answer, expected[seq], `seed ${seed}, batch ${seq} (PALISADE_SEED=${seed} repeats it)`);
          alerts += answer.length;
        }
        assert.ok(alerts > 50, `seed ${seed}: only ${alerts} alerts`);
      }
    });
  }
}

for (const workerCount of [1, 2, 4]) {
  test(`${workerCount} worker threads over one memory give the oracle's alerts, in the same order`, async () => {
    const scenarios = allScenarios();
    const seed = seedOfRun + 100;
    const lines = 1500;
    const log = randomLog(seed, 'mixed', lines);
    const buckets = createBuckets(scenarios, { ...memory, workerCount });
    const expected = expectedOf(seed, 'mixed', lines);
    const threads = Array.from({ length: workerCount }, (_, worker) => answersOf({ buckets, worker, workerCount, seed,
      mode: 'mixed', lines }));
    const answers = new Map((await Promise.all(threads)).flat());
    for (const seq of log.batches.keys()) {
      assert.deepEqual(answers.get(seq), expected[seq], `seed ${seed}, batch ${seq} (PALISADE_SEED=${seed - 100} repeats it)`);
    }
  });
}

test('who has to wait for its turn is given something else to do, once a batch, and its pours come in their order all the same', () => {
  const seed = seedOfRun + 200;
  const scenarios = allScenarios();
  const names = testNames();
  const { batches } = randomLog(seed, 'mixed', 1000);
  const buckets = createBuckets(scenarios, { ...memory, workerCount: 2 });
  const answers: string[][] = [];
  const waited: number[] = [];
  let seq = 0;
  const first = pourerOf(scenarios, buckets, names, 0, new Counters(), () => assert.fail('nobody is before it'));
  // The batch before is poured only when this one has to wait for it.
  const second = pourerOf(scenarios, buckets, names, 1, new Counters(), () => {
    waited.push(seq);
    answers[seq - 1] = pourOne(first, batches[seq - 1], seq - 1, names);
    return true;
  });
  for (seq = 1; seq < batches.length; seq += 2) answers[seq] = pourOne(second, batches[seq], seq, names);
  if (batches.length % 2 === 1) answers.push(pourOne(first, batches[batches.length - 1], batches.length - 1, names));
  assert.deepEqual(waited, Array.from({ length: Math.floor(batches.length / 2) }, (_, index) => 2 * index + 1));
  assert.deepEqual(answers, expectedOf(seed, 'mixed', 1000), `PALISADE_SEED=${seedOfRun} repeats it`);
});

test('a bucket that one worker fills runs over in another, with its events', () => {
  const scenarios = allScenarios();
  const names = testNames();
  const buckets = createBuckets(scenarios, { ...memory, workerCount: 4 });
  const pourers = [0, 1, 2, 3].map((worker) => pourerOf(scenarios, buckets, names, worker));
  const answers = [0, 1, 2, 3].flatMap((seq) => pourOne(pourers[seq], { nowMs: 1_700_000_000_000, drafts: [{
    meta: { service: 'ssh', source_ip: '10.9.9.9', user: `user${seq}` }, marshaledTime: '2023-11-14T22:13:20Z', live: false,
    process: true, whitelisted: false }] }, seq, names));
  const leaky = answers.filter((line) => line.startsWith('0 leaky '));
  assert.equal(leaky.length, 1);
  for (const user of ['user0', 'user1', 'user2', 'user3']) assert.ok(leaky[0].includes(user), `${user} is in ${leaky[0]}`);
});

test('when the memory is stopped, a worker that waits for its turn throws instead', async () => {
  const scenarios = allScenarios();
  const buckets = createBuckets(scenarios, { ...memory, workerCount: 2 });
  // Worker 1 waits for batch 0, which nobody pours.
  const waiting = answersOf({ buckets, worker: 1, workerCount: 2, seed: 1, mode: 'live', lines: 10 });
  const engine = new BucketEngine(buckets);
  const refused = assert.rejects(waiting, /the bucket memory was stopped/);
  engine.stop();
  await refused;
});

/** The oracle is slow: it answers once for all numbers of workers. */
function expectedOf(seed: number, mode: 'live' | 'timeMachine' | 'mixed', lines: number): string[][] {
  const key = `${seed} ${mode} ${lines}`;
  let answer = known.get(key);
  if (answer === undefined) {
    known.set(key, answer = oracleAnswer(allScenarios(), randomLog(seed, mode, lines), testNames(), memory.keptEventsMax));
  }
  return answer;
}

function answersOf(task: ThreadTask): Promise<[number, string[]][]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./pour-thread.js', import.meta.url), { workerData: task });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
