// What a worker is started with: the rules and data files as plain data, the shared memory, the clock.

import type { SharedBuckets } from '../buckets/memory.js';
import type { Simulation } from '../config/config.js';
import type { GeoData } from '../expr-helpers/geo-reader.js';
import type { DataFileContent } from '../expr-helpers/data-files.js';
import type { Rules } from './rules.js';

/** What every thread that runs rules needs. */
export interface RuntimeSetup {
  readonly rules: Rules;
  readonly dataFiles: readonly DataFileContent[];
  /** null when data_dir has no geographic databases. */
  readonly geo: GeoData | null;
  readonly dns: { readonly ttlMs: number; readonly negativeTtlMs: number; readonly size: number };
  /** Milliseconds added to the wall clock. */
  readonly clockOffsetMs: number;
}

/** What a worker needs besides. */
export interface WorkerSetup extends RuntimeSetup {
  readonly buckets: SharedBuckets;
  /** Number of this worker, from 0. */
  readonly index: number;
  readonly simulation: Simulation;
  /** Bytes of one value of an alert's context. */
  readonly contextValueLength: number;
}
