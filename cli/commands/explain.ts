// `cscli explain`: what the installed rules make of log lines, step by step.

import { readFileSync } from 'node:fs';
import { UsageError } from '../args.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import type { Explanation } from '../explain.js';
import { explainTree } from '../explain-tree.js';

const manyLines = 100;

interface Input {
  /** What rules see as the line's source. */
  readonly source: string;
  readonly text: string;
}

/** `cscli explain`. */
export const explainSpec: CommandSpec = {
  use: 'explain', text: 'Show what the rules make of log lines', run: explain,
  longText: 'Runs log lines through the installed parsers and scenarios and shows each step. Nothing is stored or sent.',
  examples: ['cscli explain --file ./access.log --type nginx', 'tail -n 5 auth.log | cscli explain --type syslog -f -'],
  flags: [
    { long: 'file', short: 'f', kind: 'string', text: 'Log file, - for standard input' },
    { long: 'dsn', short: 'd', kind: 'string', text: 'Log source, file:///path' },
    { long: 'log', short: 'l', kind: 'string', text: 'A log line' },
    { long: 'type', short: 't', kind: 'string', isRequired: true, text: 'Log type, e.g. syslog, nginx' },
    { long: 'labels', kind: 'string', text: 'More labels (key:value,key2:value2)' },
    { long: 'verbose', short: 'v', kind: 'bool', text: 'Show each change of a field' },
    { long: 'failures', kind: 'bool', text: 'Only lines that no scenario sees' },
    { long: 'only-successful-parsers', kind: 'bool', text: 'Leave out parsers that did not match' },
    { long: 'crowdsec', kind: 'string', fallback: 'crowdsec', text: 'Accepted, has no effect: no other program is run' },
    { long: 'no-clean', kind: 'bool', text: 'Accepted, has no effect: nothing is written' },
  ],
};

async function explain({ context, flags }: Invocation): Promise<void> {
  if (!['log', 'file', 'dsn'].some((name) => flags.isSet(name))) {
    throw new UsageError('at least one of the flags in the group [log file dsn] is required');
  }
  const input = await readInput(context, flags.text('log'), flags.text('file'), flags.text('dsn'));
  const lines = input.text.split('\n').map((line) => line.replace(/\r$/, '')).filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`the log file is empty: ${input.source}`);
  if (lines.length > manyLines) {
    context.log.warn(`${input.source} contains ${lines.length} lines. This may take a lot of resources.`);
  }
  // The engine's rules and natives are loaded for this command alone: the others start in a fraction of the time.
  const { explainLines } = await import('../explain.js');
  const explanation = explainLines(lines, { config: context.config, hubPaths: context.hubPaths, log: context.log,
    source: input.source, labels: { type: flags.text('type'), ...labelsOf(flags.text('labels')) },
    nowMs: context.io.now().getTime() });
  warnOfMissingTimes(context, explanation);
  for (const line of explanation.lines) {
    if (flags.bool('failures') && line.isPoured) continue;
    context.io.stdout.write(explainTree(line, explanation, { withChanges: flags.bool('verbose'),
      onlySuccess: flags.bool('only-successful-parsers'), isColoured: context.look.isColoured }));
  }
}

async function readInput(context: Context, line: string, file: string, dsn: string): Promise<Input> {
  if (line !== '') return { source: 'cscli_test_tmp.log', text: line };
  if (file === '-') {
    if (context.io.isStdinTty) throw new Error('the option -f - is intended to work with pipes');
    return { source: 'cscli_test_tmp.log', text: await context.io.readStdin() };
  }
  const path = file !== '' ? context.path(file) : pathOf(dsn);
  try {
    return { source: path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(isMissing ? `open ${path}: no such file or directory` : (error as Error).message, { cause: error });
  }
}

function pathOf(dsn: string): string {
  if (!dsn.startsWith('file://')) throw new Error(`the data source "${dsn}" is not built yet for explain: use file://`);
  return dsn.slice('file://'.length).split('?')[0];
}

function labelsOf(text: string): Record<string, string> {
  if (text === '') return {};
  return Object.fromEntries(text.split(',').map((pair) => {
    const at = pair.indexOf(':');
    if (at < 1) throw new Error(`bad format for labels '${text}'`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  }));
}

/** Lines without a time of their own cannot be replayed: buckets would follow the clock. */
function warnOfMissingTimes({ log }: Context, { lines, nodesOf }: Explanation): void {
  const [lastStage, nodes] = [...nodesOf].filter(([, names]) => names.length > 0).at(-1) ?? [];
  if (nodes === undefined) throw new Error('no parser found. Please install the appropriate parser and retry');
  const lastNode = [...nodes].sort().at(-1);
  const seen = lines.flatMap(({ steps }) => steps.filter(({ stage, node }) => stage === lastStage && node === lastNode));
  seen.forEach(({ event }, index) => {
    if (event.StrTime !== '') return;
    log.warn(`Line ${index}/${seen.length} is missing evt.StrTime. It is most likely a mistake as it will prevent your logs `
      + 'to be processed in time-machine/forensic mode.');
  });
}
