// Runs log lines through the installed rules one by one, in this process, and keeps what each node did. Nothing is
// stored or sent; the tree that users see is explain-tree.ts.

import { installedItems } from '../ts/hub/installed.js';
import type { HubLog, HubPaths } from '../ts/hub/item.js';
import { linkScenarios, type LinkedScenario } from '../ts/buckets/linked.js';
import type { Config } from '../ts/config/config.js';
import { silentLog } from '../ts/config/log.js';
import { Event } from '../ts/event/event.js';
import { ExpectMode, lineFlags, type LineBatch, type LineSource } from '../ts/event/line.js';
import { ExprError } from '../ts/expr/values.js';
import { Counters } from '../ts/metrics/counters.js';
import { LinkedParser } from '../ts/parser/linked.js';
import { EventRunner } from '../ts/parser/run-one.js';
import { TraceRecorder, type TraceStep } from '../ts/parser/trace.js';
import { loadRules } from '../ts/pipeline/rules.js';
import { runtimeSetup } from '../ts/pipeline/setup.js';
import { ThreadRuntime } from '../ts/pipeline/thread-runtime.js';

/** What became of one line. */
export interface ExplainedLine {
  readonly raw: string;
  readonly steps: readonly TraceStep[];
  /** It left the parsers and goes to the buckets. */
  readonly isPoured: boolean;
  /** '' when no whitelist took it. */
  readonly whitelistReason: string;
  /** The scenarios that take it, by name. */
  readonly scenarios: readonly string[];
}

/** The lines explained, and the order of the nodes that ran in each stage. */
export interface Explanation {
  readonly lines: readonly ExplainedLine[];
  readonly nodesOf: ReadonlyMap<string, readonly string[]>;
}

export interface ExplainOptions {
  readonly config: Config;
  readonly hubPaths: HubPaths;
  readonly log: HubLog;
  readonly source: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

/** Explains lines in order. Throws what cannot be loaded. */
export function explainLines(lines: readonly string[], options: ExplainOptions): Explanation {
  const rules = loadRules(options.config, installedItems(options.hubPaths, options.log));
  const runtime = new ThreadRuntime(runtimeSetup(options.config, rules, options.nowMs - Date.now(), options.log),
    new Counters(), silentLog);
  const parser = new LinkedParser(rules.parsers, runtime);
  const scenarios = linkScenarios(rules.scenarios, runtime.expr);
  const source: LineSource = { src: options.source, module: 'file', labels: options.labels,
    mode: ExpectMode.timeMachine };
  const explained = lines.map((raw) => explainLine(raw, source, parser, scenarios, runtime, options.nowMs));
  const ran = new Set(explained.flatMap(({ steps }) => steps.map(({ stage, node }) => `${stage}\0${node}`)));
  const nodesOf = new Map(parser.stages.map(({ name, nodes }) => [name,
    nodes.map((node) => node.name).filter((node) => ran.has(`${name}\0${node}`))] as const));
  return { lines: explained, nodesOf };
}

function explainLine(raw: string, source: LineSource, parser: LinkedParser, scenarios: readonly LinkedScenario[],
  runtime: ThreadRuntime, nowMs: number): ExplainedLine {
  const bytes = Buffer.from(raw, 'utf8');
  const isAscii = bytes.length === raw.length;
  const batch: LineBatch = { seq: 0, source, bytes, spans: Uint32Array.of(0, bytes.length), count: 1,
    flags: Uint8Array.of(isAscii ? lineFlags.ascii : 0), readAtMs: nowMs };
  const event = new Event(runtime.names);
  event.resetToLine(batch, bytes, 0);
  const trace = new TraceRecorder();
  const isParsed = new EventRunner(parser, trace).runNow(event);
  const isPoured = isParsed && !event.whitelisted;
  const taken = isPoured ? scenarios.filter((scenario) => takes(scenario, event)) : [];
  return { raw, steps: trace.steps, isPoured, whitelistReason: event.whitelisted ? event.whitelistReason : '',
    scenarios: taken.map(({ spec }) => spec.name).sort() };
}

/** A filter that holds and a bucket key that is a text. */
function takes(scenario: LinkedScenario, event: Event): boolean {
  try {
    if (scenario.filter(event) !== true) return false;
    return scenario.groupby === null || typeof scenario.groupby(event) === 'string';
  } catch (error) {
    if (error instanceof ExprError) return false;
    throw error;
  }
}
