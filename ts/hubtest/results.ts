// What happened in a run as the expressions of assertions see it: `results` of a parser.assert, by stage and node, and
// of a scenario.assert, a list of overflow events. As if it had been written to CrowdSec's dumps and read back.

import { EventTimeReader, instantAt } from '../buckets/event-time.js';
import { Event, type EventNames, type Overflow } from '../event/event.js';
import type { DumpedEvent, DumpRecord } from '../pipeline/dump-record.js';
import { successStage } from '../pipeline/dump-files.js';
import { GoTime } from '../util/go-time.js';
import { GoInt, newGoMap } from '../util/go-value.js';

/** What came of one event at one node. */
export interface ParserResult {
  readonly idx: number;
  readonly evt: Event;
  readonly success: boolean;
}

/** By stage, then by node. */
export type ParserResults = Readonly<Record<string, Readonly<Record<string, readonly ParserResult[]>>>>;

/** An event that has an overflow. */
export type OverflowEvent = Event & { readonly overflow: Overflow };

/** The assertions' `results` of the parsers, the pseudo stage included. `names` must be those of the checker. */
export function parserResults({ steps }: DumpRecord, names: EventNames): ParserResults {
  const results = newGoMap<Record<string, ParserResult[]>>();
  const stageOf = (name: string): Record<string, ParserResult[]> => (results[name] ??= newGoMap<ParserResult[]>());
  stageOf(successStage)[''] = [];
  for (const { stage, node, ok, event } of steps) {
    const list = (stageOf(stage)[node] ??= []);
    list.push({ idx: list.length, evt: readBack(event, names), success: ok });
  }
  return results;
}

/** The overflows in the order in which they happened. `names` must be those of the checker. */
export function overflowResults({ overflows }: DumpRecord, names: EventNames): OverflowEvent[] {
  return overflows.map((event) => readBack(event, names)).filter((event): event is OverflowEvent => event.overflow !== null);
}

const times = new EventTimeReader();

function readBack(dumped: DumpedEvent, names: EventNames): Event {
  const event = new Event(names);
  const { line } = event;
  event.type = dumped.Type as Event['type'];
  event.expectMode = dumped.ExpectMode as Event['expectMode'];
  line.raw = dumped.Line.Raw;
  line.src = dumped.Line.Src;
  line.labels = dumped.Line.Labels;
  line.module = dumped.Line.Module;
  line.process = dumped.Line.Process;
  line.readAtMs = Date.parse(dumped.Line.Time);
  for (const [from, map] of [[dumped.Parsed, 'parsed'], [dumped.Meta, 'meta'], [dumped.Enriched, 'enriched']] as const) {
    // Expressions compiled against these names look in slots only.
    for (const [key, value] of Object.entries(from)) event[map].setAt(names[map].declare(key), value);
  }
  event.unmarshaled = plainOf(dumped.Unmarshaled) as Record<string, unknown>;
  event.whitelisted = dumped.Whitelisted;
  event.whitelistReason = dumped.WhitelistReason;
  event.stage = dumped.Stage;
  event.time = times.read(dumped.Time) ? instantAt(times.seconds, times.nanos, times.offsetSeconds) : GoTime.zero;
  event.strTime = dumped.StrTime;
  event.strTimeFormat = dumped.StrTimeFormat;
  event.marshaledTime = dumped.MarshaledTime;
  event.process = dumped.Process;
  event.overflow = dumped.Overflow;
  return event;
}

/** Read back, a float that was written without point and exponent is an int, and every map one of anything. */
function plainOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e6 ? new GoInt(value) : value;
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null || value instanceof GoInt) return value;
  const map = newGoMap<unknown>();
  for (const [key, item] of Object.entries(value)) map[key] = plainOf(item);
  return map;
}
