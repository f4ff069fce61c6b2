// The tables and columns as kysely sees them: CrowdSec's, and one of our own (the change log).
// Times and booleans are what the dialect's driver stores; entities go through Columns (columns.ts) for them.
// The address columns are written as BigInt and never selected.

import type { ColumnType, Generated } from 'kysely';

/** A time column: text in SQLite, read and written as the same text in PostgreSQL. */
export type TimeColumn = string;
/** A boolean column: 0 or 1 in SQLite; PostgreSQL takes these and answers true or false. */
export type FlagColumn = number;
/** A 64-bit number that is only compared inside SQL. */
type WideColumn = ColumnType<never, bigint | null, bigint | null>;

interface Stamped {
  id: Generated<number>;
  created_at: TimeColumn;
  updated_at: TimeColumn;
}

interface AddressColumns {
  start_ip: WideColumn;
  end_ip: WideColumn;
  start_suffix: WideColumn;
  end_suffix: WideColumn;
  ip_size: ColumnType<number | null, number, number>;
}

export interface AlertsTable extends Stamped {
  scenario: string;
  bucket_id: string | null;
  message: string | null;
  events_count: number | null;
  started_at: TimeColumn | null;
  stopped_at: TimeColumn | null;
  source_ip: string | null;
  source_range: string | null;
  source_as_number: string | null;
  source_as_name: string | null;
  source_country: string | null;
  source_latitude: number | null;
  source_longitude: number | null;
  source_scope: string | null;
  source_value: string | null;
  capacity: number | null;
  leak_speed: string | null;
  scenario_version: string | null;
  scenario_hash: string | null;
  simulated: FlagColumn;
  uuid: string | null;
  remediation: FlagColumn | null;
  kind: string | null;
  machine_alerts: number | null;
}

export interface DecisionsTable extends Stamped, AddressColumns {
  until: TimeColumn | null;
  scenario: string;
  type: string;
  scope: string;
  value: string;
  origin: string;
  simulated: FlagColumn;
  uuid: string | null;
  alert_decisions: number | null;
}

export interface EventsTable extends Stamped {
  time: TimeColumn;
  serialized: string;
  alert_events: number | null;
}

export interface MetaTable extends Stamped {
  key: string;
  value: string;
  alert_metas: number | null;
}

export interface MachinesTable extends Stamped {
  last_push: TimeColumn | null;
  last_heartbeat: TimeColumn | null;
  machine_id: string;
  password: string;
  ip_address: string;
  scenarios: string | null;
  version: string | null;
  is_validated: FlagColumn;
  auth_type: string;
  osname: string | null;
  osfamily: string | null;
  osversion: string | null;
  featureflags: string | null;
  hubstate: string | null;
  datasources: string | null;
}

export interface BouncersTable extends Stamped {
  name: string;
  api_key: string;
  revoked: FlagColumn;
  ip_address: string | null;
  type: string | null;
  version: string | null;
  last_pull: TimeColumn | null;
  auth_type: string;
  osname: string | null;
  osfamily: string | null;
  osversion: string | null;
  featureflags: string | null;
  auto_created: FlagColumn;
}

export interface ConfigItemsTable extends Stamped {
  name: string;
  value: string;
}

export interface LocksTable {
  id: Generated<number>;
  name: string;
  created_at: TimeColumn;
}

export interface MetricsTable {
  id: Generated<number>;
  generated_type: 'LP' | 'RC';
  generated_by: string;
  received_at: TimeColumn;
  pushed_at: TimeColumn | null;
  payload: string;
}

export interface AllowListsTable extends Stamped {
  name: string;
  from_console: FlagColumn;
  description: string | null;
  allowlist_id: string | null;
}

export interface AllowListItemsTable extends Stamped, AddressColumns {
  expires_at: TimeColumn | null;
  comment: string | null;
  value: string;
}

export interface AllowListLinksTable {
  allow_list_id: number;
  allow_list_item_id: number;
}

/** Our own: what a reader with an index in memory must follow, each row a change or a run of insertions. */
export interface ChangesTable {
  seq: Generated<number>;
  /** The table. */
  kind: string;
  /** insert, update, delete; or what dialect/triggers.ts calls a reset. */
  event: string;
  row_id: number;
  /** The last id of the run. */
  last_id: Generated<number | null>;
  /** Of a decision that was removed: what it held. */
  until: Generated<string | null>;
  scenario: Generated<string | null>;
  type: Generated<string | null>;
  scope: Generated<string | null>;
  value: Generated<string | null>;
  origin: Generated<string | null>;
  uuid: Generated<string | null>;
}

/** Our own, one row: up to which transaction the change log was cut. */
export interface ChangeLogTable {
  trimmed: number;
}

/** Our own: how far a bouncer has heard of changes, a DecisionCursor as text. */
export interface CursorsTable {
  bouncer_id: number;
  cursor: string;
}

/** Our own: who does recurring work, and until when the others leave it to him. */
export interface LeasesTable {
  name: string;
  holder: string;
  until: TimeColumn;
}

/** Our own: alerts of which not all decisions are written yet; the last of them were at the alert's `updated_at`. */
export interface UnfinishedTable {
  alert_id: number;
}

/** Our own: bans by profiles whose decisions retention took away, so that those who come back are known. */
export interface PastBansTable {
  id: Generated<number>;
  scope: string;
  /** Of an IPv6 address its /64. */
  value: string;
  created_at: TimeColumn;
  until: TimeColumn;
}

export interface Tables {
  alerts: AlertsTable;
  decisions: DecisionsTable;
  events: EventsTable;
  meta: MetaTable;
  machines: MachinesTable;
  bouncers: BouncersTable;
  config_items: ConfigItemsTable;
  locks: LocksTable;
  metrics: MetricsTable;
  allow_lists: AllowListsTable;
  allow_list_items: AllowListItemsTable;
  allow_list_allowlist_items: AllowListLinksTable;
  palisade_changes: ChangesTable;
  palisade_log: ChangeLogTable;
  palisade_cursors: CursorsTable;
  palisade_leases: LeasesTable;
  palisade_unfinished: UnfinishedTable;
  palisade_bans: PastBansTable;
}
