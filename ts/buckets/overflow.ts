// What becomes of a bucket that ran over: an alert is built of it (ts/alert does that), `overflow_filter` may veto it,
// and the blackhole of its scenario is armed unless it was vetoed. In CrowdSec's order.

import { attempt, type LinkedScenario } from './linked.js';
import { leakyArgument, queueArgument, type RanOver } from './bucket.js';
import type { Overflow } from '../event/event.js';
import type { Alert } from '../model/alert.js';
import { eventsTextOf, headOf, withEvents } from '../model/alert-events.js';
import type { GoTime } from '../util/go-time.js';

/** Makes the alerts of a bucket that ran over. */
export interface AlertBuilder {
  /** The overflow with its sources and alerts. Without alerts (`alert` null) nothing is reported. */
  build(ranOver: RanOver): Overflow;
}

/** An overflow as it leaves the worker: plain data but for the time. */
export interface PouredOverflow {
  readonly overflow: Overflow;
  readonly time: GoTime;
  readonly scenario: string;
  /** Position of the scenario in load order. */
  readonly scenarioIndex: number;
  /** The overflow goes back into the buckets after the postoverflow stages. */
  readonly reprocess: boolean;
  /** Batch, and position in it, of the event that made the bucket run over; its length for a duration that passed. */
  readonly seq: number;
  readonly eventIndex: number;
  /** JSON of the events of its alerts while it is on its way between threads (packed), which they are without meanwhile. */
  readonly events?: string | undefined;
}

/** What is sent to another thread: texts are copied there at once, objects one by one. */
export function packed(poured: PouredOverflow): PouredOverflow {
  const { overflow } = poured;
  const events = overflow.alert === null ? undefined : eventsTextOf(overflow.alert);
  if (events === undefined) return { ...poured, events };
  const apiAlerts = overflow.apiAlerts.map((alert) => headOf(alert) as Alert);
  return { ...poured, events, overflow: { ...overflow, apiAlerts, alert: apiAlerts[0] } };
}

/** Gives the alerts of an overflow that was packed their events back. */
export function unpack({ overflow, events }: PouredOverflow): Overflow {
  if (events !== undefined) for (const alert of overflow.apiAlerts) withEvents(alert, events);
  return overflow;
}

/** Whether `overflow_filter` lets an overflow through: all but a plain false. */
export function passesFilter(scenario: LinkedScenario, ranOver: RanOver, signal: Overflow): boolean {
  const { overflowFilter } = scenario;
  if (overflowFilter === null) return true;
  const queue = queueArgument(ranOver.spec, ranOver.queue);
  return attempt(() => overflowFilter(null, queue, signal, leakyArgument(ranOver))) !== false;
}

/** The order in which overflows of one batch are reported, whatever shard or worker they come from. */
export function compareOverflows(a: PouredOverflow, b: PouredOverflow): number {
  return a.eventIndex - b.eventIndex || a.time.compare(b.time) || a.scenarioIndex - b.scenarioIndex
    || (a.overflow.mapkey < b.overflow.mapkey ? -1 : a.overflow.mapkey > b.overflow.mapkey ? 1 : 0);
}
