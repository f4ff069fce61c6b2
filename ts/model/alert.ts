// Alerts, their sources, events and decisions as they travel between engine, Local API, cscli and bouncers.
// Field names are those on the wire; every type here is plain JSON.

/** Who did it. For scopes other than Ip and Range only scope and value are set. */
export interface AlertSource {
  scope: string;
  value: string;
  ip?: string;
  range?: string;
  as_number?: string;
  as_name?: string;
  cn?: string;
  /** float32 precision, as CrowdSec keeps it. */
  latitude?: number;
  longitude?: number;
}

export interface MetaItem {
  key: string;
  value: string;
}

/** One line of log that led to the alert; `timestamp` is RFC3339 or what the log's own date became. */
export interface AlertEvent {
  timestamp: string;
  meta: MetaItem[];
}

export interface Decision {
  id?: number;
  uuid?: string;
  origin: string;
  type: string;
  scope: string;
  value: string;
  /** Go duration text, e.g. `4h` or `3h59m12s`. */
  duration: string;
  scenario: string;
  simulated?: boolean;
  until?: string;
}

export interface Alert {
  id?: number;
  uuid?: string;
  machine_id?: string;
  created_at?: string;
  scenario: string;
  scenario_hash: string;
  scenario_version: string;
  message: string;
  events_count: number;
  start_at: string;
  stop_at: string;
  capacity: number;
  /** Go duration text. */
  leakspeed: string;
  simulated: boolean;
  remediation?: boolean;
  kind?: string;
  events: AlertEvent[] | null;
  meta?: MetaItem[] | null;
  labels?: string[] | null;
  source: AlertSource;
  decisions?: Decision[] | null;
}
