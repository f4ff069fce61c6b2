// The order of the overflows that a scenario.assert sees: descending by scenario, then by sources. CrowdSec sorts with
// an unstable sort and joins several sources in random order, so where the order is left open, any order that makes the
// assertions true is the right one.

import type { OverflowEvent } from './results.js';

/** Overflows in order, and the places whose order is open: each run of places may be filled in any way. */
export interface OrderedResults {
  readonly results: readonly OverflowEvent[];
  readonly open: readonly { readonly from: number; readonly count: number }[];
  /** The same overflows in the order in which they happened. */
  readonly asHappened: readonly OverflowEvent[];
}

/** Sorts overflows; equal ones stay in the order in which they happened. */
export function orderResults(overflows: readonly OverflowEvent[]): OrderedResults {
  const results = [...overflows].sort((a, b) => descending(keyOf(a), keyOf(b)));
  const open: { from: number; count: number }[] = [];
  for (let from = 0; from < results.length;) {
    let end = from + 1;
    while (end < results.length && isOpen(results, from, end)) end += 1;
    if (end - from > 1) open.push({ from, count: end - from });
    from = end;
  }
  return { results, open, asHappened: overflows };
}

/**
 * Fills the open places so that as many of them as possible satisfy `holds` (this overflow may stand at this place):
 * a matching between places and overflows, in which everyone keeps his place unless another needs it.
 */
export function fillOpenPlaces({ results, open }: OrderedResults, holds: (place: number, result: OverflowEvent) => boolean): OverflowEvent[] {
  const filled = [...results];
  for (const { from, count } of open) {
    const members = results.slice(from, from + count);
    const fits = members.map((_, place) => members.map((member) => holds(from + place, member)));
    const memberAt = matching(fits);
    const unused = members.map((_, index) => index).filter((index) => !memberAt.includes(index));
    memberAt.forEach((member, place) => { filled[from + place] = members[member >= 0 ? member : unused.shift()!]; });
  }
  return filled;
}

/** Number of the member at each place, -1 where none is left that fits. */
function matching(fits: readonly (readonly boolean[])[]): number[] {
  const placeOf = new Map<number, number>();
  const tryPlace = (place: number, seen: Set<number>): boolean => {
    // A member's own place comes first: what needs no change stays.
    for (const member of [place, ...fits[place].keys()]) {
      if (!fits[place][member] || seen.has(member)) continue;
      seen.add(member);
      const taken = placeOf.get(member);
      if (taken === undefined || tryPlace(taken, seen)) {
        placeOf.set(member, place);
        return true;
      }
    }
    return false;
  };
  for (const place of fits.keys()) tryPlace(place, new Set());
  const memberAt = fits.map(() => -1);
  for (const [member, place] of placeOf) memberAt[place] = member;
  return memberAt;
}

/** Scenario and sources: what the order goes by. */
function keyOf({ overflow: { alert, sources } }: OverflowEvent): string {
  return [alert?.scenario ?? '', ...Object.keys(sources).sort()].join('@');
}

function isOpen(results: readonly OverflowEvent[], from: number, at: number): boolean {
  const [first, other] = [results[from].overflow, results[at].overflow];
  if (first.alert?.scenario !== other.alert?.scenario) return false;
  const severalSources = results.some(({ overflow: { alert, sources } }) => (
    alert?.scenario === first.alert?.scenario && Object.keys(sources).length > 1));
  return severalSources || keyOf(results[from]) === keyOf(results[at]);
}

function descending(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}
