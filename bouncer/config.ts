// The bouncer's configuration: cs-firewall-bouncer's file as it is, in the spelling of older and newer versions, with
// its `.local`; our own settings stand beside it in palisade-bouncer.yaml, so that the file stays usable by the other.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { boolean, integer, list, oneOf, record, text, type Shape } from '../ts/config/document.js';
import type { LogLevel } from '../ts/config/config.js';
import { readWithOverride } from '../ts/config/local-override.js';
import { PalisadeError } from '../ts/errors.js';
import { parseDurationWithDays } from '../ts/util/go-duration.js';
import { hookNumbers, type HookName, type NftablesFamily } from './backends/nftables-names.js';
import type { FamilyNumber } from './family.js';
import type { GeoFiles } from './geo-networks.js';
import type { StreamFilter } from './lapi-client.js';
import { bouncerLimits } from './limits.js';
import { prefixOf } from './never-ban.js';

/** What a bouncer needs to know, with defaults filled in. */
export interface BouncerConfig {
  readonly mode: 'nftables' | 'ipset' | 'iptables';
  readonly updateFrequencyMs: number;
  readonly api: { readonly url: string; readonly key: string; readonly insecureSkipVerify: boolean;
    readonly certPath: string; readonly keyPath: string; readonly caCertPath: string };
  readonly log: { readonly level: LogLevel; readonly file: string | null };
  readonly families: readonly FamilyNumber[];
  readonly types: readonly string[];
  readonly filter: StreamFilter;
  readonly isReject: boolean;
  /** null: not logged. */
  readonly logPrefix: string | null;
  readonly nftables: Readonly<Partial<Record<FamilyNumber, NftablesFamily>>>;
  readonly hooks: readonly HookName[];
  readonly ipset: { readonly sets: Readonly<Record<FamilyNumber, string>>; readonly size: number;
    readonly chains: Readonly<Record<FamilyNumber, readonly string[]>> };
  readonly prometheus: { readonly address: string; readonly port: number } | null;
  readonly neverBan: readonly string[];
  readonly widestBits: Readonly<Record<FamilyNumber, number>>;
  readonly cutsConnections: boolean;
  readonly geo: GeoFiles;
  /** Follows the stream of changes where the Local API has one. */
  readonly isPushed: boolean;
}

/** A key that newer versions spell otherwise, or that means nothing here, is still accepted. */
const nftablesFamily = record({ enabled: boolean(), 'set-only': boolean(), table: text(), chain: text(),
  priority: integer() });

const fileShape = record({
  mode: text(), pid_dir: text(), piddir: text(), update_frequency: text(), daemonize: boolean(), log_mode: text(),
  log_dir: text(), log_level: text(), log_compression: boolean(), compress_logs: boolean(), log_max_size: integer(),
  log_max_backups: integer(), log_max_files: integer(), log_max_age: integer(), api_url: text(), api_key: text(),
  insecure_skip_verify: boolean(), cert_path: text(), key_path: text(), ca_cert_path: text(), ca_path: text(),
  disable_ipv4: boolean(), disable_ipv6: boolean(), deny_action: text(), deny_log: boolean(), deny_log_prefix: text(),
  supported_decisions_types: list(text()), supported_decision_types: list(text()), blacklists_ipv4: text(),
  blacklists_ipv6: text(), ipset_type: text(), ipset_size: integer(), ipset_disable_timeouts: boolean(),
  iptables_chains: list(text()), iptables_v4_chains: list(text()), iptables_v6_chains: list(text()),
  iptables_add_rule_comments: boolean(), nftables: record({ ipv4: nftablesFamily, ipv6: nftablesFamily }),
  nftables_hooks: list(oneOf(...Object.keys(hookNumbers) as HookName[])),
  pf: record({ anchor_name: text(), batch_size: integer() }),
  prometheus: record({ enabled: boolean(), listen_addr: text(), listen_port: text() }),
  retry_initial_connect: boolean(), scopes: list(text()), origins: list(text()),
  scenarios_containing: list(text()), scenarios_not_containing: list(text()),
  only_include_decisions_from: list(text()),
});
type FileContent = typeof fileShape extends Shape<infer T> ? T : never;

const ownShape = record({ never_ban: list(text()), widest_ipv4: integer(), widest_ipv6: integer(),
  cut_connections: boolean(), push: boolean(), country_database: text(), asn_database: text() });

const defaultPriority = -10;
const defaultUpdateMs = 10_000;
const levels = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'] as const;

/** Reads a configuration. Throws E_FILE, E_YAML, E_SHAPE or E_CONFIG, where possible with the place. */
export function readConfig(file: string): BouncerConfig {
  const content = readWithOverride(file, fileShape);
  const ownFile = join(dirname(file), 'palisade-bouncer.yaml');
  const own = existsSync(ownFile) ? readWithOverride(ownFile, ownShape) : {};
  const families = familiesOf(content);
  if (families.length === 0) throw bad(file, 'IPv4 and IPv6 are both disabled: there is nothing to do');
  const neverBan = own.never_ban ?? [];
  const wrong = neverBan.find((value) => prefixOf(value) === null);
  if (wrong !== undefined) throw bad(ownFile, `never_ban: ${wrong} is no address and no network`);
  return {
    mode: modeOf(file, content.mode ?? ''),
    updateFrequencyMs: updateMs(file, content.update_frequency),
    api: apiOf(file, content),
    log: logOf(file, content),
    families,
    types: (content.supported_decisions_types ?? content.supported_decision_types ?? ['ban'])
      .map((type) => type.toLowerCase()),
    filter: filterOf(content, own.country_database !== undefined || own.asn_database !== undefined),
    isReject: denyAction(file, content.deny_action ?? 'DROP'),
    logPrefix: content.deny_log === true ? content.deny_log_prefix ?? 'crowdsec drop: ' : null,
    nftables: Object.fromEntries(families.map((family) => [family, nftablesOf(content, family)])),
    hooks: content.nftables_hooks ?? ['input', 'forward'],
    ipset: { sets: { 4: content.blacklists_ipv4 ?? 'crowdsec-blacklists',
      6: content.blacklists_ipv6 ?? 'crowdsec6-blacklists' }, size: content.ipset_size ?? 131_072,
    chains: { 4: content.iptables_v4_chains ?? content.iptables_chains ?? ['INPUT'],
      6: content.iptables_v6_chains ?? content.iptables_chains ?? ['INPUT'] } },
    prometheus: prometheusOf(file, content),
    neverBan,
    widestBits: { 4: own.widest_ipv4 ?? bouncerLimits.widestIpv4Bits, 6: own.widest_ipv6 ?? bouncerLimits.widestIpv6Bits },
    cutsConnections: own.cut_connections ?? true,
    geo: { country: own.country_database ?? null, asn: own.asn_database ?? null },
    isPushed: own.push ?? true,
  };
}

function bad(file: string, what: string): PalisadeError {
  return new PalisadeError('E_CONFIG', `${file}: ${what}`);
}

function familiesOf({ disable_ipv4, disable_ipv6, nftables, mode }: FileContent): FamilyNumber[] {
  const isNftables = mode === 'nftables';
  const families: FamilyNumber[] = [];
  if (disable_ipv4 !== true && !(isNftables && nftables?.ipv4?.enabled === false)) families.push(4);
  if (disable_ipv6 !== true && !(isNftables && nftables?.ipv6?.enabled === false)) families.push(6);
  return families;
}

function modeOf(file: string, mode: string): BouncerConfig['mode'] {
  if (mode === 'nftables' || mode === 'ipset' || mode === 'iptables') return mode;
  throw bad(file, `mode "${mode}" is not one of nftables, iptables, ipset`);
}

function updateMs(file: string, duration: string | undefined): number {
  if (duration === undefined || duration === '') return defaultUpdateMs;
  const ms = parseDurationWithDays(duration) / 1e6;
  if (!(ms > 0)) throw bad(file, `update_frequency "${duration}" is not a positive duration`);
  return ms;
}

function apiOf(file: string, content: FileContent): BouncerConfig['api'] {
  const { api_url: url = '', api_key: key = '', cert_path: certPath = '', key_path: keyPath = '' } = content;
  if (url === '') throw bad(file, 'api_url is missing');
  if (key === '' && certPath === '') throw bad(file, 'api_key is missing (or cert_path and key_path)');
  const isSocket = url.startsWith('/');
  return { url: isSocket || url.endsWith('/') ? url : `${url}/`, key, certPath, keyPath,
    caCertPath: content.ca_cert_path ?? content.ca_path ?? '', insecureSkipVerify: content.insecure_skip_verify ?? false };
}

function logOf(file: string, { log_level: level = 'info', log_mode: media = 'stdout', log_dir: dir }: FileContent):
BouncerConfig['log'] {
  const known = levels.find((name) => name === level || (name === 'warning' && level === 'warn'));
  if (known === undefined) throw bad(file, `log_level "${level}" is not one of ${levels.join(', ')}`);
  if (media !== 'file' && media !== 'stdout') throw bad(file, `log_mode "${media}" is not one of file, stdout`);
  return { level: known, file: media === 'file' ? join(dir ?? '/var/log/', 'crowdsec-firewall-bouncer.log') : null };
}

function filterOf({ scopes, origins, only_include_decisions_from, scenarios_containing, scenarios_not_containing }:
FileContent, hasGeo: boolean): StreamFilter {
  // Without a word about scopes a Local API tells of addresses and ranges alone.
  const wanted = { scopes: scopes ?? (hasGeo ? ['ip', 'range', 'country', 'as'] : []),
    origins: origins ?? only_include_decisions_from, scenarios_containing, scenarios_not_containing };
  return Object.fromEntries(Object.entries(wanted).filter(([, values]) => (values ?? []).length > 0)
    .map(([name, values]) => [name, values!.join(',')]));
}

function denyAction(file: string, action: string): boolean {
  if (/^drop$/i.test(action)) return false;
  if (/^reject$/i.test(action)) return true;
  throw bad(file, `deny_action "${action}" is not one of DROP, REJECT`);
}

function nftablesOf(content: FileContent, family: FamilyNumber): NftablesFamily {
  const suffix = family === 4 ? '' : '6';
  const given = family === 4 ? content.nftables?.ipv4 : content.nftables?.ipv6;
  const set = family === 4 ? content.blacklists_ipv4 : content.blacklists_ipv6;
  return { table: given?.table ?? `crowdsec${suffix}`, chain: given?.chain ?? `crowdsec${suffix}-chain`,
    set: set ?? `crowdsec${suffix}-blacklists`, priority: given?.priority ?? defaultPriority,
    isSetOnly: given?.['set-only'] ?? false };
}

function prometheusOf(file: string, { prometheus }: FileContent): BouncerConfig['prometheus'] {
  if (prometheus?.enabled !== true) return null;
  const port = Number(prometheus.listen_port ?? 60601);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw bad(file, `prometheus: listen_port ${prometheus.listen_port} is no port`);
  }
  return { address: prometheus.listen_addr ?? '127.0.0.1', port };
}
