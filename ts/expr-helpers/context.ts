// What CrowdSec's helper functions reach beyond their arguments. One for each runtime (thread); the pipeline makes it
// and hands it in, so helpers themselves hold no state, read no clock and open nothing.

import type RE2 from 're2';
import type { Log } from '../config/log.js';
import type { GoTime } from '../util/go-time.js';
import type { DataFiles } from './data-files.js';
import type { DnsCache } from './dns.js';
import type { GeoReader } from './geo-reader.js';
import type { StashStore } from './stash.js';

/** Counts of decisions in the Local API's database. */
export interface DecisionCounts {
  /** Decisions ever taken on a value, or those since an instant. */
  count(value: string, since: GoTime | null): Promise<number>;
  /** Decisions on a value that hold now. */
  activeCount(value: string): Promise<number>;
  /** Nanoseconds until the last decision on a value ends, 0 for none. */
  activeTimeLeftNs(value: string): Promise<number>;
}

/** Everything a helper function may use. */
export interface HelperContext {
  readonly files: DataFiles;
  readonly stash: StashStore;
  /** Null when data_dir has no geographic databases. */
  readonly geo: GeoReader | null;
  readonly dns: DnsCache;
  /** Null where there is no database: counts are then 0. */
  readonly decisions: DecisionCounts | null;
  /** Compiles a regular expression known only at run time; bounded and remembered. */
  readonly regex: (pattern: string) => RE2;
  now(): GoTime;
  readonly log: Log;
}
