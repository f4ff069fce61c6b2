// Runs a log through pourers, in one thread or several, and through the oracle, and brings both answers into one form.

import { AlertContext } from '../../ts/alert/context.js';
import { AlertFormatter } from '../../ts/alert/format.js';
import { Pourer } from '../../ts/buckets/pour.js';
import type { SharedBuckets } from '../../ts/buckets/memory.js';
import type { PouredOverflow } from '../../ts/buckets/overflow.js';
import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, type EventNames } from '../../ts/event/event.js';
import { Counters } from '../../ts/metrics/counters.js';
import { GoTime } from '../../ts/util/go-time.js';
import { NaiveBuckets, nanosecondsOf, type NaiveOverflow } from '../support/naive-buckets.js';
import { copyOf, eventOf, handMadeRuntime, naive, type RandomLog } from './random-log.js';

/** What both sides must agree on, as text. */
export type Answer = string[];

/** A pourer over a shared memory with the alert formatter of the engine and no contexts. */
export function pourerOf(scenarios: readonly ScenarioSpec[], buckets: SharedBuckets, names: EventNames, worker: number,
  counters = new Counters(), whileWaiting?: () => boolean): Pourer {
  const alerts = new AlertFormatter({ runtime: handMadeRuntime, context: new AlertContext([], handMadeRuntime, 4000),
    isSimulated: () => false });
  return new Pourer({ scenarios, names, runtime: handMadeRuntime, buckets, worker, counters, alerts, contextReads: [], whileWaiting });
}

/** One batch through a pourer, what comes back reprocessed included. */
export function pourOne(pourer: Pourer, batch: RandomLog['batches'][number], seq: number, names: EventNames): Answer {
  const events = batch.drafts.map((draft) => eventOf(draft, names));
  const overflows = pourer.pourBatch(events, events.length, seq, batch.nowMs);
  const back = overflows.filter(({ reprocess }) => reprocess);
  const answer = overflows.map((overflow) => describe(overflow));
  if (back.length === 0) pourer.finishBatch(seq);
  else {
    const again = back.map(({ overflow, time }) => overflowEvent(overflow, time, names));
    answer.push(...pourer.pourReprocessed(again, seq, batch.nowMs).map((overflow) => describe(overflow)));
  }
  return answer;
}

/** What the oracle says, batch by batch. */
export function oracleAnswer(scenarios: readonly ScenarioSpec[], log: RandomLog, names: EventNames, queueMax: number): Answer[] {
  const copy = (event: Event): Event => copyOf(event, names);
  const buckets = new NaiveBuckets(scenarios.map(naive), copy, queueMax);
  const order = new Map(scenarios.map(({ name }, index) => [name, index]));
  return log.batches.map(({ drafts, nowMs }) => {
    const found = drafts.flatMap((draft, index) => buckets.pour(eventOf(draft, names), nowMs, index));
    found.push(...buckets.expire(nowMs, drafts.length));
    const sorted = found.sort((a, b) => compare(a, b, order));
    const again = sorted.filter(({ reprocess }) => reprocess).map((overflow) => naiveOverflowEvent(overflow, names))
      .flatMap((event, index) => buckets.pour(event, nowMs, index)).sort((a, b) => compare(a, b, order));
    return [...sorted, ...again].map(describeNaive);
  });
}

function compare(a: NaiveOverflow, b: NaiveOverflow, order: ReadonlyMap<string, number>): number {
  return a.eventIndex - b.eventIndex || Number(a.stopNs - b.stopNs)
    || (order.get(a.scenario) as number) - (order.get(b.scenario) as number)
    || (a.mapkey < b.mapkey ? -1 : 1);
}

function describe({ overflow, eventIndex, reprocess }: PouredOverflow): string {
  const alert = overflow.alert as NonNullable<typeof overflow.alert>;
  const events = (alert.events ?? []).map(({ meta }) => meta.map(({ key, value }) => [key, value]));
  return line(alert.scenario, alert.source.scope, Object.keys(overflow.sources), alert.events_count,
    nanosecondsOf(alert.start_at), nanosecondsOf(alert.stop_at), reprocess, eventIndex, events);
}

function describeNaive(overflow: NaiveOverflow): string {
  return line(overflow.scenario, overflow.scope, overflow.sources, overflow.count, overflow.startNs, overflow.stopNs,
    overflow.reprocess, overflow.eventIndex, overflow.events);
}

function line(scenario: string, scope: string, sources: readonly string[], count: number, start: bigint | null,
  stop: bigint | null, reprocess: boolean, eventIndex: number, events: unknown): string {
  return `${eventIndex} ${scenario} ${scope} [${[...sources].sort().join(' ')}] ×${count} ${start}…${stop} ${reprocess} ${JSON.stringify(events)}`;
}

function overflowEvent(overflow: PouredOverflow['overflow'], time: GoTime, names: EventNames): Event {
  const event = new Event(names);
  event.resetToOverflow(overflow, time);
  return event;
}

function naiveOverflowEvent(overflow: NaiveOverflow, names: EventNames): Event {
  const event = new Event(names);
  const sources = Object.fromEntries(overflow.sources.map((value) => [value, { scope: overflow.scope, value }]));
  event.resetToOverflow({ mapkey: '', bucketId: '', whitelisted: false, reprocess: true, sources, apiAlerts: [],
    alert: { scenario: overflow.scenario } as never }, new GoTime(Number(overflow.stopNs / 1_000_000_000n), Number(overflow.stopNs % 1_000_000_000n)));
  return event;
}
