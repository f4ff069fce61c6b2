// Building the alert of a bucket that ran over, with the events that most rules keep.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { AlertContext } from '../../ts/alert/context.js';
import { AlertFormatter } from '../../ts/alert/format.js';
import type { RanOver } from '../../ts/buckets/bucket.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { compile } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { GoTime } from '../../ts/util/go-time.js';
import { leaky, meta } from './buckets.js';
import type { Step } from './step.js';

const place = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
const eventCount = 6;

/** One step: an alert. */
export function alertSteps(): Step[] {
  const names = newEventNames();
  const expression = (text: string): ReturnType<typeof compile> => compile({ text, place }, { env: logEnv, functions: {}, names });
  const spec = leaky(0, expression('true'), expression('evt.Meta.source_ip'));
  const queue = Array.from({ length: eventCount }, () => {
    const event = new Event(names);
    for (const [key, value] of Object.entries({ ...meta, source_ip: '192.0.2.7' })) event.meta.set(key, value);
    return Object.assign(event, { marshaledTime: meta.timestamp });
  });
  const time = GoTime.fromMs(1_780_000_000_000);
  const ranOver: RanOver = { spec, mapkey: '0123456789abcdef0123456789abcdef01234567', bucketId: 'calm-river', timeMachine: true, firstTime: time, lastTime: time,
    overflowTime: time, count: eventCount, queue };
  const runtime = newRuntime({}, { now: () => GoTime.zero, regex: () => assert.fail() });
  const formatter = new AlertFormatter({ runtime, context: new AlertContext([], runtime, 4000), isSimulated: () => false });
  assert.equal(formatter.build(ranOver).alert?.events?.length, eventCount);
  return [{ name: `alert of ${eventCount} events`, perRun: 1, run: () => formatter.build(ranOver) }];
}
