// Outcomes of tests as JUnit XML, the form that CI systems read.

import type { Fault } from './assertions.js';
import type { TestOutcome } from './run-test.js';

/** The document of one run. */
export function junitXml(outcomes: readonly TestOutcome[]): string {
  const count = (...statuses: TestOutcome['status'][]): number => outcomes.filter(({ status }) => statuses.includes(status)).length;
  const totals = `tests="${outcomes.length}" failures="${count('failed', 'unwritten')}" errors="0" skipped="${count('skipped')}"`;
  const time = seconds(outcomes.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${totals} time="${time}">`,
    `  <testsuite name="hubtest" ${totals} time="${time}">`, ...outcomes.flatMap(testCase), '  </testsuite>', '</testsuites>', ''].join('\n');
}

function testCase(outcome: TestOutcome): string[] {
  const { name, status, reason, durationMs } = outcome;
  const head = `    <testcase name="${escaped(name)}" classname="hubtest" time="${seconds(durationMs)}"`;
  if (status === 'passed') return [`${head}/>`];
  if (status === 'skipped') return [`${head}>`, `      <skipped message="${escaped(reason)}"/>`, '    </testcase>'];
  const faults = [...outcome.parser.faults, ...outcome.scenario.faults];
  const message = reason !== '' ? reason : status === 'unwritten' ? 'a file of assertions is empty' : `${faults.length} assertions do not hold`;
  return [`${head}>`, `      <failure message="${escaped(message)}">${escaped(faults.map(faultText).join('\n'))}</failure>`, '    </testcase>'];
}

function faultText({ line, text, expression, actual }: Fault): string {
  return `line ${line}: ${text}\n  ${expression} = ${actual}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML has no form at all for most control characters. */
function escaped(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[&<>"\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}
