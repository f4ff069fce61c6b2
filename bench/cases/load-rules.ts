// Run as a process of its own by bench/suites/hub.ts: loads what an instance has installed, makes it runnable and parses one
// line. Says on standard output what it found and when it was done, in milliseconds since the process began.

import { readFileSync } from 'node:fs';
import { loadConfig } from '../../ts/config/config.js';
import { silentLog } from '../../ts/config/log.js';
import { Event } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { installedItems } from '../../ts/hub/installed.js';
import { Counters } from '../../ts/metrics/counters.js';
import { LinkedParser } from '../../ts/parser/linked.js';
import { Parser } from '../../ts/parser/run.js';
import { linkScenarios } from '../../ts/buckets/linked.js';
import { loadRules } from '../../ts/pipeline/rules.js';
import { runtimeSetup } from '../../ts/pipeline/setup.js';
import { ThreadRuntime } from '../../ts/pipeline/thread-runtime.js';

/** What one load took, for the suite. */
export interface LoadReport {
  readonly parsers: number;
  readonly postoverflows: number;
  readonly scenarios: number;
  readonly contexts: number;
  readonly warnings: readonly string[];
  /** The program is in memory. */
  readonly startedMs: number;
  readonly loadedMs: number;
  readonly linkedMs: number;
  readonly firstLineMs: number;
  /** What of it the main thread had a processor: what a machine without other work would take. */
  readonly mainThreadMs: number;
  readonly isParsed: boolean;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

const [configFile, line, type] = process.argv.slice(2);
const startedMs = performance.now();
const config = loadConfig(configFile);
const { configDir, hubDir, index } = config.paths;
const installed = installedItems({ configDir, hubDir, indexPath: index });
const rules = loadRules(config, installed);
const loadedMs = performance.now();
const runtime = new ThreadRuntime(runtimeSetup(config, rules, 0, silentLog), new Counters(), silentLog);
const parser = new Parser(new LinkedParser(rules.parsers, runtime));
linkScenarios(rules.scenarios, runtime.expr);
const linkedMs = performance.now();
const bytes = Buffer.from(line);
const event = new Event(runtime.names);
event.resetToLine({ source: { src: 'bench', module: 'file', labels: { type }, mode: ExpectMode.timeMachine }, bytes, count: 1,
  spans: Uint32Array.of(0, bytes.length), flags: Uint8Array.of(1), readAtMs: Date.now(), seq: 0 }, bytes, 0);
if (parser.parseBatch([event], 1) > 0) parser.runStashPass();
const firstLineMs = performance.now();
const mainThreadMs = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
const { user, system } = process.cpuUsage();
const report: LoadReport = { parsers: installed.parsers.length, postoverflows: installed.postoverflows.length, scenarios: installed.scenarios.length,
  contexts: installed.contexts.length, warnings: rules.warnings, startedMs, loadedMs, linkedMs, firstLineMs, mainThreadMs, isParsed: event.process,
  cpuMs: (user + system) / 1000, peakBytes: process.resourceUsage().maxRSS * 1024 };
process.stdout.write(JSON.stringify(report));
