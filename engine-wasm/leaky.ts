// The limiter of a leaky bucket: tokens refill at 1/leakspeed a second in float64, up to the capacity.

import { Scenario, Slot } from './layout';

/**
 * Takes one token at an instant. Returns false, leaving all as it was, when that would mean waiting a nanosecond or
 * more.
 */
export function takeToken(scenario: Scenario, slot: Slot, isFirst: bool, seconds: f64, nanos: i32): bool {
  const tokens = (isFirst ? scenario.burst : refilled(scenario, slot, seconds, nanos)) - 1;
  // A wait below 1 ns is no wait: the duration is cut to whole nanoseconds.
  if (tokens < 0 && (-tokens / scenario.rate) * 1e9 >= 1) return false;
  slot.tokens = tokens;
  return true;
}

/** The limiter's clock is the bucket's last pour; in a log out of order that may lie later, then nothing refills. */
function refilled(scenario: Scenario, slot: Slot, seconds: f64, nanos: i32): f64 {
  let wholeSeconds = seconds - slot.lastSeconds;
  let restNanos = nanos - slot.lastNanos;
  if (restNanos < 0) {
    restNanos += 1000000000;
    wholeSeconds -= 1;
  }
  if (wholeSeconds < 0) return min(slot.tokens, scenario.burst);
  return min(slot.tokens + (wholeSeconds + f64(restNanos) / 1e9) * scenario.rate, scenario.burst);
}
