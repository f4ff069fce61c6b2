// How much memory V8 may take before it collects, and processor time beside the threads' own work. By itself it lets each thread have
// 48 MB of young objects and its old ones grow fourfold, because a server has memory to spare; whoever guards one has not.

import { setFlagsFromString } from 'node:v8';
import { isMainThread, type ResourceLimits } from 'node:worker_threads';
import { loadGrokAddon } from '../../native/index.js';
import { limits } from '../limits.js';

/** For threads that parse and pour. */
export const workerHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.workerYoungHeapMbMax, maxOldGenerationSizeMb: limits.workerHeapMbMax };

/** For the thread of the Local API. */
export const lapiHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.lapiYoungHeapMbMax, maxOldGenerationSizeMb: limits.lapiHeapMbMax };

/** How much of a function, in bytes of its code, V8 runs between two looks at whether to compile it for speed. */
const ownCompileBytes = 67_584;

/**
 * V8's flags for the time when everything runs: how much old objects may grow; that a thread moves its young objects alone (few are
 * left of a batch, so four helpers that are woken for them cost more than the work they share); and that functions are compiled
 * when they have run four times as long as V8 waits. Those of each line come there in a moment, and the many that run for an alert now
 * and then would cost more to compile than they ever win.
 */
export const boundFlags = `--heap-growing-percent=${limits.heapGrowthPercentMax} --no-parallel-scavenge --interrupt-budget=${4 * ownCompileBytes}`;

/** The same flags as V8 has them by itself. */
export const startFlags = `--heap-growing-percent=0 --parallel-scavenge --interrupt-budget=${ownCompileBytes}`;

/**
 * To be called before threads start. V8 takes kept code, that of Node's own modules too, only under the flags that it was made
 * under: with others each thread would compile 35 ms of modules anew. So the heaps are bounded when all have loaded.
 * The addon bounds the arenas of malloc when it is loaded: here, before V8's helpers have taken one each.
 */
export function prepareHeaps(): void {
  loadGrokAddon();
  setFlagsFromString(startFlags);
}

/**
 * To be called by each thread when it has started: a little later, when nobody waits for the start any more, what only the start
 * needed is given back.
 */
export function settleHeap(): void {
  setTimeout(() => {
    const addon = loadGrokAddon();
    addon.shrinkHeap();
    if (isMainThread) addon.releasePages();
  }, limits.settleDelayMs).unref();
}

/** Sets boundFlags for all threads: to be called when they have loaded. The young ones of main are bounded in bin/palisade. */
export function boundHeaps(): void {
  setFlagsFromString(boundFlags);
}
