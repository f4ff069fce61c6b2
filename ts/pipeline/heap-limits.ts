// How much memory V8 may take before it collects. By itself it lets each thread have 48 MB of young objects and its old ones
// grow fourfold, because a server has memory to spare; whoever guards one has not.

import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits, Worker } from 'node:worker_threads';
import { loadGrokAddon } from '../../native/index.js';
import { limits } from '../limits.js';

/** For threads that parse and pour. */
export const workerHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.workerYoungHeapMbMax, maxOldGenerationSizeMb: limits.workerHeapMbMax };

/** For the thread of the Local API. */
export const lapiHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.lapiYoungHeapMbMax, maxOldGenerationSizeMb: limits.lapiHeapMbMax };

/** V8's flags when threads start: how much old objects may grow; young ones begin with the size they would grow to. */
export const threadFlags = `--heap-growing-percent=${limits.heapGrowthPercentMax} --min-semi-space-size=${Math.ceil(limits.workerYoungHeapMbMax / 3)}`;

/**
 * Bounds the heaps of the process: to be called before threads start. The main thread's young objects stay as few as they are.
 * The addon bounds the arenas of malloc when it is loaded: here, before V8's helpers have taken one each.
 */
export function boundHeaps(): void {
  loadGrokAddon();
  setFlagsFromString(threadFlags);
  stopYoungGrowth();
}

/** To be called for each thread that starts: V8 then sets the factor back to two. */
export function keepHeapsBounded(thread: Worker): void {
  thread.once('online', stopYoungGrowth);
}

/** The size of the main thread's young objects is a flag of the command line only, but a growth of one is none. */
function stopYoungGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
