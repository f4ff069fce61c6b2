// A worker thread: lines become events, events are parsed as a batch and poured in the order of the log. Everything it
// does is one message after the other, so the piece of work with the lowest number is always at the head of some queue. Only
// parsing may go ahead of that: while a batch waits for its turn to pour, the next one is parsed.

import { parentPort, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { loadGrokAddon } from '../../native/index.js';
import { packed, type PouredOverflow } from '../buckets/overflow.js';
import type { Pourer } from '../buckets/pour.js';
import type { Log } from '../config/log.js';
import { type Event, EventBatch } from '../event/event.js';
import type { LineBatch } from '../event/line.js';
import { Counters } from '../metrics/counters.js';
import { LinkedParser } from '../parser/linked.js';
import { Parser } from '../parser/run.js';
import { limits } from '../limits.js';
import { settleHeap } from './heap-limits.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { WorkerSetup } from './setup.js';
import { linkPourer, overflowEvent } from './thread-pourer.js';
import { ThreadRuntime } from './thread-runtime.js';

class Worker {
  readonly #port: MessagePort;
  readonly #runtime: ThreadRuntime;
  readonly #counters = new Counters();
  readonly #parser: Parser;
  readonly #pourer: Pourer;
  /** For the batch at work, then for those after it. A worker that never waits fills the first alone. */
  readonly #sets: EventBatch[];
  /** The events of the batches at the head of the queue that are parsed already. */
  readonly #parsedAhead: (readonly Event[])[] = [];
  readonly #queue: ToWorker[] = [];
  readonly #releaseBuffer = loadGrokAddon().releaseBuffer;
  #awaited: ((message: Extract<ToWorker, { type: 'reprocess' }>) => void) | null = null;
  #busy = false;

  constructor(port: MessagePort, setup: WorkerSetup) {
    const { rules } = setup;
    this.#port = port;
    const runtime = this.#runtime = new ThreadRuntime(setup, this.#counters, portLog(port));
    this.#sets = Array.from({ length: 1 + limits.batchesParsedAheadMax }, () => new EventBatch(runtime.names));
    this.#parser = new Parser(new LinkedParser(rules.parsers, runtime, setup.provenance));
    this.#pourer = linkPourer(setup, runtime, { whileWaiting: () => this.#parseAhead() });
  }

  /** Takes a message; work waits its turn, an awaited answer does not. */
  receive(message: ToWorker): void {
    if (message.type === 'reprocess') {
      this.#awaited?.(message);
      return;
    }
    this.#queue.push(message);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
      if (message.type === 'batch') await this.#batch(message.batch);
      else if (message.type === 'tick') await this.#pour([], 0, message.seq, message.nowMs);
      else if (message.type === 'counters') this.#say({ type: 'counters', request: message.request, samples: this.#counters.snapshot() });
      else if (message.type === 'stop') this.#port.close();
    }
    this.#busy = false;
  }

  async #batch(batch: LineBatch): Promise<void> {
    const events = this.#takeParsed() ?? this.#parse(batch, this.#sets[0]);
    await this.#pour(events, batch.count, batch.seq, batch.readAtMs);
    // Left to V8 it would stay until all old objects are collected, and be counted among what makes that necessary.
    this.#releaseBuffer(batch.bytes.buffer as ArrayBuffer);
  }

  #parse(batch: LineBatch, into: EventBatch): readonly Event[] {
    const events = into.take(batch);
    if (this.#parser.parseBatch(events, batch.count) > 0) this.#parser.runStashPass();
    return events;
  }

  #takeParsed(): readonly Event[] | undefined {
    if (this.#parsedAhead.length > 0) this.#sets.push(this.#sets.shift()!);
    return this.#parsedAhead.shift();
  }

  /** Parses the next piece of work, if it is there and a batch. False when there is nothing to parse. */
  #parseAhead(): boolean {
    const ahead = this.#parsedAhead.length;
    if (ahead === limits.batchesParsedAheadMax) return false;
    // What main has sent meanwhile still lies in the port.
    for (let sent = receiveMessageOnPort(this.#port); sent !== undefined; sent = receiveMessageOnPort(this.#port)) this.receive(sent.message as ToWorker);
    const next = this.#queue[ahead];
    if (next?.type !== 'batch') return false;
    this.#parsedAhead.push(this.#parse(next.batch, this.#sets[ahead + 1]));
    return true;
  }

  /** Pours the first `count` events; overflows that go back are poured before the next batch, until none is left. */
  async #pour(events: readonly Event[], count: number, seq: number, nowMs: number): Promise<void> {
    let overflows = this.#pourer.pourBatch(events, count, seq, nowMs);
    while (overflows.some((poured) => poured.reprocess && this.#pourer.mayTake(overflowEvent(poured, this.#runtime.names)))) {
      const answer = await this.#settled(seq, overflows);
      overflows = this.#pourer.pourReprocessed(answer.overflows.map((poured) => overflowEvent(poured, this.#runtime.names)), seq, answer.nowMs, false);
    }
    this.#pourer.finishBatch(seq);
    this.#say({ type: 'poured', seq, overflows: overflows.map(packed), awaits: false });
  }

  /** Reports overflows and waits until main has run the postoverflow stages on them. */
  #settled(seq: number, overflows: readonly PouredOverflow[]): Promise<Extract<ToWorker, { type: 'reprocess' }>> {
    return new Promise((resolve) => {
      this.#awaited = resolve;
      this.#say({ type: 'poured', seq, overflows: overflows.map(packed), awaits: true });
    });
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

/** Log lines go to main: one writer owns the log. */
function portLog(port: MessagePort): Log {
  const at = (level: Extract<FromWorker, { type: 'log' }>['level']) => (text: string): void =>
    port.postMessage({ type: 'log', level, text } satisfies FromWorker);
  return { trace() {}, debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

if (parentPort !== null) {
  const port = parentPort;
  // What main says first is the setup: the thread is there before the rules are read.
  port.once('message', (setup: WorkerSetup) => {
    try {
      const worker = new Worker(port, setup);
      port.on('message', (message: ToWorker) => worker.receive(message));
      port.postMessage({ type: 'ready' } satisfies FromWorker);
      settleHeap();
    } catch (error) {
      port.postMessage({ type: 'failed', message: (error as Error).message } satisfies FromWorker);
      port.close();
    }
  });
}
