// Addresses or ranges with their ends, packed side by side: what a backend gets and what it reads back.

import { IpAddress } from '../ts/util/ip.js';
import { families, writeNumber, type Family, type FamilyNumber } from './family.js';
import type { CoveredRange } from './range-set.js';

/** Elements of one set. `last` is null for single addresses. All in network order. */
export interface ElementList {
  readonly count: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array | null;
  /** When each ends; Infinity for one that stays. */
  readonly untilMs: Float64Array;
}

/** What the kernel holds of a set. */
export interface HeldElements extends ElementList {
  /** When each was put there last, NaN for one that stays; null where the kernel does not keep it. */
  readonly sinceMs: Float64Array | null;
}

/** A set: the bans of one origin and family, single addresses and ranges apart, or what is never banned. */
export interface SetId {
  readonly family: FamilyNumber;
  readonly kind: 'address' | 'range' | 'never';
  readonly group: string;
}

/** A text that is the same for the same set. */
export function setKey({ family, kind, group }: SetId): string {
  return `${family}/${kind}/${group}`;
}

/** Packs ranges. */
export function packRanges(family: Family, ranges: readonly CoveredRange[]): ElementList {
  const first = new Uint8Array(ranges.length * family.keyBytes);
  const last = new Uint8Array(ranges.length * family.keyBytes);
  ranges.forEach((range, index) => {
    writeNumber(range.first, family, first, index * family.keyBytes);
    writeNumber(range.last, family, last, index * family.keyBytes);
  });
  return { count: ranges.length, first, last, untilMs: Float64Array.from(ranges, ({ untilMs }) => untilMs) };
}

/** Which element an address, in network order, is or lies in; -1: none. */
export function indexOf({ count, first, last }: ElementList, address: Uint8Array): number {
  for (let index = 0; index < count; index++) {
    const from = index * address.length;
    const low = first.subarray(from, from + address.length);
    const high = (last ?? first).subarray(from, from + address.length);
    if (Buffer.compare(low, address) <= 0 && Buffer.compare(address, high) <= 0) return index;
  }
  return -1;
}

/** Nothing. */
export const noElements: ElementList = { count: 0, first: new Uint8Array(0), last: null,
  untilMs: new Float64Array(0) };

/** The elements as text, `192.0.2.1` or `192.0.2.0-192.0.2.7`, with their ends: for logs and comparisons. */
export function textsOf(family: FamilyNumber, list: ElementList): Map<string, number> {
  const { keyBytes } = families[family];
  const text = (bytes: Uint8Array, index: number): string =>
    IpAddress.fromBytes(bytes.subarray(index * keyBytes, (index + 1) * keyBytes)).toString();
  const texts = new Map<string, number>();
  for (let index = 0; index < list.count; index++) {
    const name = list.last === null ? text(list.first, index) : `${text(list.first, index)}-${text(list.last, index)}`;
    texts.set(name, list.untilMs[index]);
  }
  return texts;
}
