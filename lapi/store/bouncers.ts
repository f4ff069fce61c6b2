// Bouncers: the programs that enforce decisions, known by the hash of their key and the address they come from.

import type { Selectable } from 'kysely';
import { GoTime } from '../../ts/util/go-time.js';
import { fromColumn, toColumn } from './columns.js';
import type { OperatingSystem } from './machines.js';
import type { StoreContext } from './store.js';
import type { BouncersTable } from './tables.js';

/** A stored bouncer. A last pull that never happened is GoTime.zero. */
export interface Bouncer {
  readonly id: number;
  readonly createdAt: GoTime;
  readonly updatedAt: GoTime;
  readonly name: string;
  readonly revoked: boolean;
  readonly ipAddress: string;
  readonly type: string;
  readonly version: string;
  readonly lastPull: GoTime;
  /** Up to where it was told of decisions; '' when it never was, or by CrowdSec. */
  readonly cursor: string;
  readonly authType: string;
  readonly os: OperatingSystem;
  readonly featureFlags: string;
  readonly isAutoCreated: boolean;
}

export interface NewBouncer {
  readonly name: string;
  readonly keyHash: string;
  readonly ipAddress: string;
  readonly isAutoCreated: boolean;
  readonly authType?: string;
}

export interface BouncerReport {
  readonly ipAddress?: string;
  readonly type?: string;
  readonly version?: string;
  readonly os?: OperatingSystem;
  readonly featureFlags?: string;
}

/** An answered pull, and the cursor that was given with the answer. */
interface Pull {
  readonly at: GoTime;
  readonly cursor: string;
}

/** Reads and writes bouncers. */
export class Bouncers {
  readonly #context: StoreContext;
  /** Last pulls by id that are not written yet. */
  readonly #pulls = new Map<number, Pull>();
  /** Resolves when the last writing of them has ended, well or not. */
  #flushed: Promise<void> = Promise.resolve();
  /** Bouncers by key hash, as of a mark of the database. */
  readonly #byKey = new Map<string, Bouncer[]>();
  #byKeyMark: string | null = null;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Adds a bouncer. Returns null when the name is taken. */
  async add(bouncer: NewBouncer): Promise<Bouncer | null> {
    const now = toColumn(this.#context.now());
    const lastPull = await this.#mayNeverPull() ? null : now;
    return this.#context.db.transaction().execute(async (db) => {
      const known = await db.selectFrom('bouncers').select('id').where('name', '=', bouncer.name).executeTakeFirst();
      if (known !== undefined) return null;
      await db.insertInto('bouncers').values({ created_at: now, updated_at: now, name: bouncer.name,
        last_pull: lastPull,
        api_key: bouncer.keyHash, revoked: 0, ip_address: bouncer.ipAddress,
        auth_type: bouncer.authType ?? 'api-key', auto_created: bouncer.isAutoCreated ? 1 : 0 }).execute();
      const row = await db.selectFrom('bouncers').selectAll().where('name', '=', bouncer.name).executeTakeFirstOrThrow();
      return toBouncer({ ...row, cursor: null });
    });
  }

  /** A table that an older CrowdSec made (1.4.6 does) wants an instant of the last pull, and gets what that CrowdSec gave it: the present one. */
  async #mayNeverPull(): Promise<boolean> {
    const tables = await this.#context.db.introspection.getTables();
    return tables.find(({ name }) => name === 'bouncers')?.columns.find(({ name }) => name === 'last_pull')?.isNullable !== false;
  }

  async get(name: string): Promise<Bouncer | null> {
    const row = await this.#select().where('name', '=', name).executeTakeFirst();
    return row === undefined ? null : this.#withPull(toBouncer(row));
  }

  /** All bouncers, in the order they were added. */
  async list(): Promise<Bouncer[]> {
    return (await this.#select().orderBy('id').execute())
      .map((row) => this.#withPull(toBouncer(row)));
  }

  /** All bouncers that share a key, the first one made first. Asked once for each state of the database. */
  async withKey(keyHash: string): Promise<Bouncer[]> {
    const mark = this.#context.dialect.writeMark();
    if (mark === null || mark !== this.#byKeyMark) this.#byKey.clear();
    this.#byKeyMark = mark;
    let found = this.#byKey.get(keyHash);
    if (found === undefined) {
      found = (await this.#select().where('api_key', '=', keyHash)
        .where('auth_type', '=', 'api-key').orderBy('id').execute()).map(toBouncer);
      // Unknown keys are not remembered: anybody can make them up.
      if (found.length > 0 && mark !== null && mark === this.#byKeyMark) this.#byKey.set(keyHash, found);
    }
    return this.#pulls.size === 0 ? found : found.map((bouncer) => this.#withPull(bouncer));
  }

  /**
   * Notes when a bouncer was last answered and, after a stream, up to where; '' says that this is not known. Its first time is written
   * at once, the others by flushPulls.
   */
  async recordPull(bouncer: Bouncer, at: GoTime, cursor = bouncer.cursor): Promise<void> {
    this.#pulls.set(bouncer.id, { at, cursor });
    if (bouncer.lastPull.isZero) await this.flushPulls();
  }

  /** Writes the last pulls noted since the last time. */
  flushPulls(): Promise<void> {
    const flushed = this.#flushed.then(() => this.#writePulls());
    this.#flushed = flushed.catch(() => {});
    return flushed;
  }

  /**
   * One at a time, by id, and without locks on gaps between rows: Local APIs that lock what they write in another order wait for one
   * another, until the database refuses one of them.
   */
  async #writePulls(): Promise<void> {
    if (this.#pulls.size === 0) return;
    const pulls = [...this.#pulls].sort(([a], [b]) => a - b);
    await this.#context.db.transaction().setIsolationLevel('read committed').execute(async (db) => {
      const now = toColumn(this.#context.now());
      for (const [id, { at, cursor }] of pulls) {
        const { numUpdatedRows } = await db.updateTable('bouncers').set({ last_pull: toColumn(at), updated_at: now })
          .where('id', '=', id).executeTakeFirst();
        await db.deleteFrom('palisade_cursors').where('bouncer_id', '=', id).execute();
        if (numUpdatedRows > 0n && cursor !== '') {
          await db.insertInto('palisade_cursors').values({ bouncer_id: id, cursor }).execute();
        }
      }
    });
    for (const [id, pull] of pulls) if (this.#pulls.get(id) === pull) this.#pulls.delete(id);
  }

  #withPull(bouncer: Bouncer): Bouncer {
    const pull = this.#pulls.get(bouncer.id);
    return pull === undefined ? bouncer : { ...bouncer, lastPull: pull.at, cursor: pull.cursor };
  }

  #select() {
    return this.#context.db.selectFrom('bouncers').leftJoin('palisade_cursors', 'palisade_cursors.bouncer_id', 'bouncers.id')
      .selectAll('bouncers').select('palisade_cursors.cursor');
  }

  /** Returns false when there is no such bouncer. */
  async remove(name: string): Promise<boolean> {
    const result = await this.#context.db.deleteFrom('bouncers').where('name', '=', name).executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async removeMany(names: readonly string[]): Promise<number> {
    if (names.length === 0) return 0;
    const result = await this.#context.db.deleteFrom('bouncers').where('name', 'in', [...names]).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async report(id: number, report: BouncerReport): Promise<void> {
    const values = {
      ip_address: report.ipAddress, type: report.type, version: report.version,
      osname: report.os?.name, osfamily: report.os?.family, osversion: report.os?.version, featureflags: report.featureFlags,
      updated_at: toColumn(this.#context.now()),
    };
    const present = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
    await this.#context.db.updateTable('bouncers').set(present).where('id', '=', id).execute();
  }

  /** Last pull (or, if never, creation) before `before`: what `bouncers prune` offers to remove. */
  async inactiveSince(before: GoTime): Promise<Bouncer[]> {
    const time = toColumn(before);
    const rows = await this.#select().where((builder) => builder.or([
      builder('last_pull', '<', time),
      builder.and([builder('last_pull', 'is', null), builder('created_at', '<', time)]),
    ])).orderBy('id').execute();
    return rows.map(toBouncer);
  }

  /** Removes bouncers of an authentication type whose last pull was before `before`. */
  async removeSilent(authType: string, before: GoTime): Promise<number> {
    const result = await this.#context.db.deleteFrom('bouncers').where('auth_type', '=', authType)
      .where('last_pull', '<=', toColumn(before)).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

function toBouncer(row: Selectable<BouncersTable> & { readonly cursor: string | null }): Bouncer {
  return {
    id: row.id, createdAt: fromColumn(row.created_at), updatedAt: fromColumn(row.updated_at), name: row.name,
    revoked: Boolean(row.revoked), ipAddress: row.ip_address ?? '', type: row.type ?? '', version: row.version ?? '',
    lastPull: fromColumn(row.last_pull), cursor: row.cursor ?? '', authType: row.auth_type,
    os: { name: row.osname ?? '', family: row.osfamily ?? '', version: row.osversion ?? '' },
    featureFlags: row.featureflags ?? '', isAutoCreated: Boolean(row.auto_created),
  };
}
