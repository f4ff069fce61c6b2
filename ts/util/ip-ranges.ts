// Many networks as sorted ranges: one binary search a look-up, over numbers for IPv4. Not how a text becomes an address or a network,
// which those who ask see differently.

import type { IpAddress, IpPrefix } from './ip.js';

interface Range {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** The addresses of some networks. */
export class IpRanges {
  readonly #ranges: readonly Range[];
  /** First and last of each IPv4 range. */
  readonly #firsts: Uint32Array;
  readonly #lasts: Uint32Array;

  constructor(networks: readonly IpPrefix[]) {
    this.#ranges = merged(networks.map((network) => ({ first: network.first, last: network.last })));
    const ipv4 = this.#ranges.filter(({ first }) => first.version === 4);
    this.#firsts = Uint32Array.from(ipv4, ({ first }) => first.w3);
    this.#lasts = Uint32Array.from(ipv4, ({ last }) => last.w3);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Whether an IPv4 address, by its number, is among them. */
  hasIpv4(address: number): boolean {
    let low = 0;
    let high = this.#lasts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lasts[middle] < address) low = middle + 1;
      else high = middle;
    }
    return low < this.#lasts.length && this.#firsts[low] <= address;
  }

  /** Whether an address is among them; one with a zone is in no network. */
  has(address: IpAddress): boolean {
    if (address.version === 4) return this.hasIpv4(address.w3);
    if (address.zone !== '') return false;
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
