// Decisions: what is in force, what ended since, and ending them before their time. Rows are never deleted here, only
// their end is moved to now, so that bouncers hear of it; retention removes them with their alert.

import { setImmediate } from 'node:timers/promises';
import { sql, type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { fromColumn, toColumn } from './columns.js';
import { parseCursor } from './change-position.js';
import { readDelta, type DecisionDelta } from './decision-delta.js';
import { DecisionFollower, type Followed } from './decision-follower.js';
import type { DecisionIndex, IndexedDecision } from './decision-index.js';
import { DecisionWatch } from './decision-watch.js';
import { IpRangeError, parseIpRange, rangeContains, type IpRange } from './ip-range.js';
import { isWide, rangeCondition } from './range-condition.js';
import { sortedSlice } from './smallest.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';
import type { WrittenSlice } from './written-slices.js';

/** Which decisions a bouncer wants. Absent fields do not restrict. */
export interface DecisionFilter {
  readonly scopes?: readonly string[];
  readonly value?: string;
  readonly type?: string;
  readonly origins?: readonly string[];
  /** Substrings of the scenario, any of them, whatever their case. */
  readonly scenariosContaining?: readonly string[];
  readonly scenariosNotContaining?: readonly string[];
  readonly range?: IpRange;
  /** true: the decision contains the range; false: it lies within. */
  readonly contains: boolean;
  readonly withSimulated: boolean;
  readonly limit?: number;
  readonly offset?: number;
  readonly idAbove?: number;
}

/** Which decisions to end. */
export interface ExpireFilter {
  readonly scope?: string;
  readonly uuids?: readonly string[];
  readonly origin?: string;
  readonly value?: string;
  readonly type?: string;
  readonly scenario?: string;
  readonly range?: IpRange;
  readonly contains: boolean;
}

/** A stored decision as bouncers see it. */
export interface DecisionRow {
  readonly id: number;
  readonly until: GoTime;
  readonly scenario: string;
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
  readonly uuid: string;
}

/** Which part of a stream: in force at `now` (and created after), or ended before `now` (and after). */
export interface StreamPart {
  readonly kind: 'new' | 'deleted';
  readonly now: GoTime;
  /** undefined: a start-up, without lower bound. */
  readonly since?: GoTime;
  /** Leave out decisions that another one on the same value, type and scope outlives. */
  readonly dedup: boolean;
}

type Selection = SelectQueryBuilder<Tables, 'decisions', {
  id: number; until: string | null; scenario: string; type: string; scope: string; value: string; origin: string;
  uuid: string | null;
}>;

/** Reads decisions and ends them; they are written with their alert. */
export class Decisions {
  readonly #context: StoreContext;
  #follower: DecisionFollower | null = null;
  #watch: DecisionWatch | null = null;
  #stopListening = async (): Promise<void> => {};

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** From now on lookups of addresses are answered from memory. For a server, not for a command. */
  async keepInMemory(): Promise<void> {
    this.#follower = new DecisionFollower(this.#context, () => this.#watch?.tell());
    const watch = this.#watch = new DecisionWatch(this.#follower, this.#context.now);
    this.#stopListening = this.#context.dialect.listen(() => watch.wake());
    await this.#follower.current();
  }

  /** Decisions in force now. Ordered by their end, or by id where an address or value was asked for. */
  async active(filter: DecisionFilter): Promise<DecisionRow[]> {
    const few = await this.fewActive(filter);
    if (few !== null) return few;
    const all: DecisionRow[] = [];
    for await (const rows of this.activePages(filter)) all.push(...rows);
    return all;
  }

  /** As `active`; null when they are too many for an answer in one piece. */
  async fewActive(filter: DecisionFilter): Promise<DecisionRow[] | null> {
    if (this.#follower === null) return this.#fewBySql(filter);
    const { index } = await this.#follower.current();
    const now = this.#context.now();
    const from = Math.max(filter.offset ?? 0, 0);
    const to = filter.limit === undefined || filter.limit < 0 ? Infinity : from + filter.limit;
    let candidates: Iterable<IndexedDecision>;
    // What was found by its address need not be held against it.
    let rest = filter;
    if (filter.range !== undefined && filter.contains) {
      candidates = index.containing(filter.range);
      rest = { ...filter, range: undefined };
    } else if (filter.value !== undefined) candidates = index.withValue(filter.value);
    else if (filter.range !== undefined) {
      // Few are found by the database's index.
      if (!await isWide(this.#context.db, filter.range)) return this.#fewBySql(filter);
      candidates = index.within(filter.range);
      rest = { ...filter, range: undefined };
    } else if (isSelective(filter) || (isShort(filter.limit) && (filter.offset ?? 0) > lapiLimits.foundInMemoryMax)) {
      return firstToEnd(index.inOrderOfEnd(now, (decision) => passes(decision, filter)), from, to);
    } else {
      // The beginning of everything is the beginning of an index.
      return isShort(filter.limit) || index.size <= lapiLimits.foundInMemoryMax ? this.#fewBySql(filter) : null;
    }
    const found: IndexedDecision[] = [];
    for (const decision of candidates) {
      if (decision.until.compare(now) < 0 || !passes(decision, rest)) continue;
      if (found.push(decision) > lapiLimits.foundInMemoryMax && !isShort(filter.limit)) return null;
    }
    return sortedSlice(found, from, to, (a, b) => a.id - b.id);
  }

  /** As `active`, page by page. */
  async* activePages(filter: DecisionFilter): AsyncGenerator<DecisionRow[]> {
    // The order first: no index of every database has it, so that a page could begin where the last one ended.
    const ids = (await this.#activeQuery(filter).clearSelect().select('decisions.id').execute()).map((row) => row.id);
    for (let from = 0; from < ids.length; from += lapiLimits.streamPageRows) {
      const some = ids.slice(from, from + lapiLimits.streamPageRows);
      const rows = new Map((await this.#select().where('decisions.id', 'in', some).execute()).map((row) => [row.id, toRow(row)]));
      yield some.map((id) => rows.get(id)).filter((row) => row !== undefined);
      await setImmediate();
    }
  }

  /** The decisions in memory as of now, or null where none are kept there. */
  async inMemory(): Promise<Followed | null> {
    return this.#follower === null ? null : this.#follower.current();
  }

  /**
   * What a client has to hear since a cursor, which it was given with what it heard last: by an earlier delta, or by
   * `cursorAt` with the decisions in memory at its start. Nothing is missing and nothing comes twice, in whatever order
   * transactions end, whoever writes, and whichever Local API of the database is asked. null: the cursor is not one, or
   * too old, or nothing is kept in memory; then the client has to be told everything anew.
   */
  async delta(cursor: string, filter: DecisionFilter, dedup: boolean): Promise<DecisionDelta | null> {
    const from = parseCursor(cursor);
    if (from === null || this.#follower === null) return null;
    await this.#follower.current();
    return readDelta(this.#context, this.#follower, from, { passes: (decision) => passes(decision, filter), dedup,
      tellsShortLived: false });
  }

  /**
   * As `delta`, of all decisions and as far as they are in memory already, which `subscribe` told. What began and was taken back since
   * is told as ended, for clients that stand somewhere on the way.
   */
  async knownDelta(cursor: string): Promise<DecisionDelta | null> {
    const from = parseCursor(cursor);
    if (from === null || this.#follower === null) return null;
    return readDelta(this.#context, this.#follower, from, { passes: () => true, dedup: false, tellsShortLived: true });
  }

  /**
   * Calls back within a fraction of a second after decisions began, ended or were removed, by this process or another
   * one, and now and then without need. The listener asks `delta` for what it was. Returns a function that ends this.
   * Wrong use without `keepInMemory`.
   */
  subscribe(listener: () => void): () => void {
    if (this.#watch === null) throw new TypeError('decisions are not kept in memory');
    return this.#watch.subscribe(listener);
  }

  /** Something was written here: in a file of one's own those who wait need not wait for the next look at it. */
  wake(): void {
    if (this.#context.dialect.name === 'sqlite') this.#watch?.wake();
  }

  /** A slice of an import was written by another thread: it need not be read from the database. */
  expect(slice: WrittenSlice): void {
    this.#follower?.log.expect(slice);
    this.wake();
  }

  /** Nobody who subscribed is called any more. */
  async close(): Promise<void> {
    this.#watch?.close();
    await this.#stopListening();
  }

  /** Whether a decision that ended before `now` is still stored. */
  async hasEnded(now: GoTime): Promise<boolean> {
    return await this.#context.db.selectFrom('decisions').select('id').where('until', '<', toColumn(now)).limit(1)
      .executeTakeFirst() !== undefined;
  }

  async #fewBySql(filter: DecisionFilter): Promise<DecisionRow[] | null> {
    const max = lapiLimits.foundInMemoryMax;
    const rows = await this.#activeQuery(isShort(filter.limit) ? filter : { ...filter, limit: max + 1 }).execute();
    return rows.length > max ? null : rows.map(toRow);
  }

  #activeQuery(filter: DecisionFilter): Selection {
    let query = this.#select().where('decisions.until', '>=', toColumn(this.#context.now()));
    query = applyFilter(query, filter);
    const byValue = filter.range !== undefined || filter.value !== undefined;
    query = byValue ? query.orderBy('decisions.id') : query.orderBy('decisions.until').orderBy('decisions.id');
    if (filter.limit !== undefined || filter.offset !== undefined) query = query.limit(rowCount(filter.limit));
    // SQLite reads a negative offset as none; other databases refuse it.
    return filter.offset === undefined ? query : query.offset(Math.max(filter.offset, 0));
  }

  /** One page of a stream, by ascending id from above `filter.idAbove`. */
  async streamPage(part: StreamPart, filter: DecisionFilter): Promise<DecisionRow[]> {
    const now = toColumn(part.now);
    let query = this.#select().where('decisions.until', part.kind === 'new' ? '>' : '<', now);
    // As a subquery the few recent rows come from an index; as a plain condition the order by id would scan them all.
    if (part.since !== undefined) {
      query = query.where('decisions.id', 'in', this.#context.db.selectFrom('decisions as recent').select('recent.id')
        .where(part.kind === 'new' ? 'recent.created_at' : 'recent.until', '>', toColumn(part.since))
        .$if(part.kind === 'deleted', (recent) => recent.where('recent.until', '<', now)));
    }
    if (part.dedup) query = query.where(isLongest);
    return (await applyFilter(query, filter).orderBy('decisions.id').limit(lapiLimits.streamPageRows).execute())
      .map(toRow);
  }

  /** Ends the matching decisions that are in force and returns how many. */
  async expire(filter: ExpireFilter): Promise<number> {
    const now = toColumn(this.#context.now());
    let query = this.#context.db.selectFrom('decisions').select('id').where('until', '>', now);
    if (filter.scope !== undefined) query = query.where('scope', '=', filter.scope);
    if (filter.uuids !== undefined) query = query.where('uuid', 'in', [...filter.uuids]);
    if (filter.origin !== undefined) query = query.where('origin', '=', filter.origin);
    if (filter.value !== undefined) query = query.where('value', '=', filter.value);
    if (filter.type !== undefined) query = query.where('type', '=', filter.type);
    if (filter.scenario !== undefined) query = query.where('scenario', '=', filter.scenario);
    if (filter.range !== undefined) query = query.where(rangeCondition('decisions', filter.range, filter.contains));
    return this.#expireIds((await query.orderBy('id').execute()).map((row) => row.id));
  }

  /** Ends one decision, even one that is over. Returns 0 when there is none with this id. */
  async expireById(id: number): Promise<number> {
    return this.#expireIds([id]);
  }

  /** Number of decisions in force by scenario, origin and type, without simulated ones. */
  async countActive(): Promise<{ scenario: string; origin: string; type: string; count: number }[]> {
    if (this.#follower !== null) return this.#countInMemory((await this.#follower.current()).index);
    return this.#context.db.selectFrom('decisions')
      .select(['scenario', 'origin', 'type', sql<number>`count(*)`.as('count')])
      .where('until', '>', toColumn(this.#context.now())).where('simulated', '=', 0)
      .groupBy(['scenario', 'origin', 'type']).execute();
  }

  #countInMemory(index: DecisionIndex): Awaited<ReturnType<Decisions['countActive']>> {
    const counts = new Map<string, { scenario: string; origin: string; type: string; count: number }>();
    for (const { sample: { scenario, origin, type, simulated }, count } of index.counts(this.#context.now())) {
      if (simulated) continue;
      const key = JSON.stringify([scenario, origin, type]);
      counts.set(key, { scenario, origin, type, count: (counts.get(key)?.count ?? 0) + count });
    }
    return [...counts.values()];
  }

  /** Number of decisions that contain an address or range. Throws IpRangeError. */
  async countByValue(value: string, options: { since?: GoTime; activeOnly?: boolean } = {}): Promise<number> {
    let query = this.#context.db.selectFrom('decisions').select(sql<number>`count(*)`.as('count'))
      .where(rangeCondition('decisions', parseIpRange(value), true));
    if (options.since !== undefined) query = query.where('created_at', '>', toColumn(options.since));
    if (options.activeOnly) query = query.where('until', '>', toColumn(this.#context.now()));
    return (await query.executeTakeFirstOrThrow()).count;
  }

  /** Nanoseconds until the last decision on an address or range ends, 0 when none is in force. Throws IpRangeError. */
  async timeLeftNs(value: string): Promise<number> {
    const now = this.#context.now();
    const row = await this.#context.db.selectFrom('decisions').select('until')
      .where(rangeCondition('decisions', parseIpRange(value), true)).where('until', '>', toColumn(now))
      .orderBy('until', 'desc').limit(1).executeTakeFirst();
    return row === undefined ? 0 : fromColumn(row.until).since(now);
  }

  #select(): Selection {
    return this.#context.db.selectFrom('decisions').select(['decisions.id', 'decisions.until', 'decisions.scenario',
      'decisions.type', 'decisions.scope', 'decisions.value', 'decisions.origin', 'decisions.uuid']);
  }

  async #expireIds(ids: readonly number[]): Promise<number> {
    let count = 0;
    for (let from = 0; from < ids.length; from += lapiLimits.expireBatchRows) {
      if (from > 0) await this.#context.precedence.giveWay();
      const now = toColumn(this.#context.now());
      const result = await this.#context.db.updateTable('decisions').set({ until: now, updated_at: now })
        .where('id', 'in', ids.slice(from, from + lapiLimits.expireBatchRows)).executeTakeFirst();
      count += Number(result.numUpdatedRows);
    }
    return count;
  }
}

/** The page from `from` up to `to` of decisions that come in the order of their ends; null when it is too long for one piece. */
function firstToEnd(endings: Iterable<IndexedDecision[]>, from: number, to: number): DecisionRow[] | null {
  const page: IndexedDecision[] = [];
  let place = 0;
  for (const ending of endings) {
    if (place >= to) break;
    if (page.length + Math.min(to, place + ending.length) - Math.max(from, place) > lapiLimits.foundInMemoryMax) return null;
    page.push(...sortedSlice(ending, Math.max(from - place, 0), to - place, (a, b) => a.until.compare(b.until) || a.id - b.id));
    place += ending.length;
  }
  return page;
}

function applyFilter(selection: Selection, filter: DecisionFilter): Selection {
  let query = selection;
  if (!filter.withSimulated) query = query.where('decisions.simulated', '=', 0);
  if (filter.scopes !== undefined) query = query.where('decisions.scope', 'in', [...filter.scopes]);
  if (filter.value !== undefined) query = query.where('decisions.value', '=', filter.value);
  if (filter.type !== undefined) query = query.where('decisions.type', '=', filter.type);
  if (filter.origins !== undefined) query = query.where('decisions.origin', 'in', [...filter.origins]);
  if (filter.scenariosContaining !== undefined) query = query.where(scenarioContains(filter.scenariosContaining));
  if (filter.scenariosNotContaining !== undefined) {
    query = query.where(sql<SqlBool>`not ${scenarioContains(filter.scenariosNotContaining)}`);
  }
  if (filter.range !== undefined) query = query.where(rangeCondition('decisions', filter.range, filter.contains));
  if (filter.idAbove !== undefined) query = query.where('decisions.id', '>', filter.idAbove);
  return query;
}

/** Whether a limit bounds a list to one piece. */
function isShort(limit: number | undefined): boolean {
  return limit !== undefined && limit >= 0 && limit <= lapiLimits.foundInMemoryMax;
}

/** Whether few decisions may pass, so that looking for a page of them could go through all. */
function isSelective(filter: DecisionFilter): boolean {
  return filter.scopes !== undefined || filter.type !== undefined || filter.origins !== undefined
    || filter.scenariosContaining !== undefined || filter.scenariosNotContaining !== undefined || filter.idAbove !== undefined;
}

/** The filter as a plain function, for decisions in memory. */
export function passes(decision: IndexedDecision, filter: DecisionFilter): boolean {
  const contains = (words: readonly string[]): boolean => {
    const scenario = decision.scenario.toLowerCase();
    return words.some((word) => scenario.includes(word.toLowerCase()));
  };
  return (filter.withSimulated || !decision.simulated)
    && (filter.scopes === undefined || filter.scopes.includes(decision.scope))
    && (filter.value === undefined || filter.value === decision.value)
    && (filter.type === undefined || filter.type === decision.type)
    && (filter.origins === undefined || filter.origins.includes(decision.origin))
    && (filter.scenariosContaining === undefined || contains(filter.scenariosContaining))
    && (filter.scenariosNotContaining === undefined || !contains(filter.scenariosNotContaining))
    && (filter.idAbove === undefined || decision.id > filter.idAbove)
    && (filter.range === undefined || isInRange(decision, filter.range, filter.contains));
}

function isInRange({ scope, value }: IndexedDecision, range: IpRange, contains: boolean): boolean {
  if (!/^(ip|range)$/i.test(scope)) return false;
  try {
    const own = parseIpRange(value);
    return contains ? rangeContains(own, range) : rangeContains(range, own);
  } catch (error) {
    if (error instanceof IpRangeError) return false;
    throw error;
  }
}

/** A negative limit is none; an offset needs some limit beside it in SQLite. */
function rowCount(limit: number | undefined): number {
  return limit === undefined || limit < 0 ? Number.MAX_SAFE_INTEGER : limit;
}

function scenarioContains(words: readonly string[]): RawBuilder<SqlBool> {
  const conditions = words.map((word) => {
    const pattern = `%${word.toLowerCase().replace(/[!%_]/g, '!$&')}%`;
    return sql`lower(decisions.scenario) like ${pattern} escape '!'`;
  });
  return sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
}

function isLongest(builder: ExpressionBuilder<Tables, 'decisions'>) {
  return builder.not(builder.exists(builder.selectFrom('decisions as longer').select('longer.id')
    .whereRef('longer.value', '=', 'decisions.value').whereRef('longer.type', '=', 'decisions.type')
    .whereRef('longer.scope', '=', 'decisions.scope').whereRef('longer.until', '>', 'decisions.until')));
}

function toRow(row: Omit<DecisionRow, 'until' | 'uuid'> & { until: string | null; uuid: string | null }): DecisionRow {
  return { id: row.id, until: fromColumn(row.until), scenario: row.scenario, type: row.type, scope: row.scope,
    value: row.value, origin: row.origin, uuid: row.uuid ?? '' };
}
