// The queue of a bucket: references to kept events, a list in the slot while it is short, then a ring in a block that
// doubles. An event is kept once, counted by how many queues (and staging areas) hold it.

import * as abi from './abi';
import { addressOf, bump, entryOf, keptAt, keptBytes, queueInline, setEntryOf, shardAt, stagedBytes, Slot,
  StagedEvent, Staging } from './layout';
import { release } from './slab';
import { allocateOrEvict } from './table';

/** Adds a staged event, dropping the oldest when `queueMax` are kept. False if the memory is full and it is lost. */
export function keep(staging: Staging, shard: u32, slot: Slot, event: StagedEvent, queueMax: u32): bool {
  const kept = keptOf(staging, shard, slot, event);
  if (kept == 0) return false;
  if (slot.queueLength >= queueMax) dropOldest(shard, slot);
  if (slot.queueLength == spaceOf(slot) && !grow(staging, shard, slot, queueMax)) return false;
  slot.queueLength += 1;
  shardAt(shard).queued += 1;
  setEntry(slot, slot.queueLength - 1, kept);
  atomic.add<i32>(kept, 1, abi.keptRefs);
  return true;
}

/** Drops all events of a bucket. */
export function clearQueue(shard: u32, slot: Slot): void {
  for (let i: u32 = 0; i < slot.queueLength; i++) unref(entry(slot, i));
  shardAt(shard).queued -= slot.queueLength;
  slot.queueLength = 0;
  if (isOut(slot)) release(slot.queueBlock);
  slot.flags &= ~u16(abi.slotQueueOut);
}

/** Lets go of a kept event; the last one to do so frees it. */
export function unref(kept: u32): void {
  if (atomic.sub<i32>(kept, 1, abi.keptRefs) == 1) release(kept);
}

/** Returns the kept form of a staged event, copied out of the staging area the first time. The area holds a reference. */
function keptOf(staging: Staging, shard: u32, slot: Slot, event: StagedEvent): u32 {
  if (event.kept != 0) return event.kept;
  const block = allocateOrEvict(staging, shard, addressOf(slot), abi.keptBytesAt + event.bytesLength);
  if (block == 0) return 0;
  const kept = keptAt(block);
  kept.refs = 1;
  kept.length = event.bytesLength;
  memory.copy(keptBytes(block), stagedBytes(staging, event.bytesAt), event.bytesLength);
  event.kept = block;
  return block;
}

// @ts-ignore: decorator
@inline function isOut(slot: Slot): bool { return (slot.flags & abi.slotQueueOut) != 0; }

function spaceOf(slot: Slot): u32 {
  return isOut(slot) ? slot.queueSpace : abi.slotQueueInlineCount;
}

/** The kept event at a place, counted from the oldest. */
function entry(slot: Slot, index: u32): u32 {
  return isOut(slot) ? entryOf(slot.queueBlock, (slot.queueHead + index) % slot.queueSpace) : entryOf(queueInline(slot), index);
}

function setEntry(slot: Slot, index: u32, kept: u32): void {
  if (isOut(slot)) setEntryOf(slot.queueBlock, (slot.queueHead + index) % slot.queueSpace, kept);
  else setEntryOf(queueInline(slot), index, kept);
}

function dropOldest(shard: u32, slot: Slot): void {
  unref(entry(slot, 0));
  shardAt(shard).queued -= 1;
  slot.queueLength -= 1;
  if (isOut(slot)) slot.queueHead = (slot.queueHead + 1) % slot.queueSpace;
  else for (let i: u32 = 0; i < slot.queueLength; i++) setEntry(slot, i, entry(slot, i + 1));
}

function grow(staging: Staging, shard: u32, slot: Slot, queueMax: u32): bool {
  const larger = min(spaceOf(slot) * 2, queueMax);
  const block = allocateOrEvict(staging, shard, addressOf(slot), larger * 4);
  if (block == 0) return false;
  for (let i: u32 = 0; i < slot.queueLength; i++) {
    setEntryOf(block, i, entry(slot, i));
  }
  if (isOut(slot)) release(slot.queueBlock);
  slot.flags |= u16(abi.slotQueueOut);
  slot.queueBlock = block;
  slot.queueSpace = larger;
  slot.queueHead = 0;
  return true;
}

/** Counts a queue that our own bound, not the rule's, keeps short. */
export function countCut(staging: Staging, slot: Slot, queueMax: u32): void {
  if (slot.queueLength >= queueMax) bump(staging, slot.scenario, abi.statQueueCut);
}
