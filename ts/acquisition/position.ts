// How far files have been read, kept across restarts: a book in memory and its file on disk.
// Not when to save it: the pipeline does, together with the buckets.

import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { PalisadeError } from '../errors.js';
import type { Log } from '../config/log.js';

/** Where one file stands. */
export interface FilePosition {
  readonly path: string;
  /** Device and inode as decimal texts: they may exceed 53 bits. */
  readonly device: string;
  readonly inode: string;
  /** Bytes up to here are done with. */
  readonly offset: number;
  /** Hash of the bytes before the offset: tells whether the file is still the one that was read. */
  readonly mark: number;
}

/** The form of the file on disk. */
interface Saved {
  readonly version: 1;
  readonly patterns: readonly string[];
  readonly files: readonly FilePosition[];
}

/** Files of one name that are remembered: the present one and those it was rotated to. */
const filesPerPathMax = 4;

/** Positions of all tailed files of a process. */
export class PositionBook {
  readonly #files = new Map<string, FilePosition>();
  readonly #patternsBefore: ReadonlySet<string>;
  readonly #patterns = new Set<string>();

  private constructor(saved: Saved) {
    this.#patternsBefore = new Set(saved.patterns);
    for (const position of saved.files) this.#files.set(identity(position), position);
  }

  /** A book with nothing in it: a first start. */
  static empty(): PositionBook {
    return new PositionBook({ version: 1, patterns: [], files: [] });
  }

  /** Reads the book of an earlier run. No file is a first start; a damaged one too, with a warning. */
  static load(file: string, log: Log): PositionBook {
    try {
      return new PositionBook(checked(JSON.parse(readFileSync(file, 'utf8'))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.warning(`the saved positions in ${file} cannot be used, logs are read from their end: ${(error as Error).message}`);
      }
      return PositionBook.empty();
    }
  }

  /** Whether an earlier run followed this pattern: files that came since are new then, not old. */
  knows(pattern: string): boolean {
    return this.#patternsBefore.has(pattern);
  }

  /** Says that this run follows a pattern. */
  follow(pattern: string): void {
    this.#patterns.add(pattern);
  }

  /** Notes where a file begins to be read; a position already known stays. */
  opened(position: FilePosition): void {
    const known = this.#files.get(identity(position));
    if (known === undefined || position.offset === 0) this.note(position);
    else if (known.path !== position.path) this.note({ ...known, path: position.path });
  }

  /** Notes that everything before a position is done with. */
  note(position: FilePosition): void {
    const key = identity(position);
    // Deleted first, so that the order of the map is the order of the last news.
    this.#files.delete(key);
    this.#files.set(key, position);
    const sameName = [...this.#files].filter(([, other]) => other.path === position.path);
    for (const [old] of sameName.slice(0, -filesPerPathMax)) this.#files.delete(old);
  }

  /** Forgets a file that is gone. */
  forget(device: string, inode: string): void {
    this.#files.delete(`${device}:${inode}`);
  }

  /** All positions, those with the latest news last. */
  positions(): FilePosition[] {
    return [...this.#files.values()];
  }

  /** The book as plain data, for a cut that is saved elsewhere. */
  snapshot(): Saved {
    return { version: 1, patterns: [...this.#patterns], files: this.positions() };
  }

  /** Writes the book as it is now beside the file and renames it into place; one save at a time. Rejects with E_FILE. */
  async save(file: string): Promise<void> {
    try {
      // Waiting for a disk takes up to a fifth of a second: too long for the thread that hands on lines and alerts.
      await writeFile(`${file}.new`, JSON.stringify(this.snapshot()), { mode: 0o600, flush: true });
      await rename(`${file}.new`, file);
    } catch (error) {
      throw new PalisadeError('E_FILE', `cannot save positions to ${file}: ${(error as Error).message}`, undefined,
        { cause: error });
    }
  }
}

function identity(position: FilePosition): string {
  return `${position.device}:${position.inode}`;
}

function checked(data: unknown): Saved {
  const saved = data as Partial<Saved> | null;
  if (saved?.version !== 1) throw new Error(`version ${String(saved?.version)} is not 1`);
  const texts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!texts(saved.patterns) || !Array.isArray(saved.files) || !saved.files.every(isPosition)) {
    throw new Error('a field is missing or of another kind');
  }
  return saved as Saved;
}

function isPosition(value: unknown): value is FilePosition {
  const { path, device, inode, offset, mark } = (value ?? {}) as Record<string, unknown>;
  const number = (text: unknown): boolean => typeof text === 'string' && /^[0-9]{1,20}$/.test(text);
  return typeof path === 'string' && number(device) && number(inode)
    && Number.isSafeInteger(offset) && (offset as number) >= 0
    && Number.isInteger(mark) && (mark as number) >= 0 && (mark as number) <= 0xffff_ffff;
}
