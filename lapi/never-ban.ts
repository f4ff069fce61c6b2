// Whom no decision may hit, whoever makes it: loopback always, this host and its gateways unless the settings say
// otherwise, and what the administrator names. Applied before decisions are stored.

import type { NeverBan as NeverBanSettings } from '../ts/config/protection.js';
import { gateways, ownAddresses } from '../ts/util/host-addresses.js';
import { prefixOf, type IpPrefix } from '../ts/util/ip.js';
import { lapiLimits } from './limits.js';
import { plainV4 } from './store/ip-range.js';

/** Why a target is never banned: the kind for a counter, and a sentence. */
export interface Exemption {
  readonly kind: 'loopback' | 'own_address' | 'gateway' | 'configured';
  readonly text: string;
}

/** Where own addresses and gateways come from; tests bring their own. */
export interface HostAddresses {
  readonly own: () => readonly string[];
  readonly gateways: () => readonly string[];
}

interface Rule {
  readonly kind: Exemption['kind'];
  readonly prefix: IpPrefix;
  readonly first: bigint;
  readonly last: bigint;
}

const host: HostAddresses = { own: ownAddresses, gateways };
const about: { readonly [K in Exemption['kind']]: string } = { loopback: 'loopback',
  own_address: 'an address of this host', gateway: 'a gateway of this host',
  configured: 'named by never_ban in palisade.yaml' };

/** The addresses that are never banned. */
export class NeverBan {
  readonly #settings: NeverBanSettings;
  readonly #nowMs: () => number;
  readonly #host: HostAddresses;
  #rules: readonly Rule[] = [];
  #readMs = -Infinity;

  constructor(settings: NeverBanSettings, nowMs: () => number, addresses: HostAddresses = host) {
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#host = addresses;
  }

  /** All of them, in text. */
  networks(): readonly string[] {
    return this.#current().map(({ prefix }) => prefix.toString());
  }

  /** Why a decision on this target must not be; null when it may. Targets that are no addresses may always. */
  exemptionOf(scope: string, value: string): Exemption | null {
    if (scope !== 'Ip' && scope !== 'Range') return null;
    const bounds = boundsOf(value);
    if (bounds === null) return null;
    const rule = this.#current().find(({ prefix, first, last }) => prefix.address.version === bounds.version
      && first <= bounds.last && bounds.first <= last);
    if (rule === undefined) return null;
    const isWhole = rule.first <= bounds.first && bounds.last <= rule.last;
    const relation = isWhole ? 'is' : `covers ${textOf(rule.prefix)},`;
    return { kind: rule.kind, text: `${value} is never banned: it ${relation} ${about[rule.kind]}` };
  }

  #current(): readonly Rule[] {
    const nowMs = this.#nowMs();
    const ageMs = nowMs - this.#readMs;
    if (ageMs >= 0 && ageMs < lapiLimits.ownAddressesMsMax) return this.#rules;
    const { ownAddresses: withOwn, addresses } = this.#settings;
    this.#rules = [...rulesOf('loopback', ['127.0.0.0/8', '::1']), ...rulesOf('configured', addresses),
      ...withOwn ? [...rulesOf('own_address', this.#host.own()), ...rulesOf('gateway', this.#host.gateways())] : []];
    this.#readMs = nowMs;
    return this.#rules;
  }
}

function rulesOf(kind: Exemption['kind'], texts: readonly string[]): Rule[] {
  return texts.map((text) => prefixOf(text.split('%')[0])).filter((prefix) => prefix !== null)
    .map((prefix) => ({ kind, prefix, first: prefix.first.toBigInt(), last: prefix.last.toBigInt() }));
}

function boundsOf(value: string): { readonly version: 4 | 6; readonly first: bigint; readonly last: bigint } | null {
  const v4 = plainV4(value);
  if (v4 >= 0) return { version: 4, first: BigInt(v4), last: BigInt(v4) };
  const prefix = prefixOf(value);
  if (prefix === null) return null;
  return { version: prefix.address.version, first: prefix.first.toBigInt(), last: prefix.last.toBigInt() };
}

/** A network of one address as the address. */
function textOf(prefix: IpPrefix): string {
  return prefix.bits === prefix.address.bits ? prefix.address.toString() : prefix.toString();
}
