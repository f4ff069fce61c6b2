// `cscli lint`: what is wrong with rule files, before they are installed. Works with and without an instance.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import { installedItems } from '../../ts/hub/installed.js';
import type { Finding } from '../../ts/lint/finding.js';
import type { Surroundings } from '../../ts/lint/lint.js';
import type { CommandSpec, Invocation } from '../command.js';
import { type Context, defaultConfigFile, readConfig } from '../context.js';
import { json } from '../render/json.js';
import { printable } from '../render/text.js';

/** `cscli lint`. */
export const lintSpec: CommandSpec = {
  use: 'lint FILE... [--strict]', text: 'Check parsers, postoverflows, scenarios, contexts and profiles', run: runLint, needsNoConfig: true,
  longText: 'Checks rule files: all that keeps them from loading, and what loads but cannot do what it says.\n'
    + 'Folders are searched for YAML files; in a hub, tests, collections and appsec rules are passed over. The exit code is 1 when there are errors, with --strict also for warnings.',
  args: { kind: 'atLeast', count: 1 },
  examples: ['cscli lint ./parsers/s01-parse/my-app.yaml', 'cscli lint --strict -o json ./my-rules'],
  flags: [{ long: 'strict', kind: 'bool', text: 'Warnings count as errors' }],
};

async function runLint({ context, args, flags }: Invocation): Promise<void> {
  const files = args.flatMap((name) => ruleFilesAt(context.path(name)));
  if (files.length === 0) throw new Error('there is no YAML file there');
  const { lint } = await import('../../ts/lint/lint.js');
  const { findingText } = await import('../../ts/lint/finding.js');
  const findings = lint(files, surroundings(context));
  if (context.output === 'json') context.print(json(findings.map(jsonOf), ' '));
  else for (const finding of findings) for (const line of findingText(finding).split('\n')) context.print(printable(line));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const summary = `${counted(errors, 'error')} and ${counted(warnings, 'warning')} in ${counted(files.length, 'file')}`;
  if (errors > 0 || (flags.bool('strict') && warnings > 0)) throw new Error(summary);
  if (context.output !== 'json') context.print(summary);
}

function jsonOf({ severity, code, text, place }: Finding): object {
  return { file: place.file, line: place.line, column: place.column, severity, code, message: text };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What else a hub holds: tests and other hidden folders, lists of rules, rules for web requests. */
const notRules = /(?:^|\/)(?:\.[^/]*|collections|appsec-rules|appsec-configs)\//;

/** The file itself, or the YAML files of rules below a folder. */
function ruleFilesAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name) && !notRules.test(name)).sort()
    .map((name) => join(path, name));
}

/** What the instance has installed, where there is one, and what ships with Palisade. */
function surroundings(context: Context): Surroundings {
  const available = ruleFilesAt(join(embeddedHubDir(), 'parsers')).map((path) => ({ path }));
  const config = context.configIfAny ?? (existsSync(defaultConfigFile) ? readConfig(defaultConfigFile) : null);
  if (config === null) {
    return { available, installed: { parsers: [], postoverflows: [], scenarios: [] }, patternDir: undefined, dataDir: null };
  }
  const { configDir, hubDir, index, patternDir, dataDir } = config.paths;
  const installed = existsSync(hubDir) ? installedItems({ configDir, hubDir, indexPath: index }, context.log)
    : { parsers: [], postoverflows: [], scenarios: [] };
  return { available, installed, patternDir: existsSync(patternDir) ? patternDir : undefined, dataDir };
}
