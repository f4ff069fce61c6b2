// Assertions of hub tests over what a test has traced itself, by the checker of `cscli hubtest`. An empty file of
// assertions is a fault.

import { newEventNames, type Overflow } from '../../ts/event/event.js';
import { AssertionChecker, type AssertionKind, assertionsOf } from '../../ts/hubtest/assertions.js';
import { orderResults } from '../../ts/hubtest/result-order.js';
import { overflowResults, parserResults } from '../../ts/hubtest/results.js';
import type { EventSnapshot, TraceStep } from '../../ts/parser/trace.js';

const zeroTime = '0001-01-01T00:00:00Z';
const noLine: EventSnapshot = { Type: 1, ExpectMode: 0, Whitelisted: false, WhitelistReason: '', Stage: '',
  Line: { Raw: '', Src: '', Time: zeroTime, Labels: {}, Process: false, Module: '' }, Parsed: {}, Enriched: {}, Unmarshaled: {},
  Time: zeroTime, StrTime: '', StrTimeFormat: '', MarshaledTime: '', Process: true, Meta: {} };

/** Faults of a parser.assert: one sentence for each line that does not hold. */
export function parserFaults(assertions: string, steps: readonly TraceStep[]): string[] {
  const names = newEventNames();
  return faults('parser', assertions, names, parserResults({ overflows: [], pours: new Map(),
    steps: steps.map((step) => ({ ...step, event: { ...step.event, Overflow: null, line: -1 } })) }, names));
}

/** Faults of a scenario.assert. Results stand in the tool's order: descending by scenario, then sources. */
export function scenarioFaults(assertions: string, overflows: readonly Overflow[]): string[] {
  const names = newEventNames();
  return faults('scenario', assertions, names, ordered(overflows, names));
}

/** Overflows in the order of a scenario.assert. */
export function sortedOverflows(overflows: readonly Overflow[]): Overflow[] {
  return ordered(overflows, newEventNames()).map(({ overflow }) => overflow);
}

function ordered(overflows: readonly Overflow[], names: ReturnType<typeof newEventNames>): ReturnType<typeof overflowResults> {
  return [...orderResults(overflowResults({ steps: [], pours: new Map(),
    overflows: overflows.map((overflow) => ({ ...noLine, Overflow: overflow, line: -1 })) }, names)).results];
}

function faults(kind: AssertionKind, text: string, names: ReturnType<typeof newEventNames>,
  results: Parameters<AssertionChecker['check']>[1]): string[] {
  const checker = new AssertionChecker(kind, names, Date.now);
  const assertions = assertionsOf(text);
  if (assertions.length === 0) return ['no assertion at all'];
  return assertions.flatMap((assertion) => {
    const fault = checker.check(assertion, results);
    return fault === null ? [] : [`${fault.text}\n  is ${fault.actual}`];
  });
}
