// The parts of palisade.yaml that say whom the Local API bans and whom never: blocklists, never_ban, escalation,
// after_unban. Decoded and checked here, plain data; what is done with them is in lapi/ and ts/profile.

import { isAbsolute } from 'node:path';
import { PalisadeError, type Place } from '../errors.js';
import { DurationError, parseDurationWithDays } from '../util/go-duration.js';
import { parseIp, parseLooseCidr } from '../util/ip.js';
import { boolean, integer, list, mapOf, number, oneOf, placed, record, text, type Shaped } from './document.js';

/** One list of addresses that are banned as long as they are on it. */
export interface Blocklist {
  /** Shown as the scenario of its decisions. */
  readonly name: string;
  /** An http(s) URL, or '' when `file` is set. */
  readonly url: string;
  readonly file: string;
  readonly format: 'text' | 'csv';
  /** Of a CSV list: the number of the column, from 1, or its name in the first line. */
  readonly column: string;
  readonly separator: string;
  readonly intervalMs: number;
  /** How long an entry stays banned after the list was last seen with it. */
  readonly ttlMs: number;
  /** Type of the decisions: ban, captcha … */
  readonly type: string;
  readonly bytesMax: number;
  readonly entriesMax: number;
  /** Neighbouring addresses become networks. */
  readonly aggregates: boolean;
  readonly allowsHttp: boolean;
  /** Private and other special networks are not left out. */
  readonly withPrivate: boolean;
  /** Wider networks on the list are left out: the least length of a prefix. */
  readonly widestIpv4: number;
  readonly widestIpv6: number;
}

/** Whom no decision may hit. */
export interface NeverBan {
  /** The addresses of this host and its gateways too. */
  readonly ownAddresses: boolean;
  /** Addresses and networks of the administrator's choice. */
  readonly addresses: readonly string[];
}

/** How ban times grow for those who come back. */
export interface Escalation {
  /** Multiples of the profile's duration for the first ban, the second …; null: by `factor`. */
  readonly steps: readonly number[] | null;
  /** Each ban is this many times as long as the one before. */
  readonly factor: number;
  readonly maximumNs: number;
  /** At most this much is added by chance, so that nobody can reckon with the end. */
  readonly jitterNs: number;
  /** Bans that began longer ago do not count. */
  readonly memoryNs: number;
}

/** Everything of palisade.yaml that is about decisions. */
export interface Protection {
  readonly blocklists: readonly Blocklist[];
  readonly neverBan: NeverBan;
  /** null: durations do not grow. */
  readonly escalation: Escalation | null;
  /** How long after a decision was deleted profiles leave its target alone; 0: not at all. */
  readonly afterUnbanNs: number;
}

/** What holds without palisade.yaml. */
export const defaultProtection: Protection = { blocklists: [], neverBan: { ownAddresses: true, addresses: [] },
  escalation: null, afterUnbanNs: 0 };

const located = placed(text());

const blocklist = record({
  url: located, file: located, format: oneOf('text', 'csv'), column: located, separator: located, interval: located,
  ttl: located, type: text(), max_bytes: placed(integer()), max_entries: placed(integer()), aggregate: boolean(),
  allow_http: boolean(), with_private: boolean(), widest_ipv4: placed(integer()), widest_ipv6: placed(integer()),
});

/** The keys of palisade.yaml that this file reads. */
export const protectionShapes = {
  blocklists: mapOf(placed(blocklist)),
  never_ban: record({ own_addresses: boolean(), addresses: list(located) }),
  escalation: record({ enabled: boolean(), factor: placed(number()), steps: placed(list(number())), maximum: located,
    jitter: located, memory: located }, ['enabled']),
  after_unban: located,
};

type Raw = { readonly [K in keyof typeof protectionShapes]?: Shaped<(typeof protectionShapes)[K]> };
type Placed<T> = { readonly value: T; readonly place: Place };

/** Returns the checked settings. Throws E_CONFIG at the place of the fault. */
export function resolveProtection(raw: Raw): Protection {
  return {
    blocklists: [...raw.blocklists ?? []].map(([name, { value, place }]) => resolveBlocklist(name, value, place)),
    neverBan: {
      ownAddresses: raw.never_ban?.own_addresses ?? true,
      addresses: (raw.never_ban?.addresses ?? []).map(({ value, place }) => {
        if (parseIp(value) === null && parseLooseCidr(value) === null) {
          throw new PalisadeError('E_CONFIG', `"${value}" is neither an address nor a network`, place);
        }
        return value;
      }),
    },
    escalation: raw.escalation?.enabled === true ? resolveEscalation(raw.escalation) : null,
    afterUnbanNs: durationNs(raw.after_unban, 0),
  };
}

function resolveBlocklist(name: string, raw: Shaped<typeof blocklist>, place: Place): Blocklist {
  const wrong = (message: string, at: Place = place): PalisadeError =>
    new PalisadeError('E_CONFIG', `blocklist ${name}: ${message}`, at);
  // The name is part of file names and of the alert's scope.
  if (!/^\w[\w.-]{0,63}$/.test(name)) throw wrong('a name has 1 to 64 letters, digits, dots, hyphens or underscores');
  if ((raw.url === undefined) === (raw.file === undefined)) throw wrong('needs either url or file');
  if (raw.file !== undefined && !isAbsolute(raw.file.value)) {
    throw wrong('file must be an absolute path', raw.file.place);
  }
  if (raw.url !== undefined) checkUrl(raw.url, raw.allow_http ?? false, wrong);
  if (raw.format !== 'csv' && (raw.column ?? raw.separator) !== undefined) {
    throw wrong('column and separator are for format: csv', (raw.column ?? raw.separator)!.place);
  }
  if (raw.separator !== undefined && !/^[^"\r\n]$/.test(raw.separator.value)) {
    throw wrong('separator must be one character', raw.separator.place);
  }
  const within = (given: Placed<number> | undefined, fallback: number, least: number, most: number): number => {
    if (given === undefined) return fallback;
    if (given.value >= least && given.value <= most) return given.value;
    throw wrong(`must be between ${least} and ${most}`, given.place);
  };
  const intervalMs = durationNs(raw.interval, 24 * 3600e9, 60e9) / 1e6;
  return {
    name, url: raw.url?.value ?? '', file: raw.file?.value ?? '', format: raw.format ?? 'text',
    column: raw.column?.value ?? '1', separator: raw.separator?.value ?? ',', intervalMs,
    ttlMs: durationNs(raw.ttl, 3 * intervalMs * 1e6, 60e9) / 1e6, type: raw.type || 'ban',
    bytesMax: within(raw.max_bytes, 32 * 1024 * 1024, 1, 1024 ** 3),
    entriesMax: within(raw.max_entries, 500_000, 1, 10_000_000),
    aggregates: raw.aggregate ?? true, allowsHttp: raw.allow_http ?? false, withPrivate: raw.with_private ?? false,
    widestIpv4: within(raw.widest_ipv4, 8, 1, 32), widestIpv6: within(raw.widest_ipv6, 24, 1, 128),
  };
}

function checkUrl({ value, place }: Placed<string>, allowsHttp: boolean,
  wrong: (message: string, at: Place) => PalisadeError): void {
  const protocol = URL.canParse(value) ? new URL(value).protocol : '';
  if (protocol !== 'https:' && protocol !== 'http:') throw wrong('url must begin with https://', place);
  if (protocol === 'http:' && !allowsHttp) {
    throw wrong('whoever sits on the way of an http:// list decides whom you ban; write allow_http: true to use it '
      + 'all the same', place);
  }
}

function resolveEscalation(raw: NonNullable<Raw['escalation']>): Escalation {
  const factor = raw.factor?.value ?? 2;
  if (!(factor >= 1 && factor <= 100)) {
    throw new PalisadeError('E_CONFIG', 'escalation.factor must be between 1 and 100', raw.factor?.place);
  }
  const steps = raw.steps?.value ?? null;
  if (steps !== null && (steps.length === 0 || steps.some((step) => !(step > 0)))) {
    throw new PalisadeError('E_CONFIG', 'escalation.steps must be numbers above 0', raw.steps?.place);
  }
  if (steps !== null && raw.factor !== undefined) {
    throw new PalisadeError('E_CONFIG', 'escalation has either factor or steps', raw.factor.place);
  }
  const maximumNs = durationNs(raw.maximum, 7 * 24 * 3600e9, 1e9);
  const jitterNs = durationNs(raw.jitter, 0);
  if (jitterNs > maximumNs) {
    throw new PalisadeError('E_CONFIG', 'escalation.jitter is longer than escalation.maximum', raw.jitter?.place);
  }
  return { steps, factor, maximumNs, jitterNs, memoryNs: durationNs(raw.memory, 30 * 24 * 3600e9, 1e9) };
}

function durationNs(given: Placed<string> | undefined, fallbackNs: number, leastNs = 0): number {
  if (given === undefined) return fallbackNs;
  let ns: number;
  try {
    ns = parseDurationWithDays(given.value);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new PalisadeError('E_CONFIG', error.message, given.place);
  }
  if (ns < leastNs) throw new PalisadeError('E_CONFIG', `must be at least ${leastNs / 1e9}s`, given.place);
  return ns;
}
