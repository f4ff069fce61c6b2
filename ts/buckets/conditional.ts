// `condition`: asked after each event a bucket accepts; true makes it run over. A failure or any other value does not.

import type { Event } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import type { BucketArguments } from './bucket.js';
import type { LinkedScenario } from './linked.js';

/** Whether the condition holds for a bucket that has just accepted an event. */
export function conditionHolds({ condition, conditionTail }: LinkedScenario, event: Event, bucket: BucketArguments): boolean {
  if (condition === null) return false;
  try {
    return (conditionTail === null ? condition(event, bucket.queue, bucket) : conditionTail.condition(event, bucket.endOfQueue(conditionTail), bucket)) === true;
  } catch (error) {
    if (error instanceof ExprError) return false;
    throw error;
  }
}
