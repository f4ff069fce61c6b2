// Sets of addresses as sorted intervals without overlap: united, lessened, written as networks. IPv4 counts in numbers,
// IPv6 in bigint; the sets know of neither, only of order and neighbours.

import { cidrsOf } from '../../ts/util/cidr.js';
import { ipFromBigInt, ipv4, type IpPrefix } from '../../ts/util/ip.js';

/** Inclusive bounds. */
export interface Interval<T> {
  readonly first: T;
  readonly last: T;
}

/** Addresses of both families. */
export interface AddressIntervals {
  readonly v4: readonly Interval<number>[];
  readonly v6: readonly Interval<bigint>[];
}

/** Numbers that have neighbours. */
interface Line<T> {
  readonly next: (value: T) => T;
  readonly previous: (value: T) => T;
}

const v4Line: Line<number> = { next: (value) => value + 1, previous: (value) => value - 1 };
const v6Line: Line<bigint> = { next: (value) => value + 1n, previous: (value) => value - 1n };

/** The interval of a network. */
export function intervalOf(prefix: IpPrefix): { readonly version: 4; readonly interval: Interval<number> }
  | { readonly version: 6; readonly interval: Interval<bigint> } {
  const { first, last } = prefix;
  return prefix.address.version === 4 ? { version: 4, interval: { first: first.w3, last: last.w3 } }
    : { version: 6, interval: { first: first.toBigInt(), last: last.toBigInt() } };
}

/** Sorted, each address once. With `joins`, neighbours become one interval. */
export function united({ v4, v6 }: AddressIntervals, joins: boolean): AddressIntervals {
  return { v4: unite(v4, joins, v4Line), v6: unite(v6, joins, v6Line) };
}

/** What of `from` is not in `taken`; both as `united` returns them. */
export function without(from: AddressIntervals, taken: AddressIntervals): AddressIntervals {
  return { v4: lessen(from.v4, taken.v4, v4Line), v6: lessen(from.v6, taken.v6, v6Line) };
}

/** The fewest networks for each interval: `1.2.3.4` for a single address, else `1.2.3.0/24`. */
export function* networksOf({ v4, v6 }: AddressIntervals): Generator<string> {
  // IPv4 makes up nearly all of a long list: plain numbers instead of bigint.
  for (const { first, last } of v4) {
    for (let from = first; from <= last;) {
      // The largest block that begins here: as many zero bits as `from` ends with, and no further than `last`.
      let size = from === 0 ? 2 ** 32 : (from & -from) >>> 0;
      while (size > last - from + 1) size /= 2;
      yield size === 1 ? ipv4(from).toString() : `${ipv4(from).toString()}/${32 - Math.log2(size)}`;
      from += size;
    }
  }
  for (const { first, last } of v6) {
    for (const network of cidrsOf(first, last, 128)) {
      const text = ipFromBigInt(network.first, 6).toString();
      yield network.bits === 128 ? text : `${text}/${network.bits}`;
    }
  }
}

function unite<T extends number | bigint>(intervals: readonly Interval<T>[], joins: boolean,
  line: Line<T>): Interval<T>[] {
  const sorted = [...intervals].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: { first: T; last: T }[] = [];
  for (const { first, last } of sorted) {
    const open = result.at(-1);
    if (open === undefined || first > (joins ? line.next(open.last) : open.last)) result.push({ first, last });
    else if (last > open.last) open.last = last;
  }
  return result;
}

function lessen<T extends number | bigint>(from: readonly Interval<T>[], taken: readonly Interval<T>[],
  line: Line<T>): Interval<T>[] {
  const result: Interval<T>[] = [];
  let at = 0;
  for (const { first, last } of from) {
    let begin = first;
    while (at < taken.length && taken[at].last < begin) at++;
    let isOver = false;
    // One that reaches beyond this interval may take from the next one too: `at` stays on it.
    for (let each = at; each < taken.length && taken[each].first <= last; each++) {
      if (taken[each].first > begin) result.push({ first: begin, last: line.previous(taken[each].first) });
      if (taken[each].last >= last) {
        isOver = true;
        break;
      }
      begin = line.next(taken[each].last);
    }
    if (!isOver) result.push({ first: begin, last });
  }
  return result;
}
