// What the logs of the last day would have led to: a replay through the whole engine that stores nothing.

import { statSync } from 'node:fs';
import { parseDsn } from '../acquisition/dsn.js';
import { createSource } from '../acquisition/modules.js';
import type { Config } from '../config/config.js';
import type { Log } from '../config/log.js';
import { Counters } from '../metrics/counters.js';
import type { Alert } from '../model/alert.js';
import { Engine } from '../pipeline/engine.js';
import type { Rules } from '../pipeline/rules.js';
import type { HostLog } from './host-logs.js';

/** What the replay saw. */
export interface Preview {
  /** Alerts of the period that would have led to a ban. */
  readonly bans: readonly Alert[];
  readonly lines: number;
  readonly files: number;
  /** Files left out because of their size. */
  readonly tooLarge: readonly string[];
}

export interface PreviewOptions {
  readonly config: Config;
  readonly rules: Rules;
  readonly logs: readonly HostLog[];
  readonly log: Log;
  readonly nowMs: number;
  readonly periodMs: number;
  readonly workers: number;
  /** Hears how many lines have been read, from time to time. */
  readonly onProgress: (lines: number) => void;
}

/** A first start must not take minutes: larger files wait for a replay of their own. */
const fileBytesMax = 512 * 1024 * 1024;

/** Replays the files that were written to in the period. */
export async function previewLogs(options: PreviewOptions): Promise<Preview> {
  const { config, rules, log, nowMs, periodMs } = options;
  const since = new Date(nowMs - periodMs).toISOString();
  const recent = options.logs.flatMap(({ files, type }) => files.map((file) => ({ file, type, stat: statSync(file) })))
    .filter(({ stat }) => stat.mtimeMs >= nowMs - periodMs && stat.size > 0);
  const usable = recent.filter(({ stat }) => stat.size <= fileBytesMax);
  const bans: Alert[] = [];
  const counters = new Counters();
  const context = { log, counters, metricsLevel: 'full' as const, now: () => nowMs, positions: null };
  const engine = await Engine.start({
    config, rules, log, counters, client: null, positions: null, replay: true, workers: options.workers, clockOffsetMs: nowMs - Date.now(),
    simulation: { global: false, exclusions: [] },
    sources: usable.map(({ file, type }) => (
      { source: createSource(parseDsn(`file://${file}`, { type }), context), transform: null })),
    onAlert: (alert) => { if (alert.remediation === true && alert.stop_at >= since) bans.push(alert); },
  });
  const timer = setInterval(() => options.onProgress(linesRead(counters)), 250);
  await engine.ended();
  clearInterval(timer);
  await engine.stop();
  return { bans, lines: linesRead(counters), files: usable.length,
    tooLarge: recent.filter(({ stat }) => stat.size > fileBytesMax).map(({ file }) => file) };
}

function linesRead(counters: Counters): number {
  return counters.snapshot().filter(({ name }) => name === 'cs_filesource_hits_total').reduce((sum, { value }) => sum + value, 0);
}
