// The worker threads of an engine: hands out numbered work with back-pressure and delivers what they pour in the order of
// the log. Not what happens to an overflow (output.ts) nor what a worker does (worker.ts).

import { Worker } from 'node:worker_threads';
import { entryUrl } from '../entry.js';
import { PalisadeError } from '../errors.js';
import type { RawBatch } from '../acquisition/source.js';
import type { LineBatch } from '../event/line.js';
import type { PouredOverflow } from '../buckets/overflow.js';
import type { Log } from '../config/log.js';
import type { CounterSample } from '../metrics/counters.js';
import { limits } from '../limits.js';
import { workerHeap } from './heap-limits.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { WorkerSetup } from './setup.js';

/** Takes the overflows of one piece of work; returns those to pour once more (reprocess), after postoverflows. */
export type Deliver = (overflows: readonly PouredOverflow[]) => Promise<readonly PouredOverflow[]>;

interface Thread {
  readonly worker: Worker;
  inFlight: number;
}

type Poured = Extract<FromWorker, { type: 'poured' }> & { readonly thread: Thread };

/** Starts threads that load the program and wait for their setup: it takes as long as reading the rules, which can go on beside. */
export function startThreads(count: number): Worker[] {
  return Array.from({ length: count }, () => new Worker(entryUrl('ts/pipeline/worker'), { resourceLimits: workerHeap }));
}

/** The workers of one engine. */
export class WorkerPool {
  readonly #threads: Thread[] = [];
  readonly #deliver: Deliver;
  readonly #log: Log;
  readonly #inFlightMax: number;
  readonly #poured = new Map<number, Poured>();
  readonly #counterRequests = new Map<number, (samples: readonly CounterSample[]) => void>();
  #waiters: (() => void)[] = [];
  #nextSeq = 0;
  #deliveredSeq = 0;
  /** What is poured but not delivered. */
  #waitingBatches = 0;
  #waitingOverflows = 0;
  #delivering = false;
  #requests = 0;
  #failure: Error | null = null;
  #isClosed = false;
  /** The time of each piece of work under way: what its overflows bring back is poured at the same time. */
  readonly #nowMs = new Map<number, number>();
  readonly #onDone = new Map<number, () => void>();
  /** Rejects when a worker dies. */
  readonly failed: Promise<never>;
  #reportFailure: (error: Error) => void = () => {};

  private constructor(deliver: Deliver, log: Log, inFlightMax: number) {
    this.#deliver = deliver;
    this.#log = log;
    this.#inFlightMax = inFlightMax;
    this.failed = new Promise((_, reject) => { this.#reportFailure = reject; });
    this.failed.catch(() => {});
  }

  /** Gives threads the same rules and memory and waits until all have linked them. */
  static async start(threads: readonly Worker[], setup: Omit<WorkerSetup, 'index'>, inFlightMax: number, deliver: Deliver, log: Log): Promise<WorkerPool> {
    const pool = new WorkerPool(deliver, log, inFlightMax);
    try {
      await Promise.all(threads.map((thread, index) => pool.#link(thread, { ...setup, index })));
    } catch (error) {
      await pool.#terminate();
      throw error;
    }
    return pool;
  }

  /** Gives a batch to the least busy worker once there is room; what is poured may still wait for its delivery. `done` is called when it is poured and delivered. */
  async submit(batch: RawBatch, done?: () => void): Promise<void> {
    await this.#room();
    const { position, ...lines } = batch;
    const numbered: LineBatch = { ...lines, seq: this.#nextSeq++ };
    this.#nowMs.set(numbered.seq, batch.readAtMs);
    if (done !== undefined) this.#onDone.set(numbered.seq, done);
    this.#send(this.#leastBusy(), { type: 'batch', batch: numbered },
      [numbered.bytes.buffer, numbered.spans.buffer, numbered.flags.buffer] as ArrayBuffer[]);
  }

  /** Lets a worker look for buckets whose time is over, in its place among the batches. */
  async tick(nowMs: number): Promise<void> {
    await this.#room();
    const seq = this.#nextSeq++;
    this.#nowMs.set(seq, nowMs);
    this.#send(this.#leastBusy(), { type: 'tick', seq, nowMs });
  }

  /** Resolves when all work given so far is poured and delivered. */
  async drain(): Promise<void> {
    while (this.#deliveredSeq < this.#nextSeq) await this.#change();
  }

  /** The counters of all workers; none once they are closed. */
  async counters(): Promise<readonly CounterSample[]> {
    if (this.#isClosed || this.#failure !== null) return [];
    const answers = this.#threads.map((thread) => new Promise<readonly CounterSample[]>((resolve) => {
      const request = this.#requests++;
      this.#counterRequests.set(request, resolve);
      thread.worker.postMessage({ type: 'counters', request } satisfies ToWorker);
    }));
    return (await Promise.all(answers)).flat();
  }

  /** Ends the workers; call drain() first. After a failure they are ended as they are. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#endThreads();
    for (const answer of this.#counterRequests.values()) answer([]);
    this.#counterRequests.clear();
  }

  async #endThreads(): Promise<void> {
    if (this.#failure !== null) return this.#terminate();
    await Promise.all(this.#threads.map(({ worker }) => new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ type: 'stop' } satisfies ToWorker);
    })));
  }

  async #terminate(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #link(worker: Worker, setup: WorkerSetup): Promise<void> {
    const thread: Thread = { worker, inFlight: 0 };
    this.#threads.push(thread);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed') reject(new PalisadeError('E_RULE', message.message));
        else this.#receive(thread, message);
      });
      worker.on('error', (error) => {
        reject(error);
        this.#fail(error);
      });
      worker.postMessage(setup);
    });
  }

  #receive(thread: Thread, message: FromWorker): void {
    if (message.type === 'poured') {
      this.#poured.set(message.seq, { ...message, thread });
      this.#waitingOverflows += message.overflows.length;
      if (!message.awaits) {
        thread.inFlight--;
        this.#waitingBatches++;
        this.#wake();
      }
      void this.#deliverInOrder();
    } else if (message.type === 'counters') {
      this.#counterRequests.get(message.request)?.(message.samples);
      this.#counterRequests.delete(message.request);
    } else if (message.type === 'log') this.#log[message.level](message.text);
  }

  /**
   * Delivers finished work by number. What was poured while a delivery waited (for names, for the Local API) is the next
   * one, all together. A worker that awaits reprocessing reports the same number again.
   */
  async #deliverInOrder(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let ready = this.#takeReady(); ready.length > 0; ready = this.#takeReady()) {
        const overflows = ready.flatMap((poured) => poured.overflows);
        const again = await this.#deliver(overflows);
        this.#waitingOverflows -= overflows.length;
        const [first] = ready;
        if (first.awaits) {
          first.thread.worker.postMessage(
            { type: 'reprocess', seq: first.seq, nowMs: this.#nowMs.get(first.seq) ?? 0, overflows: again } satisfies ToWorker);
          continue;
        }
        for (const { seq } of ready) {
          this.#onDone.get(seq)?.();
          this.#onDone.delete(seq);
          this.#nowMs.delete(seq);
        }
        this.#deliveredSeq += ready.length;
        this.#waitingBatches -= ready.length;
        this.#wake();
      }
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      this.#delivering = false;
    }
  }

  /** Takes the pieces of work that come next: one whose worker awaits the answer, or as many as do not. */
  #takeReady(): Poured[] {
    const ready: Poured[] = [];
    for (let seq = this.#deliveredSeq; ; seq++) {
      const poured = this.#poured.get(seq);
      if (poured === undefined || (poured.awaits && ready.length > 0)) return ready;
      this.#poured.delete(seq);
      ready.push(poured);
      if (poured.awaits) return ready;
    }
  }

  #send(thread: Thread, message: ToWorker, transfer: ArrayBuffer[] = []): void {
    thread.inFlight++;
    thread.worker.postMessage(message, transfer);
  }

  #leastBusy(): Thread {
    return this.#threads.reduce((best, thread) => (thread.inFlight < best.inFlight ? thread : best));
  }

  async #room(): Promise<void> {
    while (this.#leastBusy().inFlight >= this.#inFlightMax || this.#waitingBatches >= limits.batchesWaitingMax
      || this.#waitingOverflows >= limits.overflowsWaitingMax) await this.#change();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Resolves when something was poured or delivered; throws when a worker died. */
  #change(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    return new Promise<void>((resolve) => this.#waiters.push(resolve)).then(() => {
      if (this.#failure !== null) throw this.#failure;
    });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** A worker that dies is a bug: the engine stops rather than go on with holes in the log. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reportFailure(error);
    this.#log.error(`a worker died: ${error.stack ?? error.message}`);
    this.#wake();
  }
}
