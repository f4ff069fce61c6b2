// The databases that store tests run on: SQLite in a file, and a PostgreSQL server of their own on a unix socket in a
// temporary folder, when Debian's package postgresql is there.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openStore, type Store } from '../../../lapi/store/store.js';

/** A kind of database. Each `create` makes an empty one and returns a way to open it, as often as wanted. */
export interface TestDatabase {
  readonly name: string;
  readonly skip: string | false;
  /** Whether transactions write side by side, so that one may end before another that began earlier. */
  readonly hasParallelWrites: boolean;
  start(): Promise<void>;
  create(): Promise<(nowMs: () => number) => Promise<Store>>;
  stop(): Promise<void>;
}

const serverFolder = '/usr/lib/postgresql';
const startMsMax = 30_000;

/** Returns all of them, not started. */
export function testDatabases(): TestDatabase[] {
  return [new SqliteFiles(), new PostgresServer()];
}

class SqliteFiles implements TestDatabase {
  readonly name = 'SQLite';
  readonly skip = false;
  readonly hasParallelWrites = false;
  #folder = '';
  #count = 0;

  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'palisade-store-'));
  }

  async create(): Promise<(nowMs: () => number) => Promise<Store>> {
    const path = join(this.#folder, `${this.#count++}.db`);
    return (nowMs) => openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 }, nowMs);
  }

  async stop(): Promise<void> {
    rmSync(this.#folder, { recursive: true });
  }
}

class PostgresServer implements TestDatabase {
  readonly name = 'PostgreSQL';
  readonly hasParallelWrites = true;
  readonly skip = existsSync(serverFolder) && programs() !== null ? false as const : "Debian's package postgresql is not installed";
  #folder = '';
  #count = 0;
  #server: ChildProcess | null = null;

  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'palisade-postgres-'));
    const data = join(this.#folder, 'data');
    const as = asServerUser(this.#folder);
    const bin = programs()!;
    execFileSync(as[0] ?? join(bin, 'initdb'), [...as.slice(1), ...(as.length > 0 ? [join(bin, 'initdb')] : []), '-D', data, '-A', 'trust',
      '-U', 'palisade', '--no-sync', '--no-locale', '-E', 'UTF8'], { stdio: 'pipe' });
    const command = [...as, join(bin, 'postgres'), '-D', data, '-k', this.#folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
    this.#server = spawn(command[0], command.slice(1), { stdio: 'ignore' });
    for (const deadline = Date.now() + startMsMax; ;) {
      try {
        return await this.#run('select 1');
      } catch (error) {
        if (Date.now() > deadline || this.#server.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  async create(): Promise<(nowMs: () => number) => Promise<Store>> {
    const name = `test${this.#count++}`;
    await this.#run(`create database ${name}`);
    return (nowMs) => openStore({ type: 'postgres', path: this.#folder, useWal: null, bulkSize: 1000, user: 'palisade', name }, nowMs);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server !== null && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      // SIGINT: end connections, then stop.
      server.kill('SIGINT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }

  async #run(text: string): Promise<void> {
    const client = new pg.Client({ host: this.#folder, user: 'palisade', database: 'postgres' });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

/** Folder of the newest server's programs, or null. */
function programs(): string | null {
  const version = readdirSync(serverFolder).filter((name) => existsSync(join(serverFolder, name, 'bin/initdb')))
    .toSorted((a, b) => Number(a) - Number(b)).at(-1);
  return version === undefined ? null : join(serverFolder, version, 'bin');
}

/** PostgreSQL refuses to run as root: then it runs as the package's user, to whom the folder is given. */
function asServerUser(folder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const [, , uid, gid] = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith('postgres:'))!.split(':');
  chownSync(folder, Number(uid), Number(gid));
  chmodSync(folder, 0o755);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}
