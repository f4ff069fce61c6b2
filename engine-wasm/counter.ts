// Buckets with a `duration` (counters above all): live ones overflow when it has passed since their first event. For
// each scenario and shard a list in order of creation, so the head is the next to end.

import { isLiveEnded } from './age';
import { addressOf, header, scenarioAt, slotAt, timedListOf, Slot, Staging } from './layout';

/** Adds a live bucket of a timed scenario to its list. */
export function linkTimed(shard: u32, slot: Slot): void {
  const list = timedListOf(scenarioAt(slot.scenario), shard);
  slot.timedOlder = list.newest;
  if (list.newest != 0) slotAt(list.newest).timedNewer = addressOf(slot);
  else list.oldest = addressOf(slot);
  list.newest = addressOf(slot);
}

/** Takes a bucket out of its list, if it is in one. */
export function unlinkTimed(shard: u32, slot: Slot): void {
  const list = timedListOf(scenarioAt(slot.scenario), shard);
  if (list.oldest != addressOf(slot) && slot.timedOlder == 0) return;
  if (slot.timedOlder != 0) slotAt(slot.timedOlder).timedNewer = slot.timedNewer;
  else list.oldest = slot.timedNewer;
  if (slot.timedNewer != 0) slotAt(slot.timedNewer).timedOlder = slot.timedOlder;
  else list.newest = slot.timedOlder;
}

/** Returns a timed bucket of the shard whose end has come, or 0. */
export function endedTimed(staging: Staging, shard: u32): u32 {
  let number = header().timedFirst;
  while (number != 0) {
    const scenario = scenarioAt(number - 1);
    const oldest = timedListOf(scenario, shard).oldest;
    if (oldest != 0 && isLiveEnded(staging, slotAt(oldest))) return oldest;
    number = scenario.timedNext;
  }
  return 0;
}
