// `condition`: asked after each event a bucket accepts; true makes it run over. A failure or any other value does not.

import type { Event } from '../event/event.js';
import type { BucketArguments } from './bucket.js';
import { attempt, type LinkedScenario } from './linked.js';

/** Whether the condition holds for a bucket that has just accepted an event. */
export function conditionHolds(scenario: LinkedScenario, event: Event, bucket: BucketArguments): boolean {
  const { condition } = scenario;
  return condition !== null && attempt(() => condition(event, bucket.queue, bucket)) === true;
}
