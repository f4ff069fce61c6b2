// A source being read in the background, for tests: what it has delivered, and waiting for more with a deadline.

import assert from 'node:assert/strict';
import { Counters, type CounterSample } from '../../ts/metrics/counters.js';
import type { PositionBook } from '../../ts/acquisition/position.js';
import type { RawBatch, Source, SourceContext } from '../../ts/acquisition/source.js';
import { lineFlags } from '../../ts/event/line.js';

const deadlineMs = 20_000;

/** One delivered line. */
export interface CollectedLine {
  readonly src: string;
  readonly text: string;
  readonly truncated: boolean;
}

/** What sources get in a test, with everything they say kept. */
export class TestContext implements SourceContext {
  readonly counters = new Counters();
  readonly messages: string[] = [];
  readonly log = {
    trace: () => {},
    debug: (text: string) => this.#say('debug', text),
    info: (text: string) => this.#say('info', text),
    warning: (text: string) => this.#say('warning', text),
    error: (text: string) => this.#say('error', text),
  };
  metricsLevel: 'none' | 'aggregated' | 'full' = 'full';
  positions: PositionBook | null = null;
  #heard = (): void => {};

  now(): number {
    return 1_700_000_000_000;
  }

  /** Waits for a message. */
  async said(pattern: RegExp): Promise<void> {
    await until(() => this.messages.some((text) => pattern.test(text)), (wake) => { this.#heard = wake; },
      () => `no message ${pattern}; said: ${this.messages.join(' | ')}`);
  }

  /** Counters that are not zero, as `name{source}`. */
  counts(): Record<string, number> {
    const name = ({ name, labels }: CounterSample): string => `${name}{${labels['source']}}`;
    return Object.fromEntries(this.counters.snapshot().filter(({ value }) => value > 0).map((sample) => [name(sample), sample.value]));
  }

  #say(level: string, text: string): void {
    this.messages.push(`${level}: ${text}`);
    this.#heard();
  }
}

/** Reads a source until it ends or is closed. */
export class Collected {
  readonly lines: CollectedLine[] = [];
  readonly batches: RawBatch[] = [];
  readonly ended: Promise<void>;
  readonly #source: Source;
  #woken = (): void => {};

  private constructor(source: Source) {
    this.#source = source;
    this.ended = this.#run();
    this.ended.catch(() => {});
  }

  /** Opens a source and begins to read it. */
  static async from(source: Source): Promise<Collected> {
    await source.open();
    return new Collected(source);
  }

  /** The lines' texts, of one file or of all. */
  texts(src?: string): string[] {
    return this.lines.filter((line) => src === undefined || line.src === src).map((line) => line.text);
  }

  /** Waits until so many lines have come in all. */
  async reach(count: number): Promise<void> {
    await until(() => this.lines.length >= count, (wake) => { this.#woken = wake; },
      () => `${this.lines.length} of ${count} lines; last: ${JSON.stringify(this.lines.slice(-3))}`);
  }

  /** Closes the source and waits for its end. */
  async close(): Promise<void> {
    await this.#source.close();
    await this.ended;
  }

  async #run(): Promise<void> {
    for await (const batch of this.#source.batches()) {
      this.batches.push(batch);
      for (let i = 0; i < batch.count; i++) {
        const text = Buffer.from(batch.bytes.subarray(batch.spans[2 * i], batch.spans[2 * i + 1])).toString('latin1');
        this.lines.push({ src: batch.source.src, text, truncated: (batch.flags[i] & lineFlags.truncated) !== 0 });
      }
      this.#woken();
    }
  }
}

/** Waits until a condition holds, looking again at each wake-up. */
async function until(holds: () => boolean, onWake: (wake: () => void) => void, explain: () => string): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new assert.AssertionError({ message: explain() })), deadlineMs);
    onWake(() => {
      if (!holds()) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
