// Takes what must never be banned out of what is put into a set: for sets that only the administrator's rules look at,
// where no rule of ours lets it through before. Pure. Elsewhere the kernel decides, in a set of its own.

import { packRanges, type ElementList } from './element-list.js';
import { numberAt, writeNumber, type Family } from './family.js';
import type { CoveredRange } from './range-set.js';

/** Ranges of one family, disjoint and in order. */
export interface Spared {
  readonly family: Family;
  readonly ranges: readonly CoveredRange[];
  /** Their bounds in network order, first and last in turn. */
  readonly bounds: Uint8Array;
}

/** Prepares ranges, disjoint and in order. */
export function spared(family: Family, ranges: readonly CoveredRange[]): Spared {
  const bounds = new Uint8Array(2 * ranges.length * family.keyBytes);
  for (const [index, { first, last }] of ranges.entries()) {
    writeNumber(first, family, bounds, 2 * index * family.keyBytes);
    writeNumber(last, family, bounds, (2 * index + 1) * family.keyBytes);
  }
  return { family, ranges, bounds };
}

/** The elements without what is spared: addresses left out, ranges cut in pieces. Nothing to take out: the list itself. */
export function without(list: ElementList, what: Spared): ElementList {
  const { keyBytes } = what.family;
  const touched: number[] = [];
  const kept: number[] = [];
  for (let index = 0; index < list.count; index++) (isTouched(list, index, what) ? touched : kept).push(index);
  if (touched.length === 0) return list;
  const pieces = list.last === null ? [] : touched.flatMap((index) => piecesOf({ first: numberAt(list.first, index, keyBytes),
    last: numberAt(list.last!, index, keyBytes), untilMs: list.untilMs[index] }, what.ranges));
  const cut = packRanges(what.family, pieces);
  const taken = (bytes: Uint8Array, more: Uint8Array): Uint8Array =>
    Buffer.concat([...kept.map((index) => bytes.subarray(index * keyBytes, (index + 1) * keyBytes)), more]);
  return { count: kept.length + cut.count, first: taken(list.first, cut.first), last: list.last === null ? null : taken(list.last, cut.last!),
    untilMs: Float64Array.from([...kept.map((index) => list.untilMs[index]), ...cut.untilMs]) };
}

/** Whether a spared range meets an element: bytes are compared, so that a million elements cost little. */
function isTouched({ first, last }: ElementList, index: number, { family: { keyBytes }, ranges, bounds }: Spared): boolean {
  const at = index * keyBytes;
  for (let range = 0; range < ranges.length; range++) {
    const low = 2 * range * keyBytes;
    if (compare(first, at, bounds, low + keyBytes, keyBytes) <= 0 && compare(last ?? first, at, bounds, low, keyBytes) >= 0) return true;
  }
  return false;
}

function compare(a: Uint8Array, atA: number, b: Uint8Array, atB: number, length: number): number {
  for (let index = 0; index < length; index++) {
    const difference = a[atA + index] - b[atB + index];
    if (difference !== 0) return difference;
  }
  return 0;
}

function piecesOf({ first, last, untilMs }: CoveredRange, holes: readonly CoveredRange[]): CoveredRange[] {
  const pieces: CoveredRange[] = [];
  let from = first;
  for (const hole of holes) {
    if (hole.last < from || hole.first > last) continue;
    if (hole.first > from) pieces.push({ first: from, last: hole.first - 1n, untilMs });
    from = hole.last + 1n;
  }
  if (from <= last) pieces.push({ first: from, last, untilMs });
  return pieces;
}
