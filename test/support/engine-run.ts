// The real engine in this process, workers and all, over batches that a test has prepared: what alerts it gives.

import { type Config, loadConfig } from '../../ts/config/config.js';
import { silentLog } from '../../ts/config/log.js';
import { type InstalledItems, installedItems } from '../../ts/hub/installed.js';
import { Counters, type CounterSample } from '../../ts/metrics/counters.js';
import type { Alert } from '../../ts/model/alert.js';
import { Engine } from '../../ts/pipeline/engine.js';
import { loadRules } from '../../ts/pipeline/rules.js';
import { batchOfLines, PreparedSource } from './batches.js';
import type { NaiveAlert, NaiveBatch, NaiveSource } from './naive-engine.js';
import { nanosecondsOf } from './naive-buckets.js';

export interface EngineRun {
  readonly alerts: readonly Alert[];
  readonly counters: readonly CounterSample[];
}

/** What an instance has installed. */
export function installedOf(config: Config): InstalledItems {
  const { configDir, hubDir, index } = config.paths;
  return installedItems({ configDir, hubDir, indexPath: index });
}

/** Runs the engine of an instance over prepared batches; nothing is sent anywhere. */
export async function runEngine(configFile: string, batches: readonly NaiveBatch[], source: NaiveSource, workers: number,
  clockOffsetMs = 0): Promise<EngineRun> {
  const config = loadConfig(configFile);
  const alerts: Alert[] = [];
  const engine = await Engine.start({
    config, rules: loadRules(config, installedOf(config)), log: silentLog, counters: new Counters(), client: null, positions: null,
    replay: true, workers, clockOffsetMs, simulation: { global: false, exclusions: [] },
    sources: [{ source: new PreparedSource(batches.map(({ lines, readAtMs }) => batchOfLines(lines, source, readAtMs))), transform: null }],
    onAlert: (alert) => alerts.push(alert),
  });
  try {
    await engine.ended();
    return { alerts, counters: await engine.counters() };
  } finally {
    await engine.stop();
  }
}

/** An alert in the form of the oracle. */
export function asNaive({ scenario, source, events_count, start_at, stop_at }: Alert): NaiveAlert {
  return { scenario, scope: source.scope, value: source.value, events_count, start: nanosecondsOf(start_at) ?? -1n,
    stop: nanosecondsOf(stop_at) ?? -1n };
}

/** One line of text an alert, for comparing and for reading a difference. */
export function alertText({ scenario, scope, value, events_count, start, stop }: NaiveAlert): string {
  return `${scenario} ${scope} ${value} ×${events_count} ${start}…${stop}`;
}
