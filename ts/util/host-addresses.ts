// The addresses by which this host is known, and those of its gateways, as the system tells them. Not cached.

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { IpAddress } from './ip.js';

/** The addresses of this host's interfaces. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []).map(({ address }) => address);
}

/** Next hops of the routing tables, as /proc shows them: IPv4 in host order, IPv6 in network order. */
export function gateways(): string[] {
  const lines = (path: string): string[][] => {
    try {
      return readFileSync(path, 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
    } catch {
      return [];
    }
  };
  const ipv4 = lines('/proc/net/route').map((fields) => fields[2] ?? '').filter((hop) => /^[0-9A-F]{8}$/.test(hop))
    .map((hop) => IpAddress.fromBytes(Buffer.from(hop, 'hex').reverse()).toString());
  const ipv6 = lines('/proc/net/ipv6_route').map((fields) => fields[4] ?? '').filter((hop) => /^[0-9a-f]{32}$/.test(hop))
    .map((hop) => IpAddress.fromBytes(Buffer.from(hop, 'hex')).toString());
  return [...ipv4, ...ipv6].filter((address) => address !== '0.0.0.0' && address !== '::');
}
