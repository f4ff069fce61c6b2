// The logs of the replay bench: what is generated, how long, and how many alerts a correct engine must find in the prefix
// that all engines read.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { chunksOf, type Corpus, type CorpusOptions, nginxLines, sshdLines } from '../../ts/instance/corpus.js';

export interface ReplayCase {
  readonly name: string;
  readonly type: string;
  readonly lines: (options: CorpusOptions) => Corpus;
  readonly options: CorpusOptions;
  /** Lengths whose difference gives the cost of a line: start-up and warm-up drop out. */
  readonly peerLines: readonly [number, number];
  readonly ourLines: readonly [number, number];
  /** Alerts in the longer peer log, at least: a bench in which nothing happens proves nothing. */
  readonly alertsMin: number;
}

/** Unix seconds of 2026-05-28T20:26:40Z. */
const startSeconds = 1_780_000_000;

/** nginx with 5 % attacks, sshd with 30 %. */
export const replayCases: readonly ReplayCase[] = [
  { name: 'nginx', type: 'nginx', lines: nginxLines, alertsMin: 100, peerLines: [5_000, 20_000], ourLines: [100_000, 1_000_000],
    options: { seed: 1, startSeconds, linesPerSecond: 100, attackShare: 0.05, attackers: 4 } },
  { name: 'sshd', type: 'syslog', lines: sshdLines, alertsMin: 100, peerLines: [5_000, 20_000], ourLines: [100_000, 1_000_000],
    options: { seed: 2, startSeconds, linesPerSecond: 100, attackShare: 0.3, attackers: 6 } },
];

/** Writes the first lines of a log into a folder and gives the path. */
export function writeReplayLog(folder: string, one: ReplayCase, lines: number): string {
  const path = join(folder, `${one.name}-${lines}.log`);
  const file = openSync(path, 'w');
  for (const chunk of chunksOf(one.lines(one.options), lines)) writeSync(file, chunk);
  closeSync(file);
  return path;
}
