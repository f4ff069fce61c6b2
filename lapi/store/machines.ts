// Machines: the engines that may push alerts, with their password hash, what they run and when they were last heard.

import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import { GoTime } from '../../ts/util/go-time.js';
import { fromColumn, toColumn } from './columns.js';
import type { StoreContext } from './store.js';
import type { MachinesTable } from './tables.js';

/** A stored machine. Times that never happened are GoTime.zero. */
export interface Machine {
  readonly id: number;
  readonly createdAt: GoTime;
  readonly updatedAt: GoTime;
  readonly lastPush: GoTime;
  readonly lastHeartbeat: GoTime;
  readonly name: string;
  readonly passwordHash: string;
  readonly ipAddress: string;
  readonly scenarios: string;
  readonly version: string;
  readonly isValidated: boolean;
  readonly authType: string;
  readonly os: OperatingSystem;
  readonly featureFlags: string;
  /** As the machine sent it in its usage metrics, or null. */
  readonly hubState: unknown;
  readonly dataSources: unknown;
}

export interface OperatingSystem {
  readonly name: string;
  readonly family: string;
  readonly version: string;
}

export interface NewMachine {
  readonly name: string;
  readonly passwordHash: string;
  readonly ipAddress: string;
  readonly isValidated: boolean;
  readonly authType?: string;
}

/** What changes on a machine when it logs in or reports. */
export interface MachineReport {
  readonly ipAddress?: string;
  readonly scenarios?: string;
  readonly version?: string;
  readonly os?: OperatingSystem;
  readonly featureFlags?: string;
  readonly hubState?: unknown;
  readonly dataSources?: unknown;
}

/** Reads and writes machines. */
export class Machines {
  readonly #context: StoreContext;
  /** Machines by name, as of a mark of what others wrote; own writes clear it. Every request of a machine asks. */
  readonly #known = new Map<string, Machine>();
  #knownMark = '';

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Adds a machine. Returns false when the name is taken; with `force` its password is replaced instead. */
  async add(machine: NewMachine, force = false): Promise<boolean> {
    const now = toColumn(this.#context.now());
    return this.#written(this.#context.db.transaction().execute(async (db) => {
      const known = await db.selectFrom('machines').select('id').where('machine_id', '=', machine.name)
        .executeTakeFirst();
      if (known !== undefined) {
        if (!force) return false;
        await db.updateTable('machines').set({ password: machine.passwordHash, updated_at: now })
          .where('id', '=', known.id).execute();
        return true;
      }
      await db.insertInto('machines').values({ created_at: now, updated_at: now, machine_id: machine.name,
        password: machine.passwordHash, ip_address: machine.ipAddress, is_validated: machine.isValidated ? 1 : 0,
        auth_type: machine.authType ?? 'password' }).execute();
      return true;
    }));
  }

  /** The machine as of now, but for the instants when it was last heard. */
  async get(name: string): Promise<Machine | null> {
    const mark = this.#context.dialect.foreignMark();
    if (mark !== this.#knownMark) this.#known.clear();
    this.#knownMark = mark;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const machine = await this.#read(name);
    // What was written meanwhile by this process cleared the table, so it may not be filled with what was there before.
    if (machine !== null && this.#knownMark === mark) this.#known.set(name, machine);
    return machine;
  }

  /** What is known of machines is read again. */
  forget(): void {
    this.#known.clear();
    this.#knownMark = '';
  }

  async #read(name: string): Promise<Machine | null> {
    const row = await this.#context.db.selectFrom('machines').selectAll().where('machine_id', '=', name)
      .executeTakeFirst();
    return row === undefined ? null : toMachine(row);
  }

  /** All machines, in the order they were added. */
  async list(): Promise<Machine[]> {
    return (await this.#context.db.selectFrom('machines').selectAll().orderBy('id').execute()).map(toMachine);
  }

  /** Returns false when there is no such machine. Its alerts stay, without an owner. */
  async remove(name: string): Promise<boolean> {
    const result = await this.#written(this.#context.db.deleteFrom('machines').where('machine_id', '=', name).executeTakeFirst());
    return result.numDeletedRows > 0n;
  }

  async removeMany(names: readonly string[]): Promise<number> {
    if (names.length === 0) return 0;
    const result = await this.#written(this.#context.db.deleteFrom('machines').where('machine_id', 'in', [...names])
      .executeTakeFirst());
    return Number(result.numDeletedRows);
  }

  /** Lets a registered machine log in. Returns false when there is no such machine. */
  async validate(name: string): Promise<boolean> {
    return this.#update(name, { is_validated: 1 });
  }

  async recordHeartbeat(name: string): Promise<boolean> {
    return this.#update(name, { last_heartbeat: toColumn(this.#context.now()) }, false);
  }

  async recordPush(name: string): Promise<boolean> {
    return this.#update(name, { last_push: toColumn(this.#context.now()) });
  }

  async report(name: string, report: MachineReport): Promise<boolean> {
    return this.#update(name, {
      ip_address: report.ipAddress, scenarios: report.scenarios, version: report.version, osname: report.os?.name,
      osfamily: report.os?.family, osversion: report.os?.version, featureflags: report.featureFlags,
      hubstate: report.hubState === undefined ? undefined : JSON.stringify(report.hubState),
      datasources: report.dataSources === undefined ? undefined : JSON.stringify(report.dataSources),
    });
  }

  /** Validated or not, last heard (or, if never, created) before `before`: what `machines prune` offers to remove. */
  async inactiveSince(before: GoTime): Promise<Machine[]> {
    const time = toColumn(before);
    const rows = await this.#context.db.selectFrom('machines').selectAll().where((builder) => builder.or([
      builder('last_heartbeat', '<', time),
      builder.and([builder('last_heartbeat', 'is', null), builder('created_at', '<', time)]),
    ])).orderBy('id').execute();
    return rows.map(toMachine);
  }

  async notValidated(): Promise<Machine[]> {
    return (await this.list()).filter((machine) => !machine.isValidated);
  }

  /** Removes machines of an authentication type silent since `before`, unless they own alerts or are this host. */
  async removeSilent(authType: string, before: GoTime): Promise<number> {
    const result = await this.#written(this.#context.db.deleteFrom('machines').where('auth_type', '=', authType)
      .where('last_heartbeat', '<=', toColumn(before)).where('ip_address', 'not in', ['127.0.0.1', '::1'])
      .where(sql<boolean>`not exists (select 1 from alerts where alerts.machine_alerts = machines.id)`)
      .executeTakeFirst());
    return Number(result.numDeletedRows);
  }

  async #update(name: string, values: Partial<Record<keyof MachinesTable, string | number>>,
    stamp = true): Promise<boolean> {
    const updated = stamp ? { ...values, updated_at: toColumn(this.#context.now()) } : values;
    const present = Object.fromEntries(Object.entries(updated).filter(([, value]) => value !== undefined));
    const result = await this.#written(this.#context.db.updateTable('machines').set(present)
      .where('machine_id', '=', name).executeTakeFirst());
    return result.numUpdatedRows > 0n;
  }

  async #written<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } finally {
      this.forget();
    }
  }
}

function toMachine(row: Selectable<MachinesTable>): Machine {
  return {
    id: row.id, createdAt: fromColumn(row.created_at), updatedAt: fromColumn(row.updated_at),
    lastPush: fromColumn(row.last_push), lastHeartbeat: fromColumn(row.last_heartbeat), name: row.machine_id,
    passwordHash: row.password, ipAddress: row.ip_address, scenarios: row.scenarios ?? '', version: row.version ?? '',
    isValidated: Boolean(row.is_validated), authType: row.auth_type,
    os: { name: row.osname ?? '', family: row.osfamily ?? '', version: row.osversion ?? '' },
    featureFlags: row.featureflags ?? '', hubState: readJson(row.hubstate), dataSources: readJson(row.datasources),
  };
}

function readJson(text: string | null): unknown {
  if (text === null || text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
