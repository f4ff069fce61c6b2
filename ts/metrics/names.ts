// Every metric Palisade can show: CrowdSec's names, labels and kinds, and our own `palisade_*`.
// A sample whose name is not here is a bug.

export interface MetricInfo {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Shown at level `full` only. */
  readonly fullOnly?: true;
}

const parserLabels = ['source', 'type', 'acquis_type'];
const nodeLabels = ['source', 'type', 'name', 'stage', 'acquis_type'];
const sourceLabels = ['source', 'datasource_type', 'acquis_type'];
const whitelistLabels = ['source', 'type', 'name', 'reason', 'stage', 'acquis_type'];

/** By metric name. */
export const metricNames: Readonly<Record<string, MetricInfo>> = {
  cs_info: { kind: 'gauge', help: 'Information about Palisade.', labels: ['version'] },
  cs_filesource_hits_total: { kind: 'counter', help: 'Lines read from files.', labels: sourceLabels },
  cs_journalctlsource_hits_total: { kind: 'counter', help: 'Lines read from journalctl.', labels: sourceLabels },
  cs_syslogsource_hits_total: { kind: 'counter', help: 'Lines received by the syslog server.', labels: sourceLabels },
  cs_syslogsource_parsed_total: { kind: 'counter', help: 'Lines the syslog server understood.',
    labels: ['source', 'type', 'datasource_type', 'acquis_type'] },
  cs_parser_hits_total: { kind: 'counter', help: 'Events given to the parsers.', labels: ['source', 'type'] },
  cs_parser_hits_ok_total: { kind: 'counter', help: 'Events that parsed.', labels: parserLabels },
  cs_parser_hits_ko_total: { kind: 'counter', help: 'Events that did not parse.', labels: parserLabels },
  cs_node_hits_total: { kind: 'counter', help: 'Events given to a node.', labels: nodeLabels, fullOnly: true },
  cs_node_hits_ok_total: { kind: 'counter', help: 'Events a node accepted.', labels: nodeLabels, fullOnly: true },
  cs_node_hits_ko_total: { kind: 'counter', help: 'Events a node refused.', labels: nodeLabels, fullOnly: true },
  cs_node_wl_hits_total: { kind: 'counter', help: 'Events compared with a whitelist.', labels: whitelistLabels },
  cs_node_wl_hits_ok_total: { kind: 'counter', help: 'Events a whitelist let off.', labels: whitelistLabels },
  cs_bucket_poured_total: { kind: 'counter', help: 'Events poured into buckets.', labels: ['source', 'type', 'name'],
    fullOnly: true },
  cs_bucket_overflowed_total: { kind: 'counter', help: 'Buckets that ran over.', labels: ['name'] },
  cs_bucket_canceled_total: { kind: 'counter', help: 'Buckets cancelled by cancel_on.', labels: ['name'] },
  cs_bucket_underflowed_total: { kind: 'counter', help: 'Buckets that leaked dry.', labels: ['name'] },
  cs_bucket_instantiation_total: { kind: 'counter', help: 'Buckets created.', labels: ['name'] },
  cs_buckets: { kind: 'gauge', help: 'Buckets alive.', labels: ['name'] },
  cs_cache_size: { kind: 'gauge', help: 'Entries of a stash.', labels: ['name', 'type'] },
  cs_regexp_cache_size: { kind: 'gauge', help: 'Entries of a regular expression result cache.', labels: ['name'] },
  cs_lapi_route_requests_total: { kind: 'counter', help: 'Requests by route.', labels: ['route', 'method'] },
  cs_lapi_machine_requests_total: { kind: 'counter', help: 'Requests by machine.', labels: ['machine', 'route', 'method'],
    fullOnly: true },
  cs_lapi_bouncer_requests_total: { kind: 'counter', help: 'Requests by bouncer.', labels: ['bouncer', 'route', 'method'],
    fullOnly: true },
  cs_lapi_decisions_ok_total: { kind: 'counter', help: 'Decision queries with an answer, by bouncer.', labels: ['bouncer'],
    fullOnly: true },
  cs_lapi_decisions_ko_total: { kind: 'counter', help: 'Decision queries without an answer, by bouncer.',
    labels: ['bouncer'], fullOnly: true },
  cs_lapi_request_duration_seconds: { kind: 'histogram', help: 'Time to answer a request.', labels: ['endpoint', 'method'],
    fullOnly: true },
  cs_active_decisions: { kind: 'gauge', help: 'Active decisions.', labels: ['reason', 'origin', 'action'], fullOnly: true },
  cs_alerts: { kind: 'gauge', help: 'Alerts in the database.', labels: ['reason'], fullOnly: true },
  cs_machines_last_heartbeat_timestamp: { kind: 'gauge', help: 'Unix time of the last heartbeat, by machine.',
    labels: ['machine'], fullOnly: true },
  palisade_decisions_spared_total: { kind: 'counter', help: 'Decisions not made: on whom is never banned, or was just let go.',
    labels: ['reason'] },
  palisade_lines_truncated_total: { kind: 'counter', help: 'Lines cut at the maximum length.', labels: sourceLabels },
  palisade_syslog_dropped_total: { kind: 'counter', help: 'Syslog messages dropped because the engine did not keep up.', labels: ['datasource_type', 'acquis_type'] },
  palisade_bucket_evicted_total: { kind: 'counter', help: 'Buckets given up because the table or its memory was full.', labels: ['name'] },
  palisade_bucket_blackholed_total: { kind: 'counter', help: 'Overflows muted by the blackhole of their scenario.', labels: ['name'] },
  palisade_bucket_events_lost_total: { kind: 'counter', help: 'Events counted but not kept because the memory was full.', labels: ['name'] },
  palisade_bucket_events_cut_total: { kind: 'counter', help: 'Events kept without some parts because they were too large.', labels: [] },
  palisade_bucket_distinct_full_total: { kind: 'counter', help: 'Distinct values a bucket took without remembering them.', labels: ['name'] },
  palisade_bucket_queue_cut_total: { kind: 'counter', help: 'Events dropped from queues that the rule leaves unbounded.', labels: ['name'] },
  palisade_bucket_untimed_total: { kind: 'counter', help: 'Events of a replay not poured because their time could not be read.', labels: ['name'] },
  palisade_scenario_filter_error_total: { kind: 'counter', help: 'Events a scenario missed because its filter failed.', labels: ['name'] },
  palisade_scenario_groupby_error_total: { kind: 'counter', help: 'Events a scenario missed because its groupby failed.', labels: ['name'] },
  palisade_scenario_groupby_not_string_total: { kind: 'counter', help: 'Events a scenario missed because its groupby gave no text.', labels: ['name'] },
  palisade_scenario_alert_failed_total: { kind: 'counter', help: 'Overflows without alert because no source could be found.', labels: ['name'] },
  palisade_alerts_waiting: { kind: 'gauge', help: 'Alerts waiting for the Local API.', labels: [] },
  palisade_alerts_dropped_total: { kind: 'counter', help: 'Alerts dropped because the outbox was full.', labels: [] },
  palisade_lag_seconds: { kind: 'gauge', help: 'For how long followed logs have not been read to their end; no line waits longer.', labels: [] },
  palisade_lines_shed_total: { kind: 'counter', help: 'Lines left out because the engine did not keep up.', labels: ['source', 'policy'] },
};
