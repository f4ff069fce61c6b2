// MySQL and MariaDB through mysql2: a pool of connections, rows in bulk as one insert of many values, times as the text
// that SQLite keeps too, so that columns.ts serves all. Whoever writes to the change log holds a row lock until the end
// of the transaction, so its numbers come into sight in order; our own transactions take it last.

import { connect, isIP } from 'node:net';
import { CompiledQuery, MysqlAdapter, MysqlDriver, MysqlIntrospector, MysqlQueryCompiler, sql, type Kysely,
  type RawBuilder } from 'kysely';
import { createPool, type ConnectionOptions, type SslOptions as Tls, type TypeCastField } from 'mysql2';
import { PalisadeError } from '../../../ts/errors.js';
import { lapiLimits } from '../../limits.js';
import type { Tables } from '../tables.js';
import { namesOf, type ColumnKind, type Row, type StoreDialect } from './dialect.js';
import { readTlsFiles, type ServerOptions, type SslOptions } from './server-options.js';
import { removedColumns, resetChange, triggers, type ChangeTrigger } from './triggers.js';

const columnTypes: Readonly<Record<ColumnKind, RawBuilder<unknown>>> = {
  time: sql`datetime(6)`, name: sql`varchar(255)`, text: sql`text`, longText: sql`longtext`, int: sql`bigint`, wide: sql`bigint`,
  float: sql`double`, flag: sql`boolean`, json: sql`json`,
};

const migrationLock = 'palisade_migration';
/** The mode that this code is written for, whatever the server's: escapes by backslash, nothing cut in silence. */
const sqlMode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
const retryable = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CON_COUNT_ERROR', 'ER_SERVER_SHUTDOWN', 'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL', 'ER_OPTION_PREVENTS_STATEMENT', 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 'PROTOCOL_CONNECTION_LOST', 'ER_BAD_FIELD_ERROR']);

/** Returns the dialect; nothing is connected yet. Throws E_CONFIG for an unknown sslmode, E_FILE for a missing file. */
export function mysqlDialect(options: ServerOptions): StoreDialect {
  let ownWrites = 0;
  const ssl = sslOf(options.ssl);
  const pool = createPool({ ...checkable(addressOf(options), ssl), user: options.user, password: options.password, database: options.database,
    ssl, connectionLimit: options.connectionsMax, connectTimeout: lapiLimits.busyTimeoutMs,
    charset: 'utf8mb4_bin', typeCast: readField });
  pool.on('connection', (connection) => {
    // A connection that cannot take this is broken, and the query after it says so.
    connection.query(`set session time_zone = '+00:00', sql_mode = '${sqlMode}'`, () => {});
  });
  return {
    name: 'mysql',
    kysely: { createDriver: () => new MysqlDriver({ pool }), createAdapter: () => new MysqlAdapter(),
      createIntrospector: (db) => new MysqlIntrospector(db), createQueryCompiler: () => new ServerQueryCompiler() },
    changeNumber: sql.ref<number>('seq'),
    hasDenseLog: false,
    skipsInIndexes: true,
    signAgainstIndex: '',
    parameterCountMax: 65_535,
    idColumn: sql`bigint`,
    numbersByKeyword: true,
    hasBooleans: false,
    hasTableOptions: true,
    columnType: (kind) => columnTypes[kind],
    migrate,
    ensureTriggers,
    indexNames: async (db) => namesOf(await sql<{ name: string }>`select distinct index_name as name from information_schema.statistics
      where table_schema = database()`.execute(db)),
    dropTriggers: async (db) => {
      for (const name of await triggerNames(db)) await sql`drop trigger ${sql.ref(name)}`.execute(db);
    },
    addChangeNumber: async () => {},
    readConsistently: (db, read) => db.transaction().setIsolationLevel('repeatable read').execute(read),
    snapshot: async () => null,
    dropAlienChanges: async () => {},
    insertRows: async (db, table, rows) => {
      if (table === 'decisions') await insertDecisions(db, rows);
      else await insertAll(db, table, rows);
      return null;
    },
    insertForIds: async (db, table, rows) => {
      const ids: number[] = [];
      // One by one: in a cluster the numbers of one statement are not neighbours.
      for (const row of rows) ids.push(Number((await insertAll(db, table, [row])).insertId));
      return ids;
    },
    writeAheadLog: null,
    isUnavailable: (error) => retryable.has(codeOf(error)) || /^(ECONN|ETIMEDOUT|EPIPE|ENOENT)/.test(codeOf(error))
      // A connection that broke and was given out once more says so without a code.
      || (error as { fatal?: unknown }).fatal === true,
    isSchemaFault: (error) => codeOf(error) === 'ER_BAD_FIELD_ERROR',
    listen: () => async () => {},
    noteWrite: () => { ownWrites++; },
    writeMark: () => `${ownWrites} ${Math.floor(performance.now() / lapiLimits.changePollMs)}`,
    foreignMark: () => String(Math.floor(performance.now() / lapiLimits.changePollMs)),
    schemaVersion: () => null,
  };
}

async function migrate(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`select get_lock(${migrationLock}, ${lapiLimits.migrationWaitSecondsMax})`.execute(connection);
    try {
      // Each change to the schema is a transaction of its own here, so the steps are written to be taken again.
      await work(connection);
    } finally {
      await sql`select release_lock(${migrationLock})`.execute(connection);
    }
  });
}

async function insertAll(db: Kysely<Tables>, table: string, rows: readonly Row[]): Promise<{ insertId?: bigint }> {
  let insertId: bigint | undefined;
  for (let from = 0; from < rows.length; from += lapiLimits.mysqlInsertRows) {
    const batch = rows.slice(from, from + lapiLimits.mysqlInsertRows);
    const columns = Object.keys(batch[0]).map((name) => `\`${name}\``).join(', ');
    const result = await db.executeQuery(CompiledQuery.raw(`insert into \`${table}\` (${columns}) values ?`,
      [batch.map((row) => Object.values(row).map(plainTime))]));
    insertId ??= result.insertId;
  }
  return { insertId };
}

/** Without the triggers, which would log row by row: the runs of new ids are logged at the end. */
async function insertDecisions(db: Kysely<Tables>, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const owners = new Set(rows.map((row) => row['alert_decisions']));
  if (owners.has(null)) return void await insertAll(db, 'decisions', rows);
  // An alert may have been given decisions before.
  const { rows: [{ last }] } = await sql<{ last: number | null }>`select max(id) as last from decisions
    where alert_decisions in (${sql.join([...owners])})`.execute(db);
  await sql`set @palisade_is_quiet = 1`.execute(db);
  try {
    await insertAll(db, 'decisions', rows);
  } finally {
    await sql`set @palisade_is_quiet = null`.execute(db);
  }
  await sql`select trimmed from palisade_log for update`.execute(db);
  await sql`insert into palisade_changes (kind, event, row_id, last_id)
    select 'decisions', 'insert', min(id), max(id) from (select id, id - row_number() over (order by id) as run from decisions
      where alert_decisions in (${sql.join([...owners])}) and id > ${last ?? 0}) as numbered group by run order by 3`.execute(db);
}

async function triggerNames(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  return namesOf(await sql<{ name: string }>`select trigger_name as name from information_schema.triggers
    where trigger_schema = database() and trigger_name like 'palisade%'`.execute(db));
}

/** Rows that go with the row they refer to fire no trigger here, so an alert logs its decisions. */
const alertTrigger: ChangeTrigger = { name: 'palisade_log_alerts_delete', table: 'alerts', event: 'delete', columns: [] };

async function ensureTriggers(db: Kysely<Tables>): Promise<void> {
  const present = await triggerNames(db);
  const missing = [...triggers, alertTrigger].filter(({ name }) => !present.has(name));
  for (const trigger of missing) {
    try {
      await sql.raw(triggerText(trigger)).execute(db);
    } catch (error) {
      // Another process was quicker.
      if (codeOf(error) === 'ER_TRG_ALREADY_EXISTS') continue;
      if (codeOf(error) !== 'ER_BINLOG_CREATE_ROUTINE_NEED_SUPER') throw error;
      throw new PalisadeError('E_STORE', 'the database server writes a binary log and lets only administrators create triggers: '
        + 'set log_bin_trust_function_creators = 1', undefined, { cause: error });
    }
  }
  if (missing.length > 0) await db.insertInto('palisade_changes').values(resetChange).execute();
}

function triggerText(trigger: ChangeTrigger): string {
  const { name, table, event, columns } = trigger;
  const removed = removedColumns.map((column) => `\`${column}\``);
  const row = event === 'delete' ? 'old' : 'new';
  let write = `insert into palisade_changes (kind, event, row_id) values ('${table}', '${event}', ${row}.id);`;
  if (trigger === alertTrigger) {
    write = `insert into palisade_changes (kind, event, row_id, ${removed.join(', ')}) select 'decisions', 'delete', id, ${
      removed.join(', ')} from decisions where alert_decisions = old.id order by id;`;
  } else if (event === 'delete' && table === 'decisions') {
    write = `insert into palisade_changes (kind, event, row_id, ${removed.join(', ')}) values ('decisions', 'delete', old.id, ${
      removed.map((column) => `old.${column}`).join(', ')});`;
  }
  const changed = columns.map((column) => `not (old.\`${column}\` <=> new.\`${column}\`)`).join(' or ');
  return `create trigger ${name} ${trigger === alertTrigger ? 'before' : 'after'} ${event} on ${table} for each row begin
    declare locked bigint;
    if @palisade_is_quiet is null${changed === '' ? '' : ` and (${changed})`} then
      select trimmed into locked from palisade_log limit 1 for update;
      ${write}
    end if; end`;
}

/** db_path without host and port is the server's socket. */
function addressOf({ host, port, socketPath }: ServerOptions): Pick<ConnectionOptions, 'host' | 'port' | 'socketPath'> {
  return host === '' && port === 0 && socketPath !== '' ? { socketPath } : { host: host || '127.0.0.1', port: port || 3306 };
}

function sslOf(ssl: SslOptions): Tls | undefined {
  const mode = ssl.mode === '' && ssl.caFile !== '' ? 'verify-full' : ssl.mode;
  if (['', 'disable', 'false', 'allow', 'prefer', 'preferred'].includes(mode)) return undefined;
  const isNamed = ['verify-full', 'true', 'custom'].includes(mode);
  // Who names an authority wants it asked.
  const isVerified = isNamed || mode === 'verify-ca' || (mode === 'require' && ssl.caFile !== '');
  if (!isVerified && mode !== 'require' && mode !== 'skip-verify') {
    throw new PalisadeError('E_CONFIG', `db_config.sslmode: unknown mode '${mode}'`);
  }
  return { rejectUnauthorized: isVerified, verifyIdentity: isNamed, ...readTlsFiles(ssl) };
}

/**
 * mysql2 holds a certificate against names alone, and takes any for an address. With a dot at its end an address is a
 * name to mysql2, and to Node, which takes that dot off, an address again.
 */
function checkable(address: ReturnType<typeof addressOf>, ssl: Tls | undefined): Pick<ConnectionOptions, 'host' | 'port' | 'socketPath' | 'stream'> {
  const { host = '', port = 0 } = address;
  if (ssl?.verifyIdentity !== true || isIP(host) === 0) return address;
  return { host: `${host}.`, port, stream: () => connect({ host, port, keepAlive: true }) };
}

/** Times as the text that SQLite holds, other texts as they are; numbers up to 2^53 are exact. */
function readField(field: TypeCastField, next: () => unknown): unknown {
  if (field.type === 'DATETIME' || field.type === 'TIMESTAMP') {
    const text = field.string();
    return text === null ? null : `${text}+00:00`;
  }
  if (field.type === 'JSON') return field.string();
  if (field.type === 'NEWDECIMAL') return Number(field.string());
  return next();
}

const timeText = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00$/;

/**
 * MariaDB reads no zone in a time; sessions are at UTC. Any text of exactly this form is taken for a time: nothing else
 * that is stored has it.
 */
function plainTime(value: unknown): unknown {
  return typeof value === 'string' && timeText.test(value) ? value.slice(0, -6) : value;
}

class ServerQueryCompiler extends MysqlQueryCompiler {
  protected override appendValue(value: unknown): void {
    super.appendValue(plainTime(value));
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '');
}
