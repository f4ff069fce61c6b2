// What happens to a key without a bucket: a trigger overflows alone, and a blackhole mutes the key for a while after
// an overflow. A mute is a slot of its own, under the key number with its top bit set.

import * as abi from './abi';
import { isPast } from './age';
import { hashOf } from './hash';
import { byteLength, scenarioAt, slotAt, Staging } from './layout';
import { find, insert, muteBit, touch } from './table';

/** True when the key is muted at an instant. */
export function isMuted(shard: u32, scenario: u32, keyAt: u32, keyLength: u32, seconds: f64, nanos: i32): bool {
  if ((scenarioAt(scenario).flags & abi.flagMutes) == 0) return false;
  const keyId = scenario | muteBit;
  const address = find(shard, hashOf(keyId, keyAt, byteLength(keyLength)), keyId, keyAt, keyLength);
  if (address == 0) return false;
  const mute = slotAt(address);
  return isPast(mute.firstSeconds, mute.firstNanos, seconds, nanos, 0, 0);
}

/** Mutes a key from an overflow on, for the scenario's blackhole. The key may lie in the slot that overflowed. */
export function mute(staging: Staging, shard: u32, scenario: u32, keyAt: u32, keyLength: u32, seconds: f64, nanos: i32,
  timeMachine: bool): void {
  const rule = scenarioAt(scenario);
  if ((rule.flags & abi.flagMutes) == 0) return;
  const keyId = scenario | muteBit;
  const hash = hashOf(keyId, keyAt, byteLength(keyLength));
  let address = find(shard, hash, keyId, keyAt, keyLength);
  if (address != 0) touch(shard, slotAt(address));
  else address = insert(staging, shard, scenario, hash, keyAt, keyLength);
  if (address == 0) return;
  const slot = slotAt(address);
  slot.flags = u16(abi.slotBusy | abi.slotMute | (timeMachine ? abi.slotTimeMachine : 0));
  slot.firstSeconds = seconds + rule.muteSeconds;
  slot.firstNanos = nanos + rule.muteNanos;
  if (slot.firstNanos >= 1000000000) {
    slot.firstNanos -= 1000000000;
    slot.firstSeconds += 1;
  }
}
