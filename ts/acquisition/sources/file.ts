// Log files: followed as they grow (mode tail) or read once (mode cat). The reading itself is native/ingest; this file
// words its messages, counts, and keeps positions.

import { basename } from 'node:path';
import RE2 from 're2';
import { loadIngestAddon, readNumber, type FileTail } from '../../../native/index.js';
import { boolean, integer, list, located, text, type Shaped } from '../../config/document.js';
import { PalisadeError } from '../../errors.js';
import { ExpectMode, type LineSource } from '../../event/line.js';
import { limits } from '../../limits.js';
import { nanosecondsPer, parseGoDuration } from '../../util/go-duration.js';
import { lineCounts, type CountLines } from '../line-counts.js';
import type { FilePosition } from '../position.js';
import { ReadBuffers } from '../read-buffers.js';
import { replayFiles } from '../replay.js';
import type { RawBatch, Source, SourceContext, SourceSettings } from '../source.js';

/** What the keys of a file source say. */
export interface FileSpec {
  /** Paths and patterns (Go's filepath.Glob), `filenames` first. */
  readonly patterns: readonly string[];
  /** Files whose path one of these matches anywhere are left out. */
  readonly excludeRegexps: readonly string[];
  /** Poll always or never; undefined polls where inotify does not reach. */
  readonly poll?: boolean;
  /** 0: names are looked up anew only when the kernel reports a change. */
  readonly discoveryIntervalMs: number;
  /** How often polled files are looked at. */
  readonly pollIntervalMs: number;
  /** How long a rotated file stays open after its last line: its writer may not have reopened yet. */
  readonly lingerMs: number;
}

/** Keys of a file source. `force_inotify` changes nothing: directories are watched whether or not something matches. */
export const fileKeys = {
  filename: text(), filenames: list(text()), exclude_regexps: list(located()), force_inotify: boolean(),
  poll_without_inotify: boolean(), discovery_poll_enable: boolean(), discovery_poll_interval: located(),
  max_buffer_size: integer(),
};

type FileKeys = { [K in keyof typeof fileKeys]?: Shaped<(typeof fileKeys)[K]> };

/** What the timing keys mean when they are absent. */
export const fileDefaults = { discoveryIntervalMs: 30_000, pollIntervalMs: 250, lingerMs: 30_000 } as const;

/** Checks the keys of a file source. Throws an Error with CrowdSec's text, or a PalisadeError with a place. */
export function fileSpec(keys: FileKeys): FileSpec {
  const patterns = [...keys.filenames ?? [], ...(keys.filename ? [keys.filename] : [])];
  if (patterns.length === 0) throw new Error('no filename or filenames configuration provided');
  for (const pattern of patterns) checkPattern(pattern);
  for (const { text: regexp, place } of keys.exclude_regexps ?? []) {
    try {
      new RE2(regexp, 'u');
    } catch (error) {
      throw new PalisadeError('E_PATTERN', `could not compile regexp ${regexp}: ${(error as Error).message}`, place);
    }
  }
  const discoveryIntervalMs = discoveryInterval(keys);
  return { patterns, excludeRegexps: (keys.exclude_regexps ?? []).map((regexp) => regexp.text),
    poll: keys.poll_without_inotify, discoveryIntervalMs: keys.discovery_poll_enable ? discoveryIntervalMs : 0,
    pollIntervalMs: fileDefaults.pollIntervalMs, lingerMs: fileDefaults.lingerMs };
}

/** Throws an Error when Go's glob would refuse a pattern. */
export function checkPattern(pattern: string): void {
  try {
    loadIngestAddon().globMatches(pattern, '');
  } catch (error) {
    if ((error as { code?: string }).code === 'E_NATIVE') throw error;
    throw new Error(`glob failure: ${(error as Error).message}`);
  }
}

/** Makes the source of a specification. */
export function fileSource(settings: SourceSettings, spec: FileSpec, context: SourceContext): Source {
  return settings.mode === 'cat' ? new CatSource(settings, spec, context) : new TailSource(settings, spec, context);
}

function discoveryInterval(keys: FileKeys): number {
  const interval = keys.discovery_poll_interval;
  if (interval === undefined) return fileDefaults.discoveryIntervalMs;
  try {
    const milliseconds = parseGoDuration(interval.text) / nanosecondsPer.millisecond;
    return milliseconds > 0 ? milliseconds : fileDefaults.discoveryIntervalMs;
  } catch (error) {
    throw new PalisadeError('E_SHAPE', `"discovery_poll_interval": ${(error as Error).message}`, interval.place);
  }
}

/** Sources of lines by path: the same object for all lines of a file. */
class LineSources {
  readonly #bySrc = new Map<string, LineSource>();
  readonly #shared: Omit<LineSource, 'src'>;
  readonly #aggregated: boolean;

  constructor(settings: SourceSettings, context: SourceContext) {
    const timeMachine = settings.mode === 'cat' || settings.useTimeMachine;
    this.#shared = { module: 'file', labels: settings.labels, mode: timeMachine ? ExpectMode.timeMachine : ExpectMode.live };
    this.#aggregated = context.metricsLevel === 'aggregated';
  }

  of(path: string): LineSource {
    const src = this.#aggregated ? basename(path) : path;
    let source = this.#bySrc.get(src);
    if (source === undefined) this.#bySrc.set(src, source = { ...this.#shared, src });
    return source;
  }
}

/** Files read once. */
class CatSource implements Source {
  readonly #spec: FileSpec;
  readonly #context: SourceContext;
  readonly #sources: LineSources;
  readonly #count: CountLines;
  #closed = false;

  constructor(settings: SourceSettings, spec: FileSpec, context: SourceContext) {
    this.#spec = spec;
    this.#context = context;
    this.#sources = new LineSources(settings, context);
    this.#count = lineCounts(context, 'cs_filesource_hits_total', 'file', settings.labels['type'] ?? '');
  }

  async open(): Promise<void> {}

  async *batches(): AsyncGenerator<RawBatch> {
    for await (const { path, truncated, ...lines } of replayFiles(this.#paths(), this.#context.log)) {
      if (this.#closed) return;
      const source = this.#sources.of(path);
      this.#count(source.src, lines.count, truncated);
      yield { ...lines, source, readAtMs: this.#context.now() };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #paths(): string[] {
    const { patterns, excludeRegexps } = this.#spec;
    const excluded = excludeRegexps.map((regexp) => new RE2(regexp, 'u'));
    const paths = new Set<string>();
    for (const pattern of patterns) {
      const found = loadIngestAddon().glob(pattern);
      if (found.length === 0) this.#context.log.warning(`no matching files for pattern ${pattern}`);
      for (const path of found) if (!excluded.some((regexp) => regexp.test(path))) paths.add(path);
    }
    return [...paths];
  }
}

/** A file that a tail has open. */
interface TailedFile {
  path: string;
  readonly device: string;
  readonly inode: string;
}

/** One message of the native side about a file. */
interface Notice {
  readonly kind: string;
  readonly file: number | null;
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly offset: number;
  readonly mark: number;
  readonly detail: string;
}

/** Files followed as they grow. */
class TailSource implements Source {
  readonly #spec: FileSpec;
  readonly #context: SourceContext;
  readonly #sources: LineSources;
  readonly #count: CountLines;
  readonly #files = new Map<number, TailedFile>();
  #tail: FileTail | null = null;

  constructor(settings: SourceSettings, spec: FileSpec, context: SourceContext) {
    this.#spec = spec;
    this.#context = context;
    this.#sources = new LineSources(settings, context);
    this.#count = lineCounts(context, 'cs_filesource_hits_total', 'file', settings.labels['type'] ?? '');
  }

  async open(): Promise<void> {
    const { patterns, poll, ...spec } = this.#spec;
    const book = this.#context.positions;
    for (const pattern of patterns) book?.follow(pattern);
    try {
      this.#tail = new (loadIngestAddon().FileTail)({
        ...spec, patterns, ...(poll === undefined ? {} : { poll }), lineBytesMax: limits.lineBytesMax,
        fromEnd: patterns.map((pattern) => !(book?.knows(pattern) ?? false)),
        saved: (book?.positions() ?? []).flatMap(({ path, device, inode, offset, mark }) =>
          [path, device, inode, String(offset), String(mark)]),
      });
    } catch (error) {
      if ((error as { code?: string }).code === 'E_NATIVE') throw error;
      throw new PalisadeError('E_SOURCE', `cannot follow ${patterns.join(', ')}: ${(error as Error).message}`, undefined,
        { cause: error });
    }
  }

  async *batches(): AsyncGenerator<RawBatch> {
    const tail = this.#tail;
    if (tail === null) throw new TypeError('batches() before open()');
    const buffers = new ReadBuffers();
    for (;;) {
      const { bytes, spans, flags, numbers } = buffers;
      const count = await tail.read(bytes, spans, flags, numbers);
      if (count < 0) return;
      if (numbers[readNumber.last] > 0) this.#hear(tail.takeNotices());
      if (count > 0) yield this.#batch(buffers, count);
    }
  }

  async close(): Promise<void> {
    this.#tail?.close();
  }

  #batch(buffers: ReadBuffers, count: number): RawBatch {
    const { numbers } = buffers;
    const file = this.#files.get(numbers[readNumber.file])!;
    const source = this.#sources.of(file.path);
    this.#count(source.src, count, numbers[readNumber.truncated]);
    const position: FilePosition = { ...file, offset: numbers[readNumber.offset], mark: numbers[readNumber.mark] };
    return { ...buffers.take(count), source, count, readAtMs: this.#context.now(), position };
  }

  #hear(texts: readonly string[]): void {
    for (let at = 0; at < texts.length; at += 7) {
      const [kind, file, path, identity, offset, mark, detail] = texts.slice(at, at + 7);
      const [device, inode] = identity.split(':');
      this.#take({ kind, file: file === '' ? null : Number(file), path, device, inode, offset: Number(offset),
        mark: Number(mark), detail });
    }
  }

  #take(notice: Notice): void {
    const { kind, path, device, inode, detail } = notice;
    const log = this.#context.log;
    const [level, sentence] = noticeTexts[kind](path, detail);
    log[level](sentence);
    if (notice.file === null) return;
    if (kind === 'opened') {
      this.#files.set(notice.file, { path, device, inode });
      this.#context.positions?.opened({ path, device, inode, offset: notice.offset, mark: notice.mark });
    } else if (kind === 'renamed') {
      this.#files.get(notice.file)!.path = path;
    } else if (kind === 'closed') {
      this.#files.delete(notice.file);
      if (detail === 'deleted') this.#context.positions?.forget(device, inode);
    }
  }
}

/** What to say about each kind of notice, and how loudly. */
const noticeTexts: Readonly<Record<string, (path: string, detail: string) => ['debug' | 'info' | 'warning', string]>> = {
  opened: (path) => ['info', `reading ${path}`],
  renamed: (path) => ['debug', `a file that is being read is now called ${path}`],
  rotated: (path) => ['info', `${path} was rotated or deleted; it is read to its end`],
  truncated: (path) => ['info', `${path} was truncated; it is read from its beginning`],
  closed: (path) => ['debug', `closed a file that was ${path}`],
  compressed: (path) => ['debug', `${path} is compressed and not followed`],
  copied: (path) => ['info', `${path} is a copy of a log that has been read, and is not followed`],
  missing: (path) => ['warning', `no matching files for pattern ${path}; they are read when they appear`],
  unreadable: (path, detail) => ['warning', `cannot read ${path}: ${detail}; it is read once that works`],
  gone: (path) => ['warning', `the file that was ${path} at the last stop is gone; what it got since then is lost`],
  polling: (path, detail) => ['warning',
    `${path === '' ? 'log files' : path}: changes are polled, because ${detail || 'inotify does not reach this file system'}`],
};
