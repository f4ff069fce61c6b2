// Usage metrics: the reports that bouncers (RC) and log processors (LP) push, kept as they came for cscli metrics.

import type { GoTime } from '../../ts/util/go-time.js';
import { fromColumn, toColumn } from './columns.js';
import type { StoreContext } from './store.js';

/** One stored report. */
export interface UsageReport {
  readonly id: number;
  readonly type: 'LP' | 'RC';
  readonly by: string;
  readonly receivedAt: GoTime;
  /** JSON text: `{"type":…,"metrics":[…]}`. */
  readonly payload: string;
}

/** Reads and writes usage reports. */
export class UsageMetrics {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async add(type: 'LP' | 'RC', by: string, payload: string): Promise<void> {
    await this.#context.db.insertInto('metrics').values({ generated_type: type, generated_by: by,
      received_at: toColumn(this.#context.now()), pushed_at: null, payload }).execute();
  }

  /** All reports of one type, oldest first. */
  async list(type: 'LP' | 'RC'): Promise<UsageReport[]> {
    const rows = await this.#context.db.selectFrom('metrics').selectAll().where('generated_type', '=', type)
      .orderBy('id').execute();
    return rows.map((row) => ({ id: row.id, type: row.generated_type, by: row.generated_by,
      receivedAt: fromColumn(row.received_at), payload: row.payload }));
  }

  async removeReceivedBefore(before: GoTime): Promise<number> {
    const result = await this.#context.db.deleteFrom('metrics').where('received_at', '<=', toColumn(before))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
