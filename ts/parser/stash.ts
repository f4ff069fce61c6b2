// What a node's `stash` entries do: evaluate value and key, store them if both are texts. Whatever fails stores nothing.

import type { Event } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import type { LinkedStash, StashWriter } from './node.js';

/** Runs one stash entry for an event. Yields promises where its expressions are asynchronous. */
export function* writeStash(
  stash: LinkedStash, event: Event, writer: StashWriter,
): Generator<unknown, void, unknown> {
  try {
    const value = stash.isAsync ? yield stash.value(event) : stash.value(event);
    if (typeof value !== 'string') return;
    const key = stash.isAsync ? yield stash.key(event) : stash.key(event);
    if (typeof key === 'string') writer.set(stash.name, key, value, stash.ttlNs);
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
  }
}
