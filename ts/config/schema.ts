// The keys of config.yaml as CrowdSec 1.4 to 1.7 know them. A key that is not here is an error with its place.
// What Palisade accepts but does not build yet is listed in config.ts and warned about once.

import { boolean, integer, list, mapOf, number, record, text, type Shaped } from './document.js';
import { overloadShape } from './overload.js';
import { protectionShapes } from './protection.js';

const tls = record({
  cert_file: text(), key_file: text(), server_name: text(), ca_cert_path: text(), client_verification: text(),
  agents_allowed_ou: list(text()), bouncers_allowed_ou: list(text()), crl_path: text(), cache_expiration: text(),
});

const server = record({
  enable: boolean(), listen_uri: text(), listen_socket: text(), tls,
  online_client: record({
    credentials_path: text(), sharing: boolean(),
    pull: record({ community: boolean(), blocklists: boolean() }),
  }),
  profiles_path: text(), console_path: text(), log_level: text(), papi_log_level: text(),
  use_forwarded_for_headers: boolean(), trusted_proxies: list(text()), trusted_ips: list(text()),
  disable_remote_lapi_registration: boolean(), capi_whitelists_path: text(),
  auto_registration: record({ enabled: boolean(), token: text(), allowed_ranges: list(text()) }),
  disable_usage_metrics_export: boolean(),
});

const database = record({
  type: text(), db_path: text(), user: text(), password: text(), db_name: text(), host: text(), port: integer(),
  sslmode: text(), ssl_ca_cert: text(), ssl_client_cert: text(), ssl_client_key: text(), log_level: text(),
  use_wal: boolean(), max_open_conns: integer(), decision_bulk_size: integer(),
  flush: record({
    max_items: integer(), max_age: text(), metrics_max_age: text(),
    bouncers_autodelete: record({ cert: text(), api_key: text(), login_password: text() }),
    agents_autodelete: record({ cert: text(), api_key: text(), login_password: text() }),
  }),
});

/** The shape of config.yaml. */
export const configShape = record({
  common: record({
    daemonize: boolean(), pid_dir: text(), working_dir: text(), log_media: text(), log_dir: text(), log_level: text(),
    log_format: text(), log_max_size: integer(), log_max_age: integer(), log_max_files: integer(),
    compress_logs: boolean(), force_color_logs: boolean(),
  }),
  config_paths: record({
    config_dir: text(), data_dir: text(), simulation_path: text(), hub_dir: text(), index_path: text(),
    plugin_dir: text(), notification_dir: text(), pattern_dir: text(),
  }),
  crowdsec_service: record({
    enable: boolean(), acquisition_path: text(), acquisition_dir: text(), console_context_path: text(),
    console_context_value_length: integer(), parser_routines: integer(), buckets_routines: integer(),
    output_routines: integer(), state_input_file: text(), state_output_dir: text(),
    dns_cache: record({ ttl: text(), negative_ttl: text(), size: integer() }),
  }),
  cscli: record({
    output: text(), color: text(), hub_branch: text(), __hub_url_template__: text(), hub_with_content: boolean(),
    prometheus_uri: text(),
  }),
  db_config: database,
  api: record({
    client: record({ credentials_path: text(), insecure_skip_verify: boolean(), unregister_on_exit: boolean() }),
    server,
    cti: record({ key: text(), cache_timeout: text(), cache_size: integer(), enabled: boolean(), log_level: text() }),
  }),
  prometheus: record({ enabled: boolean(), level: text(), listen_addr: text(), listen_port: integer() }),
  plugin_config: record({ user: text(), group: text() }),
});

/** config.yaml as decoded: CrowdSec's own names, every key optional. */
export type RawConfig = Shaped<typeof configShape>;

/** local_api_credentials.yaml. `papi_url` is accepted because CrowdSec's online credentials share the file form. */
export const credentialsShape = record({
  url: text(), login: text(), password: text(), ca_cert_path: text(), cert_path: text(), key_path: text(),
  papi_url: text(),
});

/** simulation.yaml. */
export const simulationShape = record({ simulation: boolean(), exclusions: list(text()) });

/** palisade.yaml, beside config.yaml: what CrowdSec has no key for. */
export const settingsShape = record({
  /** Worker threads; 0 means one a core but one. */
  workers: integer(),
  /** What alerts carry besides what CrowdSec's do. */
  alerts: record({ provenance: boolean() }),
  /** Bytes and counts that replace the maxima of ts/limits.ts, by their names there. */
  limits: mapOf(number()),
  /** What happens to lines of followed logs when more come than the engine can take. */
  overload: overloadShape,
  ...protectionShapes,
});
