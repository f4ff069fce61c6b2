// The inner loop of pouring for micro.ts: a batch of events through filters, staging, the shared memory and back,
// without overflows. Checks that every pour was counted before it is timed.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { createBuckets, type SharedBuckets } from '../../ts/buckets/memory.js';
import { Pourer } from '../../ts/buckets/pour.js';
import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, type EventNames, newEventNames } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { compile, type CompiledExpr } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { Counters } from '../../ts/metrics/counters.js';
import { GoTime } from '../../ts/util/go-time.js';

const place = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
/** Events of a batch. */
export const eventCount = 1000;
/** Meta of an access log, as the parsers of the hub fill it. */
export const meta = { service: 'http', log_type: 'http_access-log', http_path: '/shop/item', http_status: '404', http_verb: 'GET',
  http_user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0', datasource_type: 'file',
  datasource_path: '/var/log/nginx/access.log', timestamp: '2026-11-23T01:00:00Z' };

/** Steps by number of scenarios that take an event and number of sources. */
export function pourSteps(): { name: string; perRun: number; run: () => unknown }[] {
  return [[1, 10], [1, 10_000], [5, 10_000]].map(([scenarioCount, sourceCount]) => ({
    name: `pour: ${scenarioCount} of 500 scenarios, ${sourceCount} sources, an event`, perRun: eventCount,
    run: pouring(scenarioCount, sourceCount) }));
}

function pouring(scenarioCount: number, sourceCount: number): () => void {
  const pour = pourBench(scenarioCount, sourceCount);
  let seq = 0;
  const run = (): void => pour(seq++);
  run();
  assert.equal(pour.counted(), eventCount * scenarioCount);
  return run;
}

/** The memory that threads pour into together, and which of them this one is. */
export interface Shared {
  readonly buckets: SharedBuckets;
  readonly worker: number;
}

/** Pours a batch of events that so many of the 500 scenarios take; `counted` are all pours so far. */
export type PourBench = ((seq: number) => void) & { readonly counted: () => number };

/** Memory for so many threads. */
export function sharedBuckets(scenarioCount: number, workerCount: number): SharedBuckets {
  return createBuckets(scenariosOf(scenarioCount, newEventNames()), { workerCount });
}

/** One thread's pourer with its events; by default the only one. */
export function pourBench(scenarioCount: number, sourceCount: number, shared?: Shared): PourBench {
  const names = newEventNames();
  const scenarios = scenariosOf(scenarioCount, names);
  const counters = new Counters();
  const pourer = new Pourer({ scenarios, names, counters, worker: 0, contextReads: [],
    runtime: newRuntime({}, { now: () => GoTime.zero, regex: () => assert.fail() }),
    buckets: createBuckets(scenarios, { workerCount: 1 }), ...shared, alerts: { build: () => assert.fail('no bucket runs over here') } });
  // The events are pooled and filled anew for each batch, as in a worker.
  const events = eventsOf(names);
  const slot = names.meta.find('source_ip');
  const sources = Array.from({ length: sourceCount }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const pour = (seq: number): void => {
    for (let i = 0; i < eventCount; i++) events[i].meta.setAt(slot, sources[(seq * eventCount + i) % sourceCount]);
    pourer.pourBatch(events, eventCount, seq, seq);
    pourer.finishBatch(seq);
  };
  const counted = (): number => counters.snapshot().filter(({ name }) => name === 'cs_bucket_poured_total').reduce((sum, { value }) => sum + value, 0);
  return Object.assign(pour, { counted });
}

function scenariosOf(scenarioCount: number, names: EventNames): ScenarioSpec[] {
  for (const key of [...Object.keys(meta), 'source_ip']) names.meta.declare(key);
  const expression = (text: string): CompiledExpr => compile({ text, place }, { env: logEnv, functions: {}, names });
  return Array.from({ length: 500 }, (_, index) => leaky(index,
    expression(`evt.Meta.service == '${index < scenarioCount ? 'http' : `other-${index}`}'`), expression('evt.Meta.source_ip')));
}

/** It leaks faster than anybody pours, and keeps six events as most rules do. */
export function leaky(index: number, filter: CompiledExpr, groupby: CompiledExpr): ScenarioSpec {
  return { name: `bench-${index}`, type: 'leaky', place, version: '', hash: '', filter, groupby, distinct: null, cancelOn: null,
    condition: null, overflowFilter: null, bayesian: null, capacity: 60_000, leakspeedNs: 1000, durationNs: 0, blackholeNs: 0,
    cacheSize: 5, scope: { type: 'Ip', expression: null }, reprocess: false, remediation: true, keyId: index };
}

function eventsOf(names: EventNames): Event[] {
  return Array.from({ length: eventCount }, () => {
    const event = new Event(names);
    for (const [key, value] of Object.entries(meta)) event.meta.set(key, value);
    return Object.assign(event, { marshaledTime: meta.timestamp, process: true, expectMode: ExpectMode.live });
  });
}
