// The values a bucket with `distinct` has seen: a list while they are few (distinctSpace 0), then a chained hash table in
// blocks. Values are compared in full.

import * as abi from './abi';
import { hashOf } from './hash';
import { addressOf, bump, byteLength, distinctAt, distinctBytes, entryOf, header, setEntryOf, Slot, Staging }
  from './layout';
import { release } from './slab';
import { allocateOrEvict } from './table';

const listMax: u32 = 4;
const chainsFirst: u32 = 8;
/** What one block can hold; with limits.distinctValuesMax values a chain is about three long then. */
const chainsMax: u32 = 1 << 15;

/** Remembers a value. Returns false if this bucket has seen it before. A value that finds no room counts as new. */
export function isNew(staging: Staging, shard: u32, slot: Slot, at: u32, length: u32): bool {
  const hash = u32(hashOf(length, at, byteLength(length)));
  if (isKnown(slot, hash, at, length)) return false;
  if (slot.distinctCount >= header().distinctValuesMax || !add(staging, shard, slot, hash, at, length)) {
    bump(staging, slot.scenario, abi.statDistinctFull);
  }
  return true;
}

/** Forgets all values of a bucket. */
export function clearDistinct(slot: Slot): void {
  for (let chain: u32 = 0; chain < chainsOf(slot); chain++) {
    let block = firstOf(slot, chain);
    while (block != 0) {
      const next = distinctAt(block).next;
      release(block);
      block = next;
    }
  }
  if (slot.distinctSpace != 0) release(slot.distinctBlock);
  slot.distinctBlock = 0;
  slot.distinctSpace = 0;
}

function isKnown(slot: Slot, hash: u32, at: u32, length: u32): bool {
  let block = firstOf(slot, hash & (chainsOf(slot) - 1));
  while (block != 0) {
    const value = distinctAt(block);
    if (value.hash == hash && value.length == length
      && memory.compare(distinctBytes(block), at, byteLength(length)) == 0) return true;
    block = value.next;
  }
  return false;
}

function add(staging: Staging, shard: u32, slot: Slot, hash: u32, at: u32, length: u32): bool {
  const space = slot.distinctSpace;
  if (slot.distinctCount >= max(space * 2, listMax) && space < chainsMax
    && !resize(staging, shard, slot, max(space * 2, chainsFirst))) return false;
  const block = allocateOrEvict(staging, shard, addressOf(slot), 12 + byteLength(length));
  if (block == 0) return false;
  const value = distinctAt(block);
  const chain = hash & (chainsOf(slot) - 1);
  value.next = firstOf(slot, chain);
  value.hash = hash;
  value.length = length;
  memory.copy(distinctBytes(block), at, byteLength(length));
  if (slot.distinctSpace == 0) slot.distinctBlock = block;
  else setEntryOf(slot.distinctBlock, chain, block);
  slot.distinctCount += 1;
  return true;
}

function resize(staging: Staging, shard: u32, slot: Slot, chains: u32): bool {
  const table = allocateOrEvict(staging, shard, addressOf(slot), chains * 4);
  if (table == 0) return false;
  memory.fill(table, 0, chains * 4);
  for (let chain: u32 = 0; chain < chainsOf(slot); chain++) {
    let block = firstOf(slot, chain);
    while (block != 0) {
      const value = distinctAt(block);
      const next = value.next;
      const to = value.hash & (chains - 1);
      value.next = entryOf(table, to);
      setEntryOf(table, to, block);
      block = next;
    }
  }
  if (slot.distinctSpace != 0) release(slot.distinctBlock);
  slot.distinctBlock = table;
  slot.distinctSpace = chains;
  return true;
}

/** A list is one chain. */
function chainsOf(slot: Slot): u32 {
  return max(slot.distinctSpace, 1);
}

function firstOf(slot: Slot, chain: u32): u32 {
  return slot.distinctSpace == 0 ? slot.distinctBlock : entryOf(slot.distinctBlock, chain);
}
