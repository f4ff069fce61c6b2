// What differs between the databases a store can stand on. Entities use kysely and this; they never ask which one it
// is.

import type { Dialect, Kysely, RawBuilder } from 'kysely';
import type { Tables } from '../tables.js';

/** Kinds of columns in the schema, each one type in every database. */
export type ColumnKind = 'time' | 'text' | 'longText' | 'int' | 'wide' | 'float' | 'flag' | 'json';

export interface StoreDialect {
  readonly name: string;
  readonly kysely: Dialect;
  /** Whether one transaction ends before the next begins to write: then the change log has no holes. */
  readonly hasSerialWrites: boolean;
  /** Type of an `id` that numbers itself; SQLite's needs `autoincrement` beside it. */
  readonly idColumn: RawBuilder<unknown>;
  /** Values one statement may bind. */
  readonly parameterCountMax: number;
  columnType(kind: ColumnKind): RawBuilder<unknown>;
  /** Waits until no other process changes the schema, until the end of the transaction. */
  lockForMigration(transaction: Kysely<Tables>): Promise<void>;
  /** Makes what feeds the change log, where it is missing. Cheap when nothing is. */
  ensureTriggers(db: Kysely<Tables>): Promise<void>;
  /** Inserts rows that all have the same columns, inside the open transaction of `db`. */
  insertRows(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<void>;
  /** As insertRows, for a few rows whose ids are wanted: in the order of the rows. */
  insertForIds(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<number[]>;
  /** Whether an error means: a full disk, a read-only file or a lock, so that the same request may succeed later. */
  isUnavailable(error: unknown): boolean;
  /** Says that this process wrote, where the database cannot tell. */
  noteWrite(): void;
  /**
   * A text that changes with every write to the database by anybody; where that cannot be asked cheaply, with every
   * write of this process and every now and then. null: ask every time.
   */
  writeMark(): string | null;
  /** A number that changes when tables or triggers do, or null where that cannot be asked cheaply. */
  schemaVersion(): number | null;
}

export type Row = Readonly<Record<string, string | number | bigint | null>>;
