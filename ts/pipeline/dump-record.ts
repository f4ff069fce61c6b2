// What `-dump-data` and hub tests keep of a run: every executed top node, every pour, every overflow, with the event as
// it then was. Kept in memory until the run is over; writing it down is dump-files.ts.

import { Event, type Overflow } from '../event/event.js';
import { type EventSnapshot, snapshotOf, type Trace } from '../parser/trace.js';

/** An event at one moment, independent of what becomes of it. */
export interface DumpedEvent extends EventSnapshot {
  /** null for events made from a line. */
  readonly Overflow: Overflow | null;
  /** Number of the line it was made from, from 0; -1 for an overflow. */
  readonly line: number;
}

/** One executed top node of the parsers or the postoverflows. */
export interface DumpedStep {
  readonly stage: string;
  readonly node: string;
  readonly ok: boolean;
  readonly event: DumpedEvent;
}

/** Everything kept of a run, in the order in which it happened. */
export interface DumpRecord {
  readonly steps: readonly DumpedStep[];
  /** Events by the scenario they were poured into; under `OK` all that were offered to the scenarios. */
  readonly pours: ReadonlyMap<string, readonly DumpedEvent[]>;
  /** After the postoverflow stages, those whitelisted there too. */
  readonly overflows: readonly DumpedEvent[];
}

/** The key of the events that were offered to the scenarios. */
export const offeredKey = 'OK';

/** Keeps what it is told. */
export class DumpRecorder implements DumpRecord, Trace {
  readonly steps: DumpedStep[] = [];
  readonly pours = new Map<string, DumpedEvent[]>();
  readonly overflows: DumpedEvent[] = [];
  readonly #lineOf = new WeakMap<Event, number>();
  #lineCount = 0;

  /** An event was made from the next line. */
  begun(event: Event): void {
    this.#lineOf.set(event, this.#lineCount++);
  }

  nodeDone(stage: string, node: string, ok: boolean, event: Event): void {
    this.steps.push({ stage, node, ok, event: this.#dumped(event) });
  }

  /** An event is offered to the scenarios. */
  offered(event: Event): void {
    this.poured(event, offeredKey);
  }

  /** An event goes into a bucket of a scenario. */
  poured(event: Event, scenario: string): void {
    const list = this.pours.get(scenario);
    if (list === undefined) this.pours.set(scenario, [this.#dumped(event)]);
    else list.push(this.#dumped(event));
  }

  /** An overflow left the postoverflow stages. */
  overflowed(event: Event): void {
    this.overflows.push(this.#dumped(event));
  }

  #dumped(event: Event): DumpedEvent {
    const { overflow } = event;
    return { ...snapshotOf(event), Overflow: overflow === null ? null : copyOf(overflow), line: this.#lineOf.get(event) ?? -1 };
  }
}

/** The first alert stays one of the list. */
function copyOf(overflow: Overflow): Overflow {
  const copy = structuredClone(overflow);
  copy.alert = overflow.alert === null ? null : copy.apiAlerts[overflow.apiAlerts.indexOf(overflow.alert)] ?? copy.alert;
  return copy;
}
