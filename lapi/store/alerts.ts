// Alerts with their events, context and decisions: written in transactions of fifty, read back in pages.
// A machine that repeats an alert under its own id gets the old row's id; nothing is written twice.

import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type Selectable } from 'kysely';
import type { MetaItem } from '../../ts/model/alert.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { filterAlerts, type AlertFilter } from './alert-filter.js';
import { fromColumn, toColumn } from './columns.js';
import type { Row } from './dialect/dialect.js';
import { prepareAlert, type IncomingAlert, type PreparedAlert } from './prepared-alert.js';
import type { StoreContext } from './store.js';
import type { AlertsTable, Tables } from './tables.js';

/** A stored alert. `owner` is null when its machine is gone. */
export interface StoredAlert {
  readonly row: Selectable<AlertsTable>;
  readonly createdAt: GoTime;
  readonly startedAt: GoTime;
  readonly stoppedAt: GoTime;
  readonly owner: string | null;
  readonly events: readonly { readonly time: GoTime; readonly serialized: string }[];
  readonly metas: readonly MetaItem[];
  readonly decisions: readonly StoredDecision[];
}

export interface StoredDecision {
  readonly id: number;
  readonly until: GoTime;
  readonly scenario: string;
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
}

/** How alerts are listed. */
export interface AlertPage {
  /** 0 is all. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly withDecisions: boolean;
}

/** What a write of alerts gave. */
export interface WrittenAlerts {
  /** Ids in the order of the alerts; those dropped because no decision was usable are left out. */
  readonly ids: readonly number[];
  /** One sentence for each thing that was cut, replaced or dropped, for the log. */
  readonly remarks: readonly string[];
}

/** Reads and writes alerts. */
export class Alerts {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /**
   * Writes alerts of a machine. With `ownIds` their `uuid` names them: one that this machine has already stored is
   * answered with its id. Throws DurationError before anything is written.
   */
  async add(machine: string | null, alerts: readonly IncomingAlert[], ownIds = false): Promise<WrittenAlerts> {
    const remarks: string[] = [];
    const now = this.#context.now();
    const prepared = alerts.map((alert) => prepareAlert(alert, now, ownIds ? alert.uuid : undefined, remarks))
      .filter((alert) => alert !== null);
    const ids: number[] = [];
    for (let from = 0; from < prepared.length; from += lapiLimits.alertsPerTransaction) {
      const batch = prepared.slice(from, from + lapiLimits.alertsPerTransaction);
      ids.push(...await this.#context.db.transaction().execute((db) => this.#writeBatch(db, machine, batch, ownIds)));
    }
    return { ids, remarks };
  }

  /** Alerts that match, with their parts. */
  async find(filter: AlertFilter, page: AlertPage): Promise<StoredAlert[]> {
    let query = filterAlerts(this.#context.db.selectFrom('alerts').select('alerts.id'), filter)
      .orderBy('alerts.created_at', page.order).orderBy('alerts.id', page.order);
    if (page.limit > 0) query = query.limit(page.limit);
    const ids = (await query.execute()).map((row) => row.id);
    const found: StoredAlert[] = [];
    for (let from = 0; from < ids.length; from += lapiLimits.alertPageRows) {
      found.push(...await this.#load(ids.slice(from, from + lapiLimits.alertPageRows), page.withDecisions));
    }
    return found;
  }

  async get(id: number): Promise<StoredAlert | null> {
    return (await this.#load([id], true))[0] ?? null;
  }

  /** Removes matching alerts with all their parts and returns how many. */
  async remove(filter: AlertFilter): Promise<number> {
    const ids = (await filterAlerts(this.#context.db.selectFrom('alerts').select('alerts.id'), filter).execute())
      .map((row) => row.id);
    let count = 0;
    for (let from = 0; from < ids.length; from += lapiLimits.flushSliceRows) {
      count += await this.#removeIds(ids.slice(from, from + lapiLimits.flushSliceRows));
    }
    return count;
  }

  /** Returns false when there is no such alert. */
  async removeById(id: number): Promise<boolean> {
    return await this.#removeIds([id]) > 0;
  }

  async count(): Promise<number> {
    const row = await this.#context.db.selectFrom('alerts').select(sql<number>`count(*)`.as('count'))
      .executeTakeFirstOrThrow();
    return row.count;
  }

  /** Number of alerts by scenario, without those of blocklists. */
  async countByScenario(): Promise<{ scenario: string; count: number }[]> {
    const filter: AlertFilter = { contains: true, withBlocklists: false, withSimulated: true,
      now: this.#context.now() };
    return filterAlerts(this.#context.db.selectFrom('alerts')
      .select(['alerts.scenario', sql<number>`count(*)`.as('count')]), filter).groupBy('alerts.scenario').execute();
  }

  async #writeBatch(db: Kysely<Tables>, machine: string | null, batch: readonly PreparedAlert[],
    ownIds: boolean): Promise<number[]> {
    // Taken inside the transaction: a stream that ran before it sees an earlier instant, one after it the rows.
    const stamp = toColumn(this.#context.now());
    const owner = machine === null ? undefined
      : await db.selectFrom('machines').select('id').where('machine_id', '=', machine).executeTakeFirst();
    const ids: number[] = [];
    const parts: Record<'events' | 'meta' | 'decisions', Row[]> = { events: [], meta: [], decisions: [] };
    for (const alert of batch) {
      const known = ownIds && owner !== undefined ? await findOwn(db, owner.id, alert.uuid) : undefined;
      if (known !== undefined) {
        ids.push(known);
        continue;
      }
      const { id } = await db.insertInto('alerts').values({ created_at: stamp, updated_at: stamp, ...alert.columns,
        uuid: alert.uuid, machine_alerts: owner?.id ?? null }).returning('id').executeTakeFirstOrThrow();
      ids.push(id);
      const stamps = { created_at: stamp, updated_at: stamp };
      for (const event of alert.events) parts.events.push({ ...stamps, ...event, alert_events: id });
      for (const meta of alert.metas) parts.meta.push({ ...stamps, ...meta, alert_metas: id });
      for (const decision of alert.decisions) {
        parts.decisions.push({ ...stamps, ...decision, uuid: randomUUID(), alert_decisions: id });
      }
    }
    for (const table of ['events', 'meta', 'decisions'] as const) {
      await this.#context.dialect.insertRows(db, table, parts[table]);
    }
    if (owner !== undefined) {
      await db.updateTable('machines').set({ last_push: stamp, updated_at: stamp }).where('id', '=', owner.id)
        .execute();
    }
    return ids;
  }

  async #load(ids: readonly number[], withDecisions: boolean): Promise<StoredAlert[]> {
    const { db } = this.#context;
    const rows = await db.selectFrom('alerts').selectAll('alerts')
      .leftJoin('machines', 'machines.id', 'alerts.machine_alerts')
      .select('machines.machine_id').where('alerts.id', 'in', [...ids]).execute();
    const events = groupBy(await db.selectFrom('events').select(['alert_events as owner', 'time', 'serialized'])
      .where('alert_events', 'in', [...ids]).orderBy('id').execute());
    const metas = groupBy(await db.selectFrom('meta').select(['alert_metas as owner', 'key', 'value'])
      .where('alert_metas', 'in', [...ids]).orderBy('id').execute());
    const decisions = groupBy(withDecisions ? await db.selectFrom('decisions')
      .select(['alert_decisions as owner', 'id', 'until', 'scenario', 'type', 'scope', 'value', 'origin'])
      .where('alert_decisions', 'in', [...ids]).orderBy('id').execute() : []);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id)).filter((row) => row !== undefined).map((row) => ({
      row, createdAt: fromColumn(row.created_at), startedAt: fromColumn(row.started_at),
      stoppedAt: fromColumn(row.stopped_at), owner: row.machine_id,
      events: (events.get(row.id) ?? []).map((event) =>
        ({ time: fromColumn(event.time), serialized: event.serialized })),
      metas: (metas.get(row.id) ?? []).map(({ key, value }) => ({ key, value })),
      decisions: (decisions.get(row.id) ?? []).map(({ owner: _owner, until, ...decision }) =>
        ({ ...decision, until: fromColumn(until) })),
    }));
  }

  async #removeIds(ids: readonly number[]): Promise<number> {
    const result = await this.#context.db.deleteFrom('alerts').where('id', 'in', [...ids]).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

async function findOwn(db: Kysely<Tables>, owner: number, uuid: string): Promise<number | undefined> {
  const row = await db.selectFrom('alerts').select('id').where('uuid', '=', uuid).where('machine_alerts', '=', owner)
    .executeTakeFirst();
  return row?.id;
}

function groupBy<T extends { readonly owner: number | null }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.owner ?? 0);
    if (group === undefined) groups.set(row.owner ?? 0, [row]);
    else group.push(row);
  }
  return groups;
}

