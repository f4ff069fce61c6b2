// A piece of work that one of several Local APIs on a database does at a time, again and again: whoever holds the lease
// goes on holding it; when it is gone, another takes over after a while. Not a queue: who comes second goes away.

import { randomUUID } from 'node:crypto';
import { toColumn } from './columns.js';
import type { StoreContext } from './store.js';

/** Does some work once while holding a lease for at most `ms`, or returns null when another holds it. */
export async function withLease<T>(context: StoreContext, name: string, ms: number, work: () => Promise<T>): Promise<T | null> {
  const lease = new Lease(context, name);
  if (!await lease.hold(ms)) return null;
  try {
    return await work();
  } finally {
    await lease.release();
  }
}

/** The part of one process in a lease. */
export class Lease {
  readonly #context: StoreContext;
  readonly #name: string;
  readonly #holder = randomUUID();
  #isHeld = false;

  constructor(context: StoreContext, name: string) {
    this.#context = context;
    this.#name = name;
  }

  /** Takes or keeps the lease for `ms` from now. Returns false when another holds it. */
  async hold(ms: number): Promise<boolean> {
    return this.#isHeld = await this.#take(ms);
  }

  /** Lets another take over at once. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    await this.#context.db.deleteFrom('palisade_leases').where('name', '=', this.#name).where('holder', '=', this.#holder)
      .execute();
  }

  async #take(ms: number): Promise<boolean> {
    const { db, now } = this.#context;
    const present = now();
    const until = toColumn(present.add(ms * 1e6));
    const { numUpdatedRows } = await db.updateTable('palisade_leases').set({ holder: this.#holder, until })
      .where('name', '=', this.#name).where((builder) => builder.or([builder('holder', '=', this.#holder),
        builder('until', '<', toColumn(present))])).executeTakeFirst();
    if (numUpdatedRows > 0n) return true;
    const isThere = async (): Promise<boolean> => await db.selectFrom('palisade_leases').select('name')
      .where('name', '=', this.#name).executeTakeFirst() !== undefined;
    if (await isThere()) return false;
    try {
      await db.insertInto('palisade_leases').values({ name: this.#name, holder: this.#holder, until }).execute();
      return true;
    } catch (error) {
      // The name is unique: somebody was quicker.
      if (await isThere()) return false;
      throw error;
    }
  }
}
