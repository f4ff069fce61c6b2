// Evaluates the lines of a hub test's assert files as the hub's own test tool does: each line is an expression over
// `results` that must be true. Stricter than the tool: an expression that fails or an empty file is a fault.

import { basename } from 'node:path';
import { Event, type EventNames, newEventNames, type Overflow } from '../../ts/event/event.js';
import { GoTime } from '../../ts/util/go-time.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { type ExprEnv, parserResultsEnv, scenarioResultsEnv } from '../../ts/expr/env.js';
import type { FunctionTable } from '../../ts/expr/functions.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { stringType } from '../../ts/expr/types.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import type { TraceStep } from '../../ts/parser/trace.js';
import { testContext } from '../expr-helpers/helper-context.js';

const functions = {
  ...helperTable,
  basename: { params: [stringType], returns: stringType, make: () => (path: string) => basename(path) },
} as unknown as FunctionTable<HelperContext>;

/** Faults of a parser.assert: one sentence for each line that does not hold. */
export function parserFaults(assertions: string, steps: readonly TraceStep[]): string[] {
  return faults(assertions, parserResultsEnv, (names) => {
    const results: Record<string, Record<string, unknown[]>> = Object.create(null);
    // The tool's dump has a pseudo stage of this name.
    results['success'] = Object.assign(Object.create(null), { '': [] }) as Record<string, unknown[]>;
    for (const { stage, node, ok, event } of steps) {
      const list = (results[stage] ??= Object.create(null) as Record<string, unknown[]>)[node] ??= [];
      list.push({ idx: list.length, evt: eventOf(event, names), success: ok });
    }
    return results;
  });
}

/** Faults of a scenario.assert. Results stand in the tool's order: descending by scenario, then sources. */
export function scenarioFaults(assertions: string, overflows: readonly Overflow[]): string[] {
  return faults(assertions, scenarioResultsEnv, (names) => sortedOverflows(overflows).map((overflow) => {
    const event = new Event(names);
    event.resetToOverflow(overflow, GoTime.zero);
    return event;
  }));
}

/** Overflows in the order of a scenario.assert. */
export function sortedOverflows(overflows: readonly Overflow[]): Overflow[] {
  const key = ({ alert, sources }: Overflow): string => [alert?.scenario, ...Object.keys(sources).sort()].join('@');
  return [...overflows].sort((a, b) => (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0));
}

/** The results are made after all lines are compiled, when every key they name has its slot. */
function faults(assertions: string, env: ExprEnv, resultsOf: (names: EventNames) => unknown): string[] {
  const lines = assertions.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) return ['no assertion at all'];
  const runtime = newRuntime(functions, testContext());
  const names = newEventNames();
  const compiled = lines.map((text) => attempt(() => link(compile({ text: adapted(text), place: { file: 'assertion', line: 1, column: 1 } },
    { env, functions, names, want: 'bool' }), runtime)));
  const results = resultsOf(names);
  return lines.flatMap((text, index) => {
    const run = compiled[index];
    const value = run instanceof Error ? run : attempt(() => run(results));
    return value === true ? [] : [`${value instanceof Error ? value.message : String(value)}: ${text}`];
  });
}

function attempt<T>(action: () => T): T | Error {
  try {
    return action();
  } catch (error) {
    return error as Error;
  }
}

/** Paths differ from machine to machine, so the tool compares their last part even where a line does not say so. */
function adapted(text: string): string {
  if (!text.includes('datasource_path') || text.includes('basename(')) return text;
  const at = text.indexOf('==');
  return `basename(${text.slice(0, at).trim()}) ${text.slice(at)}`;
}

function eventOf(snapshot: TraceStep['event'], names: EventNames): Event {
  const event = new Event(names);
  event.line.raw = snapshot.Line.Raw;
  event.line.src = snapshot.Line.Src;
  event.line.labels = snapshot.Line.Labels;
  event.line.module = snapshot.Line.Module;
  for (const [from, to] of [[snapshot.Parsed, event.parsed], [snapshot.Meta, event.meta], [snapshot.Enriched, event.enriched]] as const) {
    for (const [key, value] of Object.entries(from)) to.set(key, value);
  }
  event.unmarshaled = snapshot.Unmarshaled as Record<string, unknown>;
  event.whitelisted = snapshot.Whitelisted;
  event.whitelistReason = snapshot.WhitelistReason;
  event.stage = snapshot.Stage;
  event.strTime = snapshot.StrTime;
  event.strTimeFormat = snapshot.StrTimeFormat;
  event.marshaledTime = snapshot.MarshaledTime;
  event.process = snapshot.Process;
  return event;
}
