// One test from start to verdict: replays its log and checks what came of it against its assertions.

import { join } from 'node:path';
import { type EventNames, newEventNames } from '../event/event.js';
import { writeDumps } from '../pipeline/dump-files.js';
import { type Assertion, AssertionChecker, assertionsOf, type Fault } from './assertions.js';
import { generateParserAssertions, generateScenarioAssertions } from './generate.js';
import { geographyNeededBy } from './geography.js';
import { type Replay, replayTest, type TestSurroundings } from './replay-test.js';
import { fillOpenPlaces, orderResults, type OrderedResults } from './result-order.js';
import { overflowResults, type OverflowEvent, parserResults, type ParserResults } from './results.js';
import { assertionText, type TestCase, testFiles } from './test-case.js';

/** How a test ended. `unwritten`: a file of assertions that should say something is empty. */
export type TestStatus = 'passed' | 'failed' | 'skipped' | 'unwritten';

/** What one file of assertions came to. */
export interface AssertionOutcome {
  readonly count: number;
  readonly faults: readonly Fault[];
  /** What the file could say; only where it says nothing. */
  readonly proposal: string;
  /** Lines that hold only where the overflows are numbered as they happened, which is how the file numbers them. */
  readonly linesInOrderOfLog: number;
}

export interface TestOutcome {
  readonly name: string;
  readonly status: TestStatus;
  /** Why it was skipped or could not be run; '' otherwise. */
  readonly reason: string;
  readonly parser: AssertionOutcome;
  readonly scenario: AssertionOutcome;
  /** Data files that rules name and no folder has. */
  readonly missingData: readonly string[];
  readonly durationMs: number;
}

/** The results of a replay as assertions see them, with the means to evaluate an expression over them. */
export interface CheckedReplay {
  readonly parser: { readonly results: ParserResults; readonly checker: AssertionChecker };
  readonly scenario: { readonly results: OrderedResults; readonly checker: AssertionChecker };
}

/** How strictly a test is judged and what it leaves behind. */
export interface TestOptions {
  /** Faults that CrowdSec's tool passes over count. */
  readonly isStrict: boolean;
  /** The dumps of the run are written into the test's folder. */
  readonly keepsResults: boolean;
}

const nothing: AssertionOutcome = { count: 0, faults: [], proposal: '', linesInOrderOfLog: 0 };

/**
 * Runs a test. Never throws for what is wrong with the test: that is its outcome.
 */
export async function runTest(test: TestCase, around: TestSurroundings, options: TestOptions): Promise<TestOutcome> {
  const start = performance.now();
  const ended = (outcome: Partial<TestOutcome> & Pick<TestOutcome, 'status'>): TestOutcome => ({ name: test.name, reason: '',
    parser: nothing, scenario: nothing, missingData: [], durationMs: performance.now() - start, ...outcome });
  try {
    const geography = around.data.geo === null ? geographyNeededBy(test) : '';
    if (geography !== '') return ended({ status: 'skipped', reason: geography });
    const replay = await replayTest(test, around);
    if (options.keepsResults) writeDumps(replay.record, join(test.path, testFiles.results));
    const checked = checkedReplay(replay, around);
    const parser = test.config.ignoreParsers ? nothing : parserOutcome(assertionText(test, 'parserAssert'), checked.parser);
    const scenario = test.config.scenarios.length === 0 ? nothing
      : scenarioOutcome(assertionText(test, 'scenarioAssert'), checked.scenario);
    const counted = [...parser.faults, ...scenario.faults].filter(({ isSilent }) => options.isStrict || !isSilent);
    const isUnwritten = parser.proposal !== '' || scenario.proposal !== '';
    return ended({ status: counted.length > 0 ? 'failed' : isUnwritten ? 'unwritten' : 'passed', parser, scenario,
      missingData: replay.missingData });
  } catch (error) {
    return ended({ status: 'failed', reason: (error as Error).message });
  }
}

/** Makes the results of a replay ready for assertions. */
export function checkedReplay({ record }: Replay, around: TestSurroundings): CheckedReplay {
  const names: EventNames = newEventNames();
  const nowMs = (): number => Date.now() + around.clockOffsetMs;
  return {
    parser: { results: parserResults(record, names), checker: new AssertionChecker('parser', names, nowMs) },
    scenario: { results: orderResults(overflowResults(record, names)), checker: new AssertionChecker('scenario', names, nowMs) },
  };
}

function parserOutcome(text: string, { results, checker }: CheckedReplay['parser']): AssertionOutcome {
  const assertions = assertionsOf(text);
  return { count: assertions.length, faults: faultsOf(assertions, (assertion) => checker.check(assertion, results)),
    proposal: assertions.length === 0 ? generateParserAssertions(results) : '', linesInOrderOfLog: 0 };
}

function scenarioOutcome(text: string, { results: ordered, checker }: CheckedReplay['scenario']): AssertionOutcome {
  const assertions = assertionsOf(text);
  const results = fillOpenPlaces(ordered, (place, result) => holdsAt(place, result, assertions, checker, ordered.results));
  const faults = faultsOf(assertions, (assertion) => checker.check(assertion, results));
  const outcome = { count: assertions.length, proposal: assertions.length === 0 ? generateScenarioAssertions(ordered.results) : '' };
  // A file written by hand may number the overflows as they happened. CrowdSec's tool does not, and so passes over the lines that
  // are false then; here they count as true if all lines of the file are in that one order.
  const isInOrderOfLog = faults.length > 0 && faults.every(({ isSilent }) => isSilent)
    && assertions.every((assertion) => checker.check(assertion, ordered.asHappened) === null);
  return { ...outcome, faults: isInOrderOfLog ? [] : faults, linesInOrderOfLog: isInOrderOfLog ? faults.length : 0 };
}

/** Whether all assertions that speak of one place hold with this overflow there. */
function holdsAt(place: number, result: OverflowEvent, assertions: readonly Assertion[], checker: AssertionChecker,
  results: readonly OverflowEvent[]): boolean {
  const placed = results.with(place, result);
  return assertions.filter(({ text }) => text.includes(`results[${place}]`)).every((assertion) => checker.check(assertion, placed) === null);
}

function faultsOf(assertions: readonly Assertion[], check: (assertion: Assertion) => Fault | null): Fault[] {
  return assertions.map(check).filter((fault) => fault !== null);
}
