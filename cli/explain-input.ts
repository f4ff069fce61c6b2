// The lines that `cscli explain` reads: a text, standard input, a file or a DSN, as batches of lines like the engine's,
// one at a time, so that the size of a log does not matter.

import { accessSync } from 'node:fs';
import { parseDsn } from '../ts/acquisition/dsn.js';
import { createSource } from '../ts/acquisition/modules.js';
import type { RawBatch } from '../ts/acquisition/source.js';
import { fileDefaults } from '../ts/acquisition/sources/file.js';
import { silentLog } from '../ts/config/log.js';
import { ExpectMode, lineFlags } from '../ts/event/line.js';
import { limits } from '../ts/limits.js';
import { Counters } from '../ts/metrics/counters.js';

/** What lines of one reading share. */
export interface InputOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

/** The lines of texts that come piece by piece, under a source's name. Empty lines are passed over. */
export async function* linesOfText(
  chunks: AsyncIterable<string> | Iterable<string>, source: string, options: InputOptions,
): AsyncGenerator<RawBatch> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    // What is beyond is cut off below; a text without line ends must not be held whole.
    rest = (lines.pop() as string).slice(0, limits.lineBytesMax);
    const batch = batchOf(lines, source, options);
    if (batch.count > 0) yield batch;
  }
  const last = batchOf([rest], source, options);
  if (last.count > 0) yield last;
}

/** The lines of a file, read as the engine reads it (compressed ones too). */
export function linesOfFile(path: string, options: InputOptions): AsyncGenerator<RawBatch> {
  try {
    accessSync(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(isMissing ? `open ${path}: no such file or directory` : (error as Error).message, { cause: error });
  }
  return linesOf(createSource({ module: 'file', labels: options.labels, mode: 'cat', useTimeMachine: true,
    name: '', uniqueId: '', logLevel: null, transform: null, place: null,
    file: { ...fileDefaults, patterns: [path.replace(/[*?[\\]/g, '\\$&')], excludeRegexps: [] } }, contextOf(options)));
}

/** The lines of what a DSN names. Throws E_SOURCE. */
export function linesOfDsn(dsn: string, options: InputOptions): AsyncGenerator<RawBatch> {
  return linesOf(createSource(parseDsn(dsn, options.labels), contextOf(options)));
}

async function* linesOf(source: ReturnType<typeof createSource>): AsyncGenerator<RawBatch> {
  await source.open();
  try {
    yield* source.batches();
  } finally {
    await source.close();
  }
}

function contextOf({ nowMs }: InputOptions): Parameters<typeof createSource>[1] {
  return { log: silentLog, counters: new Counters(), metricsLevel: 'none', now: () => nowMs, positions: null };
}

function batchOf(texts: readonly string[], src: string, { labels, nowMs }: InputOptions): RawBatch {
  const lines = texts.map((text) => text.replace(/\r$/, '')).filter((text) => text !== '')
    .map((text) => Buffer.from(text, 'utf8').subarray(0, limits.lineBytesMax));
  const spans = new Uint32Array(2 * lines.length);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    spans.set([at, at + line.length], 2 * index);
    at += line.length;
  }
  return { source: { src, module: 'file', labels, mode: ExpectMode.timeMachine }, bytes: Buffer.concat(lines), spans,
    flags: Uint8Array.from(lines, (line) => (line.every((byte) => byte < 0x80) ? lineFlags.ascii : 0)),
    count: lines.length, readAtMs: nowMs };
}
