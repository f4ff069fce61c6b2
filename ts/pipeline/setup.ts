// What a worker is started with: the rules and data files as plain data, the shared memory, the clock.

import type { SharedBuckets } from '../buckets/memory.js';
import type { Config, Simulation } from '../config/config.js';
import { type DataFileContent, loadDataFile } from '../expr-helpers/data-files.js';
import { type GeoData, loadGeoData } from '../expr-helpers/geo-reader.js';
import { parseGoDuration } from '../util/go-duration.js';
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
  /** Goes into the uuid of each alert; see AlertFormatterOptions. */
  readonly uuidSalt: string;
  /** Bytes of one value of an alert's context. */
  readonly contextValueLength: number;
  /** Alerts say of each event where it came from. */
  readonly provenance: boolean;
}

/** Where complaints go: a Log, or what cscli prints on. */
export interface SetupLog {
  info(text: string): void;
  error(text: string): void;
}

/** Reads the data files that rules name and the geographic databases; what is missing is said once, as CrowdSec does. */
export function runtimeSetup(config: Config, rules: Rules, clockOffsetMs: number, log: SetupLog): RuntimeSetup {
  const { dataDir } = config.paths;
  const dataFiles = new Map<string, DataFileContent>();
  for (const { name, type, cache } of rules.dataFiles) {
    const key = `${type} ${name}`;
    if (dataFiles.has(key)) continue;
    try {
      dataFiles.set(key, loadDataFile(dataDir, name, type, cache));
    } catch (error) {
      log.error((error as Error).message);
    }
  }
  const dns = config.engine?.dnsCache;
  return { rules, dataFiles: [...dataFiles.values()], clockOffsetMs, geo: loadGeoData(dataDir, (text) => log.info(text)),
    dns: { ttlMs: parseGoDuration(dns?.ttl ?? '1h') / 1e6, negativeTtlMs: parseGoDuration(dns?.negativeTtl ?? '5m') / 1e6,
      size: dns?.size ?? 16_384 } };
}
