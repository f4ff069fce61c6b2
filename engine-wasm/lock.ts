// The two locks of the shared memory. A turn orders the workers at a shard (whose batch pours next); a lock guards
// a size class of the allocator for a few instructions. Both spin shortly, then sleep in the kernel.

import * as abi from './abi';
import { header, Shard } from './layout';

const turnSpins: i32 = 200;
const lockSpins: i32 = 100;
/** A lock is held for a few instructions; a wake-up that goes astray costs a millisecond. */
const lockWaitNs: i64 = 1000000;

// No wait stands in a loop whose next round must be woken: V8's baseline compiler (Node 20) goes astray at the second
// wait of a loop, which then only its timeout ends. A turn is waited for once a call, and the caller calls again.

/** Waits for a change of the shard's turn. Returns abi.turnCame, turnStopped, or turnTimedOut for "call again". */
export function awaitTurnOf(shard: Shard, turn: i32, timeoutMs: i32): i32 {
  const address = changetype<usize>(shard);
  for (let spin = 0; spin < turnSpins; spin++) {
    if (atomic.load<i32>(address, abi.shardTurn) == turn) return abi.turnCame;
  }
  // Counted before the value is read again: whoever passes the turn after that sees the waiter and wakes it.
  atomic.add<i32>(address, 1, abi.shardWaiters);
  let result: i32 = abi.turnCame;
  const seen = atomic.load<i32>(address, abi.shardTurn);
  if (seen != turn) {
    if (atomic.load<i32>(abi.headerAt, abi.headerStopped) != 0) result = abi.turnStopped;
    else {
      atomic.wait<i32>(address + abi.shardTurn, seen, i64(timeoutMs) * 1000000);
      result = atomic.load<i32>(address, abi.shardTurn) == turn ? abi.turnCame : abi.turnTimedOut;
    }
  }
  atomic.sub<i32>(address, 1, abi.shardWaiters);
  return result;
}

/** Gives the turn to the next one in order. */
export function passTurnOf(shard: Shard): void {
  const address = changetype<usize>(shard);
  atomic.add<i32>(address, 1, abi.shardTurn);
  if (atomic.load<i32>(address, abi.shardWaiters) > 0) atomic.notify(address + abi.shardTurn, -1);
}

/** Takes a lock word: 0 free, 1 taken, 2 taken and somebody sleeps. */
export function lock(address: usize): void {
  for (let spin = 0; spin < lockSpins; spin++) {
    if (atomic.cmpxchg<i32>(address, 0, 1) == 0) return;
  }
  while (atomic.xchg<i32>(address, 2) != 0) atomic.wait<i32>(address, 2, lockWaitNs);
}

/** Frees a lock word and wakes one sleeper. */
export function unlock(address: usize): void {
  if (atomic.xchg<i32>(address, 0) == 2) atomic.notify(address, 1);
}
