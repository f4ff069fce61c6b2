// The change log read: which decisions changed since a position, with their rows of the same instant. Triggers and the
// writer of alerts fill it (dialect/), retention cuts it, decision-follower.ts keeps an index by it.

import { setImmediate } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import { lapiLimits } from '../limits.js';
import { choosePart, type ChosenPart, type Lanes, type WaitingPage } from './change-lanes.js';
import { lowestUnseen, type ChangePosition } from './change-position.js';
import { removedColumns, resetChange } from './dialect/triggers.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';
import { sharedColumns, WrittenSlices, type WrittenSlice } from './written-slices.js';

/** The columns of a decision that the index keeps. */
export interface DecisionColumns {
  readonly id: number;
  readonly created_at: string;
  readonly until: string | null;
  readonly scenario: string;
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
  readonly uuid: string | null;
  readonly simulated: number;
}

/** What tells the decisions of one run from each other. */
export type OwnColumns = Pick<DecisionColumns, 'id' | 'value' | 'uuid'>;

/** Changed decisions of one transaction that are alike but for `rows`: as they are now, or as they were when they were deleted. */
export interface DecisionRun {
  readonly transaction: number;
  readonly event: 'insert' | 'update' | 'delete';
  readonly like: DecisionColumns;
  readonly rows: readonly OwnColumns[];
}

/** What changed since a position, in the order of the log. */
export interface LogChanges {
  readonly changes: readonly DecisionRun[];
  readonly position: ChangePosition;
  /** The position of a reader that has read everything there was. */
  readonly end: ChangePosition;
}

/** A part of it. */
export interface LogPart extends LogChanges {
  /** Whether a large transaction is among them. */
  readonly hasLarge: boolean;
}

interface LogRow {
  readonly seq: number;
  readonly transaction: number;
  readonly kind: string;
  readonly event: string;
  readonly row_id: number;
  readonly last_id: number | null;
}

const pageRows = 5_000;

/** The log of a database. */
export class ChangeLog {
  readonly #context: StoreContext;
  readonly #written = new WrittenSlices();
  /** The last transaction that changed or removed decisions, of those that `part` has read. */
  #lastChange = 0;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** A slice was written by this process: `part` need not read it. */
  expect(slice: WrittenSlice): void {
    this.#written.add(slice);
  }

  /** What a reader has seen that has read everything that can be seen now. */
  async begin(): Promise<ChangePosition> {
    const { db, dialect } = this.#context;
    await dialect.dropAlienChanges(db);
    const snapshot = await dialect.snapshot(db);
    if (snapshot !== null) return snapshot;
    const { last } = await db.selectFrom('palisade_changes').select(lastNumber).executeTakeFirstOrThrow();
    return positionAfter(last);
  }

  /** What changed since a position; null when the log does not reach back to it. */
  async since(position: ChangePosition): Promise<LogChanges | null> {
    return this.#read(position, () => null, async (reader, end) => {
      const rows = await this.#rows(reader, position);
      return this.#hasHoles(rows, position) ? null : { rows, position: end, isPutOff: false };
    });
  }

  /** As `since`, a part of bounded size: what change-lanes.ts chooses. */
  async part(position: ChangePosition, lanes: Lanes): Promise<LogPart | null> {
    let hasLarge = false;
    const read = await this.#read(position, (entry) => this.#asWritten(entry), async (reader, end) => {
      const page = await this.#page(reader, position);
      if (this.#hasHoles(page.rows, position)) return null;
      const chosen = choosePart(page, position, end, lanes);
      hasLarge = chosen.hasLarge;
      return chosen;
    });
    if (read === null) return null;
    for (const { transaction, event } of read.changes) if (event !== 'insert') this.#lastChange = Math.max(this.#lastChange, transaction);
    return { ...read, hasLarge };
  }

  async #read(position: ChangePosition, asWritten: (entry: LogRow) => DecisionRun | null, choose: (reader: Kysely<Tables>, end: ChangePosition) =>
  Promise<Pick<ChosenPart<LogRow>, 'rows' | 'position' | 'isPutOff'> | null>): Promise<LogChanges | null> {
    const { db, dialect } = this.#context;
    return dialect.readConsistently(db, async (reader) => {
      const snapshot = await dialect.snapshot(reader);
      // Both ends of the log at once: a query costs this thread as much as 30 rows.
      const { trimmed, last } = await reader.selectFrom('palisade_log').select((log) => ['trimmed',
        log.selectFrom('palisade_changes').select(lastNumber).as('last')]).executeTakeFirstOrThrow();
      if (trimmed >= lowestUnseen(position) || (snapshot !== null && snapshot.next < position.next)) return null;
      const end = snapshot ?? positionAfter(last);
      const chosen = await choose(reader, end);
      if (chosen === null || chosen.rows.some((row) => row.event === resetChange.event)) return null;
      // An older position that misses nothing is as good, and stays the same text.
      if (chosen.rows.length === 0) return { changes: [], position, end: chosen.isPutOff ? end : position };
      return { changes: await changesOf(reader, chosen.rows, asWritten), position: chosen.position, end };
    });
  }

  /** Cuts the log to the rows that a reader may still ask for. Returns how many went. */
  async trim(): Promise<number> {
    const { db, dialect } = this.#context;
    const { last } = await db.selectFrom('palisade_changes').select(lastNumber).executeTakeFirstOrThrow();
    const end = (last ?? 0) - lapiLimits.changeRowsKept;
    if (end <= 0) return 0;
    return db.transaction().execute(async (transaction) => {
      const { highest } = await transaction.selectFrom('palisade_changes')
        .select(sql<number | null>`max(${dialect.changeNumber})`.as('highest')).where('seq', '<=', end)
        .executeTakeFirstOrThrow();
      if (highest === null) return 0;
      await transaction.updateTable('palisade_log').set({ trimmed: highest }).where('trimmed', '<', highest).execute();
      const result = await transaction.deleteFrom('palisade_changes').where('seq', '<=', end).executeTakeFirst();
      return Number(result.numDeletedRows);
    });
  }

  /** All rows that a reader has not seen, in the order of the log. */
  async #rows(db: Kysely<Tables>, position: ChangePosition): Promise<LogRow[]> {
    const rows: LogRow[] = [];
    for (let above = 0; ;) {
      const page = await this.#unseen(db, position).where('seq', '>', above).orderBy('seq').limit(pageRows).execute();
      rows.push(...page);
      if (page.length < pageRows) break;
      above = page[page.length - 1].seq;
    }
    return rows;
  }

  /** The first rows that a reader has not seen, by transactions, which are whole. */
  async #page(db: Kysely<Tables>, position: ChangePosition): Promise<WaitingPage<LogRow>> {
    const number = this.#context.dialect.changeNumber;
    const rows = await this.#unseen(db, position).orderBy(number).orderBy('seq').limit(lapiLimits.changePartRows).execute();
    if (rows.length < lapiLimits.changePartRows) return { rows, cut: null };
    const last = rows[rows.length - 1].transaction;
    // What stands at the end may go on behind it.
    if (rows[0].transaction < last) return { rows: rows.filter(({ transaction }) => transaction < last), cut: last };
    return { rows: await this.#unseen(db, position).where(sql<boolean>`${number} = ${last}`).orderBy('seq').execute(), cut: last + 1 };
  }

  #unseen(db: Kysely<Tables>, { next, open }: ChangePosition) {
    const number = this.#context.dialect.changeNumber;
    return db.selectFrom('palisade_changes').select(['seq', 'kind', 'event', 'row_id', 'last_id', sql<number>`${number}`.as('transaction')])
      .where(open.length === 0 ? sql<boolean>`${number} >= ${next}`
        : sql<boolean>`(${number} >= ${next} or ${number} in (${sql.join(open)}))`);
  }

  /** A slice as this process wrote it, unless what has been read of later changes may be about it. */
  #asWritten({ transaction, event, row_id: first, last_id: last }: LogRow): DecisionRun | null {
    if (event !== 'insert' || last === null) return null;
    const slice = this.#written.take(first, last);
    if (slice === undefined || transaction < this.#lastChange) return null;
    const { like, values, uuids } = slice;
    return { transaction, event, like: { id: first, value: values[0], uuid: uuids[0], ...like },
      rows: values.map((value, index) => ({ id: first + index, value, uuid: uuids[index] })) };
  }

  /** Whether somebody took rows out by hand. */
  #hasHoles(rows: readonly LogRow[], { next, open }: ChangePosition): boolean {
    if (!this.#context.dialect.hasDenseLog || rows.length === 0) return false;
    return rows.slice(0, open.length + 1).some(({ seq }, index) => seq !== (open[index] ?? next));
  }
}

const lastNumber = sql<number | null>`max(seq)`.as('last');

/** The position of a reader that has read the log up to a number, where transactions write one after the other. */
function positionAfter(last: number | null): ChangePosition {
  return { next: (last ?? 0) + 1, open: [] };
}

/** The columns of decisions that a change needs. */
export function selectDecisionColumns(db: Kysely<Tables>) {
  return db.selectFrom('decisions')
    .select(['id', 'created_at', 'until', 'scenario', 'type', 'scope', 'value', 'origin', 'uuid', 'simulated']);
}

async function changesOf(db: Kysely<Tables>, rows: readonly LogRow[],
  asWritten: (entry: LogRow) => DecisionRun | null): Promise<DecisionRun[]> {
  const logged = rows.filter((row) => row.kind === 'decisions');
  const alike = new Map<LogRow, DecisionRun>();
  for (const entry of logged) {
    const run = asWritten(entry) ?? await readAlike(db, entry);
    if (run !== null) alike.set(entry, run);
  }
  const present = await readDecisions(db, logged.filter((entry) => !alike.has(entry)));
  const removed = await readRemoved(db, logged);
  return logged.flatMap((entry) => alike.get(entry) ?? singles(entry, present, removed));
}

/** The decisions of an entry one by one; those of which nothing is known are left out. */
function singles({ transaction, event, row_id: first, last_id: last }: LogRow, present: ReadonlyMap<number, DecisionColumns>,
  removed: ReadonlyMap<number, DecisionColumns>): DecisionRun[] {
  const runs: DecisionRun[] = [];
  for (let id = first; id <= (last ?? first); id++) {
    // What came and went since is told too: a client may have heard of its coming from another reader.
    const row = event === 'delete' ? removed.get(id) : present.get(id) ?? removed.get(id);
    if (row !== undefined) runs.push({ transaction, event: event as DecisionRun['event'], like: row, rows: [row] });
  }
  return runs;
}

/**
 * The decisions of a large transaction, mostly a slice of an import: where they differ in address and uuid alone the rest is read once,
 * which halves what reading them costs. null: they are not alike, or not all there.
 */
async function readAlike(db: Kysely<Tables>, { transaction, event, row_id: first, last_id }: LogRow): Promise<DecisionRun | null> {
  const last = last_id ?? first;
  if (last - first < lapiLimits.smallTransactionRows || last - first >= pageRows) return null;
  const like = await selectDecisionColumns(db).where('id', '=', first).executeTakeFirst();
  if (like === undefined) return null;
  const isAlike = sql.join(sharedColumns.map((name) => sql`${sql.ref(name)} = ${like[name]}`), sql` and `);
  const rows = await db.selectFrom('decisions').select(['id', 'value', 'uuid', sql<number | boolean | null>`${isAlike}`.as('isAlike')])
    .where('id', '>=', first).where('id', '<=', last).execute();
  const isWhole = rows.length === last - first + 1 && rows.every((row) => Boolean(row.isAlike));
  return isWhole ? { transaction, event: event as DecisionRun['event'], like, rows } : null;
}

/** Rows as they were when they were deleted. */
async function readRemoved(db: Kysely<Tables>, entries: readonly LogRow[]): Promise<Map<number, DecisionColumns>> {
  const numbers = entries.filter(({ event }) => event === 'delete').map(({ seq }) => seq);
  const found = new Map<number, DecisionColumns>();
  for (let from = 0; from < numbers.length; from += pageRows) {
    const rows = await db.selectFrom('palisade_changes').select(['row_id', ...removedColumns])
      .where('seq', 'in', numbers.slice(from, from + pageRows)).orderBy('seq').execute();
    for (const { row_id: id, until, scenario, type, scope, value, origin, uuid } of rows) {
      found.set(id, { id, created_at: '', until, scenario: scenario ?? '', type: type ?? '', scope: scope ?? '', value: value ?? '',
        origin: origin ?? '', uuid, simulated: 0 });
    }
  }
  return found;
}

/** The rows that log entries name, as far as they are there. */
async function readDecisions(db: Kysely<Tables>, entries: readonly LogRow[]): Promise<Map<number, DecisionColumns>> {
  const found = new Map<number, DecisionColumns>();
  const single = new Set<number>();
  for (const { row_id: first, last_id: last } of entries) {
    if (last === null || last === first) {
      single.add(first);
      continue;
    }
    for (let from = first; from <= last; from += pageRows) {
      const rows = await selectDecisionColumns(db).where('id', '>=', from)
        .where('id', '<=', Math.min(last, from + pageRows - 1)).execute();
      for (const row of rows) found.set(row.id, row);
      await setImmediate();
    }
  }
  const ids = [...single].filter((id) => !found.has(id));
  for (let from = 0; from < ids.length; from += pageRows) {
    const rows = await selectDecisionColumns(db).where('id', 'in', ids.slice(from, from + pageRows)).execute();
    for (const row of rows) found.set(row.id, row);
  }
  return found;
}
