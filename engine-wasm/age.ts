// Instants as seconds and nanoseconds, and when a bucket's life is over. All comparisons are exact.

import * as abi from './abi';
import { scenarioAt, stagedEventAt, recordOf, Slot, Staging } from './layout';

/** Seconds a mute is kept past its end: overflows that follow the time of a log may lag behind the clock that armed it. */
const muteGraceSeconds: f64 = 3600;

/** True when `seconds`.`nanos` is strictly later than `from` plus a span. */
// @ts-ignore: decorator
@inline export function isPast(seconds: f64, nanos: i32, fromSeconds: f64, fromNanos: i32, spanSeconds: f64,
  spanNanos: i32): bool {
  let endNanos = fromNanos + spanNanos;
  let endSeconds = fromSeconds + spanSeconds;
  if (endNanos >= 1000000000) {
    endNanos -= 1000000000;
    endSeconds += 1;
  }
  return seconds > endSeconds || (seconds == endSeconds && nanos > endNanos);
}

/** True when a live bucket's time is up at the batch's now: since its last pour, for timed ones since their first. */
export function isLiveEnded(staging: Staging, slot: Slot): bool {
  if ((slot.flags & (abi.slotTimeMachine | abi.slotStarted)) != abi.slotStarted) return false;
  const scenario = scenarioAt(slot.scenario);
  const isTimed = (scenario.flags & abi.flagTimed) != 0;
  return isPast(staging.nowSeconds, staging.nowNanos, isTimed ? slot.firstSeconds : slot.lastSeconds,
    isTimed ? slot.firstNanos : slot.lastNanos, scenario.lifeSeconds, scenario.lifeNanos);
}

/** True when a time-machine bucket's time is up at an instant of the log. */
export function isLogEnded(slot: Slot, seconds: f64, nanos: i32): bool {
  if ((slot.flags & abi.slotStarted) == 0) return false;
  const scenario = scenarioAt(slot.scenario);
  return isPast(seconds, nanos, slot.lastSeconds, slot.lastNanos, scenario.lifeSeconds, scenario.lifeNanos);
}

/** True when nothing is lost by forgetting this slot now. A timed live bucket never is: it still has to overflow. */
export function hasEnded(staging: Staging, slot: Slot): bool {
  if ((slot.flags & abi.slotTimeMachine) == 0) {
    if ((slot.flags & abi.slotMute) != 0) {
      return isPast(staging.nowSeconds, staging.nowNanos, slot.firstSeconds, slot.firstNanos, muteGraceSeconds, 0);
    }
    return (scenarioAt(slot.scenario).flags & abi.flagTimed) == 0 && isLiveEnded(staging, slot);
  }
  if (staging.record == 0) return false;
  const event = stagedEventAt(staging, recordOf(staging.record).event);
  if ((event.flags & abi.stagedTimed) == 0) return false;
  return (slot.flags & abi.slotMute) != 0
    ? isPast(event.seconds, event.nanos, slot.firstSeconds, slot.firstNanos, muteGraceSeconds, 0)
    : isLogEnded(slot, event.seconds, event.nanos);
}
