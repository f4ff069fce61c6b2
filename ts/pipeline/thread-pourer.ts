// The pourer of one thread with what it builds alerts with, linked from plain data; and overflows as the events they come
// back as. Workers and dump runs pour alike.

import { AlertContext } from '../alert/context.js';
import { AlertFormatter } from '../alert/format.js';
import { Provenance } from '../alert/provenance.js';
import { type PouredOverflow, unpack } from '../buckets/overflow.js';
import { Pourer, type PourerOptions } from '../buckets/pour.js';
import { isSimulated } from '../config/config.js';
import { Event, type EventNames } from '../event/event.js';
import { writesOfAll } from '../parser/writes.js';
import { GoTime } from '../util/go-time.js';
import type { WorkerSetup } from './setup.js';
import type { ThreadRuntime } from './thread-runtime.js';

/** Links the pourer of a thread. */
export function linkPourer(setup: WorkerSetup, runtime: ThreadRuntime, hooks: Pick<PourerOptions, 'onPour' | 'whileWaiting'> = {}): Pourer {
  const { rules, simulation } = setup;
  const contextReads = rules.contexts.flatMap(({ expressions }) => expressions.map(({ reads }) => reads));
  return new Pourer({
    scenarios: rules.scenarios, names: runtime.names, runtime: runtime.expr, buckets: setup.buckets, worker: setup.index,
    counters: runtime.counters, filledByPostoverflows: writesOfAll(rules.postoverflows.nodes), contextReads, keepsOrigin: setup.provenance,
    alerts: new AlertFormatter({ runtime: runtime.expr, uuidSalt: setup.uuidSalt, isSimulated: (name) => isSimulated(simulation, name),
      context: new AlertContext(rules.contexts, runtime.expr, setup.contextValueLength),
      ...(setup.provenance ? { provenance: new Provenance(rules.parsers) } : {}) }),
    ...hooks,
  });
}

/** A new event for an overflow. */
export function overflowEvent(poured: PouredOverflow, names: EventNames): Event {
  const event = new Event(names);
  const { time } = poured;
  // The class is lost on the way between threads.
  event.resetToOverflow(unpack(poured), new GoTime(time.seconds, time.nanos, time.offsetSeconds, time.zone));
  return event;
}
