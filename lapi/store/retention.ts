// Takes old rows away: alerts by age and number, what lost its alert. An alert with a decision still in force is always
// kept: its decisions would go with it. Of its bans by profiles a memory stays (ban-history.ts). Works in slices of bounded size and
// lets requests in between.

import { sql, type RawBuilder } from 'kysely';
import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from '../limits.js';
import { forgetBans, keepBans } from './ban-history.js';
import { toColumn } from './columns.js';
import { removeAbandoned } from './decision-slices.js';
import type { StoreContext } from './store.js';

/** Bounds on the alerts to keep; undefined is no bound. */
export interface AlertBounds {
  readonly ageMaxNs?: number;
  readonly countMax?: number;
}

/** How many alerts went, and why. */
export interface FlushedAlerts {
  readonly byAge: number;
  readonly byCount: number;
  /** Alerts there were before. */
  readonly total: number;
}

/** Removes what need not be kept. */
export class Retention {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Removes alerts beyond the bounds, at most `slicesMax` slices for each bound. */
  async flushAlerts(bounds: AlertBounds, slicesMax = Infinity): Promise<FlushedAlerts> {
    const { db } = this.#context;
    const now = this.#context.now();
    const { total, newest } = await db.selectFrom('alerts')
      .select([sql<number>`count(*)`.as('total'), sql<number | null>`max(id)`.as('newest')]).executeTakeFirstOrThrow();
    const idle = sql`not exists (select 1 from decisions where decisions.alert_decisions = alerts.id
      and decisions.until >= ${toColumn(now)})`;
    const byAge = bounds.ageMaxNs === undefined ? 0
      : await this.#removeAlerts(sql`created_at <= ${toColumn(now.add(-bounds.ageMaxNs))} and ${idle}`,
        slicesMax);
    const oldestKept = (newest ?? 0) - (bounds.countMax ?? Infinity);
    const byCount = oldestKept > 0 ? await this.#removeAlerts(sql`id < ${oldestKept} and ${idle}`, slicesMax)
      : 0;
    return { byAge, byCount, total };
  }

  /** Returns how many bans were forgotten. */
  async forgetBans(): Promise<number> {
    return forgetBans(this.#context);
  }

  /** Removes events, contexts and ended decisions whose alert is gone (MySQL, or files edited by hand). */
  async removeOrphans(slicesMax = Infinity): Promise<number> {
    const now = toColumn(this.#context.now());
    const orphan = (column: string): RawBuilder<unknown> => sql`(${sql.ref(column)} is null
      or not exists (select 1 from alerts where alerts.id = ${sql.ref(column)}))`;
    return await this.#removeSlices('events', orphan('alert_events'), slicesMax)
      + await this.#removeSlices('meta', orphan('alert_metas'), slicesMax)
      + await this.#removeSlices('decisions', sql`until <= ${now} and ${orphan('alert_decisions')}`, slicesMax);
  }

  /** Takes back the alerts whose writer died, and returns how many. */
  async removeAbandoned(): Promise<number> {
    return removeAbandoned(this.#context);
  }

  async #removeAlerts(condition: RawBuilder<unknown>, slicesMax: number): Promise<number> {
    const { db, dialect } = this.#context;
    return inSlices(slicesMax, () => db.transaction().execute(async (writer) => {
      const { rows } = await sql<{ id: number }>`select id from alerts where ${condition} order by id
        limit ${sql.lit(lapiLimits.flushSliceRows)}`.execute(writer);
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => id);
      await keepBans(writer, dialect, ids);
      await writer.deleteFrom('alerts').where('id', 'in', ids).execute();
      return ids.length;
    }));
  }

  async #removeSlices(table: 'events' | 'meta' | 'decisions', condition: RawBuilder<unknown>,
    slicesMax: number): Promise<number> {
    return inSlices(slicesMax, async () => {
      // MySQL wants the slice as a table of its own.
      const result = await sql`delete from ${sql.table(table)} where id in (select id from (select id from ${sql.table(table)}
        where ${condition} order by id limit ${lapiLimits.flushSliceRows}) as slice)`.execute(this.#context.db);
      return Number(result.numAffectedRows ?? 0n);
    });
  }
}

/** Removes slice after slice until one is not full, and lets requests in between. Returns how many rows went. */
async function inSlices(slicesMax: number, remove: () => Promise<number>): Promise<number> {
  let count = 0;
  for (let slice = 0; slice < slicesMax; slice++) {
    const removed = await remove();
    count += removed;
    if (removed < lapiLimits.flushSliceRows) break;
    await setImmediate();
  }
  return count;
}
