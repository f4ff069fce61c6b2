// Evaluates a file of assertions: each line is an expression over `results` that must be true. Stricter than
// CrowdSec's tool, which passes some false lines over in silence.

import { posix } from 'node:path';
import { silentLog } from '../config/log.js';
import type { Event, EventNames } from '../event/event.js';
import { compile, link } from '../expr/compiled.js';
import { type ExprEnv, parserResultsEnv, scenarioResultsEnv } from '../expr/env.js';
import type { FunctionTable } from '../expr/functions.js';
import { type ExprRuntime, newRuntime } from '../expr/runtime.js';
import { stringType } from '../expr/types.js';
import type { HelperContext } from '../expr-helpers/context.js';
import { DataFiles } from '../expr-helpers/data-files.js';
import { DnsCache, systemQueries } from '../expr-helpers/dns.js';
import { StashStore } from '../expr-helpers/stash.js';
import { helperTable } from '../expr-helpers/table.js';
import { SinglePatterns } from '../grok/single.js';
import { GoTime } from '../util/go-time.js';
import type { ParserResults } from './results.js';
import { shown } from './shown.js';

/** One line of a file of assertions. */
export interface Assertion {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** An assertion that does not hold. */
export interface Fault extends Assertion {
  /** The part whose value is shown, '' where no part could be told. */
  readonly expression: string;
  /** What that part is, or why the line cannot be evaluated. */
  readonly actual: string;
  /** CrowdSec's tool would have passed over it without a word. */
  readonly isSilent: boolean;
}

export type AssertionKind = 'parser' | 'scenario';

const environments: Readonly<Record<AssertionKind, ExprEnv>> = { parser: parserResultsEnv, scenario: scenarioResultsEnv };

const functions: FunctionTable<HelperContext> = {
  ...helperTable,
  basename: { params: [stringType], returns: stringType, make: () => (path: never) => posix.basename(path) },
};

/** The lines of a file that say something. */
export function assertionsOf(text: string): Assertion[] {
  return text.split('\n').map((line, index) => ({ text: line.replace(/\r$/, ''), line: index + 1 }))
    .filter((assertion) => assertion.text.trim() !== '');
}

/** Evaluates assertions of one kind with the helpers of one runtime. */
export class AssertionChecker {
  readonly #env: ExprEnv;
  readonly #runtime: ExprRuntime;
  readonly #names: EventNames;

  /** `names` number the keys of the results that will be checked; helpers that ask for the time get that of `nowMs`. */
  constructor(kind: AssertionKind, names: EventNames, nowMs: () => number) {
    this.#env = environments[kind];
    this.#names = names;
    this.#runtime = newRuntime(functions, helperContext(nowMs));
  }

  /** The value of any expression over the results. Throws when it does not compile or fails. */
  evaluate(text: string, results: ParserResults | readonly Event[]): unknown {
    const compiled = compile({ text: adapted(text), place: { file: 'assertion', line: 1, column: 1, excerpt: text } },
      { env: this.#env, functions, names: this.#names });
    return link(compiled, this.#runtime)(results);
  }

  /** null when an assertion holds. */
  check(assertion: Assertion, results: ParserResults | readonly Event[]): Fault | null {
    try {
      const value = this.evaluate(assertion.text, results);
      if (value === true) return null;
      if (value !== false) return { ...assertion, expression: assertion.text, actual: `not a condition: ${shown(value)}`, isSilent: false };
    } catch (error) {
      return { ...assertion, expression: assertion.text, actual: (error as Error).message, isSilent: false };
    }
    return this.#fault(assertion, results);
  }

  /** A false line, with the value of what stands before `==`. */
  #fault(assertion: Assertion, results: ParserResults | readonly Event[]): Fault {
    const seen = /(\S+) == /.exec(assertion.text)?.[1];
    const expression = leftSide(assertion.text);
    const isSilent = this.#env === scenarioResultsEnv && (seen === undefined || this.#tried(seen, results) === null);
    return { ...assertion, expression, actual: this.#tried(expression, results) ?? 'false', isSilent };
  }

  #tried(expression: string, results: ParserResults | readonly Event[]): string | null {
    try {
      return shown(this.evaluate(expression, results));
    } catch {
      return null;
    }
  }
}

/** What is compared; of a line without `==`, what stands behind ` in `. */
function leftSide(text: string): string {
  const equals = text.indexOf(' == ');
  if (equals > 0) return text.slice(0, equals).trim();
  return / in (.+)$/.exec(text)?.[1] ?? text;
}

/** Paths differ from machine to machine, so their last part is compared even where a line does not say so. */
function adapted(text: string): string {
  const equals = text.indexOf('==');
  if (equals < 0 || !text.includes('datasource_path') || text.includes('basename(')) return text;
  return `basename(${text.slice(0, equals).trim()}) ${text.slice(equals)}`;
}

/** Assertions may call any helper; those that ask a running engine find nothing. */
function helperContext(nowMs: () => number): HelperContext {
  const patterns = new SinglePatterns();
  return { log: silentLog, files: new DataFiles([], silentLog, nowMs), stash: new StashStore(nowMs), decisions: null, geo: null,
    dns: new DnsCache(nowMs, systemQueries(), { ttlMs: 1000, negativeTtlMs: 1000, size: 16 }),
    regex: (pattern) => patterns.get(pattern), now: () => GoTime.fromMs(nowMs()) };
}
