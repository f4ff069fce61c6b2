// Alerts with their events, context and decisions: written in transactions of fifty, read back in pages. Long lists of
// decisions follow their alert in slices, as in CrowdSec, so that other writers get their turn.
// A machine that repeats an alert under its own id gets the old row's id; nothing is written twice.

import { setImmediate } from 'node:timers/promises';
import { sql, type Kysely, type Selectable } from 'kysely';
import type { MetaItem } from '../../ts/model/alert.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { filterAlerts, isFromBlocklist, type AlertFilter } from './alert-filter.js';
import { fromColumn, toColumn } from './columns.js';
import { markUnfinished, stampDecisions, writeSlices } from './decision-slices.js';
import { narrow } from './few-alerts.js';
import type { Machines } from './machines.js';
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

/** One batch of a request on its way into a transaction. */
interface PendingWrite {
  readonly machine: string | null;
  readonly batch: readonly PreparedAlert[];
  readonly ownIds: boolean;
  readonly resolve: (ids: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

const decisionColumns = ['id', 'until', 'scenario', 'type', 'scope', 'value', 'origin'] as const;

/** Reads and writes alerts. */
export class Alerts {
  readonly #context: StoreContext;
  /** Requests that wait for a transaction. */
  #waiting: PendingWrite[] = [];
  #isWriting = false;
  readonly #machines: Machines;
  /** When the last push of a machine was written, by its id. */
  readonly #pushes = new Map<number, GoTime>();

  constructor(context: StoreContext, machines: Machines) {
    this.#context = context;
    this.#machines = machines;
  }

  /**
   * Writes alerts of a machine. With `ownIds` their `uuid` names them: one that this machine has already stored is
   * answered with its id. Throws DurationError before anything is written. Many decisions of an alert come into force in slices;
   * when one of them cannot be written, the alert is taken back.
   */
  async add(machine: string | null, alerts: readonly IncomingAlert[], ownIds = false): Promise<WrittenAlerts> {
    const remarks: string[] = [];
    const now = this.#context.now();
    const prepared = alerts.map((alert) => prepareAlert(alert, now, ownIds ? alert.uuid : undefined, remarks))
      .filter((alert) => alert !== null);
    const ids: number[] = [];
    for (let from = 0; from < prepared.length; from += lapiLimits.alertsPerTransaction) {
      const batch = prepared.slice(from, from + lapiLimits.alertsPerTransaction);
      const batchIds = await new Promise<readonly number[]>((resolve, reject) => {
        this.#waiting.push({ machine, batch, ownIds, resolve, reject });
        if (!this.#isWriting) void this.#context.precedence.during(() => this.#writeWaiting());
      });
      try {
        for (const [index, alert] of batch.entries()) await writeSlices(this.#context, batchIds[index], alert);
      } catch (error) {
        // Where even that cannot be written, retention does it.
        await this.#removeIds(batchIds).catch(() => {});
        throw error;
      }
      ids.push(...batchIds);
    }
    return { ids, remarks };
  }

  /** Ids of the alerts that match, in the order of the page. */
  async ids(filter: AlertFilter, page: Pick<AlertPage, 'limit' | 'order'>): Promise<number[]> {
    const { db } = this.#context;
    let query = filterAlerts(db.selectFrom('alerts').select('alerts.id'), await narrow(this.#context, filter))
      .orderBy('alerts.created_at', page.order).orderBy('alerts.id', page.order);
    if (page.limit > 0) query = query.limit(page.limit);
    return (await query.execute()).map((row) => row.id);
  }

  /** Alerts that match, with their parts. */
  async find(filter: AlertFilter, page: AlertPage): Promise<StoredAlert[]> {
    return this.load(await this.ids(filter, page), page.withDecisions);
  }

  /** Whether these alerts have more decisions than should be loaded at once. */
  async haveManyDecisions(ids: readonly number[]): Promise<boolean> {
    if (ids.length === 0) return false;
    const { db } = this.#context;
    const some = db.selectFrom('decisions').select('id').where('alert_decisions', 'in', [...ids])
      .limit(lapiLimits.alertPageDecisions + 1);
    const { count } = await db.selectFrom(some.as('some')).select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
    return Number(count) > lapiLimits.alertPageDecisions;
  }

  /** The decisions of one alert by id, page by page. */
  async* decisionPages(alert: number): AsyncGenerator<StoredDecision[]> {
    for (let above = 0; ;) {
      const rows = await this.#context.db.selectFrom('decisions').select(decisionColumns).where('alert_decisions', '=', alert)
        .where('id', '>', above).orderBy('id').limit(lapiLimits.alertPageDecisions).execute();
      if (rows.length > 0) yield rows.map((row) => ({ ...row, until: fromColumn(row.until) }));
      if (rows.length < lapiLimits.alertPageDecisions) return;
      above = rows[rows.length - 1].id;
      await setImmediate();
    }
  }

  async get(id: number): Promise<StoredAlert | null> {
    return (await this.load([id], true))[0] ?? null;
  }

  /** Removes matching alerts with all their parts and returns how many. */
  async remove(filter: AlertFilter): Promise<number> {
    const ids = await this.ids(filter, { limit: 0, order: 'asc' });
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
    const { db } = this.#context;
    // All are counted in an index; the others, which are few, are taken off: of each alert its row would have to be read.
    const counts = await db.selectFrom('alerts').select(['scenario', sql<number>`count(*)`.as('count')]).groupBy('scenario').execute();
    const { blocklists } = await narrow(this.#context, { contains: true, withBlocklists: false, withSimulated: true, now: this.#context.now() });
    const others = await db.selectFrom('alerts').select('scenario').where(isFromBlocklist(blocklists)).execute();
    const byScenario = new Map(counts.map(({ scenario, count }) => [scenario, Number(count)]));
    for (const { scenario } of others) byScenario.set(scenario, (byScenario.get(scenario) ?? 0) - 1);
    return [...byScenario].map(([scenario, count]) => ({ scenario, count })).filter(({ count }) => count > 0);
  }

  /** Writes what has come, one transaction for all requests that came meanwhile: a commit costs more than an alert. */
  async #writeWaiting(): Promise<void> {
    this.#isWriting = true;
    // Requests of the same turn of the event loop join.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        const ids = await this.#writeGroup(group);
        for (const [index, write] of group.entries()) write.resolve(ids[index]);
      } catch {
        // One of them is at fault, or its machine has just gone; the others must not suffer for it.
        this.#machines.forget();
        for (const write of group) await this.#writeGroup([write]).then(([ids]) => write.resolve(ids), write.reject);
      }
    }
    this.#isWriting = false;
  }

  #takeGroup(): PendingWrite[] {
    let count = 0;
    const size = this.#waiting.findIndex(({ batch }) => (count += batch.length) > lapiLimits.alertsPerTransaction);
    return this.#waiting.splice(0, size < 0 ? this.#waiting.length : Math.max(size, 1));
  }

  /** Ids for each request of the group. */
  async #writeGroup(group: readonly PendingWrite[]): Promise<number[][]> {
    const owners = new Map<string, number>();
    for (const name of new Set(group.map((write) => write.machine).filter((machine) => machine !== null))) {
      const machine = await this.#machines.get(name);
      if (machine !== null) owners.set(name, machine.id);
    }
    return this.#context.db.transaction().execute(async (db) => {
      // Taken inside the transaction: a stream that ran before it sees an earlier instant, one after it the rows.
      const now = this.#context.now();
      const stamp = toColumn(now);
      const ids = new Map<PreparedAlert, number>();
      // One alert under its sender's own id is written once, whether it was stored before or comes twice now.
      const twins = new Map<PreparedAlert, PreparedAlert>();
      const firsts = new Map<string, PreparedAlert>();
      const fresh: { readonly alert: PreparedAlert; readonly owner: number | null }[] = [];
      const stored = await findOwn(db, group);
      for (const { machine, batch, ownIds } of group) {
        const owner = owners.get(machine ?? '') ?? null;
        for (const alert of batch) {
          const own = ownIds ? `${owner} ${alert.uuid}` : '';
          const first = firsts.get(own);
          const known = owner !== null ? stored.get(own) : undefined;
          if (first !== undefined) twins.set(alert, first);
          else if (known !== undefined) ids.set(alert, known);
          else fresh.push({ alert, owner });
          if (ownIds && first === undefined) firsts.set(own, alert);
        }
      }
      const freshIds = await this.#context.dialect.insertForIds(db, 'alerts', fresh.map(({ alert, owner }) =>
        ({ created_at: stamp, updated_at: stamp, ...alert.columns, uuid: alert.uuid, machine_alerts: owner })));
      for (const [index, { alert }] of fresh.entries()) ids.set(alert, freshIds[index]);
      await this.#writeParts(db, fresh.map(({ alert }) => alert), freshIds, stamp);
      for (const owner of owners.values()) await this.#recordPush(db, owner, now);
      return group.map(({ batch }) => batch.map((alert) => ids.get(twins.get(alert) ?? alert)!));
    });
  }

  /** Once a second is enough: nobody looks closer, and a busy machine pushes a thousand times. */
  async #recordPush(db: Kysely<Tables>, machine: number, now: GoTime): Promise<void> {
    const before = this.#pushes.get(machine);
    const sinceNs = before === undefined ? Infinity : now.since(before);
    if (sinceNs >= 0 && sinceNs < lapiLimits.pushWriteIntervalMs * 1e6) return;
    if (this.#pushes.size >= lapiLimits.pushesKeptMax) this.#pushes.clear();
    const stamp = toColumn(now);
    await db.updateTable('machines').set({ last_push: stamp, updated_at: stamp }).where('id', '=', machine).execute();
    this.#pushes.set(machine, now);
  }

  async #writeParts(db: Kysely<Tables>, alerts: readonly PreparedAlert[], ids: readonly number[],
    stamp: string): Promise<void> {
    for (const [index, { events, metas, decisions }] of alerts.entries()) {
      for (const event of events) event.alert_events = ids[index];
      for (const meta of metas) meta.alert_metas = ids[index];
      for (const part of [events, metas]) for (const row of part) row.created_at = row.updated_at = stamp;
      stampDecisions(decisions, ids[index], stamp);
    }
    const { dialect } = this.#context;
    await dialect.insertRows(db, 'events', alerts.flatMap(({ events }) => events));
    await dialect.insertRows(db, 'meta', alerts.flatMap(({ metas }) => metas));
    await dialect.insertRows(db, 'decisions', alerts.flatMap(({ decisions }) => decisions));
    await markUnfinished(db, ids.filter((_id, index) => alerts[index].following.length > 0));
  }

  /** Alerts with their parts, in the order of the ids; those that are gone are left out. */
  async load(ids: readonly number[], withDecisions: boolean): Promise<StoredAlert[]> {
    const found: StoredAlert[] = [];
    for (let from = 0; from < ids.length; from += lapiLimits.alertPageRows) {
      found.push(...await this.#loadPage(ids.slice(from, from + lapiLimits.alertPageRows), withDecisions));
    }
    return found;
  }

  async #loadPage(ids: readonly number[], withDecisions: boolean): Promise<StoredAlert[]> {
    const { db } = this.#context;
    const rows = await db.selectFrom('alerts').selectAll('alerts')
      .leftJoin('machines', 'machines.id', 'alerts.machine_alerts')
      .select('machines.machine_id').where('alerts.id', 'in', [...ids]).execute();
    const events = groupBy(await db.selectFrom('events').select(['alert_events as owner', 'time', 'serialized'])
      .where('alert_events', 'in', [...ids]).orderBy('id').execute());
    const metas = groupBy(await db.selectFrom('meta').select(['alert_metas as owner', 'key', 'value'])
      .where('alert_metas', 'in', [...ids]).orderBy('id').execute());
    const decisions = groupBy(withDecisions ? await db.selectFrom('decisions')
      .select(['alert_decisions as owner', ...decisionColumns])
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

/** Ids of stored alerts by owner and their sender's own id, of those that the writes name. */
async function findOwn(db: Kysely<Tables>, writes: readonly PendingWrite[]): Promise<Map<string, number>> {
  const uuids = writes.flatMap(({ batch, ownIds }) => ownIds ? batch.map(({ uuid }) => uuid) : []);
  if (uuids.length === 0) return new Map();
  const rows = await db.selectFrom('alerts').select(['id', 'uuid', 'machine_alerts']).where('uuid', 'in', uuids).execute();
  return new Map(rows.map(({ id, uuid, machine_alerts: owner }) => [`${owner} ${uuid}`, id]));
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

