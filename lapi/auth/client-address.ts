// Where a request comes from: the peer, loopback for a unix socket, or what a trusted proxy says in its headers.

import type { IncomingMessage } from 'node:http';
import { PalisadeError } from '../../ts/errors.js';
import { IpRangeError, parseIpRange, rangeContains, type IpRange } from '../store/ip-range.js';

/** A set of addresses and ranges from the configuration. */
export class AddressSet {
  readonly #ranges: readonly IpRange[];

  /** Throws E_CONFIG naming the key when an entry cannot be read. */
  constructor(key: string, entries: readonly string[]) {
    this.#ranges = entries.map((entry) => {
      try {
        return parseIpRange(entry);
      } catch (error) {
        if (!(error instanceof IpRangeError)) throw error;
        throw new PalisadeError('E_CONFIG', `${key}: ${error.message}`);
      }
    });
  }

  has(address: string): boolean {
    const range = rangeOrNull(address);
    return range !== null && this.#ranges.some((candidate) => rangeContains(candidate, range));
  }
}

/** Returns a function that tells the address of a request. */
export function clientAddressOf(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const proxies = new AddressSet('trusted_proxies', trustedProxies);
  return (request) => {
    const peer = peerAddress(request);
    if (!proxies.has(peer)) return peer;
    return fromHeader(request.headers['x-forwarded-for'], proxies)
      ?? fromHeader(request.headers['x-real-ip'], proxies) ?? peer;
  };
}

/** Whether an address is this host. */
export function isLoopback(address: string): boolean {
  return address === '::1' || loopback.has(address);
}

const loopback = new AddressSet('loopback', ['127.0.0.0/8', '::1/128']);

function peerAddress(request: IncomingMessage): string {
  // A unix socket has no address: whoever may open the file counts as this host.
  return (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:(?=\d+\.)/, '');
}

/** The rightmost address that is no trusted proxy; the leftmost when all are. */
function fromHeader(value: string | string[] | undefined, proxies: AddressSet): string | null {
  if (value === undefined || value === '') return null;
  const hops = (Array.isArray(value) ? value.join(',') : value).split(',').map((hop) => hop.trim());
  for (const [index, hop] of [...hops.entries()].reverse()) {
    if (hop.includes('/') || rangeOrNull(hop) === null) return null;
    if (index === 0 || !proxies.has(hop)) return hop;
  }
  return null;
}

function rangeOrNull(text: string): IpRange | null {
  try {
    return parseIpRange(text);
  } catch {
    return null;
  }
}
