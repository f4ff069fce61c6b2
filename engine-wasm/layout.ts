// Every struct of the shared memory, drawn and typed. Algorithms use these fields and the small functions below and
// never compute an address themselves. The classes are unmanaged: no header, no heap, a pointer is an address.

import * as abi from './abi';

// Header, at abi.headerAt. Written once by format(), read by all.
//  0        4        8              12         16             20           24        28
//  |magic   |version |slotsPerShard |slabCount |scenarioCount |workerCount |stopped  |timedFirst |
//  32                                              48         52           56        60
//  |seed0 (u64)               |seed1 (u64)         |shardsAt  |classesAt   |slabsAt  |scenariosAt|
//  64         68       72       76       80        84                 88        92        96
//  |stagingAt |indexAt |slotsAt |arenaAt |endAt    |distinctValuesMax |poolLock |poolFree |poolUsed  |
//  100
//  |stagingBytes|
@unmanaged
export class Header {
  magic: u32;
  version: u32;
  slotsPerShard: u32;
  slabCount: u32;
  scenarioCount: u32;
  workerCount: u32;
  stopped: i32;
  timedFirst: u32;
  seed0: u64;
  seed1: u64;
  shardsAt: u32;
  classesAt: u32;
  slabsAt: u32;
  scenariosAt: u32;
  stagingAt: u32;
  indexAt: u32;
  slotsAt: u32;
  arenaAt: u32;
  endAt: u32;
  distinctValuesMax: u32;
  poolLock: i32;
  poolFree: u32;
  poolUsed: u32;
  stagingBytes: u32;
}

// Shard: its turn, its free slots and its buckets by age. Only the holder of the turn touches it.
//  0      4        8          12         16      20      24    28         32
//  |turn  |waiters |freeFirst |slotsUsed |oldest |newest |hand |slotsBusy |reapedSeconds (f64) |
//  40
//  |indexMask |queued | … 128
@unmanaged
export class Shard {
  turn: i32;
  waiters: i32;
  freeFirst: u32;
  slotsUsed: u32;
  oldest: u32;
  newest: u32;
  hand: u32;
  slotsBusy: u32;
  reapedSeconds: f64;
  indexMask: u32;
  /** Places taken in the queues of its slots. */
  queued: u32;
}

// Scenario: what the accounting must know of a rule, then one list of timed buckets for each shard.
//  0     4      8      12        16           24         32                40         44
//  |kind |flags |keyId |queueMax |burst (f64) |rate (f64)|lifeSeconds (f64)|lifeNanos |timedNext|
//  48                56         60       64
//  |muteSeconds (f64)|muteNanos |(spare) |{oldest, newest} of shard 0 … 15 | 192
@unmanaged
export class Scenario {
  kind: u32;
  flags: u32;
  keyId: u32;
  queueMax: u32;
  burst: f64;
  rate: f64;
  lifeSeconds: f64;
  lifeNanos: i32;
  timedNext: u32;
  muteSeconds: f64;
  muteNanos: i32;
}

// Two ends of a doubly linked list of slots.
//  0       4
//  |oldest |newest |
@unmanaged
export class SlotList {
  oldest: u32;
  newest: u32;
}

// Slot: one bucket, or one mute (flags say which). A million of them: two lines of the cache, no byte to spare.
//  0               8         10     12         16     20     24
//  |hash (u64)     |scenario |flags |keyLength |older |newer |tokens (f64) |
//  32                  40          44           46          48                 56         60
//  |firstSeconds (f64) |firstNanos |firstOffset |lastOffset |lastSeconds (f64) |lastNanos |count |
//  64           68             72             76             80          84          88
//  |queueLength |distinctBlock |distinctCount |distinctSpace |timedOlder |timedNewer |latches (u64) |
//  96                                              112                         128
//  |4 queue entries (u32), or (abi.slotQueueOut)   |16 bytes of key, or of a longer one
//  |queueBlock |queueSpace |queueHead |            |keyBlock |
@unmanaged
export class Slot {
  hash: u64;
  scenario: u16;
  flags: u16;
  keyLength: u32;
  older: u32;
  newer: u32;
  tokens: f64;
  firstSeconds: f64;
  firstNanos: i32;
  /** Minutes east of UTC, as all offsets of a slot. */
  firstOffset: i16;
  lastOffset: i16;
  lastSeconds: f64;
  lastNanos: i32;
  count: u32;
  queueLength: u32;
  distinctBlock: u32;
  distinctCount: u32;
  distinctSpace: u32;
  timedOlder: u32;
  timedNewer: u32;
  latches: u64;
  queueBlock: u32;
  queueSpace: u32;
  queueHead: u32;
  queueFourth: u32;
  keyBlock: u32;
}

// One entry of a shard's open-addressed index, of which indexMask + 1 are in use. Slot 0 means empty.
//  0               4
//  |low hash bits  |slot address |
@unmanaged
export class IndexEntry {
  tag: u32;
  slot: u32;
}

// Size class of the slab allocator.
//  0      4
//  |lock  |first slab with room (number + 1) | … 64
@unmanaged
export class SizeClass {
  lock: i32;
  partialFirst: u32;
}

// Slab: 256 KiB of blocks of one size class. Guarded by the lock of its class, by poolLock while it has none.
//  0          4     8          12      16    20
//  |sizeClass |live |freeFirst |unused |next |previous | … 32
@unmanaged
export class Slab {
  sizeClass: u32;
  live: u32;
  freeFirst: u32;
  /** Offset of the part no block was ever cut from. */
  unused: u32;
  next: u32;
  previous: u32;
}

// Kept event: bytes that only the callers understand, shared by all buckets that hold it.
//  0     4       8
//  |refs |length |bytes …
@unmanaged
export class KeptEvent {
  refs: i32;
  length: u32;
}

// One distinct value of a bucket, in a chain of its hash table.
//  0     4     8       12
//  |next |hash |length |bytes …
@unmanaged
export class DistinctValue {
  next: u32;
  hash: u32;
  length: u32;
}

// Head of a worker's staging area; cursors and tails are one record address for each shard.
//  0            4           8               16        20     24      28    32          36    40
//  |recordCount |eventCount |nowSeconds(f64)|nowNanos |flags |record |slot |dirtyCount |code |ringCount | … 64
//  |16 cursors | 128 |16 tails | 192 … 256 records … events … bytes … ring … texts (abi.ts) … stats … dirty list
@unmanaged
export class Staging {
  recordCount: u32;
  eventCount: u32;
  nowSeconds: f64;
  nowNanos: i32;
  flags: u32;
  record: u32;
  slot: u32;
  dirtyCount: u32;
  code: u32;
  ringCount: u32;
}

// One overflow that waits for the caller: what happened, the bucket's slot (0: a trigger), the pour that caused it (or 0).
//  0     4     8
//  |code |slot |record | … 16
@unmanaged
export class RingEntry {
  code: u32;
  slot: u32;
  record: u32;
}

// One pour: a staged event into the bucket of a key.
//  0         4      8      12         16          20              24     28    32
//  |scenario |event |keyAt |keyLength |distinctAt |distinctLength |flags |next |hash (u64) | … 48
@unmanaged
export class PourRecord {
  scenario: u32;
  event: u32;
  keyAt: u32;
  keyLength: u32;
  distinctAt: u32;
  distinctLength: u32;
  flags: u32;
  next: u32;
  hash: u64;
}

// One event of the batch, encoded once, kept once.
//  0              8      12      16     20       24           28
//  |seconds (f64) |nanos |offset |flags |bytesAt |bytesLength |kept |
@unmanaged
export class StagedEvent {
  seconds: f64;
  nanos: i32;
  offset: i32;
  flags: u32;
  bytesAt: u32;
  bytesLength: u32;
  kept: u32;
}

export const sizeClassBytes: u32 = 64;
export const slabBytes: u32 = 32;
export const slabArenaBytes: u32 = 1 << 18;
export const indexEntryBytes: u32 = 8;

// @ts-ignore: decorator
@inline export function header(): Header { return changetype<Header>(abi.headerAt); }
// @ts-ignore: decorator
@inline export function shardAt(shard: u32): Shard {
  return changetype<Shard>(header().shardsAt + shard * abi.shardBytes);
}
// @ts-ignore: decorator
@inline export function scenarioAt(scenario: u32): Scenario {
  return changetype<Scenario>(header().scenariosAt + scenario * abi.scenarioBytes);
}
// @ts-ignore: decorator
@inline export function timedListOf(scenario: Scenario, shard: u32): SlotList {
  return changetype<SlotList>(changetype<u32>(scenario) + 64 + shard * 8);
}
// @ts-ignore: decorator
@inline export function slotAt(address: u32): Slot { return changetype<Slot>(address); }
// @ts-ignore: decorator
@inline export function addressOf(slot: Slot): u32 { return changetype<u32>(slot); }
// @ts-ignore: decorator
@inline export function slotOfShard(shard: u32, position: u32): u32 {
  return header().slotsAt + (shard * header().slotsPerShard + position) * abi.slotBytes;
}
// @ts-ignore: decorator
@inline export function indexEntriesMax(): u32 { return header().slotsPerShard * 2; }
// @ts-ignore: decorator
@inline export function indexEntryAt(shard: u32, position: u32): IndexEntry {
  return changetype<IndexEntry>(header().indexAt + (shard * indexEntriesMax() + position) * indexEntryBytes);
}
// @ts-ignore: decorator
@inline export function sizeClassAt(sizeClass: u32): SizeClass {
  return changetype<SizeClass>(header().classesAt + sizeClass * sizeClassBytes);
}
// @ts-ignore: decorator
@inline export function slabAt(slab: u32): Slab { return changetype<Slab>(header().slabsAt + slab * slabBytes); }
// @ts-ignore: decorator
@inline export function slabArenaAt(slab: u32): u32 { return header().arenaAt + slab * slabArenaBytes; }
// @ts-ignore: decorator
@inline export function slabOfBlock(block: u32): u32 { return (block - header().arenaAt) / slabArenaBytes; }
// @ts-ignore: decorator
@inline export function keptAt(block: u32): KeptEvent { return changetype<KeptEvent>(block); }
// @ts-ignore: decorator
@inline export function keptBytes(block: u32): u32 { return block + abi.keptBytesAt; }
// @ts-ignore: decorator
@inline export function distinctAt(block: u32): DistinctValue { return changetype<DistinctValue>(block); }
// @ts-ignore: decorator
@inline export function distinctBytes(block: u32): u32 { return block + 12; }
// @ts-ignore: decorator
@inline export function entryOf(block: u32, position: u32): u32 { return load<u32>(block + position * 4); }
// @ts-ignore: decorator
@inline export function setEntryOf(block: u32, position: u32, value: u32): void {
  store<u32>(block + position * 4, value);
}
// @ts-ignore: decorator
@inline export function queueInline(slot: Slot): u32 { return addressOf(slot) + abi.slotQueueInline; }
// @ts-ignore: decorator
@inline export function keyBytes(slot: Slot): u32 {
  return isKeyOut(slot.keyLength) ? slot.keyBlock : addressOf(slot) + abi.slotKeyInline;
}
/** Whether a key of this length lies in a block of its own. */
// @ts-ignore: decorator
@inline export function isKeyOut(keyLength: u32): bool { return byteLength(keyLength) > u32(abi.slotKeyInlineBytes); }
/** Bytes of a key or distinct value, whose length carries the width of its letters. */
// @ts-ignore: decorator
@inline export function byteLength(length: u32): u32 { return length & (abi.textWide - 1); }
// @ts-ignore: decorator
@inline export function stagingAt(worker: u32): Staging {
  return changetype<Staging>(header().stagingAt + worker * header().stagingBytes);
}
// @ts-ignore: decorator
@inline export function recordAt(staging: Staging, record: u32): PourRecord {
  return changetype<PourRecord>(changetype<u32>(staging) + abi.stagingRecordsAt + record * abi.recordBytes);
}
// @ts-ignore: decorator
@inline export function recordOf(address: u32): PourRecord { return changetype<PourRecord>(address); }
// @ts-ignore: decorator
@inline export function positionOf(staging: Staging, record: PourRecord): u32 {
  return (changetype<u32>(record) - changetype<u32>(staging) - abi.stagingRecordsAt) / abi.recordBytes;
}
// @ts-ignore: decorator
@inline export function stagedEventAt(staging: Staging, event: u32): StagedEvent {
  return changetype<StagedEvent>(changetype<u32>(staging) + abi.stagingEventsAt + event * abi.stagedEventBytes);
}
// @ts-ignore: decorator
@inline export function cursorOf(staging: Staging, shard: u32): u32 {
  return load<u32>(changetype<u32>(staging) + shard * 4, abi.stagingCursors);
}
// @ts-ignore: decorator
@inline export function setCursorOf(staging: Staging, shard: u32, record: u32): void {
  store<u32>(changetype<u32>(staging) + shard * 4, record, abi.stagingCursors);
}
// @ts-ignore: decorator
@inline export function tailOf(staging: Staging, shard: u32): u32 {
  return load<u32>(changetype<u32>(staging) + shard * 4, abi.stagingTails);
}
// @ts-ignore: decorator
@inline export function setTailOf(staging: Staging, shard: u32, record: u32): void {
  store<u32>(changetype<u32>(staging) + shard * 4, record, abi.stagingTails);
}

// @ts-ignore: decorator
@inline export function ringEntryAt(staging: Staging, position: u32): RingEntry {
  return changetype<RingEntry>(changetype<u32>(staging) + abi.stagingRingAt + position * abi.ringEntryBytes);
}
// @ts-ignore: decorator
@inline export function stagedBytes(staging: Staging, at: u32): u32 {
  return changetype<u32>(staging) + abi.stagingBytesAt + at;
}

/** Adds one to a count of the worker's statistics and notes the scenario as touched. */
export function bump(staging: Staging, scenario: u32, stat: u32): void {
  const stats = changetype<u32>(staging) + abi.stagingStatsAt + scenario * abi.statsBytes;
  store<u32>(stats + stat * 4, load<u32>(stats + stat * 4) + 1);
  if (load<u32>(stats, abi.statDirty * 4) != 0) return;
  store<u32>(stats, 1, abi.statDirty * 4);
  const dirty = changetype<u32>(staging) + abi.stagingStatsAt + header().scenarioCount * abi.statsBytes;
  store<u32>(dirty + staging.dirtyCount * 4, scenario);
  staging.dirtyCount += 1;
}

/** Fails the build when abi.ts and the structs part ways. */
export function checkLayout(): void {
  if (offsetof<Header>('stagingBytes') != abi.headerStagingBytes) ERROR('Header');
  if (offsetof<Header>('shardsAt') != abi.headerShardsAt) ERROR('Header');
  if (offsetof<Shard>('slotsBusy') != abi.shardSlotsBusy) ERROR('Shard');
  if (offsetof<Scenario>('muteNanos') != abi.scenarioMuteNanos) ERROR('Scenario');
  if (offsetof<Scenario>('timedNext') != abi.scenarioTimedNext) ERROR('Scenario');
  if (offsetof<Slot>('latches') != abi.slotLatches) ERROR('Slot');
  if (offsetof<Slot>('queueLength') != abi.slotQueueLength) ERROR('Slot');
  if (offsetof<Slot>('firstSeconds') != abi.slotFirstSeconds) ERROR('Slot');
  if (offsetof<Slot>('lastOffset') != abi.slotLastOffset) ERROR('Slot');
  if (offsetof<Slot>('queueBlock') != abi.slotQueueInline) ERROR('Slot');
  if (offsetof<Slot>('queueHead') != abi.slotQueueHead) ERROR('Slot');
  if (offsetof<Slot>('keyBlock') != abi.slotKeyInline) ERROR('Slot');
  if (offsetof<Staging>('dirtyCount') != abi.stagingDirtyCount) ERROR('Staging');
  if (offsetof<Staging>('ringCount') != abi.stagingRingCount) ERROR('Staging');
  if (offsetof<RingEntry>('record') != abi.ringRecord) ERROR('RingEntry');
  if (offsetof<PourRecord>('hash') != abi.recordHash) ERROR('PourRecord');
  if (offsetof<StagedEvent>('kept') != abi.stagedKept) ERROR('StagedEvent');
}
