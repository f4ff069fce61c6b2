// One thread of the contention suite: pours every so manieth batch into memory that others pour into as well. Begins when
// told, and says how many pours it counted.

import { parentPort, workerData } from 'node:worker_threads';
import { pourBench, type Shared } from './buckets.js';

/** What the thread is told. */
export interface PourTask extends Shared {
  readonly workerCount: number;
  readonly scenarioCount: number;
  readonly sourceCount: number;
  readonly batchCount: number;
}

const { worker, workerCount, scenarioCount, sourceCount, batchCount, buckets } = workerData as PourTask;
const pour = pourBench(scenarioCount, sourceCount, { buckets, worker });
parentPort?.once('message', () => {
  for (let seq = worker; seq < batchCount; seq += workerCount) pour(seq);
  parentPort?.postMessage(pour.counted());
});
parentPort?.postMessage(0);
