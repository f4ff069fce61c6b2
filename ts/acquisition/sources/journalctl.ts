// The systemd journal through the journalctl program: followed (mode tail) or read once (mode cat). Filters are handed
// over as they are; lines are cut by native/ingest.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { loadIngestAddon, readNumber, type LineFramer } from '../../../native/index.js';
import { list, text, type Shaped } from '../../config/document.js';
import { PalisadeError } from '../../errors.js';
import { ExpectMode, type LineSource } from '../../event/line.js';
import { limits } from '../../limits.js';
import { lineCounts, type CountLines } from '../line-counts.js';
import { ReadBuffers } from '../read-buffers.js';
import type { RawBatch, Source, SourceContext, SourceSettings } from '../source.js';

/** What the keys of a journalctl source say. */
export interface JournalctlSpec {
  /** Arguments for journalctl, one each. */
  readonly filters: readonly string[];
  /** `--since` of a DSN, or ''. */
  readonly since: string;
  /** The program: a name to be found on PATH, or a path. */
  readonly program: string;
  /** How long after an end of journalctl it is started again. */
  readonly restartDelayMs: number;
}

/** Keys of a journalctl source. */
export const journalctlKeys = { journalctl_filter: list(text()) };

const defaults = { since: '', program: 'journalctl', restartDelayMs: 10_000 } as const;

/** Checks the keys of a journalctl source. Throws an Error with CrowdSec's text. */
export function journalctlSpec(keys: { journalctl_filter?: Shaped<typeof journalctlKeys.journalctl_filter> }): JournalctlSpec {
  const filters = keys.journalctl_filter ?? [];
  if (filters.length === 0) throw new Error('journalctl_filter is required');
  return { ...defaults, filters };
}

/** Reads `journalctl://filters=F1&filters=F2&since=..`. Throws an Error with the reason. */
export function journalctlDsn(dsn: string): { module: 'journalctl'; journalctl: JournalctlSpec } {
  if (!dsn.startsWith('journalctl://')) throw new Error(`invalid DSN ${dsn} for journalctl source, must start with journalctl://`);
  const query = dsn.slice('journalctl://'.length);
  if (query === '') throw new Error('empty journalctl:// DSN');
  const parameters = new URLSearchParams(query);
  for (const key of parameters.keys()) {
    if (!['filters', 'since', 'log_level'].includes(key)) throw new Error(`unsupported key ${key} in journalctl DSN`);
  }
  const filters = parameters.getAll('filters');
  if (filters.length === 0) throw new Error('journalctl DSN without filters');
  const missing = journalctlIsMissing();
  if (missing !== null) throw new Error(missing);
  return { module: 'journalctl', journalctl: { ...defaults, filters, since: parameters.get('since') ?? '' } };
}

/** Why journalctl cannot be used on this host, or null. */
export function journalctlIsMissing(path: string = process.env['PATH'] ?? ''): string | null {
  for (const folder of path.split(delimiter).filter((name) => name !== '')) {
    try {
      accessSync(join(folder, defaults.program), constants.X_OK);
      return null;
    } catch {
      // Not in this folder.
    }
  }
  return 'journalctl is not on PATH (Debian package: systemd)';
}

/** Makes the source of a specification. */
export function journalctlSource(settings: SourceSettings, spec: JournalctlSpec, context: SourceContext): Source {
  return new JournalctlSource(settings, spec, context);
}

/** A running journalctl. */
interface Journal {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What it has said on standard error, at most a thousand characters or so. */
  complaint: string;
}

/** Lines of journalctl's standard output. */
class JournalctlSource implements Source {
  readonly #spec: JournalctlSpec;
  readonly #context: SourceContext;
  readonly #follow: boolean;
  readonly #source: LineSource;
  readonly #count: CountLines;
  readonly #closing = new AbortController();
  #journal: Journal | null = null;

  constructor(settings: SourceSettings, spec: JournalctlSpec, context: SourceContext) {
    this.#spec = spec;
    this.#context = context;
    this.#follow = settings.mode !== 'cat';
    this.#source = { src: `journalctl-${spec.filters.join('.')}`, module: 'journalctl', labels: settings.labels,
      mode: settings.useTimeMachine ? ExpectMode.timeMachine : ExpectMode.live };
    this.#count = lineCounts(context, 'cs_journalctlsource_hits_total', 'journalctl', settings.labels['type'] ?? '');
  }

  async open(): Promise<void> {
    this.#journal = await this.#start();
  }

  async *batches(): AsyncGenerator<RawBatch> {
    while (!this.#closing.signal.aborted) {
      const journal = this.#journal ??= await this.#start();
      yield* this.#lines(journal.child.stdout);
      const reason = await ended(journal);
      this.#journal = null;
      if (this.#closing.signal.aborted) return;
      if (!this.#follow) {
        if (reason !== null) throw new PalisadeError('E_SOURCE', reason);
        return;
      }
      this.#context.log.warning(`${reason ?? 'journalctl ended'}; it is started again`);
      await delay(this.#spec.restartDelayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#journal?.child.kill();
  }

  async #start(): Promise<Journal> {
    const { program, since, filters } = this.#spec;
    const how = this.#follow ? ['--follow', '-n', '0'] : since === '' ? [] : ['--since', since];
    const child = spawn(program, [...how, ...filters], { stdio: ['ignore', 'pipe', 'pipe'] });
    const journal: Journal = { child, complaint: '' };
    child.stderr.on('data', (chunk: Buffer) => {
      if (journal.complaint.length < 1000) journal.complaint += chunk.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new PalisadeError('E_SOURCE', `cannot run ${program}: ${error.message}`,
        undefined, { cause: error })));
    });
    return journal;
  }

  async *#lines(stdout: Readable): AsyncGenerator<RawBatch> {
    const framer = new (loadIngestAddon().LineFramer)(limits.lineBytesMax);
    const buffers = new ReadBuffers();
    for await (const chunk of stdout as AsyncIterable<Buffer>) yield* this.#frame(framer, chunk, false, buffers);
    yield* this.#frame(framer, new Uint8Array(0), true, buffers);
  }

  *#frame(framer: LineFramer, chunk: Uint8Array, last: boolean, buffers: ReadBuffers): Generator<RawBatch> {
    const { numbers } = buffers;
    let count: number;
    let from = 0;
    do {
      count = framer.push(chunk, from, last, buffers.bytes, buffers.spans, buffers.flags, numbers);
      from += numbers[readNumber.last];
      if (count > 0) {
        this.#count(this.#source.src, count, numbers[readNumber.truncated]);
        yield { ...buffers.take(count), source: this.#source, count, readAtMs: this.#context.now() };
      }
      // A full batch may have left lines behind although the chunk is used up.
    } while (from < chunk.length || count === limits.batchLinesMax);
  }
}

/** Waits for the end of journalctl. Resolves to what went wrong, or null. */
async function ended(journal: Journal): Promise<string | null> {
  const { child } = journal;
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('close', resolve));
  if (child.exitCode === 0) return null;
  return `journalctl ended with ${child.signalCode ?? `status ${child.exitCode}`}: ${journal.complaint.trim()}`;
}
