// SQLite through better-sqlite3: one connection, prepared statements kept, transactions that take the write lock at
// once (a deferred one could lose it half-way to another process). Calls are synchronous inside; kysely sees promises.

import Database from 'better-sqlite3';
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql, type DatabaseConnection,
  type Driver, type Kysely, type QueryResult, type RawBuilder } from 'kysely';
import { PalisadeError } from '../../../ts/errors.js';
import { lapiLimits } from '../../limits.js';
import type { Precedence } from '../precedence.js';
import type { Tables } from '../tables.js';
import { namesOf, type ColumnKind, type Row, type StoreDialect } from './dialect.js';
import { removedColumns, resetChange, triggers, type ChangeTrigger } from './triggers.js';

/** Prepared statements kept by their text. Texts differ by the filters a request used, so there are few. */
const statementCountMax = 400;
/** Rows of one statement where there are many; fewer are faster one by one than a statement made for their number. */
const rowsPerStatement = 100;

const columnTypes: Readonly<Record<ColumnKind, RawBuilder<unknown>>> = {
  time: sql`datetime`, name: sql`text`, text: sql`text`, longText: sql`text`, int: sql`integer`, wide: sql`bigint`, float: sql`real`,
  flag: sql`bool`, json: sql`json`,
};

/**
 * Opens or creates a database file; who waits for its write lock takes precedence. Throws E_STORE when it cannot be opened.
 */
export function sqliteDialect(path: string, useWal: boolean, precedence: Precedence, checkpointPages: number): StoreDialect {
  const database = openFile(path, useWal, checkpointPages);
  const statements = new StatementCache(database);
  return {
    name: 'sqlite',
    kysely: {
      createDriver: () => new SqliteDriver(database, new SqliteConnection(database, statements, precedence)),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    changeNumber: sql.ref<number>('seq'),
    hasDenseLog: true,
    skipsInIndexes: false,
    signAgainstIndex: '+',
    parameterCountMax: 32_000,
    idColumn: sql`integer`,
    numbersByKeyword: true,
    hasBooleans: false,
    hasTableOptions: false,
    // A transaction holds the write lock from its start.
    migrate: (db, work) => db.transaction().execute(work),
    columnType: (kind) => columnTypes[kind],
    ensureTriggers,
    indexNames: async (db) => namesOf(await sql<{ name: string }>`select name from sqlite_master where type = 'index'`.execute(db)),
    dropTriggers: async (db) => {
      const { rows } = await sql<{ name: string }>`select name from sqlite_master where type = 'trigger'
        and name like 'palisade%'`.execute(db);
      for (const { name } of rows) await sql`drop trigger ${sql.ref(name)}`.execute(db);
    },
    addChangeNumber: async () => {},
    readConsistently,
    snapshot: async () => null,
    dropAlienChanges: async () => {},
    insertRows: async (_db, table, rows) => {
      if (table === 'decisions' && rows.length >= lapiLimits.quietInsertRows) return insertQuietly(statements, rows);
      insert(statements, table, rows);
      return null;
    },
    insertForIds: async (_db, table, rows) => {
      if (rows.length === 0) return [];
      const statement = statements.insertOf(table, Object.keys(rows[0]));
      return rows.map((row) => Number(statement.run(Object.values(row)).lastInsertRowid));
    },
    writeAheadLog: {
      moveFrom: (pages) => void database.pragma(`wal_autocheckpoint = ${pages}`),
      move: () => void database.pragma('wal_checkpoint(passive)'),
    },
    isUnavailable: (error) => /^SQLITE_(FULL|READONLY|IOERR|BUSY|LOCKED|CANTOPEN)/.test(codeOf(error)) || isSchemaFault(error),
    isSchemaFault,
    listen: () => async () => {},
    noteWrite: () => {},
    // data_version counts what other connections wrote, total_changes what this one did.
    writeMark: () => `${statements.value('pragma data_version')} ${statements.value('select total_changes()')}`,
    foreignMark: onceInATurn(() => String(statements.value('pragma data_version'))),
    schemaVersion: () => Number(statements.value('pragma schema_version')),
  };
}

function openFile(path: string, useWal: boolean, checkpointPages: number): Database.Database {
  try {
    // The file holds password hashes: it is never readable by others, not even for a moment.
    if (path !== ':memory:' && !existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    if (path !== ':memory:') chmodSync(path, 0o640);
    const database = new Database(path, { timeout: lapiLimits.busyTimeoutMs });
    if (useWal && path !== ':memory:') database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    // Every insert that fires a trigger opens a statement journal: in memory, or it is a file made and removed each time.
    database.pragma('temp_store = MEMORY');
    database.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    database.pragma(`cache_size = -${lapiLimits.pageCacheKilobytes}`);
    // SQLite waits for a lock with this thread; the connection below waits without.
    database.pragma(`busy_timeout = ${lapiLimits.busyBlockMs}`);
    return database;
  } catch (error) {
    const hint = existsSync(dirname(path)) ? '' : ` (the folder ${dirname(path)} does not exist)`;
    throw new PalisadeError('E_STORE', `cannot open the database ${path}: ${(error as Error).message}${hint}`,
      undefined, { cause: error });
  }
}

async function ensureTriggers(db: Kysely<Tables>): Promise<void> {
  const present = namesOf(await sql<{ name: string }>`select name from sqlite_master where type = 'trigger'`.execute(db));
  if (triggers.every(({ name }) => present.has(name))) return;
  await db.transaction().execute(async (transaction) => {
    for (const trigger of triggers) await sql.raw(triggerText(trigger)).execute(transaction);
    await transaction.insertInto('palisade_changes').values(resetChange).execute();
  });
}

function triggerText({ name, table, event, columns }: ChangeTrigger): string {
  const isRemoval = event === 'delete' && table === 'decisions';
  const [names, values] = isRemoval ? [`, ${removedColumns.join(', ')}`, removedColumns.map((column) => `, old.${column}`).join('')]
    : ['', ''];
  const when = table === 'decisions' && event === 'insert' ? 'not exists (select 1 from palisade_quiet)'
    : columns.map((column) => `old.${column} is not new.${column}`).join(' or ');
  return `create trigger if not exists ${name} after ${event}${columns.length === 0 ? '' : ` of ${columns.join(', ')}`} on ${table}
    ${when === '' ? '' : `when ${when}`} begin
    insert into palisade_changes (kind, event, row_id${names}) values ('${table}', '${event}', ${event === 'delete' ? 'old' : 'new'}.id${values}); end`;
}

/** One connection serves one reader at a time; a transaction keeps other processes' writes out of its sight. */
async function readConsistently<T>(db: Kysely<Tables>, read: (reader: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`begin`.execute(connection);
    try {
      return await read(connection);
    } finally {
      await sql`commit`.execute(connection);
    }
  });
}

/** Rows in bulk: what they have in common is bound once a statement, for binding takes longer than inserting. */
function insert(statements: StatementCache, table: string, rows: readonly Row[]): void {
  let from = 0;
  for (; rows.length - from >= rowsPerStatement; from += rowsPerStatement) {
    insertSlice(statements, table, rows.slice(from, from + rowsPerStatement));
  }
  if (from === rows.length) return;
  const statement = statements.insertOf(table, Object.keys(rows[0]));
  for (; from < rows.length; from++) statement.run(Object.values(rows[from]));
}

function insertSlice(statements: StatementCache, table: string, rows: readonly Row[]): void {
  const names = Object.keys(rows[0]);
  // By place, for names are looked up: all rows have the same ones in the same order.
  const values = rows.map((row) => Object.values(row));
  const isSame = (place: number, other: number): boolean => values.every((row) => row[place] === row[other]);
  const places = [...names.keys()];
  const shared = places.filter((place) => values.every((row) => row[place] === values[0][place]));
  // Something has to differ, or there is nothing to make rows of.
  if (shared.length === places.length) shared.pop();
  const differing = places.filter((place) => !shared.includes(place));
  // Of an address the last one is the first: bound once.
  const firstLike = new Map(differing.map((place) => [place, differing.find((other) => isSame(place, other))!]));
  const own = differing.filter((place) => firstLike.get(place) === place);
  const source = places.map((place) => shared.includes(place) ? `shared.c${shared.indexOf(place)}` : `own.column${own.indexOf(firstLike.get(place)!) + 1}`);
  const [once, from] = shared.length === 0 ? ['', ''] : [`with shared as (select ${shared.map((_place, index) => `? as c${index}`).join(', ')})`, 'shared, '];
  const mark = `(${own.map(() => '?').join(', ')})`;
  statements.get(`insert into "${table}" (${names.map((name) => `"${name}"`).join(', ')}) ${once} select ${source.join(', ')} from ${from}(values ${
    values.map(() => mark).join(', ')}) as own`).run([...shared.map((place) => values[0][place]), ...values.flatMap((row) => own.map((place) => row[place]))]);
}

/**
 * Many decisions without the trigger, which would take more time than all else: the transaction shuts out other writers,
 * so their ids are one run, and it is logged as such. Returns the first.
 */
function insertQuietly(statements: StatementCache, rows: readonly Row[]): number {
  // A row that nobody else ever sees. Taking the trigger away would have every connection read the schema anew.
  statements.get('insert into palisade_quiet (is_quiet) values (1)').run();
  insert(statements, 'decisions', rows);
  const last = Number(statements.value("select seq from sqlite_sequence where name = 'decisions'"));
  const first = last - rows.length + 1;
  insert(statements, 'palisade_changes', [{ kind: 'decisions', event: 'insert', row_id: first, last_id: last }]);
  statements.get('delete from palisade_quiet').run();
  return first;
}

/** Asks once in a turn of the event loop, for to ask takes locks of the file: requests that came together are told the same. */
function onceInATurn(ask: () => string): () => string {
  let known: string | null = null;
  return () => {
    if (known !== null) return known;
    setImmediate(() => { known = null; });
    return known = ask();
  };
}

function isSchemaFault(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_ERROR' && /no such column|has no column named/.test((error as Error).message);
}

function codeOf(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}

class StatementCache {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  /** The last insert of one row into each table: to put its text together costs half as much as to run it. */
  readonly #inserts = new Map<string, { readonly columns: readonly string[]; readonly statement: Database.Statement }>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** The insert of one row whose values come in the order of the columns. */
  insertOf(table: string, columns: readonly string[]): Database.Statement {
    const last = this.#inserts.get(table);
    if (last?.columns.length === columns.length && last.columns.every((name, index) => name === columns[index])) return last.statement;
    const statement = this.get(`insert into "${table}" (${columns.map((name) => `"${name}"`).join(', ')}) `
      + `values (${columns.map(() => '?').join(', ')})`);
    this.#inserts.set(table, { columns, statement });
    return statement;
  }

  get(text: string): Database.Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      if (this.#statements.size >= statementCountMax) this.#statements.delete(this.#statements.keys().next().value!);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** The single value that a query without parameters gives. */
  value(text: string): unknown {
    return this.get(text).pluck().get();
  }

  clear(): void {
    this.#statements.clear();
    this.#inserts.clear();
  }
}

/** One connection, handed out to one user at a time in order of asking. */
class SqliteDriver implements Driver {
  readonly #database: Database.Database;
  readonly #connection: SqliteConnection;
  #tail: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(database: Database.Database, connection: SqliteConnection) {
    this.#database = database;
    this.#connection = connection;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#tail;
    let release = (): void => {};
    this.#tail = new Promise((resolve) => { release = resolve; });
    await before;
    this.#release = release;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite has rolled back by itself after a full disk; a second rollback would hide that error.
    if (this.#database.inTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#connection.forget();
    this.#database.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: Database.Database;
  readonly #statements: StatementCache;
  readonly #precedence: Precedence;

  constructor(database: Database.Database, statements: StatementCache, precedence: Precedence) {
    this.#database = database;
    this.#statements = statements;
    this.#precedence = precedence;
  }

  forget(): void {
    this.#statements.clear();
  }

  /** While another process holds the lock, requests that need no database are answered. */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    let isWaiting = false;
    try {
      for (const deadlineMs = performance.now() + lapiLimits.busyTimeoutMs; ;) {
        try {
          return this.#run(query);
        } catch (error) {
          // Inside a transaction only its end can be tried again: the rest may have been done on what has changed since.
          const mayRepeat = !this.#database.inTransaction || query.sql === 'commit';
          if (codeOf(error) !== 'SQLITE_BUSY' || !mayRepeat || performance.now() > deadlineMs) throw error;
          this.#precedence.take();
          isWaiting = true;
          await sleep(lapiLimits.busyRetryMs);
        }
      }
    } finally {
      if (isWaiting) this.#precedence.leave();
    }
  }

  #run<R>(query: CompiledQuery): QueryResult<R> {
    const statement = this.#statements.get(query.sql);
    if (statement.reader) return { rows: statement.all(query.parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#statements.get(query.sql).all(query.parameters)) yield { rows: [row as R] };
  }
}

