// Keeps a DecisionIndex in step with the database, whoever writes there: reads the change log from where it left off
// before a lookup, unless nothing was written since. A log that was cut too far, or that lost its triggers, means
// reading everything anew.

import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import { GoTime } from '../../ts/util/go-time.js';
import { fromColumn, toColumn } from './columns.js';
import { DecisionIndex, type IndexedDecision } from './decision-index.js';
import type { StoreContext } from './store.js';

const loadPageRows = 5_000;
const changePageRows = 5_000;
/** Different texts and instants kept to be shared by decisions. */
const sharedTextsMax = 10_000;
/** How often ended decisions are forgotten. */
const sweepEveryNs = nanosecondsPer.minute;

/** The index of a database. */
export class DecisionFollower {
  readonly #context: StoreContext;
  #index = new DecisionIndex();
  readonly #texts = new Map<string, string>();
  readonly #times = new Map<string, GoTime>();
  #seq = -1;
  /** Numbers of the log not seen yet, with the second since when. */
  readonly #holes = new Map<number, number>();
  #mark: string | null = null;
  #schema: number | null = null;
  #sweptAt = GoTime.zero;
  #following: Promise<void> | null = null;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** The index as of now. Rejects when the database cannot be read. */
  async current(): Promise<DecisionIndex> {
    const mark = this.#context.dialect.writeMark();
    // Calls share one reading, but one that began before this call may have missed what this caller has seen.
    if (this.#following !== null) await this.#following.catch(() => {});
    if (mark === null || mark !== this.#mark) {
      this.#following ??= this.#follow().finally(() => { this.#following = null; });
      await this.#following;
    }
    this.#sweep();
    return this.#index;
  }

  async #follow(): Promise<void> {
    // Read before the log: what is written meanwhile changes the mark again.
    const mark = this.#context.dialect.writeMark();
    const schema = this.#context.dialect.schemaVersion();
    if (this.#seq < 0 || schema !== this.#schema) await this.#load(schema);
    else {
      let isWhole = await this.#readLog();
      if (isWhole === null) {
        await this.#load(schema);
        isWhole = true;
      }
      while (!isWhole) isWhole = await this.#readLog() ?? true;
    }
    this.#mark = mark;
  }

  /** Takes a page of the log in. Returns whether that was all, or null when rows before it are gone. */
  async #readLog(): Promise<boolean | null> {
    const { db, dialect } = this.#context;
    const holes = [...this.#holes.keys()];
    const changes = await db.selectFrom('palisade_changes').selectAll().where((builder) => holes.length === 0
      ? builder('seq', '>', this.#seq) : builder.or([builder('seq', '>', this.#seq), builder('seq', 'in', holes)]))
      .orderBy('seq').limit(changePageRows).execute();
    if (changes.length === 0) return true;
    if (dialect.hasSerialWrites ? changes[0].seq !== this.#seq + 1 : !this.#noteHoles(changes)) return null;
    const ids = [...new Set(changes.filter((change) => change.kind === 'decisions').map((change) => change.row_id))];
    if (ids.length > 0) {
      const rows = await this.#read(ids);
      const present = new Map(rows.map((row) => [row.id, row]));
      for (const id of ids) {
        const row = present.get(id);
        if (row === undefined) this.#index.remove(id);
        else this.#index.put(this.#toIndexed(row));
      }
    }
    this.#seq = Math.max(this.#seq, changes[changes.length - 1].seq);
    return changes.length < changePageRows;
  }

  /**
   * Where transactions run side by side, a number is handed out before its row can be seen, and later numbers may be
   * seen first: what is missing is looked for until it comes or counts as rolled back. Returns false when too much is.
   */
  #noteHoles(changes: readonly { readonly seq: number }[]): boolean {
    const now = this.#context.now().seconds;
    let next = this.#seq + 1;
    for (const { seq } of changes) {
      if (!this.#holes.delete(seq) && seq - next + this.#holes.size > lapiLimits.changeHolesMax) return false;
      for (; next < seq; next++) this.#holes.set(next, now);
      next = Math.max(next, seq + 1);
    }
    for (const [seq, since] of this.#holes) if (now - since > lapiLimits.changeHoleSecondsMax) this.#holes.delete(seq);
    return true;
  }

  /** Reads everything in force. What changes while it reads is in the log after the number taken first. */
  async #load(schema: number | null): Promise<void> {
    const { db } = this.#context;
    await this.#context.dialect.ensureTriggers(db);
    const recent = (await db.selectFrom('palisade_changes').select('seq').orderBy('seq', 'desc')
      .limit(this.#context.dialect.hasSerialWrites ? 1 : lapiLimits.changeHolesMax).execute()).reverse();
    const from = this.#context.now();
    const index = new DecisionIndex(from);
    const now = toColumn(from);
    for (let above = 0; ;) {
      const rows = await this.#select().where('id', '>', above).where('until', '>=', now).orderBy('id')
        .limit(loadPageRows).execute();
      for (const row of rows) index.put(this.#toIndexed(row));
      if (rows.length < loadPageRows) break;
      above = rows[rows.length - 1].id;
      await setImmediate();
    }
    this.#index = index;
    this.#holes.clear();
    this.#seq = (recent[0]?.seq ?? 1) - 1;
    // Numbers handed out before this reading whose rows were not there yet.
    if (!this.#context.dialect.hasSerialWrites) this.#noteHoles(recent);
    this.#seq = recent[recent.length - 1]?.seq ?? 0;
    // Making triggers changes the number; the next look compares with what it is now.
    this.#schema = this.#context.dialect.schemaVersion() ?? schema;
    while (await this.#readLog() === false);
  }

  #sweep(): void {
    const now = this.#context.now();
    if (now.since(this.#sweptAt) < sweepEveryNs) return;
    this.#index.sweep(now);
    this.#sweptAt = now;
  }

  #select() {
    return this.#context.db.selectFrom('decisions')
      .select(['id', 'created_at', 'until', 'scenario', 'type', 'scope', 'value', 'origin', 'uuid', 'simulated']);
  }

  /** The rows of some ids, and perhaps of others between them: an import is one run of ids. */
  #read(ids: readonly number[]): Promise<Selected[]> {
    const first = ids.reduce((least, id) => Math.min(least, id), Infinity);
    const last = ids.reduce((most, id) => Math.max(most, id), 0);
    if (last - first > 2 * ids.length) return this.#select().where('id', 'in', ids).execute();
    return this.#select().where('id', '>=', first).where('id', '<=', last).execute();
  }

  /** Words that many decisions share are kept once. */
  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= sharedTextsMax) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  #toIndexed(row: Selected): IndexedDecision {
    return { id: row.id, createdAt: this.#sharedTime(row.created_at), until: this.#sharedTime(row.until),
      scenario: this.#shared(row.scenario), type: this.#shared(row.type), scope: this.#shared(row.scope),
      value: row.value, origin: this.#shared(row.origin), uuid: row.uuid ?? '', simulated: Boolean(row.simulated) };
  }

  /** The decisions of one import begin together and end together. */
  #sharedTime(text: string | null): GoTime {
    const known = this.#times.get(text ?? '');
    if (known !== undefined) return known;
    if (this.#times.size >= sharedTextsMax) this.#times.clear();
    const time = fromColumn(text);
    this.#times.set(text ?? '', time);
    return time;
  }
}

interface Selected {
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
