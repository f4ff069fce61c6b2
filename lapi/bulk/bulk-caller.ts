// Has requests that take long answered by a thread of their own (bulk-thread.ts), which is started when the first of them comes and
// ended when none has come for a while. An answer is fetched piece by piece, as fast as its client takes it.

import { on } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { entryUrl } from '../../ts/entry.js';
import type { Log } from '../../ts/config/log.js';
import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';
import type { BulkAnswer, BulkReport, BulkRequest, BulkSetup } from './bulk-thread.js';
import type { WrittenSlice } from '../store/written-slices.js';
import type { BulkWork, BulkWorker } from './bulk-work.js';

export interface BulkCallerOptions {
  readonly setup: BulkSetup;
  readonly log: Log;
  /** A decision was not made because its target is not to be banned. */
  readonly onSpared: (reason: string) => void;
  /** A part of an import was written. */
  readonly onSlice: (slice: WrittenSlice) => void;
  /** The database may have been written. */
  readonly onWritten: () => void;
  /** A thread was started, or ended. */
  readonly onThread: (isRunning: boolean) => void;
}

/** The thread as the Local API sees it. */
export class BulkCaller implements BulkWorker {
  readonly #options: BulkCallerOptions;
  #thread: Worker | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  #running = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: BulkCallerOptions) {
    this.#options = options;
  }

  expect(): void {
    this.#thread ??= this.#start();
    if (this.#running === 0) this.#endLater();
  }

  async* run(work: BulkWork): AsyncGenerator<Uint8Array> {
    clearTimeout(this.#idle);
    this.#running++;
    const { port1: port, port2 } = new MessageChannel();
    try {
      const thread = this.#thread ??= this.#start();
      thread.postMessage({ work, port: port2 } satisfies BulkRequest, [port2, ...ownBuffer(work)]);
      for await (const [answer] of on(port, 'message', { close: ['close'] }) as AsyncIterable<[BulkAnswer]>) {
        if (answer.type === 'end') return;
        if (answer.type === 'refused') throw new Refusal(answer.code, answer.message);
        if (answer.type === 'failed') throw new Error(answer.message);
        yield answer.bytes;
        port.postMessage(null);
      }
      throw new Error('the thread for long requests ended');
    } finally {
      port.close();
      if (work.kind === 'addAlerts') this.#options.onWritten();
      if (--this.#running === 0) this.#endLater();
    }
  }

  /** Ends the thread when it has answered what it was asked. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#thread?.postMessage('close' satisfies BulkRequest);
    this.#thread = null;
    await this.#ended;
  }

  #endLater(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), lapiLimits.bulkIdleMs).unref();
  }

  #start(): Worker {
    const { setup, log, onSpared, onSlice } = this.#options;
    this.#options.onThread(true);
    const thread = new Worker(entryUrl('lapi/bulk/bulk-thread'), { workerData: setup, resourceLimits: {
      maxYoungGenerationSizeMb: lapiLimits.bulkYoungHeapMegabytesMax, maxOldGenerationSizeMb: lapiLimits.bulkHeapMegabytesMax } });
    thread.on('message', (report: BulkReport) => {
      if (report.type === 'spared') onSpared(report.reason);
      else if (report.type === 'written') onSlice(report.slice);
      else log[report.line.level](report.line.text, report.line.fields);
    });
    const ended = new Promise((resolve) => {
      // Whoever waits for it hears that its port is closed.
      thread.on('error', (error: Error) => log.error(`the thread for long requests died: ${error.message}`));
      thread.once('exit', () => {
        if (this.#thread === thread) this.#thread = null;
        if (this.#thread === null) this.#options.onThread(false);
        resolve(null);
      });
    });
    // One that was idle may not be gone yet.
    this.#ended = Promise.all([this.#ended, ended]);
    return thread;
  }
}

/** The memory of a body where it is nobody else's: given away rather than copied. */
function ownBuffer(work: BulkWork): ArrayBuffer[] {
  if (!('body' in work)) return [];
  const { buffer, byteLength } = work.body;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
