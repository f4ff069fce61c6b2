// A run of the whole flow in one thread that keeps what each part did: for `-dump-data` and for hub tests. The same
// linked parsers, buckets and postoverflows as in the workers, one event after the other; nothing is sent anywhere.

import type { RawBatch } from '../acquisition/source.js';
import type { SharedBuckets } from '../buckets/memory.js';
import type { Pourer } from '../buckets/pour.js';
import type { Simulation } from '../config/config.js';
import type { Log } from '../config/log.js';
import { Event } from '../event/event.js';
import type { Counters } from '../metrics/counters.js';
import { LinkedParser } from '../parser/linked.js';
import { EventRunner } from '../parser/run-one.js';
import { type DumpRecord, DumpRecorder } from './dump-record.js';
import { Output } from './output.js';
import type { RuntimeSetup } from './setup.js';
import { linkPourer, overflowEvent } from './thread-pourer.js';
import { ThreadRuntime } from './thread-runtime.js';

export interface DumpRunOptions {
  readonly setup: RuntimeSetup;
  /** A memory of its own, for one worker. */
  readonly buckets: SharedBuckets;
  readonly simulation: Simulation;
  /** Bytes of one value of an alert's context. */
  readonly contextValueLength: number;
  readonly counters: Counters;
  readonly log: Log;
}

/** Runs batches and remembers everything. */
export class DumpRun {
  readonly runtime: ThreadRuntime;
  readonly #record = new DumpRecorder();
  readonly #parser: EventRunner;
  readonly #pourer: Pourer;
  readonly #output: Output;
  readonly #nowMs: () => number;
  #seq = 0;

  constructor(options: DumpRunOptions) {
    const { setup, counters, log } = options;
    const { rules } = setup;
    const runtime = this.runtime = new ThreadRuntime(setup, counters, log);
    this.#nowMs = () => Date.now() + setup.clockOffsetMs;
    this.#parser = new EventRunner(new LinkedParser(rules.parsers, runtime), this.#record);
    this.#output = new Output({ names: runtime.names, outbox: null, log, inOrder: true,
      postoverflows: new EventRunner(new LinkedParser(rules.postoverflows, runtime), this.#record),
      onOverflow: (event) => this.#record.overflowed(event) });
    this.#pourer = linkPourer({ ...setup, buckets: options.buckets, index: 0, simulation: options.simulation, uuidSalt: '',
      contextValueLength: options.contextValueLength, provenance: false }, runtime,
      { onPour: (event, scenario) => this.#record.poured(event, scenario) });
  }

  /** What has been kept so far. */
  get record(): DumpRecord {
    return this.#record;
  }

  /** Parses and pours the lines of a batch and settles the overflows they led to. */
  async take(batch: RawBatch): Promise<void> {
    const seq = this.#seq++;
    const bytes = Buffer.from(batch.bytes.buffer as ArrayBuffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    const events = Array.from({ length: batch.count }, (_, index) => {
      const event = new Event(this.runtime.names);
      event.resetToLine({ ...batch, seq }, bytes, index);
      this.#record.begun(event);
      this.#parser.runNow(event);
      return event;
    });
    this.#offer(events);
    let again = await this.#output.take(this.#pourer.pourBatch(events, events.length, seq, batch.readAtMs));
    while (again.length > 0) {
      const returned = again.map((poured) => overflowEvent(poured, this.runtime.names));
      this.#offer(returned);
      if (!returned.some((event) => this.#pourer.mayTake(event))) break;
      again = await this.#output.take(this.#pourer.pourReprocessed(returned, seq, this.#nowMs(), false));
    }
    this.#pourer.finishBatch(seq);
  }

  #offer(events: readonly Event[]): void {
    for (const event of events) if (event.process && !event.whitelisted) this.#record.offered(event);
  }
}
