// The Local API as main sees it: a thread started by path. Nothing of lapi/ is imported here but the types of its messages.

import { Worker } from 'node:worker_threads';
import type { LapiReport, LapiRequest } from '../lapi/main.js';
import type { Config } from './config/config.js';
import type { Log } from './config/log.js';
import { entryUrl } from './entry.js';
import { PalisadeError } from './errors.js';
import type { CounterSample } from './metrics/counters.js';
import { lapiHeap } from './pipeline/heap-limits.js';

/** A running Local API thread. */
export class LapiThread {
  readonly #worker: Worker;
  readonly #answers = new Map<number, (samples: readonly CounterSample[]) => void>();
  #requests = 0;
  readonly #exited: Promise<void>;
  #isStopping = false;
  /** Rejects when the thread dies without having been stopped. */
  readonly failed: Promise<never>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.once('exit', () => {
      for (const id of [...this.#answers.keys()]) this.#answer(id, []);
      resolve();
    }));
    this.failed = new Promise((_, reject) => {
      worker.on('error', (error) => reject(new PalisadeError('E_LAPI', `the Local API died: ${error.stack ?? error.message}`)));
      worker.on('exit', () => { if (!this.#isStopping) reject(new PalisadeError('E_LAPI', 'the Local API ended by itself')); });
    });
    this.failed.catch(() => {});
  }

  /**
   * Starts the thread and waits until it listens. Throws E_LAPI with its reason when it cannot. One line for each request
   * goes to `accessLog`.
   */
  static start(config: Config, clockOffsetMs: number, log: Log, accessLog: Log = log): Promise<LapiThread> {
    const worker = new Worker(entryUrl('lapi/main'), { workerData: workerDataOf(config, clockOffsetMs), resourceLimits: lapiHeap });
    const thread = new LapiThread(worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (report: LapiReport) => {
        if (report.type === 'listening') resolve(thread);
        else if (report.type === 'failed') reject(new PalisadeError('E_LAPI', report.message));
        else if (report.type === 'log') {
          for (const line of report.lines) (line.fields['module'] === 'lapi' ? accessLog : log)[line.level](line.text, line.fields);
        } else if (report.type === 'metrics') thread.#answer(report.id, report.samples);
      });
      thread.failed.catch(reject);
    });
  }

  /** Loads what a start would load, without database or listener. Throws E_LAPI. */
  static check(config: Config, log: Log): Promise<void> {
    const worker = new Worker(entryUrl('lapi/main'), { workerData: { ...workerDataOf(config, 0), checkOnly: true } });
    return new Promise((resolve, reject) => {
      worker.on('message', (report: LapiReport) => {
        if (report.type === 'checked') resolve();
        else if (report.type === 'failed') reject(new PalisadeError('E_LAPI', report.message));
        else if (report.type === 'log') for (const line of report.lines) log[line.level](line.text, line.fields);
      });
      worker.on('error', reject);
    });
  }

  /** What the Local API counted, and gauges of what is stored. */
  counters(): Promise<readonly CounterSample[]> {
    if (this.#isStopping) return Promise.resolve([]);
    return new Promise((resolve) => {
      const id = this.#requests++;
      this.#answers.set(id, resolve);
      this.#worker.postMessage({ type: 'metrics', id } satisfies LapiRequest);
    });
  }

  /** Answers what was asked, then ends. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#worker.postMessage({ type: 'close' } satisfies LapiRequest);
    await this.#exited;
  }

  #answer(id: number, samples: readonly CounterSample[]): void {
    this.#answers.get(id)?.(samples);
    this.#answers.delete(id);
  }
}

function workerDataOf({ server, database, paths, protection }: Config, clockOffsetMs: number): object {
  if (database === null) throw new PalisadeError('E_CONFIG', 'no database configuration provided (db_config)');
  return { server, database, dataDir: paths.dataDir, protection, clockOffsetMs };
}
