// Runs log lines through the installed rules one by one, in this process, and keeps what each node did to a few of them
// at a time. Nothing is stored or sent; the tree that users see is explain-tree.ts, the reasons are explain-why.ts.

import { installedItems, type InstalledItems } from '../ts/hub/installed.js';
import type { HubLog, HubPaths } from '../ts/hub/item.js';
import { linkScenarios, type LinkedScenario } from '../ts/buckets/linked.js';
import type { Config } from '../ts/config/config.js';
import { silentLog } from '../ts/config/log.js';
import { Event } from '../ts/event/event.js';
import type { LineBatch } from '../ts/event/line.js';
import { ExprError } from '../ts/expr/values.js';
import { Counters } from '../ts/metrics/counters.js';
import { LinkedParser } from '../ts/parser/linked.js';
import { EventRunner } from '../ts/parser/run-one.js';
import type { LinkedNode } from '../ts/parser/node.js';
import { snapshotOf, type EventSnapshot, type Trace } from '../ts/parser/trace.js';
import { loadRules } from '../ts/pipeline/rules.js';
import { runtimeSetup } from '../ts/pipeline/setup.js';
import { ThreadRuntime } from '../ts/pipeline/thread-runtime.js';
import { WhyReader, type Why } from './explain-why.js';

/** A top node that ran. */
export interface ExplainStep {
  readonly stage: string;
  readonly node: string;
  /** The event after a node that was OK, null after one that was not. */
  readonly after: EventSnapshot | null;
  /** The event had a date text by then. */
  readonly hasTime: boolean;
}

/** What became of one line. */
export interface ExplainedLine {
  readonly raw: string;
  readonly steps: readonly ExplainStep[];
  /** It left the parsers and goes to the buckets. */
  readonly isPoured: boolean;
  /** '' when no whitelist took it. */
  readonly whitelistReason: string;
  /** The scenarios that take it, by name. */
  readonly scenarios: readonly string[];
  /** Why it went no further; null when nobody asked. */
  readonly why: Why | null;
}

/** For each stage the nodes that ran for any line so far, in their order. */
export type NodesOf = ReadonlyMap<string, readonly string[]>;

export interface ExplainOptions {
  readonly config: Config;
  readonly hubPaths: HubPaths;
  readonly log: HubLog;
  readonly nowMs: number;
  /** Find out why lines did not go further. */
  readonly why: boolean;
  /** With reasons that are usually only counted. */
  readonly verbose: boolean;
}

/** The installed rules, ready to explain lines. */
export class Explainer {
  readonly #runtime: ThreadRuntime;
  readonly #parser: LinkedParser;
  readonly #runner: EventRunner;
  readonly #recorder = new StepRecorder();
  readonly #scenarios: readonly LinkedScenario[];
  readonly #why: WhyReader | null;
  readonly #ran = new Set<string>();

  /** Throws what cannot be loaded. */
  constructor({ config, hubPaths, log, nowMs, why, verbose }: ExplainOptions) {
    const installed: InstalledItems = installedItems(hubPaths, log);
    const rules = loadRules(config, installed);
    this.#runtime = new ThreadRuntime(runtimeSetup(config, rules, nowMs - Date.now(), log), new Counters(), silentLog);
    this.#parser = new LinkedParser(rules.parsers, this.#runtime);
    this.#runner = new EventRunner(this.#parser, this.#recorder);
    this.#scenarios = linkScenarios(rules.scenarios, this.#runtime.expr);
    this.#why = why ? new WhyReader({ config, installed, all: verbose, parsers: rules.parsers, runtime: this.#runtime.expr,
      scenarios: rules.scenarios }) : null;
    this.#recorder.why = this.#why;
  }

  get nodesOf(): NodesOf {
    return new Map(this.#parser.stages.map(({ name, nodes }) => [name,
      nodes.map((node) => node.name).filter((node) => this.#ran.has(`${name}\0${node}`))] as const));
  }

  /** Explains the lines from `start` to `end` of a batch. */
  explain(batch: LineBatch, start: number, end: number): ExplainedLine[] {
    const bytes = Buffer.from(batch.bytes.buffer as ArrayBuffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    const explained: ExplainedLine[] = [];
    for (let index = start; index < end; index++) {
      const event = new Event(this.#runtime.names);
      event.resetToLine(batch, bytes, index);
      explained.push(this.#explainLine(event));
    }
    return explained;
  }

  #explainLine(event: Event): ExplainedLine {
    const { raw } = event.line;
    this.#recorder.steps = [];
    this.#why?.startLine();
    const isParsed = this.#runner.runNow(event);
    const { steps } = this.#recorder;
    for (const { stage, node } of steps) this.#ran.add(`${stage}\0${node}`);
    const isPoured = isParsed && !event.whitelisted;
    const taken = isPoured ? this.#scenarios.filter((scenario) => takes(scenario, event)) : [];
    const scenarios = taken.map(({ spec }) => spec.name).sort();
    return { raw, steps, isPoured, whitelistReason: event.whitelisted ? event.whitelistReason : '', scenarios,
      why: this.#why?.ofLine(event, steps, isPoured, new Set(scenarios)) ?? null };
  }
}

/** Keeps the steps of one line, and for --why the groks that were tried. */
class StepRecorder implements Trace {
  steps: ExplainStep[] = [];
  why: WhyReader | null = null;

  nodeDone(stage: string, node: string, ok: boolean, event: Event): void {
    this.steps.push({ stage, node, after: ok ? snapshotOf(event) : null, hasTime: event.strTime !== '' });
  }

  grokTried(node: LinkedNode, ok: boolean, event: Event): void {
    if (!ok) this.why?.grokFailed(node, event);
  }
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
