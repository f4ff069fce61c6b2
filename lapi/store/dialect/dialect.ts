// What differs between the databases a store can stand on. Entities use kysely and this; they never ask which one it
// is.

import type { Dialect, Kysely, RawBuilder } from 'kysely';
import type { ChangePosition } from '../change-position.js';
import type { Tables } from '../tables.js';

/** Kinds of columns in the schema, each one type in every database. A name is a short text that an index may hold. */
export type ColumnKind = 'time' | 'name' | 'text' | 'longText' | 'int' | 'wide' | 'float' | 'flag' | 'json';

export interface StoreDialect {
  readonly name: string;
  readonly kysely: Dialect;
  /** The number of the transaction of a row of the change log. */
  readonly changeNumber: RawBuilder<number>;
  /** Whether the rows of the change log are numbered without gaps. */
  readonly hasDenseLog: boolean;
  /** Type of an `id` that numbers itself, and whether it needs the word autoincrement beside it. */
  readonly idColumn: RawBuilder<unknown>;
  readonly numbersByKeyword: boolean;
  /** Whether flags are of a type of their own, which numbers are not. */
  readonly hasBooleans: boolean;
  /** Whether `distinct` goes from one value of an index to the next; where it does not, a recursive query does. */
  readonly skipsInIndexes: boolean;
  /** What keeps an index from being used for a column that it is written before. SQLite has no figures to choose an index by; the servers have. */
  readonly signAgainstIndex: '+' | '';
  /** Values one statement may bind. */
  readonly parameterCountMax: number;
  /** Whether tables want an engine and a character set, keys to other tables a line of their own, and an index a look. */
  readonly hasTableOptions: boolean;
  columnType(kind: ColumnKind): RawBuilder<unknown>;
  /** Runs work that changes the schema while no other process does; where it can be, all of it or nothing. */
  migrate(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<void>): Promise<void>;
  /** Makes what feeds the change log, where it is missing, and then says so in the log. Cheap when nothing is. */
  ensureTriggers(db: Kysely<Tables>): Promise<void>;
  /** Names of all indexes. */
  indexNames(db: Kysely<Tables>): Promise<ReadonlySet<string>>;
  /** Removes what ensureTriggers made, in this version or an older one. */
  dropTriggers(db: Kysely<Tables>): Promise<void>;
  /** Adds the column that changeNumber names, where it is not `seq`. */
  addChangeNumber(db: Kysely<Tables>): Promise<void>;
  /** Runs a reader whose queries all see the database of one instant. */
  readConsistently<T>(db: Kysely<Tables>, read: (reader: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** What can be seen now; null where the last row of the log tells it. */
  snapshot(db: Kysely<Tables>): Promise<ChangePosition | null>;
  /** Removes changes whose numbers were given by another server, of which this database is a copy. */
  dropAlienChanges(db: Kysely<Tables>): Promise<void>;
  /**
   * Inserts rows that all have the same columns in the same order, inside the open transaction of `db`. Returns the first id where it is
   * known that ids are one run, in the order of the rows; else null.
   */
  insertRows(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<number | null>;
  /** As insertRows, for a few rows whose ids are wanted: in the order of the rows. */
  insertForIds(db: Kysely<Tables>, table: keyof Tables, rows: readonly Row[]): Promise<number[]>;
  /** What was written last stands in a log before it is moved to the file of the database; null where that is the server's matter. */
  readonly writeAheadLog: WriteAheadLog | null;
  /** Whether an error means: a full disk, a read-only file, a lock or a column that is to be put back, so that the same request may succeed later. */
  isUnavailable(error: unknown): boolean;
  /** Whether an error means that a column is not there: another program took it away. On a server that is how it is noticed soon. */
  isSchemaFault(error: unknown): boolean;
  /** Hears of others' changes at once, where the database tells. Returns a way to end this. */
  listen(onChange: () => void): () => Promise<void>;
  /** Says that this process wrote, where the database cannot tell. */
  noteWrite(): void;
  /**
   * A text that changes with every write to the database by anybody; where that cannot be asked cheaply, with every
   * write of this process and every now and then. null: ask every time.
   */
  writeMark(): string | null;
  /** As writeMark, for what other processes write alone. Never null. */
  foreignMark(): string;
  /** A number that changes when tables or triggers do, or null where that cannot be asked cheaply. */
  schemaVersion(): number | null;
}

/** Moving its pages waits for the disk. */
export interface WriteAheadLog {
  /** From now on this connection moves them after a write that leaves so many. */
  moveFrom(pages: number): void;
  /** Moves what can be moved while others read and write. */
  move(): void;
}

export type Row = Readonly<Record<string, string | number | bigint | null>>;

/** The names in an answer. */
export function namesOf({ rows }: { readonly rows: readonly { readonly name: string }[] }): ReadonlySet<string> {
  return new Set(rows.map(({ name }) => name));
}
