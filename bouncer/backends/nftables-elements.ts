// Elements as an nf_tables set holds them: single addresses as they are, a range as its first address and, flagged, the
// one behind its last. At the top of the address space there is none behind, and the end is left out.

import { elementAction, elementFlag, type NftBatch, type NftElements } from '../../native/index.js';
import type { ElementList, HeldElements } from '../element-list.js';
import type { Family } from '../family.js';

/** Appends elements to a transaction; `nowMs` null leaves timeouts out. Returns the number of the first message. */
export function putElements(batch: NftBatch, family: Family, table: string, set: string, action: number,
  list: ElementList, nowMs: number | null): number {
  const timeouts = nowMs === null ? null : list.untilMs.map((untilMs) => timeoutOf(untilMs, nowMs));
  if (list.last === null) {
    return batch.putElements(family.protocol, table, set, action, list.count, family.keyBytes, list.first, timeouts);
  }
  const width = family.keyBytes;
  const keys = new Uint8Array(2 * list.count * width);
  const flags = new Uint8Array(2 * list.count);
  const ownTimeouts = new Float64Array(2 * list.count);
  let count = 0;
  for (let index = 0; index < list.count; index++) {
    keys.set(list.first.subarray(index * width, (index + 1) * width), count * width);
    ownTimeouts[count++] = timeouts?.[index] ?? 0;
    const end = list.last.slice(index * width, (index + 1) * width);
    if (!increment(end)) continue;
    keys.set(end, count * width);
    flags[count++] = elementFlag.intervalEnd;
  }
  return batch.putElements(family.protocol, table, set, action, count, width, keys, ownTimeouts, flags);
}

/** What a dump says, with ends as instants. */
export function readElements(family: Family, dumped: NftElements, isRange: boolean, nowMs: number): HeldElements {
  const untilMs = dumped.expiresMs.map((ms) => (ms < 0 ? Infinity : nowMs + ms));
  const sinceMs = dumped.timeoutsMs.map((ms, index) => (ms < 0 ? NaN : untilMs[index] - ms));
  if (!isRange) return { count: dumped.count, first: dumped.keys, last: null, untilMs, sinceMs };
  const width = family.keyBytes;
  const keyAt = (index: number): Buffer => Buffer.from(dumped.keys.subarray(index * width, (index + 1) * width));
  const isEnd = (index: number): boolean => (dumped.flags[index] & elementFlag.intervalEnd) !== 0;
  // In order, an end before a beginning at the same address.
  const order = Array.from({ length: dumped.count }, (_, index) => index)
    .sort((a, b) => Buffer.compare(keyAt(a), keyAt(b)) || Number(isEnd(b)) - Number(isEnd(a)));
  const starts = order.filter((index) => !isEnd(index));
  const first = new Uint8Array(starts.length * width);
  const last = new Uint8Array(starts.length * width).fill(0xff);
  let open = -1;
  for (const index of order) {
    if (isEnd(index)) {
      const end = keyAt(index);
      decrement(end);
      if (open >= 0) last.set(end, open * width);
    } else {
      first.set(keyAt(index), ++open * width);
    }
  }
  return { count: starts.length, first, last, untilMs: Float64Array.from(starts, (index) => untilMs[index]),
    sinceMs: Float64Array.from(starts, (index) => sinceMs[index]) };
}

/** The action that deletes: without an error for what is gone, where the kernel can. */
export function deleteAction(canDestroy: boolean): number {
  return canDestroy ? elementAction.destroy : elementAction.delete;
}

/** 0 means none to the kernel, so what is over ends at once instead of never. */
function timeoutOf(untilMs: number, nowMs: number): number {
  return untilMs === Infinity ? 0 : Math.max(1, untilMs - nowMs);
}

/** False when the address was the highest. */
function increment(bytes: Uint8Array): boolean {
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = (bytes[index] + 1) & 0xff;
    if (bytes[index] !== 0) return true;
  }
  return false;
}

function decrement(bytes: Uint8Array): void {
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = (bytes[index] - 1) & 0xff;
    if (bytes[index] !== 0xff) return;
  }
}
