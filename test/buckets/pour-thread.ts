// One worker thread of the threaded comparison: pours its share of a random log and posts what ran over.

import { parentPort, workerData } from 'node:worker_threads';
import type { SharedBuckets } from '../../ts/buckets/memory.js';
import { pourerOf, pourOne } from './pour-harness.js';
import { allScenarios, randomLog, testNames } from './random-log.js';

/** What the thread is told. */
export interface ThreadTask {
  readonly buckets: SharedBuckets;
  readonly worker: number;
  readonly workerCount: number;
  readonly seed: number;
  readonly mode: 'live' | 'timeMachine' | 'mixed';
  readonly lines: number;
}

const task = workerData as ThreadTask;
const names = testNames();
const pourer = pourerOf(allScenarios(), task.buckets, names, task.worker);
const answers: [number, string[]][] = [];
for (const [seq, batch] of randomLog(task.seed, task.mode, task.lines).batches.entries()) {
  if (seq % task.workerCount === task.worker) answers.push([seq, pourOne(pourer, batch, seq, names)]);
}
parentPort?.postMessage(answers);
