// From sources to workers: every source feeds the pool at its own pace; the pool's back-pressure holds all of them.

import type { PositionBook } from '../acquisition/position.js';
import type { Source } from '../acquisition/source.js';
import type { Log } from '../config/log.js';
import { PalisadeError } from '../errors.js';
import type { Overload } from './overload.js';
import type { WorkerPool } from './pool.js';

/** The sources of an engine being read. */
export class Reading {
  readonly #sources: readonly Source[];
  readonly #loops: Promise<void>[];
  /** One for each source; none in a replay. */
  readonly #overloads: readonly Overload[];
  #lastReadAtMs = 0;

  /** Opens all sources, then starts to read. Rejects when one cannot be opened; those already open are closed. */
  static async start(sources: readonly Source[], pool: WorkerPool, positions: PositionBook | null, log: Log,
    newOverload: (() => Overload) | null = null): Promise<Reading> {
    await openAll(sources);
    return new Reading(sources, pool, positions, log, newOverload);
  }

  private constructor(sources: readonly Source[], pool: WorkerPool, positions: PositionBook | null, log: Log,
    newOverload: (() => Overload) | null) {
    this.#sources = sources;
    this.#overloads = sources.flatMap(() => (newOverload === null ? [] : [newOverload()]));
    this.#loops = sources.map((source, index) => this.#read(source, pool, positions, log, this.#overloads[index]));
  }

  /** Settles when every source has ended: at the end of a replay, or after close(). One that fails leaves the others. */
  async ended(): Promise<void> {
    const results = await Promise.allSettled(this.#loops);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    if (failures.length === 0) return;
    if (results.length === 1) throw failures[0];
    throw new PalisadeError('E_SOURCE', `${failures.length} of ${results.length} data sources could not be read to the end`, undefined,
      { cause: failures[0] });
  }

  /** Stops reading; what was read before is still handed on. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
    await this.ended();
  }

  /** When the newest batch was read, Unix milliseconds; 0 before the first. */
  get lastReadAtMs(): number {
    return this.#lastReadAtMs;
  }

  /** How long the source that is furthest behind has not been read to its end, milliseconds. */
  get lagMs(): number {
    return Math.max(0, ...this.#overloads.map(({ lagMs }) => lagMs));
  }

  async #read(source: Source, pool: WorkerPool, positions: PositionBook | null, log: Log, overload?: Overload): Promise<void> {
    try {
      for await (const batch of source.batches()) {
        this.#lastReadAtMs = batch.readAtMs;
        const { position } = batch;
        await pool.submit(overload?.take(batch) ?? batch, position === undefined ? undefined : () => positions?.note(position));
      }
    } catch (error) {
      // The others go on, so it is told now; a source alone is told by whoever waits for it.
      if (this.#sources.length > 1) log.error((error as Error).message);
      throw error;
    }
  }
}

/** Opens all sources. Rejects when one cannot be opened; those already open are closed. */
export async function openAll(sources: readonly Source[]): Promise<void> {
  const opened: Source[] = [];
  try {
    for (const source of sources) {
      await source.open();
      opened.push(source);
    }
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()));
    throw error;
  }
}
