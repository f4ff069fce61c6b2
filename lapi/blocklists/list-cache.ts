// The last good copy of each blocklist and what is known of it, in the data folder: so a server need not send again
// what has not changed, and a list that cannot be reached goes on as it was.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Validators } from './fetch-list.js';

/** What is known of a list. */
export interface ListState extends Validators {
  /** URL or file of the copy; another one in the settings makes the copy worthless. */
  readonly source: string;
  /** When the list was last got or found unchanged, milliseconds since 1970; 0: never. */
  readonly fetchedMs: number;
  /** When that was last tried. */
  readonly triedMs: number;
  /** Tries that failed since it last worked. */
  readonly failureCount: number;
  /** Why the last try failed; '' when it worked. */
  readonly error: string;
  /** Addresses and networks in force, and lines that could not be read. */
  readonly entryCount: number;
  readonly invalidCount: number;
}

/** A list of which nothing is known yet. */
export const unknownList: ListState = { source: '', etag: '', lastModified: '', fetchedMs: 0, triedMs: 0,
  failureCount: 0, error: '', entryCount: 0, invalidCount: 0 };

/** Copies and states below one folder. */
export class ListCache {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'blocklists');
  }

  /** Names of all lists that have a state, configured or not. */
  names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5)).sort();
    } catch {
      return [];
    }
  }

  /** The state of a list; one that cannot be read is as good as none. */
  state(name: string): ListState {
    try {
      const text = readFileSync(join(this.#folder, `${name}.json`), 'utf8');
      return { ...unknownList, ...JSON.parse(text) as Partial<ListState> };
    } catch {
      return unknownList;
    }
  }

  /** The last good copy, or null. */
  copy(name: string): string | null {
    try {
      return readFileSync(join(this.#folder, `${name}.list`), 'utf8');
    } catch {
      return null;
    }
  }

  writeCopy(name: string, text: string): void {
    this.#write(`${name}.list`, text);
  }

  writeState(name: string, state: ListState): void {
    this.#write(`${name}.json`, `${JSON.stringify(state)}\n`);
  }

  remove(name: string): void {
    for (const suffix of ['json', 'list']) rmSync(join(this.#folder, `${name}.${suffix}`), { force: true });
  }

  #write(name: string, text: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const draft = join(this.#folder, `.${name}.${process.pid}`);
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, join(this.#folder, name));
  }
}
