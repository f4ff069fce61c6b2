// `cscli hubtest create`: the files of a new test, for its author to fill.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFiles, testsFolder } from '../../ts/hubtest/test-case.js';
import type { CommandSpec, Invocation } from '../command.js';
import { yamlText } from '../render/yaml.js';
import { hubOf } from './hubtest-hub.js';

/** `cscli hubtest create`. */
export const createSpec: CommandSpec = {
  use: 'create', text: 'Start a new test', args: { kind: 'exact', count: 1 }, run: create,
  examples: ['cscli hubtest create my-test --type syslog',
    'cscli hubtest create my-scenario-test --type nginx --parsers crowdsecurity/nginx-logs --scenarios crowdsecurity/http-probing'],
  flags: [
    { long: 'type', short: 't', kind: 'string', text: 'Log type of the test' },
    { long: 'parsers', short: 'p', kind: 'strings', text: 'Parsers that the test installs' },
    { long: 'scenarios', short: 's', kind: 'strings', text: 'Scenarios that the test installs' },
    { long: 'postoverflows', kind: 'strings', text: 'Postoverflows that the test installs' },
    { long: 'ignore-parsers', kind: 'bool', text: 'Only the scenarios are under test' },
  ],
};

function create(invocation: Invocation): void {
  const { args: [name], flags, context } = invocation;
  const root = join(hubOf(invocation), testsFolder);
  const path = join(root, name);
  if (name.includes('/') || name.startsWith('.')) throw new Error(`'${name}' cannot be the name of a test`);
  if (existsSync(path)) throw new Error(`test '${name}' already exists in '${root}', exiting`);
  if (flags.text('type') === '') throw new Error('please provide a type (--type) for the test');
  const logFile = `${name}.log`;
  const orEmpty = (items: readonly string[]): readonly string[] => (items.length === 0 ? [''] : items);
  mkdirSync(path, { recursive: true });
  for (const file of [logFile, testFiles.parserAssert, testFiles.scenarioAssert]) writeFileSync(join(path, file), '');
  writeFileSync(join(path, testFiles.config), yamlText({
    parsers: [...flags.texts('parsers'), 'crowdsecurity/syslog-logs', 'crowdsecurity/dateparse-enrich'],
    scenarios: orEmpty(flags.texts('scenarios')), postoverflows: orEmpty(flags.texts('postoverflows')),
    log_file: logFile, log_type: flags.text('type'), ignore_parsers: flags.bool('ignore-parsers'),
  }));
  const lines = [['Test name', name], ['Test path', path], ['Log file', `${join(path, logFile)} (please fill it with logs)`],
    ['Parser assertion file', `${join(path, testFiles.parserAssert)} (please fill it with assertion)`],
    ['Scenario assertion file', `${join(path, testFiles.scenarioAssert)} (please fill it with assertion)`],
    ['Configuration File', `${join(path, testFiles.config)} (please fill it with parsers, scenarios...)`]];
  context.print('');
  for (const [key, value] of lines) context.print(`  ${key.padEnd(28)}:  ${value}`);
}
