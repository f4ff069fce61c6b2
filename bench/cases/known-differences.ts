// Differences between the alerts of Debian's crowdsec 1.4.6 and ours that are understood: a change of CrowdSec since, or a defect
// of it. docs/differences.md says more of each.

import type { Difference } from '../compare-alerts.js';

/** One kind of difference. */
export interface KnownDifference {
  /** Whether a difference is of this kind. */
  readonly holds: (difference: Difference) => boolean;
  readonly why: string;
  /** More of a kind than this share of our alerts is not what the reason says. */
  readonly shareMax: number;
}

/** All that are known. */
export const knownDifferences: readonly KnownDifference[] = [
  { holds: ({ isMoved }) => isMoved, shareMax: 0.01,
    why: 'the same attack with other bounds: a line just after an overflow goes to the old bucket or to a new one, by chance' },
  { holds: ({ text }) => /::ffff:\d/.test(text), shareMax: 0.01,
    why: 'an IPv4 address written as IPv6 is in no IPv4 network of a whitelist since CrowdSec compares with netip' },
  { holds: ({ scenario }) => scenario === 'crowdsecurity/ban-defcon-drop_range', shareMax: 0.01,
    why: 'overflows of logs read side by side meet in one bucket that follows the wall clock: it depends on which come first' },
];
