// Asks a node's whitelist about an event: addresses and networks first, then the expressions in order. A match marks
// the event; it does not change whether the node is OK.

import { type Event, EventType } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import type { SourceCounters } from './counters.js';
import type { LinkedNode, LinkedWhitelist } from './node.js';

/**
 * Whether the node's whitelist matches each of the first `count` events of a list: 1 or 0 in `matches`, by number of the event in its
 * batch. Marks those at the first match in their life. Not for async expressions.
 */
export function checkWhitelist(
  node: LinkedNode, events: readonly Event[], list: Int32Array, count: number, counters: SourceCounters, matches: Uint8Array,
): void {
  const whitelist = node.whitelist as LinkedWhitelist;
  const { addresses, guard, reason } = whitelist;
  const isNeeded = guard?.mayHoldSomewhere() ?? true;
  if (addresses.isEmpty && !isNeeded) {
    for (let index = 0; index < count; index++) matches[list[index]] = 0;
    counters.whitelistAsked(node, count, 0);
    return;
  }
  for (let index = 0; index < count; index++) {
    const number = list[index];
    const event = events[number];
    const isMatch = matchesAddress(node, whitelist, event, counters) || matchesExpression(node, whitelist, event, counters, isNeeded && (guard?.mayHold(event, number) ?? true));
    if (isMatch) mark(event, reason);
    matches[number] = isMatch ? 1 : 0;
  }
}

/** The same for nodes whose expressions may be asynchronous. Yields promises, is resumed with their values. */
export function* checkWhitelistLater(
  node: LinkedNode, event: Event, counters: SourceCounters,
): Generator<unknown, boolean, unknown> {
  const whitelist = node.whitelist as LinkedWhitelist;
  let matches = matchesAddress(node, whitelist, event, counters);
  if (!matches && whitelist.expressions.length > 0) {
    try {
      for (const { evaluate, isAsync } of whitelist.expressions) {
        matches = (isAsync ? yield evaluate(event) : evaluate(event)) === true;
        if (matches) break;
      }
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
    }
    counters.whitelistAsked(node, 1, matches ? 1 : 0);
  }
  if (matches) mark(event, whitelist.reason);
  return matches;
}

function matchesAddress(
  node: LinkedNode, whitelist: LinkedWhitelist, event: Event, counters: SourceCounters,
): boolean {
  if (whitelist.addresses.isEmpty) return false;
  const matches = event.type === EventType.overflow
    ? Object.keys(event.overflow?.sources ?? {}).some((address) => whitelist.addresses.has(address))
    : whitelist.addresses.has(event.meta.at(whitelist.sourceIpSlot));
  counters.whitelistAsked(node, 1, matches ? 1 : 0);
  return matches;
}

/** The first true wins; what fails ends the list, what is no bool is passed over. `mayHold` false: none of them is true. */
function matchesExpression(
  node: LinkedNode, whitelist: LinkedWhitelist, event: Event, counters: SourceCounters, mayHold: boolean,
): boolean {
  if (whitelist.expressions.length === 0) return false;
  let matches = false;
  try {
    matches = mayHold && whitelist.expressions.some(({ evaluate }) => evaluate(event) === true);
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
  }
  counters.whitelistAsked(node, 1, matches ? 1 : 0);
  return matches;
}

function mark(event: Event, reason: string): void {
  if (event.whitelisted) return;
  event.whitelisted = true;
  event.whitelistReason = reason;
  if (event.type === EventType.overflow && event.overflow !== null) event.overflow.whitelisted = true;
}
