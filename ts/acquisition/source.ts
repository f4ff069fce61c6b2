// What every log source offers the pipeline, and what it is given. The first step of the flow: bytes to batches of lines.
// Not the numbering of batches (ts/pipeline) and not the reading of acquis.yaml (load.ts).

import type { Log } from '../config/log.js';
import type { Place } from '../errors.js';
import type { Located } from '../config/document.js';
import type { LogLevel } from '../config/config.js';
import type { LineBatch } from '../event/line.js';
import type { Counters } from '../metrics/counters.js';
import type { FileSpec } from './sources/file.js';
import type { JournalctlSpec } from './sources/journalctl.js';
import type { SyslogSpec } from './sources/syslog.js';
import type { FilePosition, PositionBook } from './position.js';

/** A batch before the pipeline numbers it. */
export interface RawBatch extends Omit<LineBatch, 'seq'> {
  /** Where the file stands once these lines are done with; only from sources that can be read again. */
  readonly position?: FilePosition;
}

/** One source of lines. `batches` is iterated once, after `open`; it ends by itself (a replay) or after `close`. */
export interface Source {
  /** Throws a PalisadeError (E_SOURCE) when the source cannot be used at all. */
  open(): Promise<void>;
  /** Reads a batch only when asked for one, so a slow consumer slows the reading. */
  batches(): AsyncIterable<RawBatch>;
  /** Ends `batches`; a batch that was read but not asked for is dropped, and read again after a restart. */
  close(): Promise<void>;
}

/** What a source gets from the process that runs it. */
export interface SourceContext {
  readonly log: Log;
  readonly counters: Counters;
  /** `aggregated` shortens Line.Src to the base name; `none` counts nothing. */
  readonly metricsLevel: 'none' | 'aggregated' | 'full';
  /** Unix milliseconds. */
  now(): number;
  /** Where earlier runs stopped; null reads every tailed file from its end. */
  readonly positions: PositionBook | null;
}

/** Keys that every kind of source has. */
export interface SourceSettings {
  readonly labels: Readonly<Record<string, string>>;
  readonly mode: 'tail' | 'cat';
  readonly useTimeMachine: boolean;
  readonly name: string;
  readonly uniqueId: string;
  readonly logLevel: LogLevel | null;
  /** An expression that rewrites lines, or null. The pipeline compiles and runs it. */
  readonly transform: Located | null;
  /** Where the source is configured; null when it comes from the command line. */
  readonly place: Place | null;
}

/** A checked source configuration: plain data. */
export type SourceSpec = SourceSettings & ({ readonly module: 'file'; readonly file: FileSpec }
  | { readonly module: 'journalctl'; readonly journalctl: JournalctlSpec }
  | { readonly module: 'syslog'; readonly syslog: SyslogSpec });
