// The log tests of a hub checkout: which rules each installs, its lines, labels and assertions.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { RuleFile } from '../../ts/parser/spec.js';

export interface HubTest {
  readonly name: string;
  readonly directory: string;
  /** The parsers it installs, in load order. */
  readonly parsers: readonly RuleFile[];
  readonly logFile: string;
  readonly lines: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Text of a rule that makes fields look as the test wants them, '' for none. */
  readonly overrides: readonly { readonly target: string; readonly value: string }[];
  /** Text of parser.assert, null where the test has none or says to ignore it. */
  readonly assertions: string | null;
  /** Text of scenario.assert, null where the test has none. */
  readonly scenarioAssertions: string | null;
  /** The scenarios it installs, in load order. Throws for one that is not in the hub. */
  readonly scenarios: () => readonly RuleFile[];
}

interface Config {
  parsers?: string[];
  scenarios?: string[];
  log_file?: string;
  log_type?: string;
  labels?: Record<string, string>;
  ignore_parsers?: boolean;
  override_statics?: { target: string; value: string }[];
}

/** Every log test below a hub's `.tests`. */
export function hubTests(hub: string): HubTest[] {
  const root = join(hub, '.tests');
  return readdirSync(root).sort().filter((name) => existsSync(join(root, name, 'config.yaml')))
    .map((name) => readTest(hub, join(root, name)))
    .filter((test) => test !== null);
}

/** All installed files of one kind, sorted by stage and then by file name. */
export function ruleFiles(hub: string, kind: 'parsers' | 'postoverflows'): RuleFile[] {
  const files = readdirSync(join(hub, kind), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ya?ml$/.test(path))
    .map((path) => ruleFile(join(hub, kind, path), path.split('/')[0]));
  return sorted(files);
}

function readTest(hub: string, directory: string): HubTest | null {
  const config = parse(readFileSync(join(directory, 'config.yaml'), 'utf8')) as Config;
  const logFile = join(directory, config.log_file ?? '');
  if (!config.log_file || !existsSync(logFile)) return null;
  const parsers = (config.parsers ?? []).filter((item) => item !== '').map((item) => locate(hub, directory, item));
  return {
    name: basename(directory), directory, logFile,
    parsers: sorted(parsers),
    lines: readFileSync(logFile, 'utf8').split('\n').map((line) => line.replace(/\r$/, '')).filter((line) => line !== ''),
    labels: { ...config.labels, type: config.log_type ?? '' },
    overrides: config.override_statics ?? [],
    assertions: config.ignore_parsers === true ? null : textOf(join(directory, 'parser.assert')),
    scenarioAssertions: textOf(join(directory, 'scenario.assert')),
    scenarios: () => sorted((config.scenarios ?? []).filter((item) => item !== '').map((item) => locateScenario(hub, directory, item))),
  };
}

/** The file of an item: a path from the hub or the test, else a hub name. */
function locate(hub: string, directory: string, item: string): RuleFile {
  for (const base of [directory, hub]) {
    const path = join(base, item);
    if (/\.ya?ml$/.test(item) && existsSync(path)) return ruleFile(path, basename(dirname(dirname(path))));
  }
  for (const stage of readdirSync(join(hub, 'parsers'))) {
    for (const extension of ['yaml', 'yml']) {
      const path = join(hub, 'parsers', stage, `${item}.${extension}`);
      if (existsSync(path)) return ruleFile(path, stage);
    }
  }
  throw new Error(`no parser ${item} for ${directory}`);
}

function locateScenario(hub: string, directory: string, item: string): RuleFile {
  for (const path of [join(directory, item), join(hub, item), join(hub, 'scenarios', `${item}.yaml`), join(hub, 'scenarios', `${item}.yml`)]) {
    if (/\.ya?ml$/.test(path) && existsSync(path)) return { path: join('scenarios', basename(path)), realPath: path, stage: '' };
  }
  throw new Error(`no scenario ${item} for ${directory}`);
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Installed, a file lies directly below its stage. */
function ruleFile(path: string, stage: string): RuleFile {
  return { path: join('parsers', stage, basename(path)), realPath: path, stage };
}

function sorted(files: RuleFile[]): RuleFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
