// IPv4 and IPv6 as two rows of one table. The rest of the bouncer has one code path for both.

import { ipFromBigInt, type IpPrefix } from '../ts/util/ip.js';

export type FamilyNumber = 4 | 6;

/** What differs between the two families. */
export interface Family {
  readonly number: FamilyNumber;
  /** The kernel's number (NFPROTO_*, AF_*). */
  readonly protocol: number;
  readonly keyBytes: number;
  readonly bits: number;
  /** Type of a set's key, as nft names types by number. */
  readonly keyType: number;
  /** Where a packet has its source. */
  readonly sourceOffset: number;
  /** ICMP code of "port unreachable". */
  readonly rejectCode: number;
}

/** By version. */
export const families: Readonly<Record<FamilyNumber, Family>> = {
  4: { number: 4, protocol: 2, keyBytes: 4, bits: 32, keyType: 7, sourceOffset: 12, rejectCode: 3 },
  6: { number: 6, protocol: 10, keyBytes: 16, bits: 128, keyType: 8, sourceOffset: 8, rejectCode: 4 },
};

/** Writes a number in network order. */
export function writeNumber(value: bigint, family: Family, bytes: Uint8Array, at: number): void {
  bytes.set(ipFromBigInt(value, family.number).toBytes(), at);
}

/** The number of one of the keys that stand side by side, in network order. */
export function numberAt(bytes: Uint8Array, index: number, keyBytes: number): bigint {
  return BigInt(`0x${Buffer.from(bytes.subarray(index * keyBytes, (index + 1) * keyBytes)).toString('hex')}`);
}

/** First and last number of a network. */
export function boundsOf(prefix: IpPrefix): { readonly first: bigint; readonly last: bigint } {
  return { first: prefix.first.toBigInt(), last: prefix.last.toBigInt() };
}
