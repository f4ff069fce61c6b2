// What happens to a bucket that ran over: postoverflows, the line in the log, the outbox. Runs on the main thread, in the
// order of the log; lookups of the overflows of one batch run side by side, and delay only what comes after it.

import { packed, type PouredOverflow } from '../buckets/overflow.js';
import type { Log } from '../config/log.js';
import type { Event, EventNames } from '../event/event.js';
import { limits } from '../limits.js';
import type { Alert } from '../model/alert.js';
import type { EventRunner } from '../parser/run-one.js';
import type { Outbox } from './outbox.js';
import { overflowEvent } from './thread-pourer.js';

export interface OutputOptions {
  readonly names: EventNames;
  readonly postoverflows: EventRunner;
  /** null when alerts are not sent anywhere. */
  readonly outbox: Outbox | null;
  readonly log: Log;
  /** One overflow passes the postoverflows after the other: they share a stash, or somebody watches them. */
  readonly inOrder?: boolean;
  /** Sees every alert that was not whitelisted, in order. */
  readonly onAlert?: (alert: Alert) => void;
  /** Sees every overflow after the postoverflows, whitelisted ones too (dumps). */
  readonly onOverflow?: (event: Event) => void;
}

/** Takes overflows from the workers and hands on alerts. */
export class Output {
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Handles the overflows of one piece of work; returns those that go back into buckets. */
  async take(overflows: readonly PouredOverflow[]): Promise<PouredOverflow[]> {
    const again: PouredOverflow[] = [];
    const settled = this.#options.inOrder === true ? 1 : limits.overflowsAtOnceMax;
    for (let from = 0; from < overflows.length; from += settled) {
      const some = overflows.slice(from, from + settled);
      const events = await Promise.all(some.map((poured) => this.#settle(poured)));
      const alerts: Alert[] = [];
      for (const [index, event] of events.entries()) {
        this.#options.onOverflow?.(event);
        if (event.whitelisted) continue;
        if (some[index].reprocess) again.push(packed({ ...some[index], overflow: event.overflow ?? some[index].overflow }));
        alerts.push(...event.overflow?.apiAlerts ?? []);
      }
      await this.#send(alerts);
    }
    return again;
  }

  /** The overflow as an event after the postoverflow stages. */
  async #settle(poured: PouredOverflow): Promise<Event> {
    const event = overflowEvent(poured, this.#options.names);
    await this.#options.postoverflows.run(event);
    return event;
  }

  async #send(alerts: readonly Alert[]): Promise<void> {
    if (alerts.length === 0) return;
    for (const alert of alerts) {
      this.#options.log.info(alert.message);
      this.#options.onAlert?.(alert);
    }
    await this.#options.outbox?.put(alerts);
  }
}
