// The schema of the database as data, and the one history of changes to it. Tables, columns and indexes are CrowdSec's,
// so that either program can go on with the other's file; what is ours has the prefix palisade_.

import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from 'kysely';
import type { ColumnKind, StoreDialect } from './dialect/dialect.js';
import type { Tables } from './tables.js';

interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly required?: boolean;
  readonly unique?: boolean;
  readonly fallback?: string | number;
  /** Table whose id this column holds, and what happens when that row goes. */
  readonly references?: readonly [table: string, onDelete: 'cascade' | 'set null'];
}

interface Table {
  readonly columns: readonly Column[];
  /** [name, columns, unique] */
  readonly indexes?: readonly (readonly [string, readonly string[], boolean?])[];
  readonly primaryKey?: readonly string[];
  /** Ids of rows that are gone may be given again: nobody but the alert refers to such rows. */
  readonly reusesIds?: boolean;
}

const need = (kind: ColumnKind, ...names: string[]): Column[] => names.map((name) => ({ name, kind, required: true }));
const may = (kind: ColumnKind, ...names: string[]): Column[] => names.map((name) => ({ name, kind }));
const or = (kind: ColumnKind, name: string, fallback: string | number, required = true): Column =>
  ({ name, kind, fallback, required });
const stamps = need('time', 'created_at', 'updated_at');
const address = may('wide', 'start_ip', 'end_ip', 'start_suffix', 'end_suffix', 'ip_size');
const system = may('text', 'osname', 'osfamily', 'osversion', 'featureflags');

const tables: Readonly<Record<string, Table>> = {
  machines: {
    columns: [...stamps, ...may('time', 'last_push', 'last_heartbeat'),
      { name: 'machine_id', kind: 'name', required: true, unique: true }, ...need('text', 'password', 'ip_address'),
      ...may('longText', 'scenarios'), ...may('text', 'version'), or('flag', 'is_validated', 0), or('name', 'auth_type', 'password'),
      ...system, ...may('json', 'hubstate', 'datasources')],
    indexes: [['machine_last_heartbeat_created_at', ['last_heartbeat', 'created_at']],
      ['machine_is_validated', ['is_validated']]],
  },
  alerts: {
    columns: [...stamps, ...need('name', 'scenario'), or('name', 'bucket_id', '', false),
      ...may('text', 'message'), or('int', 'events_count', 0, false), ...may('time', 'started_at', 'stopped_at'),
      ...may('text', 'source_ip', 'source_range', 'source_as_number', 'source_as_name', 'source_country'),
      ...may('float', 'source_latitude', 'source_longitude'), ...may('name', 'source_scope', 'source_value'),
      ...may('int', 'capacity'), ...may('text', 'leak_speed', 'scenario_version', 'scenario_hash'),
      or('flag', 'simulated', 0), ...may('name', 'uuid'), ...may('flag', 'remediation'), ...may('text', 'kind'),
      { name: 'machine_alerts', kind: 'int', references: ['machines', 'set null'] }],
    indexes: [['alert_uuid', ['uuid']], ['alert_scenario', ['scenario']]],
  },
  decisions: {
    columns: [...stamps, ...may('time', 'until'), ...need('name', 'scenario', 'type'), ...address,
      ...need('name', 'scope', 'value', 'origin'), or('flag', 'simulated', 0), ...may('name', 'uuid'),
      { name: 'alert_decisions', kind: 'int', references: ['alerts', 'cascade'] }],
    indexes: [['decision_start_ip_end_ip', ['start_ip', 'end_ip']], ['decision_value', ['value']],
      ['decision_until', ['until']]],
  },
  events: {
    reusesIds: true,
    columns: [...stamps, ...need('time', 'time'), ...need('text', 'serialized'),
      { name: 'alert_events', kind: 'int', references: ['alerts', 'cascade'] }],
    indexes: [['event_alert_events', ['alert_events']]],
  },
  meta: {
    reusesIds: true,
    columns: [...stamps, ...need('text', 'key', 'value'),
      { name: 'alert_metas', kind: 'int', references: ['alerts', 'cascade'] }],
    indexes: [['meta_alert_metas', ['alert_metas']]],
  },
  bouncers: {
    columns: [...stamps, { name: 'name', kind: 'name', required: true, unique: true }, ...need('name', 'api_key'),
      ...need('flag', 'revoked'), or('name', 'ip_address', '', false), ...may('text', 'type', 'version'),
      ...may('time', 'last_pull'), or('name', 'auth_type', 'api-key'), ...system, or('flag', 'auto_created', 0)],
    indexes: [['bouncer_api_key_auth_type', ['api_key', 'auth_type']],
      ['bouncer_api_key_ip_address', ['api_key', 'ip_address']],
      ['bouncer_last_pull_created_at', ['last_pull', 'created_at']]],
  },
  config_items: {
    columns: [...stamps, { name: 'name', kind: 'name', required: true, unique: true }, ...need('longText', 'value')],
  },
  locks: {
    columns: [{ name: 'name', kind: 'name', required: true, unique: true }, ...need('time', 'created_at')],
  },
  metrics: {
    columns: [...need('name', 'generated_type', 'generated_by'), ...need('time', 'received_at'),
      ...may('time', 'pushed_at'), ...need('longText', 'payload')],
  },
  allow_lists: {
    columns: [...stamps, ...need('name', 'name'), ...need('flag', 'from_console'),
      ...may('text', 'description'), ...may('name', 'allowlist_id')],
    indexes: [['allowlist_id', ['id'], true], ['allowlist_name', ['name'], true],
      ['allowlist_allowlist_id', ['allowlist_id']]],
  },
  allow_list_items: {
    columns: [...stamps, ...may('time', 'expires_at'), ...may('text', 'comment'), ...need('name', 'value'), ...address],
    indexes: [['allowlistitem_id', ['id']], ['allowlistitem_start_ip_end_ip', ['start_ip', 'end_ip']],
      ['allowlistitem_expires_at', ['expires_at']]],
  },
  allow_list_allowlist_items: {
    columns: [
      { name: 'allow_list_id', kind: 'int', required: true, references: ['allow_lists', 'cascade'] },
      { name: 'allow_list_item_id', kind: 'int', required: true, references: ['allow_list_items', 'cascade'] }],
    primaryKey: ['allow_list_id', 'allow_list_item_id'],
  },
};

/** Each step runs once, in order, and is never changed after a release. */
const steps: readonly ((db: Kysely<Tables>, dialect: StoreDialect) => Promise<void>)[] = [
  createTables,
  async (db, dialect) => {
    await db.schema.createTable('palisade_changes').ifNotExists()
      .addColumn('seq', sql`${dialect.idColumn}`, (column) => numbered(column, dialect))
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('row_id', sql`${dialect.columnType('int')}`, (column) => column.notNull()).execute();
  },
  // For the stream: what is new since a bouncer's last pull.
  (db, dialect) => createIndex(db, dialect, 'palisade_decision_created', 'decisions', ['created_at']),
  replaceChangeLog,
  async (db, dialect) => {
    const name = sql`${dialect.columnType('name')}`;
    await newTable(db, dialect, 'palisade_leases').ifNotExists().addColumn('name', name, (column) => column.primaryKey())
      .addColumn('holder', name, (column) => column.notNull())
      .addColumn('until', sql`${dialect.columnType('time')}`, (column) => column.notNull()).execute();
  },
  // What is new is told by the change log; an index by creation costs every insert and serves nobody.
  (db, dialect) => dropIndex(db, dialect, 'decisions', 'palisade_decision_created'),
  // Lists of alerts are asked for newest first.
  (db, dialect) => createOwnIndex(db, dialect, newestIndex),
  async (db, dialect) => {
    await newTable(db, dialect, 'palisade_unfinished')
      .addColumn('alert_id', sql`${dialect.columnType('int')}`, (column) => column.primaryKey())
      .addForeignKeyConstraint('palisade_unfinished_alert', ['alert_id'], 'alerts', ['id'], (key) => key.onDelete('cascade'))
      .execute();
  },
  // For lists of alerts by what their decisions are (few-alerts.ts).
  async (db, dialect) => {
    for (const index of wordIndexes) await createOwnIndex(db, dialect, index);
  },
  async (db, dialect) => {
    const [name, time] = [sql`${dialect.columnType('name')}`, sql`${dialect.columnType('time')}`];
    await newTable(db, dialect, 'palisade_bans').ifNotExists()
      .addColumn('id', sql`${dialect.idColumn}`, (column) => numbered(column, dialect))
      .addColumn('scope', name, (column) => column.notNull()).addColumn('value', name, (column) => column.notNull())
      .addColumn('created_at', time, (column) => column.notNull()).addColumn('until', time, (column) => column.notNull()).execute();
    await createIndex(db, dialect, 'palisade_ban_value', 'palisade_bans', ['value']);
    await createIndex(db, dialect, 'palisade_ban_created', 'palisade_bans', ['created_at']);
  },
  // SQLite's trigger asks a table whether to be quiet; servers have variables for that. All triggers are made anew afterwards.
  async (db, dialect) => {
    if (dialect.name !== 'sqlite') return;
    await db.schema.createTable('palisade_quiet').addColumn('is_quiet', 'integer', (column) => column.notNull()).execute();
    await dialect.dropTriggers(db);
  },
  async (db, dialect) => {
    if (dialect.name === 'sqlite') {
      await createOwnIndex(db, dialect, listIndex);
      await db.schema.dropIndex(newestIndex.name).ifExists().execute();
    }
    await createOwnIndex(db, dialect, ownerIndex);
    // CrowdSec's own index of owners is the beginning of it. Its migration makes it again, which costs time and nothing else.
    await dropIndex(db, dialect, 'decisions', 'decision_alert_decisions');
  },
  // The same holds for its index of what is the key of the table.
  (db, dialect) => dropIndex(db, dialect, 'alerts', 'alert_id'),
  async (db, dialect) => {
    if (dialect.name !== 'mysql') return;
    await createOwnIndex(db, dialect, mysqlListIndex);
    await dropIndex(db, dialect, 'alerts', newestIndex.name);
  },
];

async function columnsOf(db: Kysely<Tables>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  return new Map((await db.introspection.getTables()).map((table) => [table.name, new Set(table.columns.map((column) => column.name))]));
}

async function createTables(db: Kysely<Tables>, dialect: StoreDialect): Promise<void> {
  const present = await columnsOf(db);
  for (const [name, table] of Object.entries(tables)) await createTable(db, dialect, name, table, present.get(name));
}

/** An index of our own; one of a word leads from what decisions are to their alerts. */
interface OwnIndex {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Last, the beginning of a text, as many characters: MySQL indexes no whole one, and reads what is no longer from the index. */
  readonly beginning?: readonly [column: string, length: number];
  readonly isOfWord?: boolean;
}

const wordIndexes: readonly OwnIndex[] = ['origin', 'type', 'scenario'].map((word) =>
  ({ name: `palisade_decision_${word}`, table: 'decisions', columns: [word, 'alert_decisions'], isOfWord: true }));
const newestIndex: OwnIndex = { name: 'palisade_alert_created', table: 'alerts', columns: ['created_at', 'id'] };
/**
 * For lists of alerts that no single word narrows down, so that each alert is looked at: first the alerts, newest first, with all that is asked
 * of them, where rows lie far apart (PostgreSQL reads the table as fast, and refuses rows that are long in an index); then of each its decisions,
 * by range and end. A scenario has an index of its own, and beside the others more bytes than MySQL allows.
 */
const listIndex: OwnIndex = { name: 'palisade_alert_list', table: 'alerts',
  columns: ['created_at', 'id', 'started_at', 'source_scope', 'source_value', 'scenario', 'kind', 'simulated'] };
const mysqlListIndex: OwnIndex = { name: listIndex.name, table: 'alerts',
  columns: ['created_at', 'id', 'started_at', 'source_scope', 'source_value', 'simulated'], beginning: ['kind', 24] };
const listIndexes = new Map([['sqlite', listIndex], ['mysql', mysqlListIndex]]);
const ownerIndex: OwnIndex = { name: 'palisade_decision_owner', table: 'decisions',
  columns: ['alert_decisions', 'ip_size', 'start_ip', 'end_ip', 'until'] };

function ownIndexes(dialect: StoreDialect): readonly OwnIndex[] {
  return [listIndexes.get(dialect.name) ?? newestIndex, ownerIndex, ...wordIndexes];
}

/**
 * Of a word without those that have no alert, so that no other query can take this index: nearly all decisions are of one type, and in the
 * order of their ends the first page is found at once.
 */
async function createOwnIndex(db: Kysely<Tables>, dialect: StoreDialect, { name, table, columns, beginning, isOfWord = false }: OwnIndex): Promise<void> {
  if (!isOfWord || dialect.hasTableOptions) return createIndex(db, dialect, name, table, columns, false, beginning);
  // In these letters: CrowdSec's migration looks for WHERE in the text that SQLite keeps, and gives up where it finds none.
  await sql`create index if not exists ${sql.ref(name)} on ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
    WHERE alert_decisions IS NOT NULL`.execute(db);
}

/**
 * Puts back what an older CrowdSec that opened the database took away: columns that came later, indexes and triggers of others.
 * Cheap when nothing is missing.
 */
export async function restore(db: Kysely<Tables>, dialect: StoreDialect): Promise<void> {
  if (!await isWhole(db, dialect)) {
    await dialect.migrate(db, async (migrating) => {
      // Another process may have done it while this one waited.
      if (await isWhole(migrating, dialect)) return;
      await createTables(migrating, dialect);
      for (const index of ownIndexes(dialect)) await createOwnIndex(migrating, dialect, index);
    });
  }
  await dialect.ensureTriggers(db);
}

async function isWhole(db: Kysely<Tables>, dialect: StoreDialect): Promise<boolean> {
  const present = await columnsOf(db);
  const indexes = await dialect.indexNames(db);
  return ownIndexes(dialect).every(({ name }) => indexes.has(name)) && Object.entries(tables).every(([name, table]) =>
    table.columns.every((column) => present.get(name)?.has(column.name)) && (table.indexes ?? []).every(([index]) => indexes.has(index)));
}

async function dropIndex(db: Kysely<Tables>, dialect: StoreDialect, table: string, name: string): Promise<void> {
  if (!(await dialect.indexNames(db)).has(name)) return;
  const drop = db.schema.dropIndex(name);
  await (dialect.hasTableOptions ? drop.on(table) : drop).execute();
}

/** The log tells runs of rows and what a removed decision held; bouncers have a place in it. */
async function replaceChangeLog(db: Kysely<Tables>, dialect: StoreDialect): Promise<void> {
  const long = sql`${dialect.columnType('int')}`;
  const name = sql`${dialect.columnType('name')}`;
  await dialect.dropTriggers(db);
  for (const table of ['palisade_changes', 'palisade_log', 'palisade_cursors']) {
    await db.schema.dropTable(table).ifExists().execute();
  }
  await newTable(db, dialect, 'palisade_changes')
    .addColumn('seq', sql`${dialect.idColumn}`, (column) => numbered(column, dialect))
    .addColumn('kind', name, (column) => column.notNull()).addColumn('event', name, (column) => column.notNull())
    .addColumn('row_id', long, (column) => column.notNull()).addColumn('last_id', long)
    .addColumn('until', sql`${dialect.columnType('time')}`).addColumn('scenario', name).addColumn('type', name)
    .addColumn('scope', name).addColumn('value', name).addColumn('origin', name).addColumn('uuid', name).execute();
  await dialect.addChangeNumber(db);
  await newTable(db, dialect, 'palisade_log').addColumn('trimmed', long, (column) => column.notNull()).execute();
  await db.insertInto('palisade_log').values({ trimmed: 0 }).execute();
  await newTable(db, dialect, 'palisade_cursors')
    .addColumn('bouncer_id', long, (column) => column.primaryKey())
    .addColumn('cursor', sql`${dialect.columnType('text')}`, (column) => column.notNull())
    .addForeignKeyConstraint('palisade_cursors_bouncer', ['bouncer_id'], 'bouncers', ['id'], (key) => key.onDelete('cascade'))
    .execute();
}

/** Brings the database to the present schema. */
export async function migrate(db: Kysely<Tables>, dialect: StoreDialect): Promise<void> {
  // A database without our table throws here; it may be empty or CrowdSec's.
  if (await appliedCount(db).catch(() => 0) < steps.length) {
    await dialect.migrate(db, async (migrating) => {
      await migrating.schema.createTable('palisade_schema').ifNotExists()
        .addColumn('version', 'integer', (column) => column.notNull()).execute();
      // Another process may have done it while this one waited for the lock.
      for (let version = await appliedCount(migrating); version < steps.length; version++) {
        await steps[version](migrating, dialect);
        await sql`insert into palisade_schema (version) values (${version + 1})`.execute(migrating);
      }
    });
  }
  await restore(db, dialect);
}

async function appliedCount(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ version: number | null }>`select max(version) as version from palisade_schema`
    .execute(db);
  return rows[0].version ?? 0;
}

/** Creates a table with its indexes; to one that an older CrowdSec made, the columns it lacks are added. */
async function createTable(db: Kysely<Tables>, dialect: StoreDialect, name: string, table: Table,
  present: ReadonlySet<string> | undefined): Promise<void> {
  const typeOf = (column: Column) => sql`${dialect.columnType(column.kind)}`;
  if (present === undefined) {
    let builder = newTable(db, dialect, name);
    if (table.primaryKey === undefined) {
      builder = builder.addColumn('id', sql`${dialect.idColumn}`, (column) => (table.reusesIds
        && !dialect.hasTableOptions ? column.primaryKey() : numbered(column, dialect)).notNull());
    } else {
      builder = builder.addPrimaryKeyConstraint(`${name}_pk`, [...table.primaryKey] as never);
    }
    for (const column of table.columns) {
      builder = builder.addColumn(column.name, typeOf(column), (definition) => describe(definition, column, dialect));
      if (column.references === undefined || !dialect.hasTableOptions) continue;
      const [target, onDelete] = column.references;
      builder = builder.addForeignKeyConstraint(`${name}_${column.name}`, [column.name] as never, target, ['id'],
        (key) => key.onDelete(onDelete));
    }
    await builder.execute();
  } else {
    for (const column of table.columns.filter((wanted) => !present.has(wanted.name))) {
      await db.schema.alterTable(name)
        .addColumn(column.name, typeOf(column), (definition) => describe(definition, column, dialect)).execute();
    }
  }
  for (const [index, columns, isUnique] of table.indexes ?? []) {
    await createIndex(db, dialect, index, name, columns, isUnique);
  }
}

function newTable(db: Kysely<Tables>, dialect: StoreDialect, name: string): CreateTableBuilder<string, never> {
  const builder = db.schema.createTable(name);
  // As CrowdSec makes its tables: texts compare byte by byte.
  return dialect.hasTableOptions ? builder.modifyEnd(sql`engine = InnoDB character set utf8mb4 collate utf8mb4_bin`) : builder;
}

async function createIndex(db: Kysely<Tables>, dialect: StoreDialect, name: string, table: string, columns: readonly string[],
  isUnique = false, beginning?: OwnIndex['beginning']): Promise<void> {
  let builder = db.schema.createIndex(name).on(table).columns([...columns]);
  if (beginning !== undefined) builder = builder.expression(sql`${sql.ref(beginning[0])}(${sql.lit(beginning[1])})`);
  if (isUnique) builder = builder.unique();
  // MySQL has no "if not exists" here.
  if (!dialect.hasTableOptions) return builder.ifNotExists().execute();
  const { rows } = await sql`select 1 from information_schema.statistics where table_schema = database()
    and table_name = ${table} and index_name = ${name}`.execute(db);
  if (rows.length === 0) await builder.execute();
}

function numbered(column: ColumnDefinitionBuilder, dialect: StoreDialect): ColumnDefinitionBuilder {
  return dialect.numbersByKeyword ? column.primaryKey().autoIncrement() : column.primaryKey();
}

function describe(definition: ColumnDefinitionBuilder, column: Column, dialect: StoreDialect): ColumnDefinitionBuilder {
  let result = definition;
  if (column.required) result = result.notNull();
  if (column.unique) result = result.unique();
  if (column.fallback !== undefined) {
    const isTruth = column.kind === 'flag' && dialect.hasBooleans;
    result = result.defaultTo(isTruth ? column.fallback !== 0 : column.fallback);
  }
  if (column.references !== undefined && !dialect.hasTableOptions) {
    result = result.references(`${column.references[0]}.id`).onDelete(column.references[1]);
  }
  return result;
}
