// A lock by name in the database, so that of several Local APIs and commands on it one at a time does a piece of work.
// CrowdSec has the same table for the same end. Not a queue: who comes second goes away.

import { toColumn } from './columns.js';
import type { StoreContext } from './store.js';

/** Does the work while holding the lock, or returns null when another holds it. One older than `staleMs` is broken. */
export async function withLock<T>(context: StoreContext, name: string, staleMs: number,
  work: () => Promise<T>): Promise<T | null> {
  if (!await acquire(context, name, staleMs)) return null;
  try {
    return await work();
  } finally {
    await context.db.deleteFrom('locks').where('name', '=', name).execute();
  }
}

async function acquire({ db, now }: StoreContext, name: string, staleMs: number): Promise<boolean> {
  const present = now();
  const created = toColumn(present);
  const taken = await db.updateTable('locks').set({ created_at: created }).where('name', '=', name)
    .where('created_at', '<', toColumn(present.add(-staleMs * 1e6))).executeTakeFirst();
  if (Number(taken.numUpdatedRows) > 0) return true;
  const isHeld = async (): Promise<boolean> => await db.selectFrom('locks').select('id').where('name', '=', name)
    .executeTakeFirst() !== undefined;
  if (await isHeld()) return false;
  try {
    await db.insertInto('locks').values({ name, created_at: created }).execute();
    return true;
  } catch (error) {
    // The name is unique: somebody was quicker.
    if (await isHeld()) return false;
    throw error;
  }
}
