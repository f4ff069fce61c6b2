// Pouring against the naive oracle: every feature, random logs, several workers over one memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBuckets } from '../../ts/buckets/memory.js';
import { oracleAnswer, pourerOf, pourOne } from './pour-harness.js';
import { allScenarios, randomLog, testNames } from './random-log.js';

const seedOfRun = Number(process.env['PALISADE_SEED'] ?? Math.floor(Math.random() * 1e6));
const memory = { slotsMax: 4096, arenaBytesMax: 64 * 2 ** 20, keptEventsMax: 50 };

for (const mode of ['live', 'timeMachine', 'mixed'] as const) {
  for (const workerCount of [1, 2, 4]) {
    test(`random logs give the oracle's alerts, ${mode}, ${workerCount} workers taking turns`, () => {
      for (let seed = seedOfRun; seed < seedOfRun + 6; seed++) {
        const scenarios = allScenarios();
        const names = testNames();
        const log = randomLog(seed, mode, 1500);
        const buckets = createBuckets(scenarios, { ...memory, workerCount });
        const pourers = Array.from({ length: workerCount }, (_, worker) => pourerOf(scenarios, buckets, names, worker));
        const expected = oracleAnswer(scenarios, log, testNames(), memory.keptEventsMax);
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
