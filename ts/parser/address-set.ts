// The addresses and networks of one whitelist as sorted ranges: one binary search a look-up, over numbers for IPv4. An IPv4
// address inside IPv6 is not the IPv4 address, and an address with a zone is in no set.

import { limits } from '../limits.js';
import { TextMemory } from '../util/text-memory.js';
import { type IpAddress, IpPrefix, parseCidr, parseIp, parseIpv4 } from '../util/ip.js';

interface Range {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** An IPv6 address that ends in an IPv4 address; zones may be longer and are not remembered. */
const addressCharsMax = 45;

/** A set of IP addresses. */
export class AddressSet {
  readonly #ranges: readonly Range[];
  /** First and last of each IPv4 range: looked for without a memory, which would cost more than reading the address. */
  readonly #firsts: Uint32Array;
  readonly #lasts: Uint32Array;
  /** Answers for other texts: a visitor sends many lines, and reading an IPv6 address costs ten times as much as remembering it. */
  readonly #known = new TextMemory<boolean>(limits.addressesRememberedMax, addressCharsMax);

  /** Throws a RangeError that names the first text that is no address or network. */
  constructor(addresses: readonly string[], networks: readonly string[]) {
    const prefixes = [...addresses.map(parseHost), ...networks.map(parseNetwork)];
    this.#ranges = merged(prefixes.map((prefix) => ({ first: prefix.first, last: prefix.last })));
    const ipv4 = this.#ranges.filter(({ first }) => first.version === 4);
    this.#firsts = Uint32Array.from(ipv4, ({ first }) => first.w3);
    this.#lasts = Uint32Array.from(ipv4, ({ last }) => last.w3);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Whether an address (text) lies in the set; false for what is no address. */
  has(text: string): boolean {
    const ipv4 = parseIpv4(text);
    if (ipv4 >= 0) return this.#hasIpv4(ipv4);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const answer = this.#find(text);
    this.#known.set(text, answer);
    return answer;
  }

  #hasIpv4(address: number): boolean {
    let low = 0;
    let high = this.#lasts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lasts[middle] < address) low = middle + 1;
      else high = middle;
    }
    return low < this.#lasts.length && this.#firsts[low] <= address;
  }

  #find(text: string): boolean {
    const address = parseIp(text);
    if (address === null || address.zone !== '') return false;
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle].last.compare(address) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.#ranges.length && this.#ranges[low].first.compare(address) <= 0;
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

/** Sorted, with ranges that overlap made one. */
function merged(ranges: Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.sort((a, b) => a.first.compare(b.first))) {
    const before = result.at(-1);
    if (before === undefined || range.first.compare(before.last) > 0) result.push(range);
    else if (range.last.compare(before.last) > 0) result[result.length - 1] = { first: before.first, last: range.last };
  }
  return result;
}
