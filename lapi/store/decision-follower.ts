// Keeps a DecisionIndex in step with the database, whoever writes there: reads the change log from where it left off
// before a lookup, unless nothing was written since, and keeps what it read in a journal. A log that was cut too far, or
// that lost its triggers, means reading everything anew.

import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import { GoTime } from '../../ts/util/go-time.js';
import { remembered } from '../../ts/util/remembered.js';
import { ChangeLog, selectDecisionColumns, type DecisionColumns, type DecisionRun } from './change-log.js';
import type { Lanes } from './change-lanes.js';
import { hasSeenAll, type ChangePosition } from './change-position.js';
import { fromColumn, toColumn } from './columns.js';
import { DecisionIndex, type IndexedDecision } from './decision-index.js';
import { DecisionJournal, type JournalRun } from './decision-journal.js';
import { restore } from './migrations.js';
import type { StoreContext } from './store.js';

const loadPageRows = 5_000;
/** Different texts and instants kept to be shared by decisions. */
const sharedTextsMax = 10_000;
/** How often ended decisions are forgotten. */
const sweepEveryNs = nanosecondsPer.minute;

/** What is known now: the decisions, and how they came to be so. Both belong to one position. */
export interface Followed {
  readonly index: DecisionIndex;
  readonly journal: DecisionJournal;
}

/** The index of a database. */
export class DecisionFollower {
  readonly #context: StoreContext;
  readonly #log: ChangeLog;
  /** Words that many decisions share are kept once. */
  readonly #shared = remembered((text) => text, sharedTextsMax);
  /** The decisions of one import begin together and end together. */
  readonly #sharedTime = remembered((text) => fromColumn(text), sharedTextsMax);
  #followed: Followed | null = null;
  #mark: string | null = null;
  #schema: number | null = null;
  #checkedMs = -Infinity;
  #sweptAt = GoTime.zero;
  #following: Promise<void> | null = null;
  readonly #onProgress: () => void;

  /** `onProgress` is called for each part that was taken in, small transactions first. */
  constructor(context: StoreContext, onProgress: () => void) {
    this.#context = context;
    this.#onProgress = onProgress;
    this.#log = new ChangeLog(context);
  }

  /** What is known as of now. Rejects when the database cannot be read. */
  async current(): Promise<Followed> {
    const mark = this.#context.dialect.writeMark();
    // Calls share one reading, but one that began before this call may have missed what this caller has seen.
    if (this.#following !== null) await this.#following.catch(() => {});
    if (mark === null || mark !== this.#mark) {
      this.#following ??= this.#follow().finally(() => { this.#following = null; });
      await this.#following;
    }
    this.#sweep();
    return this.#followed!;
  }

  /** What is known already; null before the first reading. */
  get known(): Followed | null {
    return this.#followed;
  }

  /** Whether something was written since the last reading began. */
  get isBehind(): boolean {
    const mark = this.#context.dialect.writeMark();
    return mark !== null && mark !== this.#mark;
  }

  get log(): ChangeLog {
    return this.#log;
  }

  /** A decision of the database as the index holds it. */
  toIndexed(row: DecisionColumns): IndexedDecision {
    return { id: row.id, createdAt: this.#sharedTime(row.created_at), until: this.#sharedTime(row.until ?? ''),
      scenario: this.#shared(row.scenario), type: this.#shared(row.type), scope: this.#shared(row.scope),
      value: row.value, origin: this.#shared(row.origin), uuid: row.uuid ?? '', simulated: Boolean(row.simulated) };
  }

  /** Changes of the log as the journal holds them. */
  toJournal({ transaction, event, like, rows }: DecisionRun): JournalRun {
    const { createdAt, until, scenario, type, scope, origin, simulated } = this.toIndexed(like);
    return { transaction, event, decisions: rows.map(({ id, value, uuid }) => (
      { id, createdAt, until, scenario, type, scope, value, origin, uuid: uuid ?? '', simulated })) };
  }

  async #follow(): Promise<void> {
    const { dialect } = this.#context;
    // Read before the log: what is written meanwhile changes the mark again.
    const mark = dialect.writeMark();
    await this.#checkSchema();
    try {
      if (this.#followed === null || !await this.#readLog(this.#followed)) await this.#load();
    } finally {
      this.#context.precedence.noteReadTo(0);
    }
    this.#mark = mark;
  }

  /** CrowdSec's migration may drop what is not its own. Triggers that are made again begin the log anew. */
  async #checkSchema(): Promise<void> {
    const { db, dialect } = this.#context;
    const schema = dialect.schemaVersion();
    const isKnown = schema === null ? performance.now() < this.#checkedMs + lapiLimits.schemaCheckMs
      : schema === this.#schema;
    if (isKnown) return;
    await restore(db, dialect);
    this.#schema = dialect.schemaVersion();
    this.#checkedMs = performance.now();
  }

  /** Takes in what is new in the log, part by part. Returns false when it does not reach back to where this reader stands. */
  async #readLog({ index, journal }: Followed): Promise<boolean> {
    const { precedence } = this.#context;
    let end: ChangePosition | null = null;
    let hasGivenWay = false;
    for (let lanes: Lanes = 'small first'; ;) {
      // While a ban is on its way into the database no slice of an import keeps this thread from it.
      const part = await this.#log.part(journal.position, precedence.isTaken && !hasGivenWay ? 'small' : lanes);
      if (part === null) return false;
      if (part.position === journal.position) {
        if (hasSeenAll(journal.position, part.end)) return true;
        await precedence.giveWay();
        hasGivenWay = true;
        lanes = 'small first';
        continue;
      }
      const runs = part.changes.map((run) => this.toJournal(run));
      for (const { event, decisions } of runs) {
        if (event === 'delete') for (const { id } of decisions) index.remove(id);
        else for (const decision of decisions) index.put(decision);
      }
      journal.append(runs, part.position, this.#context.now().seconds);
      const slice = runs.find(({ decisions }) => decisions.length > lapiLimits.smallTransactionRows);
      if (slice !== undefined) precedence.noteReadTo(slice.decisions.at(-1)!.id);
      // A ban that came meanwhile is told before the next slice of an import, which bans without end do not hold back either.
      lanes = part.hasLarge ? 'small first' : 'both';
      if (part.hasLarge) hasGivenWay = false;
      this.#onProgress();
      end ??= part.end;
      // What came while it was reading is for the next call.
      if (hasSeenAll(journal.position, end)) return true;
      await setImmediate();
    }
  }

  /** Reads everything in force. What changes while it reads is in the log after the position taken first. */
  async #load(): Promise<void> {
    const { db } = this.#context;
    const position: ChangePosition = await this.#log.begin();
    const from = this.#context.now();
    const index = new DecisionIndex(from);
    const now = toColumn(from);
    for (let above = 0; ;) {
      const rows = await selectDecisionColumns(db).where('id', '>', above).where('until', '>=', now).orderBy('id')
        .limit(loadPageRows).execute();
      for (const row of rows) index.put(this.toIndexed(row));
      if (rows.length < loadPageRows) break;
      above = rows[rows.length - 1].id;
      await setImmediate();
    }
    this.#followed = { index, journal: new DecisionJournal(position, from.seconds) };
    this.#sweptAt = from;
    await this.#readLog(this.#followed);
  }

  #sweep(): void {
    const now = this.#context.now();
    const sinceNs = now.since(this.#sweptAt);
    if (sinceNs < sweepEveryNs) return;
    this.#followed!.index.sweep(now);
    this.#sweptAt = now;
  }
}
