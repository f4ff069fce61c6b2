// Runs the log of a test through the rules it names, in this thread, and keeps everything that happened.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSource } from '../acquisition/modules.js';
import { fileDefaults } from '../acquisition/sources/file.js';
import { createBuckets } from '../buckets/memory.js';
import { silentLog } from '../config/log.js';
import { PalisadeError } from '../errors.js';
import type { RuleFile } from '../hub/installed.js';
import { Counters } from '../metrics/counters.js';
import type { DumpRecord } from '../pipeline/dump-record.js';
import { DumpRun } from '../pipeline/dump-run.js';
import { loadRules, type Rules } from '../pipeline/rules.js';
import type { HubItems } from './hub-items.js';
import type { TestCase } from './test-case.js';
import type { TestData } from './test-data.js';

/** What all tests of a run share. */
export interface TestSurroundings {
  readonly hub: HubItems;
  readonly data: TestData;
  /** Folder of grok patterns, '' for the embedded ones. */
  readonly patternDir: string;
  readonly clockOffsetMs: number;
}

/** What became of a test's log. */
export interface Replay {
  readonly record: DumpRecord;
  readonly rules: Rules;
  /** Data files that rules name and no folder has. */
  readonly missingData: readonly string[];
}

/** Enough for any test, and quick to lay out. */
const bucketSizes = { workerCount: 1, slotsMax: 65_536, arenaBytesMax: 256 * 1024 * 1024 };
const dns = { ttlMs: 3_600_000, negativeTtlMs: 300_000, size: 1024 };

/** Throws a PalisadeError when the rules do not load or the log cannot be read or is empty. */
export async function replayTest(test: TestCase, around: TestSurroundings): Promise<Replay> {
  const rules = loadTestRules(test, around);
  const { files, missing } = around.data.of(rules.dataFiles);
  const counters = new Counters();
  const run = new DumpRun({ buckets: createBuckets(rules.scenarios, bucketSizes), counters, log: silentLog, contextValueLength: 4000,
    simulation: { global: false, exclusions: [] },
    setup: { rules, dataFiles: files, geo: around.data.geo, dns, clockOffsetMs: around.clockOffsetMs } });
  const { path, config } = test;
  const file = join(path, config.logFile);
  const source = createSource({ module: 'file', labels: { ...config.labels, type: config.logType }, mode: 'cat', useTimeMachine: true,
    name: '', uniqueId: '', logLevel: null, transform: null, place: null,
    file: { ...fileDefaults, patterns: [file.replace(/[*?[\\]/g, '\\$&')], excludeRegexps: [] } },
  { log: silentLog, counters, metricsLevel: 'full', positions: null, now: () => Date.now() + around.clockOffsetMs });
  await source.open();
  let lines = 0;
  for await (const batch of source.batches()) {
    lines += batch.count;
    await run.take(batch);
  }
  if (lines === 0) throw new PalisadeError('E_SOURCE', `log file '${file}' is empty or missing, please fill it with log`);
  return { record: run.record, rules, missingData: missing };
}

function loadTestRules(test: TestCase, { hub, patternDir }: TestSurroundings): Rules {
  const files = hub.filesOf(test);
  const config = { paths: { patternDir }, engine: null };
  if (test.config.overrideStatics.length === 0) return loadRules(config, files);
  const folder = mkdtempSync(join(tmpdir(), 'palisade-hubtest-'));
  try {
    const overrides = overridesFile(folder, test.config.overrideStatics);
    return loadRules(config, { ...files, parsers: [overrides, ...files.parsers] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The node that makes fields look as the test wants them. It sorts before all others; JSON is YAML. */
function overridesFile(folder: string, statics: readonly unknown[]): RuleFile {
  const realPath = join(folder, '00_overrides.yaml');
  writeFileSync(realPath, JSON.stringify({ name: 'overrides', filter: '1==1', statics }));
  return { path: 'parsers/s00-raw/00_overrides.yaml', realPath, stage: 's00-raw', name: 'overrides', version: '?', hash: '', status: 'local' };
}
