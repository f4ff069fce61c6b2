// What the module exports: eight functions over one shared memory, for the loader ts/buckets/memory.ts. The caller
// checks arguments and words errors; here they are trusted. All state is in the memory, none in the instance.

import * as abi from './abi';
import { formatMemory, setTurns } from './format';
import { hashOf } from './hash';
import { byteLength, checkLayout, header, recordAt, scenarioAt, setCursorOf, setTailOf, shardAt, stagedBytes, stagedEventAt,
  stagingAt, tailOf } from './layout';
import { awaitTurnOf, passTurnOf } from './lock';
import { pourShard } from './pour';
import { unref } from './queue';
import { liveBlocks } from './slab';

checkLayout();

/** Returns the bytes a memory of this size needs. */
export function measure(slotsPerShard: u32, slabCount: u32, scenarioCount: u32, workerCount: u32): f64 {
  return formatMemory(slotsPerShard, slabCount, scenarioCount, workerCount, false);
}

/** Lays out a memory of zeros. `slotsPerShard` is a power of two and at least 2. */
export function format(slotsPerShard: u32, slabCount: u32, scenarioCount: u32, workerCount: u32, turn: i32): void {
  formatMemory(slotsPerShard, slabCount, scenarioCount, workerCount, true);
  setTurns(turn);
}

/** Hashes the staged records and chains them by shard, in their order. Returns the set of shards that have some. */
export function stage(worker: u32): u32 {
  const staging = stagingAt(worker);
  let shards: u32 = 0;
  for (let shard: u32 = 0; shard < u32(abi.shardCount); shard++) setCursorOf(staging, shard, 0);
  for (let i: u32 = 0; i < staging.recordCount; i++) {
    const record = recordAt(staging, i);
    record.hash = hashOf(scenarioAt(record.scenario).keyId, stagedBytes(staging, record.keyAt),
      byteLength(record.keyLength));
    record.next = 0;
    const shard = u32(record.hash >> 60);
    const address = changetype<u32>(record);
    if ((shards & (1 << shard)) == 0) setCursorOf(staging, shard, address);
    else store<u32>(tailOf(staging, shard), address, abi.recordNext);
    setTailOf(staging, shard, address);
    shards |= 1 << shard;
  }
  return shards;
}

/** Waits for a turn of a shard; see abi.turnCame. */
export function awaitTurn(shard: u32, turn: i32, timeoutMs: i32): i32 {
  return awaitTurnOf(shardAt(shard), turn, timeoutMs);
}

/** Ends the present turn of a shard. */
export function passTurn(shard: u32): void {
  passTurnOf(shardAt(shard));
}

/** Pours on; see pourShard. */
export function pour(worker: u32, shard: u32, reply: u32): u32 {
  return pourShard(worker, shard, reply);
}

/** Lets go of the staged events and empties the staging area. */
export function clear(worker: u32): void {
  const staging = stagingAt(worker);
  for (let i: u32 = 0; i < staging.eventCount; i++) {
    const event = stagedEventAt(staging, i);
    if (event.kept != 0) unref(event.kept);
    event.kept = 0;
  }
  staging.eventCount = 0;
  staging.recordCount = 0;
}

/** Returns the blocks in use, for tests: when all slots are free, none may be. */
export function blocksInUse(): u32 {
  return header().magic == abi.magic ? liveBlocks() : 0;
}
