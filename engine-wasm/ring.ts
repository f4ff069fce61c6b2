// The overflow ring of a worker: buckets that ran over and that no filter can call back wait here, out of the table, until
// the caller takes them all at once. It holds at most half a shard's slots, so the table always has one to give.

import * as abi from './abi';
import { addressOf, header, ringEntryAt, slotAt, Slot, Staging } from './layout';
import { detach, free } from './table';

/** Moves a bucket from the table into the ring. Returns abi.pourRing when that filled the ring, else abi.pourDone. */
export function moveToRing(staging: Staging, shard: u32, slot: Slot, code: u32): u32 {
  detach(shard, slot);
  return push(staging, code, addressOf(slot));
}

/** Adds an overflow without a bucket, or what `moveToRing` took out. The record is the one at hand. */
export function push(staging: Staging, code: u32, slot: u32): u32 {
  const entry = ringEntryAt(staging, staging.ringCount);
  entry.code = code;
  entry.slot = slot;
  entry.record = staging.record;
  staging.ringCount += 1;
  return staging.ringCount >= min(u32(abi.ringEntriesMax), header().slotsPerShard / 2) ? abi.pourRing : abi.pourDone;
}

/** Frees the slots of all overflows in the ring: the caller has read them. */
export function emptyRing(staging: Staging, shard: u32): void {
  for (let i: u32 = 0; i < staging.ringCount; i++) {
    const slot = ringEntryAt(staging, i).slot;
    if (slot != 0) free(shard, slotAt(slot));
  }
  staging.ringCount = 0;
}
