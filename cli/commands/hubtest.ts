// `cscli hubtest`: tests of hub items. The flags that all its commands share, and the smaller commands.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Coverage } from '../../ts/hubtest/coverage.js';
import { allTests, loadTest, type TestCase, testFiles } from '../../ts/hubtest/test-case.js';
import type { CommandSpec, FlagSpec, Invocation } from '../command.js';
import { lightList } from '../render/human.js';
import { json } from '../render/json.js';
import { createSpec } from './hubtest-create.js';
import { evalSpec, explainSpec } from './hubtest-look.js';
import { runSpec } from './hubtest-run.js';
import { hubFlags, hubOf } from './hubtest-hub.js';

const coverageFlags: readonly FlagSpec[] = [
  { long: 'parsers', kind: 'bool', text: 'Only the coverage of parsers' },
  { long: 'scenarios', kind: 'bool', text: 'Only the coverage of scenarios' },
  { long: 'percent', kind: 'bool', text: 'Only the percentages' },
];

/** `cscli hubtest`. */
export const hubtestSpec: CommandSpec = {
  use: 'hubtest', text: 'Run tests of hub items', configIsOptional: true, flags: hubFlags, sharesFlags: true,
  longText: 'Runs the tests of a hub: logs, the rules they go through, and what must come of them.',
  run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'list', text: 'List the tests', run: list },
    { use: 'info', text: 'Show the files of a test', args: { kind: 'atLeast', count: 1 } as const, run: info },
    { use: 'clean', text: 'Remove what earlier runs left behind', args: { kind: 'any' } as const, run: clean,
      flags: [{ long: 'all', kind: 'bool', text: 'Of all tests' } as const] },
    { use: 'coverage', text: 'Show which items are under test', run: coverage, flags: coverageFlags },
    createSpec, runSpec, evalSpec, explainSpec,
  ].map((spec: CommandSpec) => ({ ...spec, configIsOptional: true })),
};

function list(invocation: Invocation): void {
  const { context } = invocation;
  const tests = allTests(hubOf(invocation));
  if (context.output === 'human') {
    context.io.stdout.write(lightList(['Name', 'Path'], tests.map(({ name, path }) => [name, path]), context.look));
  } else if (context.output === 'json') {
    context.print(json(tests.map(({ name, path, config }) => ({ Name: name, Path: path, Config: configKeys(config) })), '  '));
  } else throw new Error('only human/json output modes are supported');
}

function configKeys(config: TestCase['config']): Record<string, unknown> {
  return { parsers: config.parsers, scenarios: config.scenarios, postoverflows: config.postoverflows, log_file: config.logFile,
    log_type: config.logType, labels: config.labels, ignore_parsers: config.ignoreParsers };
}

function info(invocation: Invocation): void {
  for (const name of invocation.args) {
    const { path, config } = loadTest(hubOf(invocation), name);
    for (const line of ['', ...[['Test name', name], ['Test path', path], ['Log file', join(path, config.logFile)],
      ['Parser assertion file', join(path, testFiles.parserAssert)], ['Scenario assertion file', join(path, testFiles.scenarioAssert)],
      ['Configuration File', join(path, testFiles.config)]].map(([key, value]) => `  ${key.padEnd(28)}:  ${value}`)]) {
      invocation.context.print(line);
    }
  }
}

function clean(invocation: Invocation): void {
  const { args, flags, context } = invocation;
  if (!flags.bool('all') && args.length === 0) throw new Error('please provide test to run or --all flag');
  context.print('Cleaning test data...');
  const hub = hubOf(invocation);
  for (const { path } of flags.bool('all') ? allTests(hub) : args.map((name) => loadTest(hub, name))) {
    for (const folder of [testFiles.results, testFiles.runtime]) rmSync(join(path, folder), { recursive: true, force: true });
  }
}

async function coverage(invocation: Invocation): Promise<void> {
  const { flags, context } = invocation;
  const { HubItems } = await import('../../ts/hubtest/hub-items.js');
  const { coverageOf, percentCovered } = await import('../../ts/hubtest/coverage.js');
  const hubDir = hubOf(invocation);
  const hub = new HubItems(hubDir);
  const tests = allTests(hubDir);
  const isAll = !flags.bool('parsers') && !flags.bool('scenarios');
  const kinds = (['parsers', 'scenarios'] as const).filter((kind) => isAll || flags.bool(kind))
    .map((kind) => ({ kind, found: coverageOf(kind, hub, tests) }));
  if (flags.bool('percent')) {
    for (const { kind, found } of kinds) context.print(`${kind}=${percentCovered(found)}%`);
  } else if (context.output === 'human') {
    for (const { kind, found } of kinds) context.io.stdout.write(coverageTable(kind, found, context.look));
    context.print('');
    for (const { kind, found } of kinds) context.print(`${kind.toUpperCase().padEnd(11)}: ${percentCovered(found)}% of coverage`);
  } else if (context.output === 'json') {
    for (const { found } of kinds) context.print(json(found.map(coverageEntry), ' '));
  } else throw new Error('only human/json output modes are supported');
}

function coverageTable(kind: 'parsers' | 'scenarios', found: readonly Coverage[], look: Invocation['context']['look']): string {
  return lightList([kind === 'parsers' ? 'Parser' : 'Scenario', 'Status', 'Number of tests'],
    found.map(({ name, assertions, tests }) => [name, assertions > 0 ? '🟢' : '🔴', `${assertions} times (across ${tests.length} tests)`]), look);
}

function coverageEntry({ name, assertions, tests }: Coverage): Record<string, unknown> {
  return { Name: name, TestsCount: assertions, PresentIn: Object.fromEntries(tests.map((test) => [test, true])) };
}
