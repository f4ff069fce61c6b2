// What must never be banned, whatever is decided: loopback, own addresses, gateways, the Local API, and what the
// administrator names. Goes into the kernel before the rules that drop.

import { lookup } from 'node:dns/promises';
import { gateways, ownAddresses } from '../ts/util/host-addresses.js';
import { parseCidr, parseIp, type IpPrefix } from '../ts/util/ip.js';
import { boundsOf, type FamilyNumber } from './family.js';
import type { CoveredRange } from './range-set.js';

/** Where own addresses and gateways are read; tests bring their own. */
export interface NeverSources {
  readonly addresses: () => readonly string[];
  readonly gateways: () => readonly string[];
}

/** The host's own. */
export const hostSources: NeverSources = { addresses: ownAddresses, gateways };

/** Returns ranges without overlap for each family. Texts that are no address or network are left out. */
export function neverRanges(texts: readonly string[], sources: NeverSources,
  wanted: Iterable<FamilyNumber>): Map<FamilyNumber, readonly CoveredRange[]> {
  const all = ['127.0.0.0/8', '::1', ...sources.addresses(), ...sources.gateways(), ...texts]
    .map(prefixOf).filter((prefix) => prefix !== null);
  return new Map([...wanted].map((family) => [family, merged(all.filter(({ address }) => address.version === family))]));
}

/** Addresses of the host in a URL or a name; none for a unix socket or a name nobody knows. */
export async function lapiAddresses(url: string): Promise<string[]> {
  if (url.startsWith('/') || !URL.canParse(url)) return [];
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (parseIp(host) !== null) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Reads an address or a network, an IPv4 one inside IPv6 as IPv4; null when it is neither. */
export function prefixOf(text: string): IpPrefix | null {
  if (text.includes('/')) return parseCidr(text)?.masked() ?? null;
  const address = parseIp(text.split('%')[0])?.unmap();
  return address === undefined ? null : parseCidr(`${address}/${address.bits}`);
}

function merged(prefixes: readonly IpPrefix[]): CoveredRange[] {
  const ranges = prefixes.map((prefix) => ({ ...boundsOf(prefix), untilMs: Infinity }))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: { first: bigint; last: bigint; untilMs: number }[] = [];
  for (const range of ranges) {
    const open = result[result.length - 1];
    if (open === undefined || range.first > open.last + 1n) result.push(range);
    else if (range.last > open.last) open.last = range.last;
  }
  return result;
}
