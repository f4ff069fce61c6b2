// The configuration of one instance: config.yaml with its .local override, defaults filled in, paths resolved, and
// Palisade's own palisade.yaml beside it. Read once at start and again on SIGHUP; everything here is plain data.

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { PalisadeError } from '../errors.js';
import { limits } from '../limits.js';
import { readWithOverride } from './local-override.js';
import { defaultOverload, type OverloadConfig, resolveOverload } from './overload.js';
import { defaultProtection, resolveProtection, type Protection } from './protection.js';
import { configShape, credentialsShape, settingsShape, simulationShape, type RawConfig } from './schema.js';

/** Log levels from the most verbose on, as CrowdSec names them. */
export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface ConfigPaths {
  readonly configDir: string;
  readonly dataDir: string;
  readonly simulation: string;
  readonly hubDir: string;
  readonly index: string;
  readonly pluginDir: string;
  readonly notificationDir: string;
  /** Folder of grok pattern files, '' when not configured: the embedded dictionary serves then. */
  readonly patternDir: string;
}

/** The crowdsec_service section: the engine. */
export interface EngineConfig {
  readonly enabled: boolean;
  readonly acquisitionPath: string;
  readonly acquisitionDir: string;
  readonly contextPath: string;
  readonly contextValueLength: number;
  readonly workers: number;
  /** Alerts say of each event which file and line it was and which parser nodes it passed (palisade.yaml). */
  readonly provenance: boolean;
  /** What happens to lines when more come than the engine can take (palisade.yaml). */
  readonly overload: OverloadConfig;
  readonly dnsCache: { readonly ttl: string; readonly negativeTtl: string; readonly size: number };
}

export interface ServerConfig {
  readonly enabled: boolean;
  readonly listenUri: string;
  readonly listenSocket: string;
  readonly profilesPath: string;
  readonly logLevel: LogLevel;
  readonly useForwardedForHeaders: boolean;
  readonly trustedProxies: readonly string[];
  readonly trustedIps: readonly string[];
  readonly disableRemoteRegistration: boolean;
  readonly autoRegistration: { readonly token: string; readonly allowedRanges: readonly string[] } | null;
  readonly tls: NonNullable<NonNullable<NonNullable<RawConfig['api']>['server']>['tls']> | null;
}

export interface DatabaseConfig {
  readonly type: string;
  readonly path: string;
  readonly useWal: boolean | null;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly ssl?: { readonly mode: string; readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly bulkSize: number;
  /** Connections to a server; 0: as many as the Local API wants. */
  readonly connectionsMax?: number;
  readonly flush: NonNullable<NonNullable<RawConfig['db_config']>['flush']> | null;
}

export interface Config {
  readonly file: string;
  /** The decoded file in CrowdSec's own names, for `cscli config show`. */
  readonly raw: RawConfig;
  readonly common: {
    readonly logMedia: 'stdout' | 'file' | 'syslog';
    readonly logLevel: LogLevel;
    readonly logDir: string;
    readonly logFormat: 'text' | 'json';
  };
  readonly paths: ConfigPaths;
  /** null when the file has no crowdsec_service section. */
  readonly engine: EngineConfig | null;
  readonly cscli: { readonly output: string; readonly color: string; readonly prometheusUrl: string };
  readonly database: DatabaseConfig | null;
  readonly client: { readonly credentialsPath: string; readonly insecureSkipVerify: boolean;
    readonly unregisterOnExit: boolean } | null;
  readonly server: ServerConfig | null;
  readonly prometheus: { readonly enabled: boolean; readonly level: 'none' | 'aggregated' | 'full';
    readonly listenAddr: string; readonly listenPort: number };
  readonly limits: Readonly<Record<keyof typeof limits, number>>;
  /** Blocklists, escalation and whom never to ban, from palisade.yaml. */
  readonly protection: Protection;
  /** What was accepted but is not built yet, or is doubtful: one sentence each, for the log. */
  readonly warnings: readonly string[];
}

/** How the engine and cscli reach the Local API. */
export interface Credentials {
  readonly url: string;
  readonly login: string;
  readonly password: string;
  readonly caCertPath: string;
  readonly certPath: string;
  readonly keyPath: string;
}

/** Simulation: `listed` scenarios get the opposite of the global switch. */
export interface Simulation {
  readonly global: boolean;
  readonly exclusions: readonly string[];
}

/** Returns the configuration in a file. Throws E_FILE, E_YAML, E_SHAPE or E_CONFIG. */
export function loadConfig(file: string): Config {
  try {
    return resolveConfig(file);
  } catch (error) {
    if (!(error instanceof PalisadeError) || error.code !== 'E_CONFIG' || error.message.includes(file)) throw error;
    throw new PalisadeError('E_CONFIG', `${file}: ${error.message}`, undefined, { cause: error });
  }
}

function resolveConfig(file: string): Config {
  const raw = readWithOverride(file, configShape);
  const warnings: string[] = [];
  const paths = resolvePaths(file, raw, warnings);
  const settings = readSettings(join(dirname(file), 'palisade.yaml'));
  const prometheus = resolvePrometheus(raw, warnings);
  warnUnbuilt(raw, warnings);
  const client = raw.api?.client;
  return {
    file, raw, paths, prometheus, warnings,
    common: {
      logMedia: word('common.log_media', raw.common?.log_media, ['stdout', 'file', 'syslog'], 'stdout'),
      logLevel: word('common.log_level', raw.common?.log_level, logLevels, 'info'),
      logDir: raw.common?.log_dir || '/var/log/',
      logFormat: word('common.log_format', raw.common?.log_format, ['text', 'json'], 'text'),
    },
    engine: resolveEngine(raw, settings, paths),
    cscli: { output: raw.cscli?.output || 'human', color: raw.cscli?.color || 'auto',
      prometheusUrl: `http://${prometheus.listenAddr}:${prometheus.listenPort}/metrics` },
    database: resolveDatabase(raw, paths),
    client: client === undefined ? null : { credentialsPath: client.credentials_path ?? '',
      insecureSkipVerify: client.insecure_skip_verify ?? false, unregisterOnExit: client.unregister_on_exit ?? false },
    server: resolveServer(raw),
    limits: { ...limits, ...settings.limits },
    protection: settings.protection,
  };
}

/** Returns the credentials in a file; the url gets its trailing slash. Throws E_CONFIG when url is missing. */
export function loadCredentials(file: string): Credentials {
  const raw = readWithOverride(file, credentialsShape);
  if (!raw.url) {
    throw new PalisadeError('E_CONFIG', `no credentials or URL found in api client configuration '${file}'`);
  }
  const isSocket = raw.url.startsWith('/');
  return { url: isSocket || raw.url.endsWith('/') ? raw.url : `${raw.url}/`, login: raw.login ?? '',
    password: raw.password ?? '', caCertPath: raw.ca_cert_path ?? '', certPath: raw.cert_path ?? '',
    keyPath: raw.key_path ?? '' };
}

/** Returns the simulation switches; a missing file means none. */
export function loadSimulation(file: string): Simulation {
  if (!existsSync(file)) return { global: false, exclusions: [] };
  const raw = readWithOverride(file, simulationShape);
  return { global: raw.simulation ?? false, exclusions: raw.exclusions ?? [] };
}

/** Whether alerts of a scenario are simulated. */
export function isSimulated(simulation: Simulation, scenario: string): boolean {
  return simulation.exclusions.includes(scenario) !== simulation.global;
}

function resolvePaths(file: string, raw: RawConfig, warnings: string[]): ConfigPaths {
  const section = raw.config_paths;
  if (section === undefined) throw new PalisadeError('E_CONFIG', 'no configuration paths provided');
  if (!section.data_dir) {
    throw new PalisadeError('E_CONFIG',
      "please provide a data directory with the 'data_dir' directive in the 'config_paths' section");
  }
  const configDir = section.config_dir || dirname(file);
  const path = (key: keyof typeof section, fallback: string): string => {
    const value = section[key] || fallback;
    if (value !== '' && !isAbsolute(value)) {
      warnings.push(`Using a relative path for "${value}" is deprecated and will be disallowed in a future release`);
    }
    return value;
  };
  return {
    configDir: path('config_dir', configDir),
    dataDir: path('data_dir', ''),
    simulation: path('simulation_path', join(configDir, 'simulation.yaml')),
    hubDir: path('hub_dir', join(configDir, 'hub')),
    index: path('index_path', join(section.hub_dir || join(configDir, 'hub'), '.index.json')),
    pluginDir: path('plugin_dir', ''),
    notificationDir: path('notification_dir', join(configDir, 'notifications')),
    patternDir: path('pattern_dir', join(configDir, 'patterns')),
  };
}

function resolveEngine(raw: RawConfig, { workers, provenance, overload }: Settings, paths: ConfigPaths): EngineConfig | null {
  const section = raw.crowdsec_service;
  if (section === undefined) return null;
  const length = section.console_context_value_length ?? 0;
  const routines = Math.max(section.parser_routines ?? 1, 1);
  return {
    enabled: section.enable ?? true,
    acquisitionPath: section.acquisition_path ?? '',
    acquisitionDir: section.acquisition_dir ?? '',
    contextPath: section.console_context_path || join(paths.configDir, 'console', 'context.yaml'),
    contextValueLength: length <= 0 || length > 4000 ? 4000 : length,
    workers: workers || (routines > 1 ? routines : 0),
    overload, provenance,
    dnsCache: { ttl: section.dns_cache?.ttl || '1h', negativeTtl: section.dns_cache?.negative_ttl || '5m',
      size: section.dns_cache?.size || 16_384 },
  };
}

function resolveServer(raw: RawConfig): ServerConfig | null {
  const section = raw.api?.server;
  if (section === undefined) return null;
  const registration = section.auto_registration;
  if (registration?.enabled && !registration.token) {
    throw new PalisadeError('E_CONFIG', 'missing token value for api.server.auto_register');
  }
  const proxies = section.trusted_proxies ?? [];
  return {
    enabled: section.enable ?? true,
    listenUri: section.listen_uri ?? '',
    listenSocket: section.listen_socket ?? '',
    profilesPath: section.profiles_path ?? '',
    logLevel: word('api.server.log_level', section.log_level, logLevels, 'info'),
    useForwardedForHeaders: (section.use_forwarded_for_headers ?? false) || proxies.length > 0,
    trustedProxies: proxies,
    trustedIps: section.trusted_ips ?? [],
    disableRemoteRegistration: section.disable_remote_lapi_registration ?? false,
    autoRegistration: registration?.enabled
      ? { token: registration.token ?? '', allowedRanges: registration.allowed_ranges ?? [] } : null,
    tls: section.tls ?? null,
  };
}

function resolveDatabase(raw: RawConfig, paths: ConfigPaths): DatabaseConfig | null {
  const section = raw.db_config;
  if (section === undefined) return null;
  const isFile = (section.type ?? '') === 'sqlite' || !section.type;
  return {
    // Of a server it is the unix socket, which has no default place.
    type: section.type ?? '', path: section.db_path || (isFile ? join(paths.dataDir, 'crowdsec.db') : ''),
    useWal: section.use_wal ?? null, user: section.user ?? '', password: section.password ?? '',
    name: section.db_name ?? '', host: section.host ?? '', port: section.port ?? 0,
    ssl: { mode: section.sslmode ?? '', caFile: section.ssl_ca_cert ?? '', certFile: section.ssl_client_cert ?? '',
      keyFile: section.ssl_client_key ?? '' },
    bulkSize: Math.min(section.decision_bulk_size || 1000, 2000), connectionsMax: section.max_open_conns ?? 0, flush: section.flush ?? null,
  };
}

function resolvePrometheus(raw: RawConfig, warnings: string[]): Config['prometheus'] {
  const section = raw.prometheus ?? {};
  const enabled = section.enabled ?? false;
  if (enabled && !section.listen_addr) warnings.push('prometheus.listen_addr is empty, defaulting to 127.0.0.1');
  if (enabled && !section.listen_port) {
    warnings.push('prometheus.listen_port is empty or zero, defaulting to 6060');
  }
  return { enabled, level: word('prometheus.level', section.level, ['none', 'aggregated', 'full'], 'full'),
    listenAddr: section.listen_addr || '127.0.0.1', listenPort: section.listen_port || 6060 };
}

/** What palisade.yaml says. */
interface Settings {
  readonly workers?: number;
  readonly provenance: boolean;
  readonly overload: OverloadConfig;
  readonly limits: Readonly<Record<string, number>>;
  readonly protection: Protection;
}

function readSettings(file: string): Settings {
  if (!existsSync(file)) return { provenance: true, overload: defaultOverload, limits: {}, protection: defaultProtection };
  const raw = readWithOverride(file, settingsShape);
  for (const name of raw.limits?.keys() ?? []) {
    if (!Object.hasOwn(limits, name)) {
      throw new PalisadeError('E_CONFIG',
        `${file}: unknown limit "${name}"; known limits: ${Object.keys(limits).join(', ')}`);
    }
  }
  return { workers: raw.workers, provenance: raw.alerts?.provenance ?? true, overload: resolveOverload(raw.overload), limits: Object.fromEntries(raw.limits ?? []),
    protection: resolveProtection(raw) };
}

/** Sections that CrowdSec's shipped files carry and Palisade does not serve yet. */
function warnUnbuilt(raw: RawConfig, warnings: string[]): void {
  const online = raw.api?.server?.online_client?.credentials_path;
  if (online && existsSync(online)) {
    warnings.push('api.server.online_client is set: the Central API is not supported yet and is not contacted');
  }
  if (raw.api?.cti?.key) warnings.push('api.cti is set: the CTI API is not supported yet and is not contacted');
  if (raw.crowdsec_service?.state_input_file || raw.crowdsec_service?.state_output_dir) {
    warnings.push('crowdsec_service.state_* is set: bucket state files in CrowdSec\'s format are not supported');
  }
}

function word<T extends string>(key: string, value: string | undefined, words: readonly T[], fallback: T): T {
  if (value === undefined || value === '') return fallback;
  if ((words as readonly string[]).includes(value)) return value as T;
  if (words.includes('warning' as T) && value === 'warn') return 'warning' as T;
  throw new PalisadeError('E_CONFIG', `${key} is "${value}", must be one of ${words.join(', ')}`);
}
