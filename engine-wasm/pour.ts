// Pours the records of one batch and shard, in the order of the log. Overflows go to the ring (ring.ts); it stops where
// only the caller can decide: a condition, an overflow filter. The caller answers and the pour goes on where it stopped.

import * as abi from './abi';
import { isLiveEnded, isLogEnded } from './age';
import { endedTimed, linkTimed } from './counter';
import { isNew } from './distinct';
import { addressOf, bump, cursorOf, keyBytes, positionOf, recordAt, recordOf, scenarioAt, setCursorOf, slotAt, stagedBytes, stagedEventAt,
  stagingAt, PourRecord, Scenario, Slot, StagedEvent, Staging } from './layout';
import { takeToken } from './leaky';
import { countCut, keep } from './queue';
import { reapEnded } from './reap';
import { emptyRing, moveToRing, push } from './ring';
import { bumpEnd, find, insert, isBusy, remove, touch } from './table';
import { isMuted, mute } from './trigger';

/** Returns the next thing for the caller to decide, or abi.pourDone. `reply` answers what the call before returned. */
export function pourShard(worker: u32, shard: u32, reply: u32): u32 {
  const staging = stagingAt(worker);
  let code = reply == abi.replyNone ? abi.pourDone : resume(staging, shard, reply);
  while (code == abi.pourDone) {
    const record = cursorOf(staging, shard);
    if (record == 0) break;
    staging.record = record;
    setCursorOf(staging, shard, recordOf(record).next);
    code = pourRecord(staging, shard, recordOf(record));
  }
  if (code == abi.pourDone) {
    staging.record = 0;
    if ((staging.flags & abi.stagingReap) != 0) code = expire(staging, shard);
    if (code == abi.pourDone && staging.ringCount > 0) code = abi.pourRing;
  }
  staging.code = code;
  return code;
}

function pourRecord(staging: Staging, shard: u32, record: PourRecord): u32 {
  const rule = scenarioAt(record.scenario);
  const event = stagedEventAt(staging, record.event);
  if (rule.kind == abi.kindTrigger) return fire(staging, shard, record, event);
  let address = find(shard, record.hash, rule.keyId, stagedBytes(staging, record.keyAt), record.keyLength);
  if (address != 0) {
    const code = makeWay(staging, shard, slotAt(address), event);
    if (code != abi.pourDone) {
      // An expired bucket makes way for the event's own: the record is poured again after the answer.
      setCursorOf(staging, shard, changetype<u32>(record));
      return code;
    }
    if (!isBusy(slotAt(address))) address = 0;
  }
  if (address == 0) {
    address = create(staging, shard, record, rule, event);
    if (address == 0) return abi.pourDone;
  }
  return pourInto(staging, shard, slotAt(address), record, event);
}

/** Removes the bucket an event finds when its life was over before the event. */
function makeWay(staging: Staging, shard: u32, slot: Slot, event: StagedEvent): u32 {
  if ((slot.flags & abi.slotTimeMachine) != 0) {
    if ((event.flags & abi.stagedTimed) == 0 || !isLogEnded(slot, event.seconds, event.nanos)) return abi.pourDone;
  } else {
    if (!isLiveEnded(staging, slot)) return abi.pourDone;
    if ((scenarioAt(slot.scenario).flags & abi.flagTimed) != 0) return overflow(staging, shard, slot, abi.pourExpired);
  }
  bumpEnd(staging, slot, abi.statUnderflowed);
  remove(shard, addressOf(slot));
  return abi.pourDone;
}

function create(staging: Staging, shard: u32, record: PourRecord, rule: Scenario, event: StagedEvent): u32 {
  const address = insert(staging, shard, record.scenario, record.hash, stagedBytes(staging, record.keyAt), record.keyLength);
  if (address == 0) {
    bump(staging, record.scenario, abi.statEventsLost);
    return 0;
  }
  bump(staging, record.scenario, abi.statCreated);
  const slot = slotAt(address);
  if ((event.flags & abi.stagedTimeMachine) != 0) slot.flags |= u16(abi.slotTimeMachine);
  else if ((rule.flags & abi.flagTimed) != 0) linkTimed(shard, slot);
  return address;
}

/**
 * The hooks and the accounting of one event, in this order: distinct, cancel_on, time, limiter, queue, condition. They
 * are those of the rule that made the bucket, which another rule of the same name and filter may pour into.
 */
function pourInto(staging: Staging, shard: u32, slot: Slot, record: PourRecord, event: StagedEvent): u32 {
  const rule = scenarioAt(slot.scenario);
  const hooks = slot.scenario == record.scenario ? record : recordOfMaker(staging, slot, record);
  const flags = hooks == null ? 0 : hooks.flags;
  if (hooks != null && (flags & abi.recordDistinct) != 0
    && !isNew(staging, shard, slot, stagedBytes(staging, hooks.distinctAt), hooks.distinctLength)) return abi.pourDone;
  if ((flags & abi.recordCancel) != 0) {
    bumpEnd(staging, slot, abi.statCanceled);
    remove(shard, addressOf(slot));
    return abi.pourDone;
  }
  bump(staging, record.scenario, abi.statPoured);
  const timeMachine = (slot.flags & abi.slotTimeMachine) != 0;
  if (timeMachine && (event.flags & abi.stagedTimed) == 0) {
    bump(staging, record.scenario, abi.statUntimed);
    return abi.pourDone;
  }
  const isFull = account(staging, slot, rule, event, timeMachine);
  touch(shard, slot);
  if ((rule.flags & abi.flagQueueCapped) != 0) countCut(staging, slot, rule.queueMax);
  if (!keep(staging, shard, slot, event, rule.queueMax)) bump(staging, record.scenario, abi.statEventsLost);
  if (isFull) return overflow(staging, shard, slot, abi.pourOverflow);
  if ((rule.flags & abi.flagAsked) == 0) return abi.pourDone;
  staging.slot = addressOf(slot);
  return abi.pourAsk;
}

/** The same event's pour for the rule that made the bucket; null when that rule groups it elsewhere. */
function recordOfMaker(staging: Staging, slot: Slot, record: PourRecord): PourRecord | null {
  // The pours of one event stand side by side.
  const position = positionOf(staging, record);
  for (let at = position; at > 0 && recordAt(staging, at - 1).event == record.event; at--) {
    const other = recordAt(staging, at - 1);
    if (other.scenario == slot.scenario && other.hash == record.hash) return other;
  }
  for (let at = position + 1; at < staging.recordCount && recordAt(staging, at).event == record.event; at++) {
    const other = recordAt(staging, at);
    if (other.scenario == slot.scenario && other.hash == record.hash) return other;
  }
  return null;
}

/** Counts an accepted event and moves the bucket's times. Returns true when the limiter refuses it. */
function account(staging: Staging, slot: Slot, rule: Scenario, event: StagedEvent, timeMachine: bool): bool {
  const seconds = timeMachine ? event.seconds : staging.nowSeconds;
  const nanos = timeMachine ? event.nanos : staging.nowNanos;
  const offset = timeMachine ? i16(event.offset / 60) : 0;
  const isFirst = (slot.flags & abi.slotStarted) == 0;
  const isFull = (rule.flags & abi.flagLimited) != 0 && !takeToken(rule, slot, isFirst, seconds, nanos);
  slot.count += 1;
  slot.lastSeconds = seconds;
  slot.lastNanos = nanos;
  slot.lastOffset = offset;
  if (isFirst) {
    slot.flags |= u16(abi.slotStarted);
    slot.firstSeconds = seconds;
    slot.firstNanos = nanos;
    slot.firstOffset = offset;
  }
  return isFull;
}

/** Ends a bucket: silently when its key is muted, by asking the caller when a filter decides, else through the ring. */
function overflow(staging: Staging, shard: u32, slot: Slot, code: u32): u32 {
  const rule = scenarioAt(slot.scenario);
  const isExpiry = code == abi.pourExpired;
  const seconds = isExpiry ? endSeconds(slot, rule) : slot.lastSeconds;
  const nanos = isExpiry ? endNanos(slot, rule) : slot.lastNanos;
  bump(staging, slot.scenario, abi.statOverflowed);
  if (isMuted(shard, slot.scenario, keyBytes(slot), slot.keyLength, seconds, nanos)) {
    bump(staging, slot.scenario, abi.statMuted);
    bump(staging, slot.scenario, abi.statDestroyed);
    remove(shard, addressOf(slot));
    return abi.pourDone;
  }
  if ((rule.flags & abi.flagFiltered) != 0) {
    staging.slot = addressOf(slot);
    return code;
  }
  muteBucket(staging, shard, slot, isExpiry);
  bump(staging, slot.scenario, abi.statDestroyed);
  return moveToRing(staging, shard, slot, code);
}

/** A trigger: bucket, pour and overflow in one. */
function fire(staging: Staging, shard: u32, record: PourRecord, event: StagedEvent): u32 {
  bump(staging, record.scenario, abi.statCreated);
  bump(staging, record.scenario, abi.statOverflowed);
  bump(staging, record.scenario, abi.statDestroyed);
  const byLog = followsLog(event);
  if (isMuted(shard, record.scenario, stagedBytes(staging, record.keyAt), record.keyLength,
    byLog ? event.seconds : staging.nowSeconds, byLog ? event.nanos : staging.nowNanos)) {
    bump(staging, record.scenario, abi.statMuted);
    return abi.pourDone;
  }
  staging.slot = 0;
  if ((scenarioAt(record.scenario).flags & abi.flagFiltered) != 0) return abi.pourTrigger;
  muteTrigger(staging, shard, record);
  return push(staging, abi.pourTrigger, 0);
}

/** Does what the caller answered to the last code. */
function resume(staging: Staging, shard: u32, reply: u32): u32 {
  if (reply == abi.replyKeep) return abi.pourDone;
  if (reply == abi.replyTaken) {
    emptyRing(staging, shard);
    return abi.pourDone;
  }
  if (reply == abi.replyOverflow) return overflow(staging, shard, slotAt(staging.slot), abi.pourOverflow);
  if (staging.code == abi.pourTrigger) {
    if (reply == abi.replyCloseAndMute) muteTrigger(staging, shard, recordOf(staging.record));
    return abi.pourDone;
  }
  const slot = slotAt(staging.slot);
  if (reply == abi.replyCloseAndMute) muteBucket(staging, shard, slot, staging.code == abi.pourExpired);
  bump(staging, slot.scenario, abi.statDestroyed);
  remove(shard, staging.slot);
  return abi.pourDone;
}

function muteTrigger(staging: Staging, shard: u32, record: PourRecord): void {
  const event = stagedEventAt(staging, record.event);
  const byLog = followsLog(event);
  mute(staging, shard, record.scenario, stagedBytes(staging, record.keyAt), record.keyLength,
    byLog ? event.seconds : staging.nowSeconds, byLog ? event.nanos : staging.nowNanos, byLog);
}

function muteBucket(staging: Staging, shard: u32, slot: Slot, isExpiry: bool): void {
  const rule = scenarioAt(slot.scenario);
  // The youngest slot is not evicted: the mute may need a slot while this one still lends its key.
  touch(shard, slot);
  mute(staging, shard, slot.scenario, keyBytes(slot), slot.keyLength, isExpiry ? endSeconds(slot, rule) : slot.lastSeconds,
    isExpiry ? endNanos(slot, rule) : slot.lastNanos, (slot.flags & abi.slotTimeMachine) != 0);
}

/** Expires timed buckets one by one; when none is left, the hand walks on. */
function expire(staging: Staging, shard: u32): u32 {
  for (;;) {
    const address = endedTimed(staging, shard);
    if (address == 0) break;
    const code = overflow(staging, shard, slotAt(address), abi.pourExpired);
    if (code != abi.pourDone) return code;
  }
  reapEnded(staging, shard);
  return abi.pourDone;
}

// @ts-ignore: decorator
@inline function followsLog(event: StagedEvent): bool {
  return (event.flags & (abi.stagedTimed | abi.stagedTimeMachine)) == (abi.stagedTimed | abi.stagedTimeMachine);
}

// @ts-ignore: decorator
@inline function endSeconds(slot: Slot, rule: Scenario): f64 {
  return slot.firstSeconds + rule.lifeSeconds + (slot.firstNanos + rule.lifeNanos >= 1000000000 ? 1 : 0);
}

// @ts-ignore: decorator
@inline function endNanos(slot: Slot, rule: Scenario): i32 {
  const nanos = slot.firstNanos + rule.lifeNanos;
  return nanos >= 1000000000 ? nanos - 1000000000 : nanos;
}
