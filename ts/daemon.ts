// One running instance: the Local API in a thread of its own, the engine, the metrics endpoint. Started by main.ts from
// flags and by start.ts for a first start; a reload is stop and start with a configuration read anew.

import type { Server } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseDsn } from './acquisition/dsn.js';
import { loadAcquisition } from './acquisition/load.js';
import { createSource } from './acquisition/modules.js';
import { PositionBook } from './acquisition/position.js';
import type { SourceSpec } from './acquisition/source.js';
import { LapiClient } from './client/client.js';
import { type Config, loadCredentials, loadSimulation, type LogLevel } from './config/config.js';
import type { Log } from './config/log.js';
import { PalisadeError } from './errors.js';
import { installedItems } from './hub/installed.js';
import { LapiThread } from './lapi-thread.js';
import { Counters } from './metrics/counters.js';
import { expose } from './metrics/registry.js';
import { serveMetrics } from './metrics/server.js';
import { Engine } from './pipeline/engine.js';
import { loadRules, type Rules } from './pipeline/rules.js';
import { version } from './version.js';

/** What to run of an instance. */
export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  readonly logLevel: LogLevel | null;
  readonly runEngine: boolean;
  readonly runApi: boolean;
  /** Replay this instead of the configured sources, then end. */
  readonly replay: { readonly dsn: string; readonly labels: Readonly<Record<string, string>>; readonly transform: string } | null;
  readonly orderEvents: boolean;
  readonly dumpDir: string;
  /** Milliseconds added to the wall clock. */
  readonly clockOffsetMs: number;
  /** Sees the ids under which the Local API stored alerts. */
  readonly onStored?: (ids: readonly string[]) => void;
}

/** A running instance. */
export class Daemon {
  /** Resolves when a replay is read, poured and delivered; never in live operation. */
  readonly ended: Promise<'ended'>;
  readonly #options: DaemonOptions;
  readonly #lapi: LapiThread | null;
  readonly #engine: Engine | null;
  readonly #client: LapiClient | null;
  readonly #positions: PositionBook | null;
  readonly #saving: NodeJS.Timeout | null;
  #metrics: Server | null = null;

  /** Loads all that a start would load: rules, acquisition, profiles. Throws the first fault. */
  static async check(options: DaemonOptions): Promise<void> {
    const { config, log } = options;
    if (runsEngine(options)) {
      loadRulesOf(config, log);
      sourceSpecs(options);
    }
    if (runsApi(options)) await LapiThread.check(config, log);
    log.info('Configuration test done');
  }

  /** Starts everything; when one part cannot start, those already running are stopped. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { config, log } = options;
    for (const warning of config.warnings) log.warning(warning);
    if (!runsEngine(options) && !runsApi(options)) {
      throw new PalisadeError('E_CONFIG', 'you must run at least the API Server or crowdsec');
    }
    const rules = runsEngine(options) ? loadRulesOf(config, log) : null;
    const specs = rules === null ? [] : sourceSpecs(options);
    const lapi = runsApi(options) ? await LapiThread.start(config, options.clockOffsetMs, log) : null;
    const parts: Partial<Parts> = { lapi };
    try {
      if (rules !== null) await startEngine(options, rules, specs, parts);
      const daemon = new Daemon(options, parts);
      await daemon.#serveMetrics();
      return daemon;
    } catch (error) {
      await parts.engine?.stop();
      await lapi?.stop();
      throw error;
    }
  }

  private constructor(options: DaemonOptions, { lapi = null, engine = null, client = null, positions = null }: Partial<Parts>) {
    this.#options = options;
    this.#lapi = lapi;
    this.#engine = engine;
    this.#client = client;
    this.#positions = positions;
    this.#saving = positions === null ? null : setInterval(() => this.#savePositions(), 1000).unref();
    this.ended = engine === null || options.replay === null
      ? new Promise(() => {}) : engine.ended().then(() => 'ended');
  }

  /** Stops reading, pours and sends what was read, then ends. Returns the number of alerts that could not be sent. */
  async stop(): Promise<number> {
    const unsent = await (this.#engine?.stop() ?? 0);
    if (this.#saving !== null) clearInterval(this.#saving);
    this.#savePositions();
    await this.#client?.close();
    await new Promise<void>((resolve) => (this.#metrics === null ? resolve() : this.#metrics.close(() => resolve())));
    await this.#lapi?.stop();
    return unsent;
  }

  #savePositions(): void {
    if (this.#positions === null) return;
    try {
      this.#positions.save(positionsFile(this.#options.config));
    } catch (error) {
      this.#options.log.error(`positions are not saved: ${(error as Error).message}`);
    }
  }

  async #serveMetrics(): Promise<void> {
    const { prometheus } = this.#options.config;
    if (!prometheus.enabled) return;
    this.#metrics = await serveMetrics(prometheus.listenAddr, prometheus.listenPort, async () => {
      const samples = [
        { name: 'cs_info', labels: { version: `v${version}` }, value: 1 },
        ...await (this.#engine?.counters() ?? []), ...await (this.#lapi?.counters() ?? []),
      ];
      return expose(samples, prometheus.level);
    });
  }
}

interface Parts {
  lapi: LapiThread | null;
  engine: Engine | null;
  client: LapiClient | null;
  positions: PositionBook | null;
}

async function startEngine(options: DaemonOptions, rules: Rules, specs: readonly SourceSpec[], parts: Partial<Parts>): Promise<void> {
  const { config, log, replay, clockOffsetMs } = options;
  const counters = new Counters();
  parts.client = options.dumpDir === '' ? await connect(config, rules, log) : null;
  if (replay === null) parts.positions = PositionBook.load(positionsFile(config), log);
  const context = { log, counters, metricsLevel: config.prometheus.level, positions: parts.positions ?? null,
    now: () => Date.now() + clockOffsetMs };
  parts.engine = await Engine.start({
    config, rules, log, clockOffsetMs, counters, client: parts.client ?? null, replay: replay !== null,
    positions: parts.positions ?? null, onStored: options.onStored,
    sources: specs.map((spec) => ({ source: createSource(spec, context), transform: spec.transform })),
    simulation: loadSimulation(config.paths.simulation), workers: workerCount(config, rules, log),
  });
  log.info('Starting processing data');
}

/** Logs in to the Local API; waits for one that is not there yet, as CrowdSec's agent does. */
async function connect(config: Config, rules: Rules, log: Log): Promise<LapiClient> {
  if (config.client === null) throw new PalisadeError('E_CONFIG', 'no API client section in configuration');
  const client = new LapiClient(loadCredentials(config.client.credentialsPath));
  await client.login(rules.scenarios.map(({ name }) => name));
  client.startHeartbeat(log);
  return client;
}

/** The rules an instance has installed; warnings go to the log. */
export function loadRulesOf(config: Config, log: Log): Rules {
  const { configDir, hubDir, index } = config.paths;
  const rules = loadRules(config, installedItems({ configDir, hubDir, indexPath: index }));
  for (const warning of rules.warnings) log.warning(warning);
  return rules;
}

function sourceSpecs({ config, replay, log }: DaemonOptions): readonly SourceSpec[] {
  if (replay !== null) {
    const transform = replay.transform === '' ? null
      : { text: replay.transform, place: { file: '-transform', line: 1, column: 1, excerpt: replay.transform } };
    return [{ ...parseDsn(replay.dsn, replay.labels), transform }];
  }
  const { sources, warnings } = loadAcquisition({ acquisitionPath: config.engine?.acquisitionPath ?? '',
    acquisitionDir: config.engine?.acquisitionDir ?? '' });
  for (const warning of warnings) log.warning(warning);
  if (sources.length === 0) log.warning('no data source enabled: the engine reads nothing');
  return sources;
}

function runsEngine({ config, runEngine }: DaemonOptions): boolean {
  return runEngine && config.engine !== null && config.engine.enabled;
}

function runsApi({ config, runApi }: DaemonOptions): boolean {
  return runApi && config.server !== null && config.server.enabled;
}

/**
 * What was configured, or a worker for each core but one. A stash is written and read in the order of the log, so rules
 * that have one are parsed by one worker.
 */
function workerCount(config: Config, rules: Rules, log: Log): number {
  const wanted = config.engine?.workers || Math.max(1, cpus().length - 1);
  const [stash] = rules.parsers.stashes;
  if (wanted === 1 || stash === undefined) return wanted;
  log.info(`one worker instead of ${wanted}: the stash ${stash.name} is kept in the order of the log`);
  return 1;
}

function positionsFile(config: Config): string {
  return join(config.paths.dataDir, 'palisade-positions.json');
}
