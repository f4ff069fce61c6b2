// Expiry without an event: after the records of a batch the hand of each shard walks on and empties slots whose time
// is up at the batch's now. Nobody could tell a bucket so emptied from one found expired by its next event.

import * as abi from './abi';
import { hasEnded } from './age';
import { shardAt, slotAt, Staging } from './layout';
import { bumpEnd, isBusy, nextOfHand, remove } from './table';

/** Seconds in which the hand goes round once, and how many slots it passes at most in a batch. */
const roundSeconds: f64 = 10;
const stepsMax: u32 = 4096;

/** Walks the hand as far as the time since the last batch asks. */
export function reapEnded(staging: Staging, shard: u32): void {
  const state = shardAt(shard);
  const elapsed = staging.nowSeconds - state.reapedSeconds;
  // A first batch, or a clock that went back, only sets the mark.
  if (elapsed < 0 || state.reapedSeconds == 0) state.reapedSeconds = staging.nowSeconds;
  if (elapsed < 1 || state.reapedSeconds == staging.nowSeconds) return;
  state.reapedSeconds = staging.nowSeconds;
  const due = u32(min(f64(state.slotsUsed) * min(elapsed / roundSeconds, 1) + 1, f64(stepsMax)));
  for (let i: u32 = 0; i < due && state.slotsUsed > 0; i++) {
    const address = nextOfHand(state, shard);
    const slot = slotAt(address);
    if (!isBusy(slot) || (slot.flags & abi.slotTimeMachine) != 0 || !hasEnded(staging, slot)) continue;
    bumpEnd(staging, slot, abi.statUnderflowed);
    remove(shard, address);
  }
}
