// `cscli hubtest run`: runs tests and says what does not hold.

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Fault } from '../../ts/hubtest/assertions.js';
import { junitXml } from '../../ts/hubtest/junit.js';
import type { AssertionOutcome, TestOutcome } from '../../ts/hubtest/run-test.js';
import { allTests, loadTest } from '../../ts/hubtest/test-case.js';
import { UsageError } from '../args.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { lightList } from '../render/human.js';
import { printable } from '../render/text.js';
import { hubOptions } from './hubtest-hub.js';
import { Progress } from '../progress.js';

/** `cscli hubtest run`. */
export const runSpec: CommandSpec = {
  use: 'run', text: 'Run tests', args: { kind: 'any' }, run, exclusive: [['strict', 'lenient'], ['clean', 'no-clean']],
  longText: 'Runs tests, all in this process. Nothing is stored, sent or left behind.',
  examples: ['cscli hubtest run my-test --hub ./hub', 'cscli hubtest run --all --hub ./hub --junit report.xml'],
  flags: [
    { long: 'all', kind: 'bool', text: 'Run all tests' },
    { long: 'report-success', kind: 'bool', text: 'Show the tests that passed too' },
    { long: 'strict', kind: 'bool', text: 'Count every assertion that does not hold (the default)' },
    { long: 'lenient', kind: 'bool', text: 'Pass over the false assertions that CrowdSec does not count' },
    { long: 'junit', kind: 'string', text: 'Write the outcome to a file as JUnit XML' },
    { long: 'data', kind: 'string', text: 'Folder of data files and GeoLite2 databases, asked before the hub\'s own' },
    { long: 'max-jobs', kind: 'int', fallback: availableParallelism(), text: 'Tests run at the same time' },
    { long: 'no-clean', kind: 'bool', text: 'Keep the dumps of each run in the folder results of its test' },
    { long: 'clean', kind: 'bool', text: 'Accepted, has no effect: nothing is left behind' },
    { long: 'target', kind: 'string', text: 'Accepted, has no effect: web requests are not inspected' },
    { long: 'host', kind: 'string', text: 'Accepted, has no effect: web requests are not inspected' },
  ],
};

async function run(invocation: Invocation): Promise<void> {
  const { args, flags, context } = invocation;
  const jobs = flags.int('max-jobs');
  if (jobs < 1) throw new UsageError('--max-jobs must be at least 1');
  if (context.output === 'raw') throw new Error('only human/json output modes are supported');
  if (!flags.bool('all') && args.length === 0) throw new Error('please provide test to run or --all flag');
  const options = { ...hubOptions(invocation), isStrict: !flags.bool('lenient'), keepsResults: flags.bool('no-clean') };
  const tests = flags.bool('all') ? allTests(options.hubDir) : args.map((name) => loadTest(options.hubDir, name));
  const isHuman = context.output === 'human';
  const progress = isHuman && context.io.stderr.isTTY === true ? new Progress(context.io.stderr, tests.length) : null;
  if (isHuman && flags.bool('all')) context.print(`Running all tests (max_jobs: ${jobs})`);
  if (isHuman && progress === null) for (const { name } of tests) context.print(`Running test '${name}'`);
  // The engine is loaded for this command alone: the others start in a fraction of the time.
  const { runTests } = await import('../../ts/hubtest/run-all.js');
  const outcomes = await runTests(tests.map(({ name }) => name), options, jobs, ({ name }) => progress?.advance(name));
  progress?.clear();
  if (flags.text('junit') !== '') writeFileSync(context.path(flags.text('junit')), junitXml(outcomes));
  if (isHuman) report(context, outcomes, flags.bool('report-success'), options.isStrict);
  else context.print(JSON.stringify(jsonReport(outcomes)));
  conclude(outcomes, flags.bool('report-success'));
}

function report(context: Context, outcomes: readonly TestOutcome[], showsAll: boolean, isStrict: boolean): void {
  for (const outcome of outcomes) explainOutcome(context, outcome);
  const shown = outcomes.filter(({ status }) => showsAll || status === 'failed' || status === 'unwritten');
  if (shown.length > 0) {
    context.io.stdout.write(lightList(['Test', 'Result', 'Assertions'],
      shown.map(({ name, status, parser, scenario }) => [name, signs[status], String(parser.count + scenario.count)]), context.look));
  }
  const silent = outcomes.reduce((sum, { parser, scenario }) => (
    sum + [...parser.faults, ...scenario.faults].filter(({ isSilent }) => isSilent).length), 0);
  if (silent > 0) {
    context.log.warn(`${silent} of the assertions that do not hold would not be counted by CrowdSec's own tool${isStrict ? ' (see --lenient)' : ''}`);
  }
  const skipped = outcomes.filter(({ status }) => status === 'skipped').length;
  if (outcomes.some(isBad) || showsAll) return;
  context.print(skipped === 0 ? 'All tests passed, use --report-success for more details.'
    : `${outcomes.length - skipped} tests passed, ${skipped} skipped, use --report-success for more details.`);
}

const signs: Readonly<Record<TestOutcome['status'], string>> = { passed: '✅', failed: '❌', skipped: 'skipped', unwritten: '❌' };

function explainOutcome(context: Context, outcome: TestOutcome): void {
  const { name, status, reason, parser, scenario, missingData } = outcome;
  if (scenario.linesInOrderOfLog > 0) {
    context.log.warn(`Test '${name}' numbers its overflows in the order of the log: CrowdSec's own tool numbers them downwards by `
      + `scenario and source, and passes over the ${scenario.linesInOrderOfLog} lines that are false then`);
  }
  if (status === 'skipped') context.print(`Skipped test '${name}': ${reason}`);
  if (status === 'failed' && reason !== '') context.log.error(`Test '${name}' failed: ${reason}`);
  explainFaults(context, 'Parser', name, parser);
  explainFaults(context, 'Scenario', name, scenario);
  if (isBad(outcome) && missingData.length > 0) {
    context.log.warn(`Test '${name}' ran without data files that its rules name: ${missingData.join(', ')}`);
  }
  for (const [kind, { proposal }] of [['parser.assert', parser], ['scenario.assert', scenario]] as const) {
    if (proposal === '') continue;
    context.log.warn(`Assert file '${kind}' of test '${name}' is empty, generating assertion:`);
    context.io.stdout.write(`\n${proposal}\n`);
  }
}

function explainFaults(context: Context, kind: string, name: string, { faults }: AssertionOutcome): void {
  if (faults.length === 0) return;
  context.print('');
  context.log.error(`${kind} test '${name}' failed (${faults.length} errors)`);
  for (const fault of faults) context.io.stdout.write(faultText(fault));
}

function faultText({ line, text, expression, actual, isSilent }: Fault): string {
  return `(L.${line})  🔴  => ${printable(text)}${isSilent ? '  (not counted by CrowdSec)' : ''}\n        Actual expression values:\n`
    + `            ${printable(expression)} = '${actual.split('\n').map(printable).join('\n')}'\n\n`;
}

function jsonReport(outcomes: readonly TestOutcome[]): Record<string, unknown> {
  const names = (status: TestOutcome['status'][]): string[] => outcomes.filter((each) => status.includes(each.status)).map(({ name }) => name);
  const skipped = Object.fromEntries(outcomes.filter(({ status }) => status === 'skipped').map(({ name, reason }) => [name, reason]));
  return { fail: names(['failed', 'unwritten']), skipped, success: names(['passed']) };
}

function isBad({ status }: TestOutcome): boolean {
  return status === 'failed' || status === 'unwritten';
}

/** Throws what ends the command with 1. */
function conclude(outcomes: readonly TestOutcome[], showsAll: boolean): void {
  const unwritten = outcomes.find(({ status }) => status === 'unwritten');
  if (unwritten !== undefined) throw new Error(`please fill your assert file(s) for test '${unwritten.name}', exiting`);
  if (outcomes.some(isBad)) throw new Error(`some tests failed${showsAll ? '' : ', use --report-success to show them all'}`);
}
