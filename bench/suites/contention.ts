// Threads that pour into one memory, batch after batch in their order: what a pour costs with one, two and four of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { eventCount, sharedBuckets } from './buckets.js';
import type { PourTask } from './pour-thread.js';

const threadCounts = [1, 2, 4];
const scenarioCount = 1;
const sourceCount = 10_000;
/** Compiled code is what is measured, so most of them only warm up. */
const warmBatches = 400;
const batchCount = 2000;

/** A row for each number of threads: nanoseconds of processor time a pour, and pours in a second of the clock. */
export async function runContention(tell: (line: string) => void): Promise<{ label: string; value: number }[]> {
  tell('\n## Pours of several threads into one memory\n\n| threads | CPU ns a pour | pours a second |\n|---|---|---|');
  const bars: { label: string; value: number }[] = [];
  for (const threads of threadCounts) {
    const [warm, whole] = [await pourWith(threads, warmBatches), await pourWith(threads, batchCount)];
    const pours = (batchCount - warmBatches) * eventCount * scenarioCount;
    const perSecond = pours / (whole.wallSeconds - warm.wallSeconds);
    tell(`| ${threads} | ${(((whole.cpuSeconds - warm.cpuSeconds) * 1e9) / pours).toFixed(0)} | ${Math.round(perSecond)} |`);
    bars.push({ label: `pours, ${threads} threads`, value: perSecond });
  }
  return bars;
}

async function pourWith(threads: number, batches: number): Promise<{ cpuSeconds: number; wallSeconds: number }> {
  const buckets = sharedBuckets(scenarioCount, threads);
  const workers = Array.from({ length: threads }, (_, worker) => new Worker(new URL('pour-thread.js', import.meta.url), {
    workerData: { buckets, worker, workerCount: threads, scenarioCount, sourceCount, batchCount: batches } satisfies PourTask }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const cpu = process.cpuUsage();
  const start = performance.now();
  const counts = await Promise.all(workers.map(async (worker) => {
    worker.postMessage('begin');
    return (await once(worker, 'message') as [number])[0];
  }));
  const wallSeconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await Promise.all(workers.map((worker) => worker.terminate()));
  assert.equal(counts.reduce((sum, count) => sum + count, 0), batches * eventCount * scenarioCount);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds };
}
