// The engine of `-dump-data`: reads the sources as the other engine does, but runs everything in this thread, one batch
// after the other, and when it is stopped writes down what happened. Sends nothing.

import type { Source } from '../acquisition/source.js';
import { createBuckets } from '../buckets/memory.js';
import type { CounterSample } from '../metrics/counters.js';
import type { Alert } from '../model/alert.js';
import { writeDumps } from './dump-files.js';
import { DumpRun } from './dump-run.js';
import type { Engine, EngineOptions } from './engine.js';
import { openAll } from './lines.js';
import { runtimeSetup } from './setup.js';
import { transformed } from './transform.js';

/** What the engine of `-dump-data` needs. */
export interface DumpEngineOptions extends Pick<EngineOptions, 'config' | 'rules' | 'sources' | 'simulation' | 'counters'
  | 'log' | 'clockOffsetMs'> {
  /** Folder of the dumps. */
  readonly dumpDir: string;
}

/** Runs the sources once and leaves the dumps behind. */
export class DumpEngine implements Pick<Engine, 'ended' | 'stop' | 'counters'> {
  readonly #options: DumpEngineOptions;
  readonly #run: DumpRun;
  readonly #sources: readonly Source[];
  readonly #reading: Promise<void>;

  private constructor(options: DumpEngineOptions, run: DumpRun, sources: readonly Source[]) {
    this.#options = options;
    this.#run = run;
    this.#sources = sources;
    this.#reading = this.#read();
    // Whoever waits for the end hears of a failure; a stop needs nobody to wait.
    this.#reading.catch(() => {});
  }

  /** Opens the sources and starts to read. Throws what cannot be linked or opened. */
  static async start(options: DumpEngineOptions): Promise<DumpEngine> {
    const { config, rules, log, simulation, counters } = options;
    const run = new DumpRun({ setup: runtimeSetup(config, rules, options.clockOffsetMs, log), simulation, counters, log,
      contextValueLength: config.engine?.contextValueLength ?? 4000,
      buckets: createBuckets(rules.scenarios, { workerCount: 1, slotsMax: config.limits.bucketSlotsMax }) });
    const sources = options.sources.map(({ source, transform }) => (
      transform === null ? source : transformed(source, transform, run.runtime.expr)));
    await openAll(sources);
    return new DumpEngine(options, run, sources);
  }

  /** Resolves when all sources have ended; rejects when one of them failed. */
  ended(): Promise<void> {
    return this.#reading;
  }

  /** Stops reading and writes the dumps. Nothing is ever left unsent. */
  async stop(): Promise<readonly Alert[]> {
    await Promise.all(this.#sources.map((source) => source.close()));
    await this.#reading.catch(() => {});
    writeDumps(this.#run.record, this.#options.dumpDir);
    return [];
  }

  async counters(): Promise<readonly CounterSample[]> {
    return this.#options.counters.snapshot();
  }

  /** One source after the other would let a followed one keep out the rest; batches take their turn. */
  async #read(): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    await Promise.all(this.#sources.map(async (source) => {
      for await (const batch of source.batches()) await (last = last.then(() => this.#run.take(batch)));
    }));
  }
}
