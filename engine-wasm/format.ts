// Lays out a fresh memory: where each area begins, and the two words of the empty areas that are not zero.

import * as abi from './abi';
import { header, indexEntryBytes, shardAt, sizeClassBytes, slabArenaBytes, slabBytes } from './layout';
import { sizeClassCount } from './slab';

/** Entries of a shard's index at first; it doubles with the buckets (table.ts). */
const indexEntriesFirst: u32 = 1024;

/** Writes the header and returns the address after the last area. With `write` false it only computes that. */
export function formatMemory(slotsPerShard: u32, slabCount: u32, scenarioCount: u32, workerCount: u32,
  write: bool): f64 {
  const shardsAt: u32 = 2048;
  const classesAt = shardsAt + abi.shardCount * abi.shardBytes;
  const slabsAt = classesAt + sizeClassCount * sizeClassBytes;
  const scenariosAt = slabsAt + slabCount * slabBytes;
  const stagingAt = roundUp(scenariosAt + scenarioCount * abi.scenarioBytes, 4096);
  const stagingBytes = roundUp(abi.stagingStatsAt + scenarioCount * (abi.statsBytes + 4), 4096);
  const indexAt = stagingAt + workerCount * stagingBytes;
  const slotsAt = indexAt + abi.shardCount * slotsPerShard * 2 * indexEntryBytes;
  const arenaAt = roundUp(slotsAt + abi.shardCount * slotsPerShard * abi.slotBytes, slabArenaBytes);
  // In float64, because the sum may pass 32 bits; the caller refuses what does.
  const endAt = f64(arenaAt) + f64(slabCount) * f64(slabArenaBytes);
  if (!write) return endAt;
  const head = header();
  head.magic = abi.magic;
  head.version = abi.layoutVersion;
  head.slotsPerShard = slotsPerShard;
  head.slabCount = slabCount;
  head.scenarioCount = scenarioCount;
  head.workerCount = workerCount;
  head.shardsAt = shardsAt;
  head.classesAt = classesAt;
  head.slabsAt = slabsAt;
  head.scenariosAt = scenariosAt;
  head.stagingAt = stagingAt;
  head.stagingBytes = stagingBytes;
  head.indexAt = indexAt;
  head.slotsAt = slotsAt;
  head.arenaAt = arenaAt;
  head.endAt = u32(endAt);
  for (let shard: u32 = 0; shard < u32(abi.shardCount); shard++) shardAt(shard).indexMask = min(indexEntriesFirst, slotsPerShard * 2) - 1;
  return endAt;
}

/** Sets the turn every shard waits for first. */
export function setTurns(turn: i32): void {
  for (let shard: u32 = 0; shard < u32(abi.shardCount); shard++) {
    atomic.store<i32>(changetype<usize>(shardAt(shard)), turn);
  }
}

function roundUp(value: u32, unit: u32): u32 {
  return ((value + unit - 1) / unit) * unit;
}
