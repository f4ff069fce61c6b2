// The database of the Local API: opens it, brings its schema up to date, and holds one object for each entity.
// Used by the LAPI thread, and by cscli for what it edits without a request (machines, bouncers, allowlists, flush).

import { Kysely, type LogEvent } from 'kysely';
import { PalisadeError } from '../../ts/errors.js';
import { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { Alerts } from './alerts.js';
import { Allowlists } from './allowlists.js';
import { Bouncers } from './bouncers.js';
import { ChangeLog } from './change-log.js';
import { Decisions } from './decisions.js';
import type { StoreDialect } from './dialect/dialect.js';
import { isOnNetwork } from './dialect/network-folder.js';
import type { SslOptions } from './dialect/server-options.js';
import { sqliteDialect } from './dialect/sqlite.js';
import { Lease } from './lease.js';
import { Machines } from './machines.js';
import { migrate, restore } from './migrations.js';
import { Precedence, precedenceBytes } from './precedence.js';
import { Retention } from './retention.js';
import type { Tables } from './tables.js';
import { UsageMetrics } from './usage-metrics.js';
import type { WrittenSlice } from './written-slices.js';

/** The part of db_config that a store needs. What says how to reach a server is not for SQLite. */
export interface StoreOptions {
  readonly type: string;
  /** The file; for a server without host and port its unix socket, or for PostgreSQL the folder of it. */
  readonly path: string;
  readonly user?: string;
  readonly password?: string;
  readonly name?: string;
  readonly host?: string;
  readonly port?: number;
  readonly ssl?: SslOptions;
  /** Write-ahead log. null: on, unless the file lies on a network file system. */
  readonly useWal: boolean | null;
  /** Connections to a server at most; absent or 0: lapiLimits.databaseConnectionsMax, which is never exceeded. */
  readonly connectionsMax?: number;
  /** Rows per insert or expiry statement. */
  readonly bulkSize: number;
  /** Shared by the threads of this process that have the same database open; precedenceBytes, zero. Absent: this one is alone. */
  readonly precedence?: SharedArrayBuffer;
  /** Hears of slices of decisions that were written; absent: the decisions in memory of this store. */
  readonly onSlice?: (slice: WrittenSlice) => void;
  /** Pages of SQLite's write-ahead log before they are moved to the file; absent: the usual. */
  readonly checkpointPages?: number;
}

/** What every entity works with. */
export interface StoreContext {
  readonly db: Kysely<Tables>;
  readonly dialect: StoreDialect;
  readonly precedence: Precedence;
  onSlice(slice: WrittenSlice): void;
  readonly bulkSize: number;
  /** The present instant; never the same twice, so that "created after" has no ties. */
  now(): GoTime;
}

/** The open database. */
export interface Store extends StoreContext {
  readonly alerts: Alerts;
  readonly decisions: Decisions;
  readonly machines: Machines;
  readonly bouncers: Bouncers;
  readonly allowlists: Allowlists;
  readonly usageMetrics: UsageMetrics;
  readonly retention: Retention;
  readonly changes: ChangeLog;
  /** Who of the Local APIs on this database does what recurs. */
  readonly jobs: Lease;
  close(): Promise<void>;
}

/** Opens the database of a configuration. Throws E_STORE when it cannot be opened, E_CONFIG for an unknown type. */
export async function openStore(options: StoreOptions, nowMs: () => number = Date.now): Promise<Store> {
  const precedence = new Precedence(options.precedence ?? new SharedArrayBuffer(precedenceBytes));
  const dialect = await dialectOf(options, precedence);
  let restoring: Promise<void> | null = null;
  const db: Kysely<Tables> = new Kysely<Tables>({ dialect: dialect.kysely,
    log: (event: LogEvent) => {
      // Everything but a plain reading counts as a write, the commit at its end too.
      if (dialect.name !== 'sqlite' && !/^select/i.test(event.query.sql)) dialect.noteWrite();
      if (event.level === 'error' && dialect.isSchemaFault(event.error)) putBack();
    } });
  // What is wrong with it the next query says.
  const putBack = (): void => void (restoring ??= restore(db, dialect).catch(() => {}).finally(() => { restoring = null; }));
  const context: StoreContext = { db, dialect, precedence, bulkSize: options.bulkSize || 1000, now: uniqueClock(nowMs),
    onSlice: options.onSlice ?? ((slice) => decisions.expect(slice)) };
  try {
    await migrate(db, dialect);
  } catch (error) {
    await db.destroy();
    throw new PalisadeError('E_STORE', `cannot use the database ${options.path || options.host}: ${(error as Error).message}`,
      undefined, { cause: error });
  }
  const bouncers = new Bouncers(context);
  const machines = new Machines(context);
  const decisions = new Decisions(context);
  const jobs = new Lease(context, 'jobs');
  return {
    ...context,
    alerts: new Alerts(context, machines), decisions, machines, bouncers,
    allowlists: new Allowlists(context), usageMetrics: new UsageMetrics(context),
    retention: new Retention(context), changes: new ChangeLog(context),
    jobs,
    close: async () => {
      await restoring;
      await decisions.close();
      // One that cannot be given back ends by itself.
      await jobs.release().catch(() => {});
      // A pull that cannot be written any more only repeats a delta.
      await bouncers.flushPulls().catch(() => {});
      await db.destroy();
    },
  };
}

/** The clients of database servers are large, and few use one: they are loaded here. */
async function dialectOf(options: StoreOptions, precedence: Precedence): Promise<StoreDialect> {
  if (options.type === 'sqlite') {
    const { path, useWal, checkpointPages = lapiLimits.checkpointPages } = options;
    return sqliteDialect(path, useWal ?? !isOnNetwork(path), precedence, checkpointPages);
  }
  const { user = '', password = '', name = '', host = '', port = 0 } = options;
  const server = { user, password, database: name, host, port, socketPath: options.path,
    connectionsMax: Math.min(options.connectionsMax || Infinity, lapiLimits.databaseConnectionsMax),
    ssl: options.ssl ?? { mode: '', caFile: '', certFile: '', keyFile: '' } };
  if (['postgres', 'postgresql', 'pgx'].includes(options.type)) {
    const { postgresDialect } = await import('./dialect/postgres.js');
    return postgresDialect(server);
  }
  if (options.type === 'mysql') {
    const { mysqlDialect } = await import('./dialect/mysql.js');
    return mysqlDialect(server);
  }
  throw new PalisadeError('E_CONFIG', `unable to create database client: unknown database type '${options.type}'`);
}

/** Milliseconds are too coarse to order writes, so calls within one are a microsecond apart. */
function uniqueClock(nowMs: () => number): () => GoTime {
  let last = GoTime.zero;
  return () => {
    const now = GoTime.fromMs(nowMs());
    // A clock set back by more than a second is believed; ties and small steps back are not.
    const behindNs = last.since(now);
    last = behindNs >= 0 && behindNs < 1e9 ? last.add(1000) : now;
    return last;
  };
}
