// One test of a hub: the folder `.tests/NAME` with its config.yaml, a log and two files of assertions. What it says, not
// what comes of it (run-test.ts).

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { anything, decode, readDocuments } from '../config/document.js';
import { PalisadeError } from '../errors.js';

/** The folder of a hub that holds the tests of logs. */
export const testsFolder = '.tests';
/** Names of the files in a test's folder. */
export const testFiles = { config: 'config.yaml', parserAssert: 'parser.assert', scenarioAssert: 'scenario.assert',
  results: 'results', runtime: 'runtime' } as const;

/** What config.yaml says. Lists are without their empty entries; other keys are ignored, as CrowdSec does. */
export interface TestConfig {
  readonly parsers: readonly string[];
  readonly scenarios: readonly string[];
  readonly postoverflows: readonly string[];
  readonly logFile: string;
  readonly logType: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Only the scenarios are under test. */
  readonly ignoreParsers: boolean;
  /** Statics of a node that runs before all others on every line. */
  readonly overrideStatics: readonly unknown[];
}

export interface TestCase {
  readonly name: string;
  readonly path: string;
  readonly config: TestConfig;
}

/** All tests of a hub, by name. Throws E_HUB when it has no folder of tests, else for a config that cannot be read. */
export function allTests(hubDir: string): TestCase[] {
  const root = join(resolve(hubDir), testsFolder);
  if (!existsSync(root)) throw new PalisadeError('E_HUB', `${root} does not exist: is ${hubDir} a hub?`);
  return readdirSync(root).sort().filter((name) => existsSync(join(root, name, testFiles.config)))
    .map((name) => loadTest(hubDir, name));
}

/** One test by name. Throws E_HUB when there is none. */
export function loadTest(hubDir: string, name: string): TestCase {
  const path = join(resolve(hubDir), testsFolder, name);
  const file = join(path, testFiles.config);
  if (!existsSync(path)) throw new PalisadeError('E_HUB', `test '${name}' does not exist in '${join(hubDir, testsFolder)}'`);
  if (!existsSync(file)) throw new PalisadeError('E_HUB', `test '${name}' has no ${testFiles.config}`);
  return { name, path, config: readTestConfig(file) };
}

/** The text of one of the files of assertions, '' where there is none. */
export function assertionText({ path }: TestCase, kind: 'parserAssert' | 'scenarioAssert'): string {
  const file = join(path, testFiles[kind]);
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
}

function readTestConfig(file: string): TestConfig {
  const [document] = readDocuments(file);
  const content = document === undefined ? {} : decode(document, anything());
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new PalisadeError('E_SHAPE', `${file}: must be a map of keys`);
  }
  const values = content as Readonly<Record<string, unknown>>;
  return {
    parsers: texts(values['parsers']), scenarios: texts(values['scenarios']), postoverflows: texts(values['postoverflows']),
    logFile: text(values['log_file']), logType: text(values['log_type']), labels: labelsOf(values['labels']),
    ignoreParsers: values['ignore_parsers'] === true,
    overrideStatics: Array.isArray(values['override_statics']) ? values['override_statics'] : [],
  };
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text).filter((item) => item !== '') : [];
}

function labelsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, text(item)]));
}
