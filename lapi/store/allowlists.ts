// Allowlists: named lists of addresses and ranges that are never banned. Items expire; expired ones count as absent.

import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import { GoTime } from '../../ts/util/go-time.js';
import { fromColumn, toColumn } from './columns.js';
import { parseIpRange, plainV4, rangeContains } from './ip-range.js';
import { NetworkMap, networkOfRange } from './network.js';
import { addressColumns, rangeCondition } from './range-condition.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';

/** One list, with its items when they were asked for. */
export interface Allowlist {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly createdAt: GoTime;
  readonly updatedAt: GoTime;
  readonly isFromConsole: boolean;
  readonly consoleId: string;
  readonly items: readonly AllowlistItem[];
}

export interface AllowlistItem {
  readonly value: string;
  readonly comment: string;
  readonly createdAt: GoTime;
  /** GoTime.zero: never. */
  readonly expiresAt: GoTime;
}

export interface NewAllowlistItem {
  readonly value: string;
  readonly comment: string;
  readonly expiresAt: GoTime;
}

/** Reads and writes allowlists. */
export class Allowlists {
  readonly #context: StoreContext;
  /** Whether there is no item, as of a mark of what others wrote; what is added here makes it unknown. Every alert asks. */
  #empty: { readonly mark: string; readonly isEmpty: boolean } | null = null;
  #additions = 0;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Adds an empty list. Returns false when the name is taken. */
  async add(name: string, description: string): Promise<boolean> {
    const now = toColumn(this.#context.now());
    return this.#context.db.transaction().execute(async (db) => {
      if (await db.selectFrom('allow_lists').select('id').where('name', '=', name).executeTakeFirst()) return false;
      await db.insertInto('allow_lists').values({ created_at: now, updated_at: now, name, from_console: 0, description,
        allowlist_id: '' }).execute();
      return true;
    });
  }

  /** Removes a list with its items. Returns false when there is none. */
  async remove(name: string): Promise<boolean> {
    return this.#context.db.transaction().execute(async (db) => {
      const list = await db.selectFrom('allow_lists').select('id').where('name', '=', name).executeTakeFirst();
      if (list === undefined) return false;
      await db.deleteFrom('allow_list_items').where('id', 'in', itemIds(db, list.id)).execute();
      await db.deleteFrom('allow_lists').where('id', '=', list.id).execute();
      return true;
    });
  }

  /** All lists, oldest first. */
  async list(withItems: boolean): Promise<Allowlist[]> {
    return this.#read(withItems, null);
  }

  async get(name: string, withItems: boolean): Promise<Allowlist | null> {
    return (await this.#read(withItems, name))[0] ?? null;
  }

  /** Adds items to a list of that id. Returns how many. Throws IpRangeError before anything is written. */
  async addItems(listId: number, items: readonly NewAllowlistItem[]): Promise<number> {
    const ranges = items.map((item) => addressColumns(parseIpRange(item.value)));
    const count = await this.#context.db.transaction().execute(async (db) => {
      for (const [index, item] of items.entries()) {
        const now = toColumn(this.#context.now());
        const [id] = await this.#context.dialect.insertForIds(db, 'allow_list_items', [{ created_at: now, updated_at: now,
          expires_at: item.expiresAt.isZero ? null : toColumn(item.expiresAt), comment: item.comment,
          value: item.value, ...ranges[index] }]);
        await db.insertInto('allow_list_allowlist_items')
          .values({ allow_list_id: listId, allow_list_item_id: id }).execute();
      }
      await db.updateTable('allow_lists').set({ updated_at: toColumn(this.#context.now()) })
        .where('id', '=', listId).execute();
      return items.length;
    });
    this.#additions++;
    this.#empty = null;
    return count;
  }

  /** Removes items by value and returns how many. */
  async removeItems(listId: number, values: readonly string[]): Promise<number> {
    if (values.length === 0) return 0;
    const result = await this.#context.db.deleteFrom('allow_list_items')
      .where('id', 'in', itemIds(this.#context.db, listId)).where('value', 'in', [...values]).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  /** Says which items of which lists cover an address or range, or lie within it. Throws IpRangeError. */
  async reasons(value: string): Promise<string[]> {
    const range = parseIpRange(value);
    if (await this.#isEmpty()) return [];
    const rows = await this.#selectItems()
      .where(sql<SqlBool>`(${rangeCondition('item', range, true)} or ${rangeCondition('item', range, false)})`).execute();
    return rows.map(reasonOf);
  }

  /** As `reasons`, for many addresses and ranges at once: the lists are read once. Throws IpRangeError. */
  async reasonsOfMany(values: readonly string[]): Promise<string[][]> {
    const rows = await this.#selectItems().execute();
    // Then only what is no plain address has to be looked at: it may be nothing at all.
    if (rows.length === 0) return values.map((value) => plainV4(value) >= 0 ? [] : (parseIpRange(value), []));
    const ranges = values.map(parseIpRange);
    const items = rows.map((row, order) => ({ order, range: parseIpRange(row.value), text: reasonOf(row) }));
    const networks = new NetworkMap<typeof items[number]>();
    for (const item of items) networks.add(networkOfRange(item.range), item);
    return ranges.map((range) => {
      const found = new Set(networks.containing(range));
      // Only a range can have items inside.
      const isRange = range.start !== range.end || range.startSuffix !== range.endSuffix;
      if (isRange) for (const item of items) if (rangeContains(range, item.range)) found.add(item);
      return [...found].sort((a, b) => a.order - b.order).map((item) => item.text);
    });
  }

  /** A text that changes when items come or go. */
  async version(): Promise<string> {
    const { count, last } = await this.#context.db.selectFrom('allow_list_items')
      .select([sql<number>`count(*)`.as('count'), sql<number | null>`max(id)`.as('last')]).executeTakeFirstOrThrow();
    return `${count} ${last ?? 0}`;
  }

  async #isEmpty(): Promise<boolean> {
    const mark = this.#context.dialect.foreignMark();
    if (this.#empty?.mark === mark) return this.#empty.isEmpty;
    const additions = this.#additions;
    const row = await this.#context.db.selectFrom('allow_list_items').select('id').limit(1).executeTakeFirst();
    if (additions === this.#additions) this.#empty = { mark, isEmpty: row === undefined };
    return row === undefined;
  }

  #selectItems() {
    return this.#context.db.selectFrom('allow_list_items as item')
      .innerJoin('allow_list_allowlist_items as link', 'link.allow_list_item_id', 'item.id')
      .innerJoin('allow_lists as list', 'list.id', 'link.allow_list_id')
      .select(['item.value', 'item.comment', 'list.name'])
      .where(notExpired('item', this.#context.now())).orderBy('list.name').orderBy('item.id');
  }

  /** Ends the decisions in force that an item covers or lies within, and returns how many. */
  async applyToDecisions(): Promise<number> {
    const now = this.#context.now();
    const covered = sql<SqlBool>`exists (select 1 from allow_list_items item where ${notExpired('item', now)}
      and item.ip_size = decisions.ip_size and (${overlaps('item', 'decisions')} or ${overlaps('decisions', 'item')}))`;
    const result = await this.#context.db.updateTable('decisions')
      .set({ until: toColumn(now), updated_at: toColumn(now) })
      .where('until', '>=', toColumn(now)).where(covered).executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  async removeExpiredItems(): Promise<number> {
    const result = await this.#context.db.deleteFrom('allow_list_items')
      .where('expires_at', '<=', toColumn(this.#context.now())).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async #read(withItems: boolean, name: string | null): Promise<Allowlist[]> {
    let query = this.#context.db.selectFrom('allow_lists').selectAll().orderBy('id');
    if (name !== null) query = query.where('name', '=', name);
    const lists = await query.execute();
    return Promise.all(lists.map(async (row) => ({
      id: row.id, name: row.name, description: row.description ?? '', createdAt: fromColumn(row.created_at),
      updatedAt: fromColumn(row.updated_at), isFromConsole: Boolean(row.from_console),
      consoleId: row.allowlist_id ?? '', items: withItems ? await this.#items(row.id) : [],
    })));
  }

  async #items(listId: number): Promise<AllowlistItem[]> {
    const rows = await this.#context.db.selectFrom('allow_list_items as item')
      .select(['item.value', 'item.comment', 'item.created_at', 'item.expires_at'])
      .where('item.id', 'in', itemIds(this.#context.db, listId))
      .where(notExpired('item', this.#context.now())).orderBy('item.id').execute();
    return rows.map((row) => ({ value: row.value, comment: row.comment ?? '', createdAt: fromColumn(row.created_at),
      expiresAt: fromColumn(row.expires_at) }));
  }
}

function reasonOf({ value, comment, name }: { value: string; comment: string | null; name: string }): string {
  return `${value} from ${name}${comment ? ` (${comment})` : ''}`;
}

function itemIds(db: Kysely<Tables>, listId: number) {
  return db.selectFrom('allow_list_allowlist_items').select('allow_list_item_id').where('allow_list_id', '=', listId);
}

function notExpired(table: string, now: GoTime): RawBuilder<SqlBool> {
  const column = sql.ref(`${table}.expires_at`);
  return sql<SqlBool>`(${column} is null or ${column} >= ${toColumn(now)})`;
}

/** Columns of `outer` contain those of `inner`. */
function overlaps(outer: string, inner: string): RawBuilder<SqlBool> {
  const o = (name: string): RawBuilder<unknown> => sql.ref(`${outer}.${name}`);
  const i = (name: string): RawBuilder<unknown> => sql.ref(`${inner}.${name}`);
  return sql<SqlBool>`(
    (${o('start_ip')} < ${i('start_ip')}
      or (${o('start_ip')} = ${i('start_ip')} and ${o('start_suffix')} <= ${i('start_suffix')}))
    and (${o('end_ip')} > ${i('end_ip')}
      or (${o('end_ip')} = ${i('end_ip')} and ${o('end_suffix')} >= ${i('end_suffix')})))`;
}
