// The addresses and networks of one whitelist. An IPv4 address inside IPv6 is not the IPv4 address, and an address with a zone is in
// no set.

import { limits } from '../limits.js';
import { TextMemory } from '../util/text-memory.js';
import { IpPrefix, parseCidr, parseIp, parseIpv4 } from '../util/ip.js';
import { IpRanges } from '../util/ip-ranges.js';

/** An IPv6 address that ends in an IPv4 address; zones may be longer and are not remembered. */
const addressCharsMax = 45;

/** A set of IP addresses. */
export class AddressSet {
  readonly #ranges: IpRanges;
  /** Answers for IPv6 and other texts: a visitor sends many lines, and reading an IPv6 address costs ten times as much as remembering it. */
  readonly #known = new TextMemory<boolean>(limits.addressesRememberedMax, addressCharsMax);

  /** Throws a RangeError that names the first text that is no address or network. */
  constructor(addresses: readonly string[], networks: readonly string[]) {
    this.#ranges = new IpRanges([...addresses.map(parseHost), ...networks.map(parseNetwork)]);
  }

  get isEmpty(): boolean {
    return this.#ranges.isEmpty;
  }

  /** Whether an address (text) lies in the set; false for what is no address. */
  has(text: string): boolean {
    const ipv4 = parseIpv4(text);
    // Looked for without the memory, which would cost more than reading the address.
    if (ipv4 >= 0) return this.#ranges.hasIpv4(ipv4);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const address = parseIp(text);
    const answer = address !== null && this.#ranges.has(address);
    this.#known.set(text, answer);
    return answer;
  }
}

function parseHost(text: string): IpPrefix {
  const address = parseIp(text);
  if (address === null) throw new RangeError(`"${text}" is not an IP address`);
  return new IpPrefix(address, address.bits);
}

function parseNetwork(text: string): IpPrefix {
  const prefix = parseCidr(text);
  if (prefix === null) throw new RangeError(`"${text}" is not a network such as 192.0.2.0/24 or 2001:db8::/32`);
  return prefix;
}
