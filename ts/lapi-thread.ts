// The Local API as main sees it: a thread started by path. Nothing of lapi/ is imported here but the types of its messages.

import { Worker } from 'node:worker_threads';
import type { LapiReport, LapiRequest } from '../lapi/main.js';
import type { Config } from './config/config.js';
import type { Log } from './config/log.js';
import { PalisadeError } from './errors.js';
import type { CounterSample } from './metrics/counters.js';

const mainUrl = new URL('../lapi/main.js', import.meta.url);

export class LapiThread {
  readonly #worker: Worker;
  readonly #answers = new Map<number, (samples: readonly CounterSample[]) => void>();
  #requests = 0;
  readonly #exited: Promise<void>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
  }

  /** Starts the thread and waits until it listens. Throws E_LAPI with its reason when it cannot. */
  static start(config: Config, clockOffsetMs: number, log: Log): Promise<LapiThread> {
    if (config.database === null) throw new PalisadeError('E_CONFIG', 'no database configuration provided (db_config)');
    const worker = new Worker(mainUrl, { workerData: { server: config.server, database: config.database,
      dataDir: config.paths.dataDir, clockOffsetMs } });
    const thread = new LapiThread(worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (report: LapiReport) => {
        if (report.type === 'listening') resolve(thread);
        else if (report.type === 'failed') reject(new PalisadeError('E_LAPI', report.message));
        else if (report.type === 'log') log[report.level](report.text, report.fields);
        else if (report.type === 'metrics') thread.#answer(report.id, report.samples);
      });
      worker.on('error', (error) => reject(new PalisadeError('E_LAPI', `the Local API died: ${error.stack ?? error.message}`)));
    });
  }

  /** What the Local API counted, and gauges of what is stored. */
  counters(): Promise<readonly CounterSample[]> {
    return new Promise((resolve) => {
      const id = this.#requests++;
      this.#answers.set(id, resolve);
      this.#worker.postMessage({ type: 'metrics', id } satisfies LapiRequest);
    });
  }

  /** Answers what was asked, then ends. */
  async stop(): Promise<void> {
    this.#worker.postMessage({ type: 'close' } satisfies LapiRequest);
    await this.#exited;
  }

  #answer(id: number, samples: readonly CounterSample[]): void {
    this.#answers.get(id)?.(samples);
    this.#answers.delete(id);
  }
}
