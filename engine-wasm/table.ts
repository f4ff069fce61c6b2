// The table of buckets: for each shard an open-addressed index of slot addresses, a fixed number of slots, and a list
// by age of the last pour. Only an index that is half full is made anew, twice as large: hashes touch every page of it, so
// one for a million buckets would cost its 16 MB from the start. Holders of the shard's turn only.

import * as abi from './abi';
import { hasEnded } from './age';
import { clearDistinct } from './distinct';
import { addressOf, bump, byteLength, header, indexEntriesMax, indexEntryAt, indexEntryBytes, isKeyOut, keyBytes, scenarioAt, shardAt, slabArenaBytes, slotAt,
  slotOfShard, Shard, Slot, Staging } from './layout';
import { clearQueue } from './queue';
import { allocate, release } from './slab';
import { unlinkTimed } from './counter';

/**
 * Buckets in a shard, and events in their queues, from which on each new bucket looks at some others for ended ones: a replay of
 * months would else keep the buckets of every address until the table is full. Below them the time of a log may go back as far
 * as it likes. Counts of the shard alone, so that any number of workers sweeps at the same pours.
 */
const sweepFrom: u32 = 2048;
const sweepFromQueued: u32 = 8192;
const sweepScan: u32 = 4;

/** Keys of mutes: this and the number of their scenario. */
export const muteBit: u32 = 0x80000000;

/** Slots looked at for an ended bucket before the least recently poured one is evicted. */
const evictScan: u32 = 32;

/** Returns the slot of a key, or 0. */
export function find(shard: u32, hash: u64, keyId: u32, keyAt: u32, keyLength: u32): u32 {
  const mask = shardAt(shard).indexMask;
  let position = u32(hash) & mask;
  let entry = indexEntryAt(shard, position);
  while (entry.slot != 0) {
    if (entry.tag == u32(hash) && isKey(slotAt(entry.slot), hash, keyId, keyAt, keyLength)) return entry.slot;
    position = (position + 1) & mask;
    entry = indexEntryAt(shard, position);
  }
  return 0;
}

/** Returns a new slot for a key not in the table, evicting another if none is free; 0 if the key finds no memory. */
export function insert(staging: Staging, shard: u32, scenario: u32, hash: u64, keyAt: u32, keyLength: u32): u32 {
  const state = shardAt(shard);
  if (state.slotsBusy >= sweepFrom || state.queued >= sweepFromQueued) sweep(staging, shard);
  if (state.slotsBusy > state.indexMask / 2 && state.indexMask + 1 < indexEntriesMax()) growIndex(state, shard);
  let address = takeSlot(state, shard);
  if (address == 0) {
    evict(staging, shard, 0);
    address = takeSlot(state, shard);
  }
  const slot = slotAt(address);
  memory.fill(address, 0, abi.slotBytes);
  slot.hash = hash;
  slot.scenario = u16(scenario);
  slot.flags = u16(abi.slotBusy);
  if (!keepKey(staging, shard, slot, keyAt, keyLength)) {
    slot.flags = 0;
    slot.newer = state.freeFirst;
    state.freeFirst = address;
    return 0;
  }
  state.slotsBusy += 1;
  addToIndex(shard, hash, address);
  linkNewest(state, slot);
  return address;
}

/** Ends a bucket or mute: its key is forgotten and its slot free. */
export function remove(shard: u32, address: u32): void {
  detach(shard, slotAt(address));
  free(shard, slotAt(address));
}

/** Takes a slot out of the table; what it holds can be read until `free`. */
export function detach(shard: u32, slot: Slot): void {
  const state = shardAt(shard);
  dropFromIndex(shard, slot.hash, addressOf(slot));
  unlinkAge(state, slot);
  unlinkTimed(shard, slot);
  slot.flags &= ~u16(abi.slotBusy);
  state.slotsBusy -= 1;
}

/** Empties a detached slot: its key, queue and distinct values go back to the allocator. */
export function free(shard: u32, slot: Slot): void {
  const state = shardAt(shard);
  clearQueue(shard, slot);
  clearDistinct(slot);
  if (isKeyOut(slot.keyLength)) release(slot.keyBlock);
  slot.flags = 0;
  slot.newer = state.freeFirst;
  state.freeFirst = addressOf(slot);
}

/** Whether a slot is in the table. */
// @ts-ignore: decorator
@inline export function isBusy(slot: Slot): bool { return (slot.flags & abi.slotBusy) != 0; }

/** Makes a slot the most recently poured one. */
export function touch(shard: u32, slot: Slot): void {
  const state = shardAt(shard);
  if (state.newest == addressOf(slot)) return;
  unlinkAge(state, slot);
  linkNewest(state, slot);
}

/**
 * Frees one slot but never `except`: an ended one if the hand meets it, else the least recently poured. False if there
 * is none.
 */
export function evict(staging: Staging, shard: u32, except: u32): bool {
  const state = shardAt(shard);
  for (let i: u32 = 0; i < evictScan && state.slotsUsed > 0; i++) {
    const address = nextOfHand(state, shard);
    const slot = slotAt(address);
    if (address == except || !isBusy(slot) || !hasEnded(staging, slot)) continue;
    bumpEnd(staging, slot, abi.statUnderflowed);
    remove(shard, address);
    return true;
  }
  let address = state.oldest;
  if (address == except && address != 0) address = slotAt(address).newer;
  if (address == 0) return false;
  bumpEnd(staging, slotAt(address), abi.statEvicted);
  remove(shard, address);
  return true;
}

/** Removes what the hand finds ended in its next steps. */
function sweep(staging: Staging, shard: u32): void {
  const state = shardAt(shard);
  for (let i: u32 = 0; i < sweepScan; i++) {
    const address = nextOfHand(state, shard);
    const slot = slotAt(address);
    if (!isBusy(slot) || !hasEnded(staging, slot)) continue;
    bumpEnd(staging, slot, abi.statUnderflowed);
    remove(shard, address);
  }
}

/** Counts the end of a bucket; a mute is not a bucket. */
export function bumpEnd(staging: Staging, slot: Slot, stat: u32): void {
  if ((slot.flags & abi.slotMute) != 0) return;
  bump(staging, slot.scenario, stat);
  bump(staging, slot.scenario, abi.statDestroyed);
}

/** Moves the shard's hand to the next slot ever used and returns its address. */
export function nextOfHand(state: Shard, shard: u32): u32 {
  state.hand = state.hand + 1 < state.slotsUsed ? state.hand + 1 : 0;
  return slotOfShard(shard, state.hand);
}

/** Allocates a block, evicting up to eight old buckets (not `except`) when the arena is full; 0 if that did not help. */
export function allocateOrEvict(staging: Staging, shard: u32, except: u32, bytes: u32): u32 {
  let block = allocate(bytes);
  for (let attempt = 0; block == 0 && attempt < 8 && bytes <= slabArenaBytes; attempt++) {
    if (!evict(staging, shard, except)) break;
    block = allocate(bytes);
  }
  return block;
}

function isKey(slot: Slot, hash: u64, keyId: u32, keyAt: u32, keyLength: u32): bool {
  return slot.hash == hash && keyIdOf(slot) == keyId && slot.keyLength == keyLength
    && memory.compare(keyBytes(slot), keyAt, byteLength(keyLength)) == 0;
}

/** A mute has a number of its own, so that it is not found where its bucket is looked for. */
function keyIdOf(slot: Slot): u32 {
  return (slot.flags & abi.slotMute) != 0 ? u32(slot.scenario) | muteBit : scenarioAt(slot.scenario).keyId;
}

function keepKey(staging: Staging, shard: u32, slot: Slot, keyAt: u32, keyLength: u32): bool {
  const bytes = byteLength(keyLength);
  slot.keyLength = keyLength;
  if (isKeyOut(keyLength)) {
    slot.keyBlock = allocateOrEvict(staging, shard, addressOf(slot), bytes);
    if (slot.keyBlock == 0) return false;
  }
  memory.copy(keyBytes(slot), keyAt, bytes);
  return true;
}

function takeSlot(state: Shard, shard: u32): u32 {
  const address = state.freeFirst;
  if (address != 0) {
    state.freeFirst = slotAt(address).newer;
    return address;
  }
  if (state.slotsUsed == header().slotsPerShard) return 0;
  state.slotsUsed += 1;
  return slotOfShard(shard, state.slotsUsed - 1);
}

/** Makes the index anew with twice the entries: a millisecond when it gets its last ones. */
function growIndex(state: Shard, shard: u32): void {
  state.indexMask = state.indexMask * 2 + 1;
  memory.fill(changetype<usize>(indexEntryAt(shard, 0)), 0, (state.indexMask + 1) * indexEntryBytes);
  for (let position: u32 = 0; position < state.slotsUsed; position++) {
    const slot = slotAt(slotOfShard(shard, position));
    if (isBusy(slot)) addToIndex(shard, slot.hash, addressOf(slot));
  }
}

function addToIndex(shard: u32, hash: u64, address: u32): void {
  const mask = shardAt(shard).indexMask;
  let position = u32(hash) & mask;
  while (indexEntryAt(shard, position).slot != 0) position = (position + 1) & mask;
  const entry = indexEntryAt(shard, position);
  entry.tag = u32(hash);
  entry.slot = address;
}

/** Removes an entry and moves back those behind it that would no longer be found. */
function dropFromIndex(shard: u32, hash: u64, address: u32): void {
  const mask = shardAt(shard).indexMask;
  let hole = u32(hash) & mask;
  while (indexEntryAt(shard, hole).slot != address) hole = (hole + 1) & mask;
  let position = hole;
  for (;;) {
    position = (position + 1) & mask;
    const entry = indexEntryAt(shard, position);
    if (entry.slot == 0) break;
    const home = entry.tag & mask;
    if (((position - home) & mask) < ((position - hole) & mask)) continue;
    const target = indexEntryAt(shard, hole);
    target.tag = entry.tag;
    target.slot = entry.slot;
    hole = position;
  }
  indexEntryAt(shard, hole).slot = 0;
}

function linkNewest(state: Shard, slot: Slot): void {
  const address = addressOf(slot);
  slot.older = state.newest;
  slot.newer = 0;
  if (state.newest != 0) slotAt(state.newest).newer = address;
  else state.oldest = address;
  state.newest = address;
}

function unlinkAge(state: Shard, slot: Slot): void {
  if (slot.older != 0) slotAt(slot.older).newer = slot.newer;
  else state.oldest = slot.newer;
  if (slot.newer != 0) slotAt(slot.newer).older = slot.older;
  else state.newest = slot.older;
}
