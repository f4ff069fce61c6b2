// Takes old rows away: alerts by age and number, what lost its alert. An alert with a decision still in force is always
// kept: its decisions would go with it. Of its bans by profiles a memory stays (ban-history.ts). Looks at slices of bounded size and
// lets requests in between: nearly all that is looked at stays, and to look at all of it would hold up a ban.

import { sql, type Kysely, type RawBuilder } from 'kysely';
import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';
import { forgetBans, keepBans } from './ban-history.js';
import { toColumn } from './columns.js';
import { removeAbandoned } from './decision-slices.js';
import type { StoreContext } from './store.js';
import type { Tables } from './tables.js';

/** Bounds on the alerts to keep; undefined is no bound. */
export interface AlertBounds {
  readonly ageMaxNs?: number;
  readonly countMax?: number;
}

/** How many alerts went, and why. */
export interface FlushedAlerts {
  readonly byAge: number;
  readonly byCount: number;
  /** Alerts there were before, if any went. */
  readonly total: number;
}

/** The rows of a table up to an id, and where the walk over them is remembered. */
interface Walk {
  readonly name: string;
  readonly table: 'alerts' | 'events' | 'meta' | 'decisions';
  readonly upTo: number;
}

/** Removes what need not be kept. */
export class Retention {
  readonly #context: StoreContext;
  /** The last id that a walk of bounded length has looked at, by its name. */
  readonly #places = new Map<string, number>();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Removes alerts beyond the bounds; for each bound at most `slicesMax` slices are looked at, the next ones the next time. */
  async flushAlerts(bounds: AlertBounds, slicesMax = Infinity): Promise<FlushedAlerts> {
    const { db } = this.#context;
    const now = this.#context.now();
    const idle = sql`not exists (select 1 from decisions where decisions.alert_decisions = alerts.id
      and decisions.until >= ${toColumn(now)})`;
    let byAge = 0;
    if (bounds.ageMaxNs !== undefined) {
      const oldest = toColumn(now.add(-bounds.ageMaxNs));
      // Later ones have higher ids.
      const last = await db.selectFrom('alerts').select('id').where('created_at', '<=', oldest).orderBy('created_at', 'desc')
        .orderBy('id', 'desc').limit(1).executeTakeFirst();
      if (last !== undefined) {
        byAge = await this.#removeAlerts({ name: 'age', table: 'alerts', upTo: last.id }, sql`created_at <= ${oldest} and ${idle}`, slicesMax);
      }
    }
    const { newest } = await db.selectFrom('alerts').select(sql<number | null>`max(id)`.as('newest')).executeTakeFirstOrThrow();
    const upTo = (newest ?? 0) - (bounds.countMax ?? Infinity) - 1;
    const byCount = upTo > 0 ? await this.#removeAlerts({ name: 'count', table: 'alerts', upTo }, idle, slicesMax) : 0;
    if (byAge + byCount === 0) return { byAge, byCount, total: 0 };
    const { left } = await db.selectFrom('alerts').select(sql<number>`count(*)`.as('left')).executeTakeFirstOrThrow();
    return { byAge, byCount, total: Number(left) + byAge + byCount };
  }

  /** Returns how many bans were forgotten. */
  async forgetBans(): Promise<number> {
    return forgetBans(this.#context);
  }

  /** Removes events, contexts and ended decisions whose alert is gone (MySQL, or files edited by hand). Slices as in flushAlerts. */
  async removeOrphans(slicesMax = Infinity): Promise<number> {
    const now = toColumn(this.#context.now());
    const orphan = (column: string): RawBuilder<unknown> => sql`(${sql.ref(column)} is null
      or not exists (select 1 from alerts where alerts.id = ${sql.ref(column)}))`;
    return await this.#removeRows('events', orphan('alert_events'), slicesMax)
      + await this.#removeRows('meta', orphan('alert_metas'), slicesMax)
      + await this.#removeRows('decisions', sql`until <= ${now} and ${orphan('alert_decisions')}`, slicesMax);
  }

  /** Takes back the alerts whose writer died, and returns how many. */
  async removeAbandoned(): Promise<number> {
    return removeAbandoned(this.#context);
  }

  async #removeAlerts(walk: Walk, condition: RawBuilder<unknown>, slicesMax: number): Promise<number> {
    const { db, dialect } = this.#context;
    return this.#inSlices(walk, condition, slicesMax, (find) => db.transaction().execute(async (writer) => {
      // Once more, for meanwhile somebody else may have removed them.
      const ids = await find(writer);
      if (ids.length === 0) return 0;
      await keepBans(writer, dialect, ids);
      await writer.deleteFrom('alerts').where('id', 'in', ids).execute();
      return ids.length;
    }));
  }

  async #removeRows(table: 'events' | 'meta' | 'decisions', condition: RawBuilder<unknown>, slicesMax: number): Promise<number> {
    return this.#inSlices({ name: table, table, upTo: Number.MAX_SAFE_INTEGER }, condition, slicesMax, async (_find, ids) => {
      const result = await this.#context.db.deleteFrom(table).where('id', 'in', ids).executeTakeFirst();
      return Number(result.numDeletedRows);
    });
  }

  /**
   * Has removed what meets a condition, slice by slice of the rows by id: from where the last walk of this name stopped, an endless one
   * from the first. Nothing is locked while nothing is found. Returns how many rows went.
   */
  async #inSlices({ name, table, upTo }: Walk, condition: RawBuilder<unknown>, slicesMax: number,
    remove: (find: (db: Kysely<Tables>) => Promise<number[]>, ids: number[]) => Promise<number>): Promise<number> {
    const { db } = this.#context;
    let count = 0;
    let above = slicesMax === Infinity ? 0 : this.#places.get(name) ?? 0;
    for (let slice = 0; slice < slicesMax; slice++) {
      const rest = sql`id > ${above} and id <= ${upTo}`;
      const last = (await idsOf(db, sql`${sql.table(table)} where ${rest} order by id limit 1 offset ${sql.lit(lapiLimits.flushSliceRows - 1)}`))[0];
      const end = last ?? upTo;
      const find = (reader: Kysely<Tables>): Promise<number[]> =>
        idsOf(reader, sql`${sql.table(table)} where id > ${above} and id <= ${end} and ${condition} order by id`);
      const ids = await find(db);
      if (ids.length > 0) count += await remove(find, ids);
      above = last ?? 0;
      if (last === undefined) break;
      await setImmediate();
    }
    this.#places.set(name, above);
    return count;
  }
}

async function idsOf(db: Kysely<Tables>, from: RawBuilder<unknown>): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select id from ${from}`.execute(db);
  return rows.map(({ id }) => id);
}
