// The engine of one instance: rules, workers, sources and output put together. Replay ends by itself; live runs until
// stopped. The Local API is reached over HTTP only, through the client handed in.

import { randomUUID } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type { PositionBook } from '../acquisition/position.js';
import type { Source } from '../acquisition/source.js';
import { createBuckets } from '../buckets/memory.js';
import type { LapiClient } from '../client/client.js';
import type { Located } from '../config/document.js';
import type { Config, Simulation } from '../config/config.js';
import type { Log } from '../config/log.js';
import { defaultOverload } from '../config/overload.js';
import { Counters, type CounterSample } from '../metrics/counters.js';
import type { Alert } from '../model/alert.js';
import { LinkedParser } from '../parser/linked.js';
import { EventRunner } from '../parser/run-one.js';
import { Reading } from './lines.js';
import { Outbox } from './outbox.js';
import { Output } from './output.js';
import { Overload } from './overload.js';
import { startThreads, WorkerPool } from './pool.js';
import type { Rules } from './rules.js';
import { runtimeSetup } from './setup.js';
import { ThreadRuntime } from './thread-runtime.js';
import { transformed } from './transform.js';

export interface EngineOptions {
  readonly config: Config;
  readonly rules: Rules;
  readonly sources: readonly EngineSource[];
  /** Where followed files stand; null in a replay. */
  readonly positions: PositionBook | null;
  /** null: alerts are logged and shown, not sent. */
  readonly client: LapiClient | null;
  readonly simulation: Simulation;
  readonly workers: number;
  /** Threads started before, at least `workers`; absent: they are started here. */
  readonly threads?: readonly Worker[];
  /** Lines are read once this is resolved; what rejects it ends the start. */
  readonly mayRead?: Promise<void>;
  /** A replay waits where live drops: for a full outbox, for all alerts at the end. */
  readonly replay: boolean;
  readonly log: Log;
  readonly clockOffsetMs: number;
  readonly counters: Counters;
  /** Alerts that an engine before this one could not send. */
  readonly waiting?: readonly Alert[];
  /** Sees each alert as it leaves the postoverflows. */
  readonly onAlert?: (alert: Alert) => void;
  /** Sees the ids under which the Local API stored alerts. */
  readonly onStored?: (ids: readonly string[]) => void;
}

/** A source and the expression that rewrites its lines, if any. */
export interface EngineSource {
  readonly source: Source;
  readonly transform: Located | null;
}

/** How often a live engine looks for buckets whose time is over. */
const tickMs = 1000;

/** How long the alerts of a replay wait for others; CrowdSec sends its alerts once a second. */
const replayGatherMs = 1000;

/** Rules, workers, sources and output of one instance. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #pool: WorkerPool;
  readonly #outbox: Outbox | null;
  readonly #reading: Reading;
  #ticking: NodeJS.Timeout | null = null;

  private constructor(options: EngineOptions, pool: WorkerPool, outbox: Outbox | null, reading: Reading) {
    this.#options = options;
    this.#pool = pool;
    this.#outbox = outbox;
    this.#reading = reading;
  }

  /** Links the rules in all workers, opens the sources and starts to read. Throws what cannot be loaded or opened. */
  static async start(options: EngineOptions): Promise<Engine> {
    const { config, rules, log } = options;
    const workers = workersFor(options);
    const setup = { ...runtimeSetup(config, rules, options.clockOffsetMs, log), simulation: options.simulation,
      uuidSalt: options.replay ? randomUUID() : '',
      contextValueLength: config.engine?.contextValueLength ?? 4000, provenance: config.engine?.provenance ?? true,
      buckets: createBuckets(rules.scenarios, { workerCount: workers, slotsMax: config.limits.bucketSlotsMax }) };
    const runtime = new ThreadRuntime(setup, options.counters, log);
    const sources = options.sources.map(({ source, transform }) => (
      transform === null ? source : transformed(source, transform, runtime.expr)));
    const outbox = options.client === null ? null : openOutbox(options, options.client);
    const output = new Output({ names: runtime.names, outbox, log, onAlert: options.onAlert, inOrder: rules.postoverflows.stashes.length > 0,
      postoverflows: new EventRunner(new LinkedParser(rules.postoverflows, runtime)) });
    const { threads = startThreads(workers) } = options;
    for (const spare of threads.slice(workers)) void spare.terminate();
    const pool = await WorkerPool.start(threads.slice(0, workers), setup, config.limits.batchesInFlightPerWorker,
      (overflows) => output.take(overflows), log);
    const reading = await startReading(options, sources, pool).catch(async (error: unknown) => {
      await pool.close();
      throw error;
    });
    const engine = new Engine(options, pool, outbox, reading);
    void outbox?.put(options.waiting ?? []);
    if (!options.replay) engine.#startTicking();
    return engine;
  }

  /** Resolves when all sources have ended and everything read is poured; rejects when a source or a worker failed. */
  async ended(): Promise<void> {
    await Promise.race([this.#reading.ended(), this.#pool.failed]);
    await this.#pool.drain();
  }

  /**
   * Stops reading, pours and sends what was read. Returns the alerts that the Local API did not take within `drainMs`
   * (by default the limit outboxDrainMs).
   */
  async stop(drainMs = this.#options.config.limits.outboxDrainMs): Promise<readonly Alert[]> {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    // A failure was thrown to whoever waits for ended(); here what can still be saved is saved.
    await this.#reading.close().catch(() => {});
    await this.#pool.drain().catch(() => {});
    const unsent = await (this.#outbox?.drain(drainMs) ?? []);
    await this.#pool.close();
    return unsent;
  }

  /** All counters of the engine's threads. */
  async counters(): Promise<readonly CounterSample[]> {
    return [
      ...await this.#pool.counters(), ...this.#options.counters.snapshot(),
      { name: 'palisade_lag_seconds', labels: {}, value: this.#reading.lagMs / 1000 },
      { name: 'palisade_alerts_waiting', labels: {}, value: this.#outbox?.waiting ?? 0 },
      { name: 'palisade_alerts_dropped_total', labels: {}, value: this.#outbox?.dropped ?? 0 },
    ];
  }

  #startTicking(): void {
    let busy = false;
    this.#ticking = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#pool.tick(Date.now() + this.#options.clockOffsetMs).catch(() => {}).finally(() => { busy = false; });
    }, tickMs);
    this.#ticking.unref();
  }
}

async function startReading(options: EngineOptions, sources: readonly Source[], pool: WorkerPool): Promise<Reading> {
  await options.mayRead;
  return Reading.start(sources, pool, options.positions, options.log, overloadsOf(options));
}

/** A stash is written and read in the order of the log, so rules that have one are parsed by one worker. */
function workersFor({ rules, workers, log }: EngineOptions): number {
  const [stash] = rules.parsers.stashes;
  if (workers === 1 || stash === undefined) return workers;
  log.info(`one worker instead of ${workers}: the stash ${stash.name} is kept in the order of the log`);
  return 1;
}

/** A replay reads as fast as it can, so it is always behind: it waits for itself. */
function overloadsOf({ config, replay, counters }: EngineOptions): (() => Overload) | null {
  return replay ? null : () => new Overload(config.engine?.overload ?? defaultOverload, counters);
}

function openOutbox({ config, replay, log, onStored }: EngineOptions, client: LapiClient): Outbox {
  const send = async (alerts: readonly Alert[]): Promise<void> => {
    const ids = await client.postAlerts(alerts);
    onStored?.(ids);
  };
  return new Outbox({ send, alertsMax: config.limits.outboxAlertsMax, log,
    ...(replay ? { whenFull: 'wait', gatherMs: replayGatherMs } : { whenFull: 'drop-oldest' }) });
}
