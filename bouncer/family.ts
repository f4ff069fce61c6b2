// IPv4 and IPv6 as two rows of one table, and addresses as keys: a number for IPv4, a string of 16 bytes for IPv6.
// The rest of the bouncer has one code path for both.

import { ipFromBigInt, IpAddress, IpPrefix } from '../ts/util/ip.js';

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

/** An address as the key of a map. */
export type AddressKey = number | string;

/** Returns the key of an address. */
export function keyOf(address: IpAddress): AddressKey {
  return address.version === 4 ? address.w3 : String.fromCharCode(...address.toBytes());
}

/** Returns the address of a key. */
export function addressOf(key: AddressKey): IpAddress {
  if (typeof key === 'number') return new IpAddress(4, 0, 0, 0, key);
  return IpAddress.fromBytes(Buffer.from(key, 'latin1'));
}

/** Writes a key in network order. */
export function writeKey(key: AddressKey, bytes: Uint8Array, at: number): void {
  if (typeof key === 'number') {
    bytes[at] = key >>> 24;
    bytes[at + 1] = (key >>> 16) & 0xff;
    bytes[at + 2] = (key >>> 8) & 0xff;
    bytes[at + 3] = key & 0xff;
    return;
  }
  for (let index = 0; index < 16; index++) bytes[at + index] = key.charCodeAt(index);
}

/** Writes a number in network order. */
export function writeNumber(value: bigint, family: Family, bytes: Uint8Array, at: number): void {
  bytes.set(ipFromBigInt(value, family.number).toBytes(), at);
}

/** First and last number of a network. */
export function boundsOf(prefix: IpPrefix): { readonly first: bigint; readonly last: bigint } {
  return { first: prefix.first.toBigInt(), last: prefix.last.toBigInt() };
}
