// How ban times grow for those who come back. Pure: what came before and the chance of the jitter are handed in.
// The simple version: duration × factor^(bans before), at most the maximum, plus a little by chance.

import type { Escalation } from '../config/protection.js';

/**
 * Nanoseconds of a ban that the profile wants to last `baseNs`, after `earlierCount` bans. The jitter has its room
 * below the maximum, so the longest bans vary too. A base above the maximum stays as it is. `random` gives 0 up to 1.
 */
export function escalatedNs(settings: Escalation, baseNs: number, earlierCount: number, random: () => number): number {
  const { steps, factor, maximumNs, jitterNs } = settings;
  const times = steps === null ? factor ** earlierCount : steps[Math.min(earlierCount, steps.length - 1)];
  const roomNs = Math.max(maximumNs - jitterNs, baseNs);
  return Math.min(baseNs * times, roomNs) + Math.floor(random() * jitterNs);
}
