// What `cscli explain` holds in memory of a long log: the peaks of one log and of one ten times as long beside each other.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chunksOf, nginxLines } from '../../ts/instance/corpus.js';
import { measure } from '../measured-process.js';

const bin = fileURLToPath(new URL('../../../bin/cscli', import.meta.url));
const lineCounts = [10_000, 100_000] as const;

/** Explains both with the instance that `config` belongs to. */
export async function runExplain(work: string, config: string, tell: (line: string) => void): Promise<void> {
  tell('\n## cscli explain on a long log\n\n| lines | MB | peak MB | CPU µs/line |\n|---|---|---|---|');
  for (const count of lineCounts) {
    const log = join(work, `explain-${count}.log`);
    const bytes = writeLog(log, count);
    const { exit, stderr, peakBytes, cpuSeconds } = await measure([process.execPath, bin, '-c', config, 'explain', '--type', 'nginx',
      '--dsn', `file://${log}`, '--failures'], {}, 1_200_000);
    if (exit !== 0) throw new Error(`explain exited ${exit}\n${stderr}`);
    tell(`| ${count} | ${(bytes / 1e6).toFixed(1)} | ${Math.round(peakBytes / 2 ** 20)} | ${(cpuSeconds / count * 1e6).toFixed(0)} |`);
  }
}

function writeLog(path: string, count: number): number {
  const corpus = nginxLines({ seed: 5, startSeconds: 1_780_000_000, linesPerSecond: 100, attackShare: 0.05, attackers: 4 });
  const file = openSync(path, 'w');
  let bytes = 0;
  for (const chunk of chunksOf(corpus, count)) bytes += writeSync(file, chunk);
  closeSync(file);
  return bytes;
}
