// The databases that store tests run on: SQLite in a file, and a PostgreSQL and a MariaDB server of their own on unix
// sockets in temporary folders, when Debian's packages postgresql and mariadb-server are there.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { openStore, type Store, type StoreOptions } from '../../../lapi/store/store.js';

/** A kind of database. Each `create` makes an empty one and returns a way to open it, as often as wanted. */
export interface TestDatabase {
  readonly name: string;
  readonly skip: string | false;
  /** Whether transactions write side by side, so that one may end before another that began earlier. */
  readonly hasParallelWrites: boolean;
  /** Whether one transaction waits for another without holding up this thread. */
  readonly hasWaitingWrites: boolean;
  start(): Promise<void>;
  create(): Promise<(nowMs: () => number) => Promise<Store>>;
  /** How the database that was created last is opened, for another process. */
  readonly options: StoreOptions;
  /** Runs statements in the database that was created last. */
  run(statements: readonly string[]): Promise<void>;
  stop(): Promise<void>;
  /** Of one with a server: ends it, orderly or not, and starts it again on the same files. */
  readonly server: { halt(): Promise<void>; kill(): Promise<void>; resume(): Promise<void> } | null;
}

const serverFolder = '/usr/lib/postgresql';
export const mariadbProgram = '/usr/sbin/mariadbd';
const startMsMax = 120_000;
/** A folder in memory, and the room that it must have: a server makes tens of files for each database, and waits for the disk. */
const memoryFolder = '/dev/shm';
const memoryBytesMin = 1024 ** 3;

/** Returns all of them, not started. */
export function testDatabases(): TestDatabase[] {
  return [new SqliteFiles(), new PostgresServer(), new MariadbServer()];
}

/** Of onEachDatabase: what the parts of one test file share, and those of them that were started. */
const shared: TestDatabase[] = [];
const started = new Set<TestDatabase>();

/** Describes a part of a test file once on each database. All parts of a file share one server; each `create` is empty. */
export function onEachDatabase(title: string, part: (database: TestDatabase) => void, skip: string | false = false): void {
  if (shared.length === 0) {
    shared.push(...testDatabases());
    after(async () => {
      for (const database of started) await database.stop();
    });
  }
  for (const database of shared) {
    describe(`${title}, ${database.name}`, { skip: database.skip || skip }, () => {
      before(async () => {
        if (started.has(database)) return;
        started.add(database);
        await database.start();
      });
      part(database);
    });
  }
}

class SqliteFiles implements TestDatabase {
  readonly name = 'SQLite';
  readonly server = null;
  readonly skip = false;
  readonly hasParallelWrites = false;
  readonly hasWaitingWrites = false;
  #folder = '';
  #count = 0;

  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'palisade-store-'));
  }

  async run(statements: readonly string[]): Promise<void> {
    const database = new Database(this.#path);
    for (const statement of statements) database.exec(statement);
    database.close();
  }

  get #path(): string {
    return join(this.#folder, `${this.#count}.db`);
  }

  async create(): Promise<(nowMs: () => number) => Promise<Store>> {
    this.#count++;
    const { options } = this;
    return (nowMs) => openStore(options, nowMs);
  }

  get options(): StoreOptions {
    return { type: 'sqlite', path: this.#path, useWal: true, bulkSize: 1000 };
  }

  async stop(): Promise<void> {
    rmSync(this.#folder, { recursive: true });
  }
}

class PostgresServer implements TestDatabase {
  readonly name = 'PostgreSQL';
  readonly server = {
    // End connections, then stop.
    halt: () => end(this.#server, 'SIGINT'),
    kill: () => end(this.#server, 'SIGKILL'),
    resume: async () => {
      // While a process of one that was killed lives, the next one refuses to begin.
      for (const deadline = Date.now() + startMsMax; ;) {
        this.#server = spawn(this.#command[0], this.#command.slice(1), { stdio: 'ignore' });
        const hasBegun = await answering(this.#server, () => this.#run('select 1')).then(() => true, (error: Error) => {
          if (this.#server!.exitCode === null || Date.now() > deadline) throw error;
          return false;
        });
        if (hasBegun) return;
      }
    },
  };
  #command: readonly string[] = [];
  readonly hasParallelWrites = true;
  readonly hasWaitingWrites = false;
  readonly skip = programs() !== null ? false as const : "Debian's package postgresql is not installed";
  #folder = '';
  #count = 0;
  #server: ChildProcess | null = null;

  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(serverParent(), 'palisade-postgres-'));
    const data = join(this.#folder, 'data');
    const as = asUser(this.#folder, 'postgres');
    const bin = programs()!;
    execFileSync(as[0] ?? join(bin, 'initdb'), [...as.slice(1), ...(as.length > 0 ? [join(bin, 'initdb')] : []), '-D', data, '-A', 'trust',
      '-U', 'palisade', '--no-sync', '--no-locale', '-E', 'UTF8'], { stdio: 'pipe' });
    this.#command = [...as, join(bin, 'postgres'), '-D', data, '-k', this.#folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
    await this.server.resume();
  }

  run(statements: readonly string[]): Promise<void> {
    return this.#run(statements.join(';\n'), `test${this.#count}`);
  }

  async create(): Promise<(nowMs: () => number) => Promise<Store>> {
    const name = `test${++this.#count}`;
    await this.#run(`create database ${name}`);
    const { options } = this;
    return (nowMs) => openStore(options, nowMs);
  }

  get options(): StoreOptions {
    return { type: 'postgres', path: this.#folder, useWal: null, bulkSize: 1000, user: 'palisade', name: `test${this.#count}` };
  }

  async stop(): Promise<void> {
    await this.server.halt();
    rmSync(this.#folder, { recursive: true });
  }

  async #run(text: string, database = 'postgres'): Promise<void> {
    const client = new pg.Client({ host: this.#folder, user: 'palisade', database });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

class MariadbServer implements TestDatabase {
  readonly name = 'MariaDB';
  readonly server = {
    halt: () => end(this.#server, 'SIGTERM'),
    kill: () => end(this.#server, 'SIGKILL'),
    resume: async () => {
      this.#server = spawn(this.#command[0], this.#command.slice(1), { stdio: 'ignore' });
      await answering(this.#server, () => this.#run(['select 1']));
    },
  };
  #command: readonly string[] = [];
  readonly skip = existsSync(mariadbProgram) ? false as const : "Debian's package mariadb-server is not installed";
  readonly hasParallelWrites = false;
  readonly hasWaitingWrites = true;
  #folder = '';
  #count = 0;
  #server: ChildProcess | null = null;

  /** Without grant tables an empty folder is enough, and the server is there in a moment. */
  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(serverParent(), 'palisade-mariadb-'));
    // A server that starts clears its folder for temporary tables: sharing one, it would take them from those that run.
    this.#command = [...asUser(this.#folder, 'nobody'), mariadbProgram, '--no-defaults', `--datadir=${this.#folder}`,
      `--tmpdir=${this.#folder}`, `--socket=${this.#socket}`, `--pid-file=${this.#folder}/pid`, '--skip-networking', '--skip-grant-tables', '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=2', '--innodb-flush-method=nosync', '--innodb-doublewrite=0',
      '--innodb-buffer-pool-size=64M', '--innodb-log-file-size=32M'];
    await this.server.resume();
  }

  run(statements: readonly string[]): Promise<void> {
    return this.#run([`use test${this.#count}`, ...statements]);
  }

  async create(): Promise<(nowMs: () => number) => Promise<Store>> {
    const name = `test${++this.#count}`;
    await this.#run([`create database ${name}`]);
    const { options } = this;
    return (nowMs) => openStore(options, nowMs);
  }

  get options(): StoreOptions {
    return { type: 'mysql', path: this.#socket, useWal: null, bulkSize: 1000, user: 'palisade', name: `test${this.#count}` };
  }

  async stop(): Promise<void> {
    await this.server.halt();
    rmSync(this.#folder, { recursive: true });
  }

  get #socket(): string {
    return join(this.#folder, 'socket');
  }

  async #run(statements: readonly string[]): Promise<void> {
    const connection = await createConnection({ socketPath: this.#socket, user: 'palisade' });
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  }
}

/** Where the servers' folders are made. */
export function serverParent(): string {
  if (!existsSync(memoryFolder)) return tmpdir();
  const { bavail, bsize } = statfsSync(memoryFolder);
  return bavail * bsize > memoryBytesMin ? memoryFolder : tmpdir();
}

/** Folder of the newest PostgreSQL's programs, or null. */
export function programs(): string | null {
  if (!existsSync(serverFolder)) return null;
  const version = readdirSync(serverFolder).filter((name) => existsSync(join(serverFolder, name, 'bin/initdb')))
    .toSorted((a, b) => Number(a) - Number(b)).at(-1);
  return version === undefined ? null : join(serverFolder, version, 'bin');
}

/** Waits until a server that was started answers. */
export async function answering(server: ChildProcess, ask: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + startMsMax; ;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline || server.exitCode !== null) throw error;
      await sleep(50);
    }
  }
}

/** Ends a server and waits for it. */
export async function end(server: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (server === null || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
}

/** Servers refuse to run as root: then they run as another user, to whom the folder is given. */
export function asUser(folder: string, user: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const [, , uid, gid] = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith(`${user}:`))!.split(':');
  chownSync(folder, Number(uid), Number(gid));
  chmodSync(folder, 0o755);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}
