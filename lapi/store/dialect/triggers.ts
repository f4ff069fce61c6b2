// Which writes go into the change log, in every database: what a reader with an index in memory must hear of.

/** A row of the log that says: something was not logged, so every reader and client has to begin anew. */
export const resetChange = { kind: '', event: 'reset', row_id: 0 } as const;

/** One trigger. */
export interface ChangeTrigger {
  readonly name: string;
  readonly table: string;
  readonly event: 'insert' | 'update' | 'delete';
  /** Of an update: only when one of these columns changed. */
  readonly columns: readonly string[];
}

/** What the index keeps of a decision. */
export const followedColumns = ['until', 'scenario', 'type', 'scope', 'value', 'origin', 'simulated'] as const;

/** What is logged of a decision that goes: enough to tell who enforces it. */
export const removedColumns = ['until', 'scenario', 'type', 'scope', 'value', 'origin', 'uuid'] as const;

const wanted: readonly (readonly [table: string, event: ChangeTrigger['event'], columns?: readonly string[]])[] = [
  ['decisions', 'insert'], ['decisions', 'update', followedColumns], ['decisions', 'delete'],
  ['allow_list_items', 'insert'], ['allow_list_items', 'delete'],
  ['machines', 'update', ['is_validated']], ['machines', 'delete'], ['bouncers', 'insert'], ['bouncers', 'delete'],
];

/** All triggers, under the names they have in the database. */
export const triggers: readonly ChangeTrigger[] = wanted.map(([table, event, columns]) =>
  ({ name: `palisade_log_${table}_${event}`, table, event, columns: columns ?? [] }));
