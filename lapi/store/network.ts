// Networks as keys: things filed under an address or range, found again by any address inside. Pure and in memory;
// the numbers that SQL compares are in ip-range.ts. Hot: every lookup of a bouncer and every imported decision passes.
// bench/suites/lapi.ts measures it.

import { IpRangeError, parseIpRange, plainV4, type IpRange } from './ip-range.js';

/** A network: `length` leading bits of `key` count. IPv4 keys are numbers, IPv6 keys text of one length, so that either compares as its address. */
export interface Network {
  readonly size: 4 | 16;
  readonly length: number;
  readonly key: number | string;
}

/** Things by a key: a list only where several share one. The same thing may stand once under one key. */
export type Filed<K, T extends object> = Map<K, T | T[]>;

type Family<T extends object> = Map<number, Filed<number | string, T>>;

const signedMax = 2n ** 63n - 1n;

/** Things by network. The same thing may be filed once under one network. */
export class NetworkMap<T extends object> {
  /** By prefix length, then by masked first address. */
  readonly #families: Readonly<Record<4 | 16, Family<T>>> = { 4: new Map(), 16: new Map() };

  add({ size, length, key }: Network, item: T): void {
    const family = this.#families[size];
    let keys = family.get(length);
    if (keys === undefined) family.set(length, keys = new Map());
    file(keys, key, item);
  }

  remove({ size, length, key }: Network, item: T): void {
    const family = this.#families[size];
    const keys = family.get(length);
    if (keys === undefined) return;
    unfile(keys, key, item);
    if (keys.size === 0) family.delete(length);
  }

  /** What is filed under exactly this network. */
  on({ size, length, key }: Network): T | readonly T[] | undefined {
    return this.#families[size].get(length)?.get(key);
  }

  /** What is filed under a network that contains the whole of `range`. */
  containing(range: IpRange): T[] {
    const inner = networkOfRange(range);
    const found: T[] = [];
    // There are at most 33 or 129 lengths, in practice a handful.
    for (const [length, keys] of this.#families[inner.size]) {
      if (length > inner.length) continue;
      const present = keys.get(maskedKey(range, length));
      if (Array.isArray(present)) found.push(...present);
      else if (present !== undefined) found.push(present);
    }
    return found;
  }

  /** What is filed under a network that lies within `range`. Looks at each key. */
  within(range: IpRange): T[] {
    const outer = networkOfRange(range);
    const isWithin = withinBounds(range);
    const found: T[] = [];
    for (const [length, keys] of this.#families[outer.size]) {
      if (length < outer.length) continue;
      for (const [key, present] of keys) {
        if (!isWithin(key)) continue;
        if (Array.isArray(present)) found.push(...present);
        else found.push(present);
      }
    }
    return found;
  }
}

/** Files a thing under a key. */
export function file<K, T extends object>(filed: Filed<K, T>, key: K, item: T): void {
  const present = filed.get(key);
  if (present === undefined) filed.set(key, item);
  else if (Array.isArray(present)) present.push(item);
  else filed.set(key, [present, item]);
}

/** Takes a thing out from under its key. */
export function unfile<K, T extends object>(filed: Filed<K, T>, key: K, item: T): void {
  const present = filed.get(key);
  const left = Array.isArray(present) ? present.filter((other) => other !== item) : [];
  if (left.length > 0) filed.set(key, left);
  else if (Array.isArray(present) || present === item) filed.delete(key);
}

/** The network of an address or range in text form, or null when it is neither. */
export function parseNetwork(text: string): Network | null {
  const v4 = plainV4(text);
  if (v4 >= 0) return { size: 4, length: 32, key: v4 };
  try {
    return networkOfRange(parseIpRange(text));
  } catch (error) {
    if (error instanceof IpRangeError) return null;
    throw error;
  }
}

/** Ranges come from CIDR text, so they are networks: the length follows from first and last address. */
export function networkOfRange(range: IpRange): Network {
  let length: number;
  if (range.size === 4) length = 32 - bitLength(range.end - range.start);
  else if (range.start === range.end) length = 128 - bitLength(range.endSuffix - range.startSuffix);
  else length = 64 - bitLength(range.end - range.start);
  return { size: range.size, length, key: maskedKey(range, length) };
}

function maskedKey(range: IpRange, length: number): number | string {
  if (range.size === 4) {
    const hosts = 2 ** (32 - length);
    return Math.floor(Number(range.start + signedMax) / hosts) * hosts;
  }
  return textKey(maskHigh(range.start + signedMax, Math.min(length, 64)), maskHigh(range.startSuffix + signedMax, Math.max(length - 64, 0)));
}

function textKey(high: bigint, low: bigint): string {
  return ((high << 64n) | low).toString(16).padStart(32, '0');
}

/** Whether the first address of a network, as its key, lies in a range. */
function withinBounds({ size, start, startSuffix, end, endSuffix }: IpRange): (key: number | string) => boolean {
  const [first, last] = size === 4 ? [Number(start + signedMax), Number(end + signedMax)]
    : [textKey(start + signedMax, startSuffix + signedMax), textKey(end + signedMax, endSuffix + signedMax)];
  return (key) => key >= first && key <= last;
}

/** The upper `bits` bits of 64. */
function maskHigh(value: bigint, bits: number): bigint {
  const hosts = BigInt(64 - bits);
  return (value >> hosts) << hosts;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
