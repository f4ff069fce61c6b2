// A thread that runs one test after the other: entry point of the threads of run-all.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { type FromTester, type RunOptions, surroundingsOf, type ToTester } from './run-all.js';
import { runTest } from './run-test.js';
import { loadTest } from './test-case.js';

const port = parentPort;
if (port !== null) {
  const options = workerData as RunOptions;
  const around = surroundingsOf(options);
  port.on('message', ({ name }: ToTester) => {
    void runTest(loadTest(options.hubDir, name), around, options)
      .then((outcome) => port.postMessage({ outcome } satisfies FromTester));
  });
}
