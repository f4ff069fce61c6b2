// One running instance: the Local API in a thread of its own, the engine, the metrics endpoint. Started by main.ts from
// flags and by start.ts for a first start; a reload is stop and start with a configuration read anew.

import type { Server } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { parseDsn } from './acquisition/dsn.js';
import { loadAcquisition } from './acquisition/load.js';
import { createSource } from './acquisition/modules.js';
import { PositionBook } from './acquisition/position.js';
import type { SourceSpec } from './acquisition/source.js';
import { ApiError, LapiClient } from './client/client.js';
import { type Config, type Credentials, loadCredentials, loadSimulation, type LogLevel, type Simulation } from './config/config.js';
import type { Log } from './config/log.js';
import { PalisadeError } from './errors.js';
import { missingMembers } from './hub/incomplete.js';
import { installedItems } from './hub/installed.js';
import { LapiThread } from './lapi-thread.js';
import { Counters } from './metrics/counters.js';
import { expose } from './metrics/registry.js';
import { serveMetrics } from './metrics/server.js';
import type { Alert } from './model/alert.js';
import { DumpEngine } from './pipeline/dump-engine.js';
import { Engine } from './pipeline/engine.js';
import { startThreads } from './pipeline/pool.js';
import { loadRules, type Rules } from './pipeline/rules.js';
import { checkTransform } from './pipeline/transform.js';
import { version } from './version.js';

/** What to run of an instance. */
export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Where the Local API notes requests; absent: in `log`. */
  readonly accessLog?: Log;
  readonly logLevel: LogLevel | null;
  readonly runEngine: boolean;
  readonly runApi: boolean;
  /** Replay this instead of the configured sources, then end. */
  readonly replay: { readonly dsn: string; readonly labels: Readonly<Record<string, string>>; readonly transform: string } | null;
  readonly orderEvents: boolean;
  readonly dumpDir: string;
  /** Milliseconds added to the wall clock. */
  readonly clockOffsetMs: number;
  /** Ends a start that waits for the Local API. */
  readonly stopping?: AbortSignal;
  /** Alerts that a daemon before this one could not send. */
  readonly waiting?: readonly Alert[];
  /** Sees the ids under which the Local API stored alerts. */
  readonly onStored?: (ids: readonly string[]) => void;
}

/** A running instance. */
export class Daemon {
  /**
   * Resolves when every source has ended and what it gave is poured and delivered: after a replay, and where nothing is
   * followed. Rejects when a part of the daemon died or a source failed.
   */
  readonly ended: Promise<'ended'>;
  readonly #options: DaemonOptions;
  readonly #lapi: LapiThread | null;
  readonly #engine: RunningEngine | null;
  readonly #client: LapiClient | null;
  readonly #positions: PositionBook | null;
  /** The save under way. */
  #saved: Promise<void> | null = null;
  readonly #saving: NodeJS.Timeout | null;
  #metrics: Server | null = null;
  #savingFails = false;

  /** Loads all that a start would load: rules, acquisition, profiles. Throws the first fault. */
  static async check(options: DaemonOptions): Promise<void> {
    const { config, log } = options;
    if (runsEngine(options)) prepare(options);
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
    const parts: Partial<Parts> = {};
    // Side by side: this thread reads the rules and has them linked while the others load what they run.
    const lapi = runsApi(options) ? LapiThread.start(config, options.clockOffsetMs, log, options.accessLog) : Promise.resolve(null);
    const threads = runsEngine(options) && options.dumpDir === '' ? startThreads(workersOf(config)) : [];
    let prepared: Prepared | null = null;
    // A log-in that waits for the Local API ends with the start.
    const ending = new AbortController();
    const stopping = AbortSignal.any([ending.signal, ...options.stopping === undefined ? [] : [options.stopping]]);
    try {
      if (runsEngine(options)) {
        prepared = prepare(options);
        await startEngine({ ...options, stopping }, prepared, parts, threads, lapi);
      }
      parts.lapi = await lapi;
    } catch (error) {
      ending.abort();
      parts.client?.close();
      await Promise.all(threads.map((thread) => thread.terminate()));
      await lapi.then((started) => started?.stop(), () => {});
      throw error;
    }
    const daemon = new Daemon(options, parts, prepared?.specs.length ?? 0);
    await daemon.#serveMetrics().catch(async (error: unknown) => {
      await daemon.stop();
      throw error;
    });
    return daemon;
  }

  private constructor(options: DaemonOptions, parts: Partial<Parts>, sourceCount: number) {
    const { lapi = null, engine = null, client = null, positions = null } = parts;
    this.#options = options;
    this.#lapi = lapi;
    this.#engine = engine;
    this.#client = client;
    this.#positions = positions;
    this.#saving = positions === null ? null : setInterval(() => { this.#saved ??= this.#savePositions(); }, 1000).unref();
    const never = new Promise<never>(() => {});
    this.ended = Promise.race([lapi?.failed ?? never,
      engine === null || sourceCount === 0 ? never : engine.ended().then((): 'ended' => 'ended')]);
    // Whoever waits for it hears of a failure; a stop needs nobody to wait.
    this.ended.catch(() => {});
  }

  /** Stops reading, pours and sends what was read, then ends. Returns the alerts that could not be sent in that time. */
  async stop(drainMs?: number): Promise<readonly Alert[]> {
    const unsent = await (this.#engine?.stop(drainMs) ?? []);
    if (this.#saving !== null) clearInterval(this.#saving);
    await this.#saved;
    await this.#savePositions();
    this.#client?.close();
    await new Promise<void>((resolve) => (this.#metrics === null ? resolve() : this.#metrics.close(() => resolve())));
    await this.#lapi?.stop();
    return unsent;
  }

  async #savePositions(): Promise<void> {
    try {
      await this.#positions?.save(positionsFile(this.#options.config));
      this.#savingFails = false;
    } catch (error) {
      if (!this.#savingFails) this.#options.log.error(`positions are not saved: ${(error as Error).message}`);
      this.#savingFails = true;
    }
    this.#saved = null;
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

/** What the daemon asks of an engine, whether it sends alerts or dumps what it does. */
type RunningEngine = Pick<Engine, 'ended' | 'stop' | 'counters'>;

interface Parts {
  lapi: LapiThread | null;
  engine: RunningEngine | null;
  client: LapiClient | null;
  positions: PositionBook | null;
}

/** What an engine is started from, read and checked. */
interface Prepared {
  readonly rules: Rules;
  readonly specs: readonly SourceSpec[];
  readonly simulation: Simulation;
  readonly credentials: Credentials;
}

/** Reads everything that an engine needs, so that a mistake is told before anything runs. */
function prepare(options: DaemonOptions): Prepared {
  const { config, log } = options;
  if (config.client === null) throw new PalisadeError('E_CONFIG', 'no API client section in configuration');
  const rules = loadRulesOf(config, log);
  const specs = sourceSpecs(options);
  for (const { transform } of specs) if (transform !== null) checkTransform(transform);
  return { rules, specs, simulation: loadSimulation(config.paths.simulation),
    credentials: loadCredentials(config.client.credentialsPath) };
}

/** Lines are read once the Local API of this process, if any, listens and the engine is logged in. */
async function startEngine(options: DaemonOptions, prepared: Prepared, parts: Partial<Parts>, threads: readonly Worker[],
  lapi: Promise<LapiThread | null>): Promise<void> {
  const { config, log, replay, clockOffsetMs, dumpDir } = options;
  const { rules, specs, simulation, credentials } = prepared;
  const counters = new Counters();
  const isDump = dumpDir !== '';
  let mayRead: Promise<void> | undefined;
  if (isDump) await lapi;
  else {
    const client = parts.client = new LapiClient(credentials);
    mayRead = lapi.then(() => connect(client, rules, options));
    // Awaited when the workers are linked.
    mayRead.catch(() => {});
  }
  // What is only dumped has not been dealt with: positions stay as they are.
  if (replay === null && !isDump) parts.positions = PositionBook.load(positionsFile(config), log);
  const context = { log, counters, metricsLevel: config.prometheus.level, positions: parts.positions ?? null,
    now: () => Date.now() + clockOffsetMs };
  const sources = specs.map((spec) => ({ source: createSource(spec, context), transform: spec.transform }));
  const common = { config, rules, log, clockOffsetMs, counters, sources, simulation };
  parts.engine = isDump ? await DumpEngine.start({ ...common, dumpDir }) : await Engine.start({
    ...common, client: parts.client ?? null, replay: replay !== null, positions: parts.positions ?? null,
    onStored: options.onStored, workers: threads.length, threads, mayRead, waiting: options.waiting,
  });
  log.info('Starting processing data');
}

function workersOf({ engine }: Config): number {
  return engine?.workers || Math.max(1, cpus().length - 1);
}

/** Logs in to the Local API; waits for one that is not there yet, as CrowdSec's agent does. */
async function connect(client: LapiClient, rules: Rules, { config, log, stopping }: DaemonOptions): Promise<void> {
  let isSaid = false;
  const sleep = (ms: number): Promise<unknown> => {
    if (!isSaid) log.warning('the Local API does not answer yet; waiting for it');
    isSaid = true;
    return setTimeout(ms, undefined, { signal: stopping });
  };
  stopping?.throwIfAborted();
  await client.login(rules.scenarios.map(({ name }) => name), { sleep }).catch((error: unknown) => {
    throw error instanceof ApiError && [401, 403].includes(error.status) ? refusedLogin(error, config) : error;
  });
  stopping?.throwIfAborted();
  client.startHeartbeat(log);
}

/** The refusal with what to do about it. */
function refusedLogin(error: ApiError, { client, file }: Config): PalisadeError {
  const path = client?.credentialsPath ?? '';
  return new PalisadeError('E_LAPI', `the Local API refused the login and password in ${path}: ${error.message}\n`
    + `new ones: cscli -c ${file} machines add --auto --force (where the Local API runs), or see cscli machines validate`,
  undefined, { cause: error });
}

/** The rules an instance has installed; warnings go to the log. */
export function loadRulesOf(config: Config, log: Log): Rules {
  const { configDir, hubDir, index } = config.paths;
  const hubLog = { info: (text: string) => log.debug(text), warn: (text: string) => log.warning(text), error: (text: string) => log.error(text) };
  const installed = installedItems({ configDir, hubDir, indexPath: index }, hubLog);
  const rules = loadRules(config, installed);
  for (const warning of [...rules.warnings, ...missingMembers(installed)]) log.warning(warning);
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

function positionsFile(config: Config): string {
  return join(config.paths.dataDir, 'palisade-positions.json');
}
