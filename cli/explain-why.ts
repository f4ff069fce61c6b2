// Why a line went no further: for one that did not parse, each pattern that was tried in the stage where it stopped and
// how far it matched; for one that did, the part of each scenario's filter that is false.

import type { ScenarioSpec } from '../ts/buckets/scenario.js';
import type { Config } from '../ts/config/config.js';
import type { Event } from '../ts/event/event.js';
import { newEventNames } from '../ts/event/event.js';
import type { ExprRuntime } from '../ts/expr/runtime.js';
import { ExprError } from '../ts/expr/values.js';
import { helperTable } from '../ts/expr-helpers/table.js';
import type { PatternLibrary } from '../ts/grok/patterns.js';
import { SinglePatterns } from '../ts/grok/single.js';
import type { InstalledItems } from '../ts/hub/installed.js';
import { loadParsers } from '../ts/parser/load.js';
import type { LinkedNode } from '../ts/parser/node.js';
import type { GrokNodeSpec, NodeSpec, ParserSpec } from '../ts/parser/spec.js';
import { subjectText } from '../ts/parser/static-text.js';
import { withDescendants } from '../ts/parser/writes.js';
import { patternLibrary } from '../ts/pipeline/rules.js';
import { type FalsePart, FilterReader } from './explain-filter.js';
import { furthest, lengthOf, type Stop } from './explain-furthest.js';
import type { ExplainStep } from './explain.js';

/** A pattern that did not match. */
export interface FailedGrok {
  readonly node: string;
  readonly place: string;
  readonly pattern: string;
  /** What it read, as an expression: `evt.Line.Raw`, `evt.Parsed.message`. */
  readonly subject: string;
  /** null when that field is not there. */
  readonly text: string | null;
  readonly stop: Stop | null;
}

/** Why a line went no further. */
export type Why =
  | { readonly kind: 'unparsed'; readonly stage: string; readonly groks: readonly FailedGrok[];
    /** What nodes choose lines by. */
    readonly facts: readonly (readonly [path: string, value: string])[];
    readonly hadSuccess: boolean; readonly groksLeftOut: number }
  | { readonly kind: 'parsed'; readonly filters: readonly (readonly [scenario: string, part: FalsePart])[];
    /** Scenarios whose filter was false at its first part, where they are too many to print. */
    readonly passedOver: number };

interface Attempt {
  readonly node: LinkedNode;
  readonly grok: GrokNodeSpec;
  readonly text: string | null;
}

/** Patterns printed for one line: those that came furthest. Scenarios: all, when there are no more than this. */
const groksMax = 12;
const groksMin = 3;
const scenariosMax = 20;

export interface WhyOptions {
  readonly config: Config;
  readonly installed: InstalledItems;
  readonly parsers: ParserSpec;
  readonly scenarios: readonly ScenarioSpec[];
  readonly runtime: ExprRuntime;
  /** Leave no pattern and no scenario out. */
  readonly all: boolean;
}

/** Collects what happens to a line and says why it stopped. */
export class WhyReader {
  readonly #options: WhyOptions;
  readonly #filters: FilterReader;
  readonly #regexes = new SinglePatterns();
  /** By the number that linking gives: parents before children. */
  readonly #nodes: readonly NodeSpec[];
  #library: PatternLibrary | null = null;
  #attempts: Attempt[] = [];

  constructor(options: WhyOptions) {
    this.#options = options;
    this.#filters = new FilterReader(options.runtime);
    this.#nodes = options.parsers.nodes.flatMap(withDescendants);
  }

  startLine(): void {
    this.#attempts = [];
  }

  /** Notes what a grok read that did not match: the event is as the grok saw it. */
  grokFailed(node: LinkedNode, event: Event): void {
    const { grok } = this.#nodes[node.id];
    if (grok !== null) this.#attempts.push({ node, grok, text: readBy(node, grok, event) });
  }

  /** Why the line ended where it did. */
  ofLine(event: Event, steps: readonly ExplainStep[], isPoured: boolean, taken: ReadonlySet<string>): Why | null {
    if (isPoured) return this.#parsed(event, taken);
    return event.whitelisted ? null : this.#unparsed(event, steps);
  }

  #parsed(event: Event, taken: ReadonlySet<string>): Why {
    const filters: [string, FalsePart][] = [];
    for (const { name, filter } of this.#options.scenarios) {
      if (taken.has(name)) continue;
      const part = this.#filters.falsePart(filter.text, event);
      if (part !== null) filters.push([name, part]);
    }
    filters.sort((a, b) => b[1].held - a[1].held || (a[0] < b[0] ? -1 : 1));
    const close = this.#options.all || filters.length <= scenariosMax ? filters
      : filters.filter(([, { held, failure }]) => held > 0 || failure !== '');
    return { kind: 'parsed', filters: close, passedOver: filters.length - close.length };
  }

  #unparsed(event: Event, steps: readonly ExplainStep[]): Why {
    const stage = steps.at(-1)?.stage ?? event.stage;
    const groks = this.#attempts.filter(({ node }) => node.stage === stage).map((attempt) => this.#failure(attempt))
      .sort((a, b) => progress(b) - progress(a));
    // Of many patterns those count that matched something.
    const close = groks.filter((grok, index) => this.#options.all || index < groksMin || (index < groksMax && progress(grok) > 0));
    const facts = ['evt.Line.Labels.type', 'evt.Parsed.program', 'evt.Parsed.message', 'evt.StrTime'].map((path) => (
      [path, this.#filters.valueOf(path, event)] as const)).filter(([, value]) => value !== '""');
    return { kind: 'unparsed', stage, facts, groks: close, groksLeftOut: groks.length - close.length,
      hadSuccess: steps.some((step) => step.stage === stage && step.after !== null) };
  }

  #failure({ node, grok, text }: Attempt): FailedGrok {
    const { pattern, subject } = grok;
    return { node: node.name, place: `${pattern.place.file}:${pattern.place.line}`, pattern: pattern.text, text,
      subject: subject.kind === 'raw' ? 'evt.Line.Raw' : subject.kind === 'parsed' ? `evt.Parsed.${subject.key}`
        : subject.expression.text,
      stop: text === null || grok.grok.fields.length === 0 ? null
        : furthest(pattern.text, text, this.#patterns(), this.#regexes) };
  }

  /** The dictionary with what the installed rules add to it. */
  #patterns(): PatternLibrary {
    if (this.#library === null) {
      this.#library = patternLibrary(this.#options.config);
      loadParsers(this.#options.installed.parsers, { names: newEventNames(), functions: helperTable, world: 'parsers',
        library: this.#library });
    }
    return this.#library;
  }
}

function progress({ stop }: FailedGrok): number {
  return stop === null ? 0 : lengthOf(stop);
}

/** The text that a grok read, null when the field is missing or its expression failed. */
function readBy(node: LinkedNode, { subject }: GrokNodeSpec, event: Event): string | null {
  if (subject.kind === 'raw') return event.line.raw;
  if (subject.kind === 'parsed') return event.parsed.has(subject.key) ? event.parsed.get(subject.key) : null;
  const linked = node.grok?.subject;
  if (linked?.kind !== 'expression') return null;
  try {
    return subjectText(linked.evaluate(event));
  } catch (error) {
    if (error instanceof ExprError) return null;
    throw error;
  }
}
