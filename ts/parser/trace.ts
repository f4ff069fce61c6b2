// What explain and hub tests see of parsing: after each top node that ran, the node and the event as it then was, under
// the names that CrowdSec's dumps have.

import type { Event } from '../event/event.js';
import type { LinkedNode } from './node.js';

/** Is told of nodes as they finish. The event goes on to change: keep a snapshot, not the event. */
export interface Trace {
  /** A top node ran to its end, OK or not; one that dropped the event is not told. */
  nodeDone(stage: string, node: string, ok: boolean, event: Event): void;
  /** A node, top or inner, whose filter held tried its grok; nothing after the grok has run. */
  grokTried?(node: LinkedNode, ok: boolean, event: Event): void;
}

/** One executed top node. */
export interface TraceStep {
  readonly stage: string;
  readonly node: string;
  readonly ok: boolean;
  readonly event: EventSnapshot;
}

/** The state of an event under Go's names, in the order of Go's fields. Plain data, independent of the event. */
export interface EventSnapshot {
  readonly Type: number;
  readonly ExpectMode: number;
  readonly Whitelisted: boolean;
  readonly WhitelistReason: string;
  readonly Stage: string;
  readonly Line: {
    readonly Raw: string;
    readonly Src: string;
    readonly Time: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Process: boolean;
    readonly Module: string;
  };
  readonly Parsed: Readonly<Record<string, string>>;
  readonly Enriched: Readonly<Record<string, string>>;
  readonly Unmarshaled: Readonly<Record<string, unknown>>;
  readonly Time: string;
  readonly StrTime: string;
  readonly StrTimeFormat: string;
  readonly MarshaledTime: string;
  readonly Process: boolean;
  readonly Meta: Readonly<Record<string, string>>;
}

/** A trace that keeps a snapshot of every step, in order. */
export class TraceRecorder implements Trace {
  readonly steps: TraceStep[] = [];

  nodeDone(stage: string, node: string, ok: boolean, event: Event): void {
    this.steps.push({ stage, node, ok, event: snapshotOf(event) });
  }
}

/** Copies the state of an event. */
export function snapshotOf(event: Event): EventSnapshot {
  const { line } = event;
  return {
    Type: event.type, ExpectMode: event.expectMode, Whitelisted: event.whitelisted,
    WhitelistReason: event.whitelistReason, Stage: event.stage,
    Line: { Raw: line.raw, Src: line.src, Time: line.time.toRfc3339Nano(), Labels: { ...line.labels },
      Process: line.process, Module: line.module },
    Parsed: event.parsed.toObject(), Enriched: event.enriched.toObject(),
    Unmarshaled: copyOf(event.unmarshaled) as Record<string, unknown>,
    Time: event.time.toRfc3339Nano(), StrTime: event.strTime, StrTimeFormat: event.strTimeFormat,
    MarshaledTime: event.marshaledTime, Process: event.process, Meta: event.meta.toObject(),
  };
}

/** A deep copy that keeps prototypes, which tell a map of strings from a map of anything. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Boxed numbers and the like do not change.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value;
  const copy = Object.create(prototype) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) copy[key] = copyOf(item);
  return copy;
}
