// Which writes go into the change log, in every database: what a reader with an index in memory must hear of.

/** One trigger. */
export interface ChangeTrigger {
  readonly name: string;
  readonly table: string;
  readonly event: string;
  /** Only when this column changed; null: always. */
  readonly changed: string | null;
}

const wanted: readonly (readonly [table: string, event: string, changed?: string])[] = [
  ['decisions', 'insert'], ['decisions', 'update of until', 'until'], ['decisions', 'delete'],
  ['allow_list_items', 'insert'], ['allow_list_items', 'delete'],
  ['machines', 'update of is_validated'], ['machines', 'delete'], ['bouncers', 'insert'], ['bouncers', 'delete'],
];

/** All triggers, under the names they have in the database. */
export const triggers: readonly ChangeTrigger[] = wanted.map(([table, event, changed]) =>
  ({ name: `palisade_${table}_${event.split(' ')[0]}`, table, event, changed: changed ?? null }));
