// How much memory V8 may take before it collects. By itself it lets each thread have 48 MB of young objects and its old ones
// grow fourfold, because a server has memory to spare; whoever guards one has not. The main thread's is bin/palisade.

import type { ResourceLimits } from 'node:worker_threads';
import { limits } from '../limits.js';

/** For threads that parse and pour. */
export const workerHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.workerYoungHeapMbMax, maxOldGenerationSizeMb: limits.workerHeapMbMax };

/** For the thread of the Local API. */
export const lapiHeap: ResourceLimits = { maxYoungGenerationSizeMb: limits.lapiYoungHeapMbMax, maxOldGenerationSizeMb: limits.lapiHeapMbMax };
