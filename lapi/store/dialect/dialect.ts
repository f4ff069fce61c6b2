// What differs between the databases a store can stand on. Entities use kysely and this; they never ask which one it
// is.

import type { Dialect, Kysely, RawBuilder } from 'kysely';
import type { Tables } from '../tables.js';

/** Kinds of columns in the schema, each one type in every database. */
export type ColumnKind = 'time' | 'text' | 'longText' | 'int' | 'wide' | 'float' | 'flag' | 'json';

export interface StoreDialect {
  readonly name: string;
  readonly kysely: Dialect;
  /** Values one statement may bind. */
  readonly parameterCountMax: number;
  columnType(kind: ColumnKind): RawBuilder<unknown>;
  /** Makes what feeds the change log, where it is missing. Cheap when nothing is. */
  ensureTriggers(db: Kysely<Tables>): Promise<void>;
  /** Inserts rows that all have the same columns, inside the open transaction of `db`. */
  insertRows(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<void>;
  /** As insertRows, for a few rows whose ids are wanted: in the order of the rows. */
  insertForIds(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<number[]>;
  /** Whether an error means: a full disk, a read-only file or a lock, so that the same request may succeed later. */
  isUnavailable(error: unknown): boolean;
  /** A text that changes with every write to the database by anybody, or null where that cannot be asked cheaply. */
  writeMark(): string | null;
  /** A number that changes when tables or triggers do, or null where that cannot be asked cheaply. */
  schemaVersion(): number | null;
}

export type Row = Readonly<Record<string, string | number | bigint | null>>;
