// One measured loop of the micro suites, and the lines they share.

import Benchmark from 'benchmark';
import { chunksOf, nginxLines } from '../../ts/instance/corpus.js';

/** What is measured. Whoever makes a step has checked its answer. */
export interface Step {
  readonly name: string;
  /** Lines (or evaluations) that one call of `run` handles. */
  readonly perRun: number;
  readonly run: () => unknown;
  /** How long it is measured; benchmark.js chooses otherwise. */
  readonly seconds?: number;
}

/** Lines of text that the suites run over. */
export const lineCount = 1000;

/** Returns the mean of one call in nanoseconds and its relative margin of error in percent. */
export function measureStep({ name, run, seconds }: Step): Promise<{ meanNs: number; spread: number }> {
  return new Promise((resolve) => {
    new Benchmark(name, run, {
      ...(seconds === undefined ? {} : { maxTime: seconds }),
      onComplete: ({ target }: { target: Benchmark }) => resolve({ meanNs: target.stats.mean * 1e9, spread: target.stats.rme }),
    }).run({ async: true });
  });
}

/** `lineCount` lines of an access log, each with its line feed. */
export function accessLog(): Buffer {
  const corpus = nginxLines({ seed: 7, startSeconds: 1_780_000_000, linesPerSecond: 100, attackShare: 0.05, attackers: 4 });
  return Buffer.from([...chunksOf(corpus, lineCount)].join(''));
}

/** Start and end of each line of a text. */
export function spansOf(bytes: Buffer): Uint32Array {
  const spans = new Uint32Array(2 * lineCount);
  for (let index = 0, start = 0; index < lineCount; index++) {
    const end = bytes.indexOf(10, start);
    spans.set([start, end], 2 * index);
    start = end + 1;
  }
  return spans;
}
