// Runs many tests in one process: in this thread, or shared out among worker threads that fetch the next test when they
// are done with one. Outcomes come back in the order of the tests.

import { Worker } from 'node:worker_threads';
import { entryUrl } from '../entry.js';
import type { TestOptions, TestOutcome } from './run-test.js';
import { runTest } from './run-test.js';
import { HubItems } from './hub-items.js';
import { loadTest } from './test-case.js';
import { TestData } from './test-data.js';
import type { TestSurroundings } from './replay-test.js';

/** Where tests are and what they run with: plain data, so that threads can be given it. */
export interface HubOptions {
  readonly hubDir: string;
  /** Where data files and geographic databases are looked for, in this order. */
  readonly dataDirs: readonly string[];
  readonly patternDir: string;
  readonly clockOffsetMs: number;
}

/** How a run goes. */
export type RunOptions = HubOptions & TestOptions;

/** To a thread: the next test. From a thread: its outcome. */
export type ToTester = { readonly name: string };
export type FromTester = { readonly outcome: TestOutcome };

/** Below so many tests a thread costs more than it saves: each reads the hub and warms up for itself. */
const testsPerThreadMin = 20;

/** Reads what all tests share. */
export function surroundingsOf({ hubDir, dataDirs, patternDir, clockOffsetMs }: HubOptions): TestSurroundings {
  return { hub: new HubItems(hubDir), data: new TestData(dataDirs), patternDir, clockOffsetMs };
}

/** Runs tests by name, on at most so many threads. `onOutcome` hears of each as it ends. */
export async function runTests(names: readonly string[], options: RunOptions, jobs: number,
  onOutcome: (outcome: TestOutcome) => void = () => {}): Promise<TestOutcome[]> {
  const threads = Math.min(jobs, Math.floor(names.length / testsPerThreadMin));
  if (threads > 1) return runInThreads(names, options, threads, onOutcome);
  const around = surroundingsOf(options);
  const outcomes: TestOutcome[] = [];
  for (const name of names) {
    const outcome = await runTest(loadTest(options.hubDir, name), around, options);
    outcomes.push(outcome);
    onOutcome(outcome);
  }
  return outcomes;
}

async function runInThreads(names: readonly string[], options: RunOptions, threads: number,
  onOutcome: (outcome: TestOutcome) => void): Promise<TestOutcome[]> {
  const outcomes = new Array<TestOutcome>(names.length);
  let next = 0;
  const work = (): Promise<void> => new Promise((resolve, reject) => {
    const thread = new Worker(entryUrl('ts/hubtest/tester-thread'), { workerData: options });
    let index = -1;
    const give = (): void => {
      index = next++;
      if (index < names.length) thread.postMessage({ name: names[index] } satisfies ToTester);
      else void thread.terminate().then(() => resolve());
    };
    thread.on('error', reject);
    thread.on('message', ({ outcome }: FromTester) => {
      outcomes[index] = outcome;
      onOutcome(outcome);
      give();
    });
    give();
  });
  await Promise.all(Array.from({ length: threads }, work));
  return outcomes;
}
