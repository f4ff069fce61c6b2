// `cscli explain`: what the installed rules make of log lines, step by step.

import type { RawBatch } from '../../ts/acquisition/source.js';
import { UsageError } from '../args.js';
import type { CommandSpec, FlagValues, Invocation } from '../command.js';
import type { Context } from '../context.js';
import type { Explainer, ExplainedLine } from '../explain.js';
import type * as Inputs from '../explain-input.js';
import { explainReasons } from '../explain-reasons.js';
import { explainTree } from '../explain-tree.js';

/** Lines whose steps are kept at the same time, and lines that are said to have no date. */
const linesAtOnce = 256;
const timeWarningsMax = 100;
/** What rules see as the source of a line that comes from no file. */
const noFile = 'cscli_test_tmp.log';

/** `cscli explain`. */
export const explainSpec: CommandSpec = {
  use: 'explain', text: 'Show what the rules make of log lines', run: explain,
  longText: 'Runs log lines through the installed parsers and scenarios and shows each step. Nothing is stored or sent.',
  examples: ['cscli explain --file ./access.log --type nginx', 'tail -n 5 auth.log | cscli explain --type syslog -f -',
    'cscli explain --why --failures --dsn "file:///var/log/nginx/*.log" --type nginx'],
  flags: [
    { long: 'file', short: 'f', kind: 'string', text: 'Log file, - for standard input' },
    { long: 'dsn', short: 'd', kind: 'string', text: 'Log source, file:///path or journalctl://filters' },
    { long: 'log', short: 'l', kind: 'string', text: 'A log line' },
    { long: 'type', short: 't', kind: 'string', isRequired: true, text: 'Log type, e.g. syslog, nginx' },
    { long: 'labels', kind: 'string', text: 'More labels (key:value,key2:value2)' },
    { long: 'verbose', short: 'v', kind: 'bool', text: 'Show each change of a field, and with --why every pattern and scenario' },
    { long: 'failures', kind: 'bool', text: 'Only lines that no scenario sees' },
    { long: 'why', kind: 'bool', text: 'Say where patterns stopped and which part of filters is false' },
    { long: 'only-successful-parsers', kind: 'bool', text: 'Leave out parsers that did not match' },
    { long: 'crowdsec', kind: 'string', fallback: 'crowdsec', text: 'Accepted, has no effect: no other program is run' },
    { long: 'no-clean', kind: 'bool', text: 'Accepted, has no effect: nothing is written' },
  ],
};

async function explain({ context, flags }: Invocation): Promise<void> {
  if (!['log', 'file', 'dsn'].some((name) => flags.isSet(name))) {
    throw new UsageError('at least one of the flags in the group [log file dsn] is required');
  }
  // The engine's rules and natives are loaded for this command alone: the others start in a fraction of the time.
  const [{ Explainer }, inputs] = await Promise.all([import('../explain.js'), import('../explain-input.js')]);
  const nowMs = context.io.now().getTime();
  const batches = await open(context, flags, nowMs, inputs);
  const explainer = new Explainer({ config: context.config, hubPaths: context.hubPaths, log: context.log, nowMs,
    why: flags.bool('why'), verbose: flags.bool('verbose') });
  const times = new MissingTimes(context, explainer);
  let count = 0;
  for await (const batch of batches) {
    for (let start = 0; start < batch.count; start += linesAtOnce) {
      const lines = explainer.explain({ ...batch, seq: 0 }, start, Math.min(start + linesAtOnce, batch.count));
      times.note(lines);
      print(context, flags, explainer, lines);
    }
    count += batch.count;
  }
  if (count === 0) throw new Error(`the log file is empty: ${flags.text('file') || flags.text('dsn') || noFile}`);
  times.sumUp();
}

function print(context: Context, flags: FlagValues, { nodesOf }: Explainer, lines: readonly ExplainedLine[]): void {
  for (const line of lines) {
    if (flags.bool('failures') && line.isPoured) continue;
    context.io.stdout.write(explainTree(line, nodesOf, { withChanges: flags.bool('verbose'),
      onlySuccess: flags.bool('only-successful-parsers'), isColoured: context.look.isColoured }) + explainReasons(line.why));
  }
}

async function open(context: Context, flags: FlagValues, nowMs: number,
  { linesOfDsn, linesOfFile, linesOfText }: typeof Inputs): Promise<AsyncIterable<RawBatch>> {
  const { io } = context;
  const options = { nowMs, labels: { type: flags.text('type'), ...labelsOf(flags.text('labels')) } };
  if (flags.text('log') !== '') return linesOfText([flags.text('log')], noFile, options);
  if (flags.text('file') === '-') {
    if (io.isStdinTty) throw new Error('the option -f - is intended to work with pipes');
    return linesOfText(io.stdinChunks?.() ?? [await io.readStdin()], noFile, options);
  }
  return flags.text('file') !== '' ? linesOfFile(context.path(flags.text('file')), options)
    : linesOfDsn(flags.text('dsn'), options);
}

function labelsOf(text: string): Record<string, string> {
  if (text === '') return {};
  return Object.fromEntries(text.split(',').map((pair) => {
    const at = pair.indexOf(':');
    if (at < 1) throw new Error(`bad format for labels '${text}'`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  }));
}

/** Warns of lines without a time of their own, which cannot be replayed: buckets would follow the clock. */
class MissingTimes {
  readonly #context: Context;
  readonly #explainer: Explainer;
  #seen = 0;
  #missing = 0;

  constructor(context: Context, explainer: Explainer) {
    this.#context = context;
    this.#explainer = explainer;
  }

  /** Looks at the last node of the last stage that any line has reached. */
  note(lines: readonly ExplainedLine[]): void {
    const [lastStage, nodes] = [...this.#explainer.nodesOf].filter(([, names]) => names.length > 0).at(-1) ?? [];
    if (nodes === undefined) throw new Error('no parser found. Please install the appropriate parser and retry');
    const lastNode = [...nodes].sort().at(-1);
    const steps = lines.flatMap((line) => line.steps.filter(({ stage, node }) => stage === lastStage && node === lastNode));
    const first = this.#seen;
    this.#seen += steps.length;
    for (const [index, { hasTime }] of steps.entries()) {
      if (hasTime || ++this.#missing > timeWarningsMax) continue;
      this.#context.log.warn(`Line ${first + index}/${this.#seen} is missing evt.StrTime. It is most likely a mistake as it `
        + 'will prevent your logs to be processed in time-machine/forensic mode.');
    }
  }

  /** Tells of those that got no warning of their own. */
  sumUp(): void {
    const untold = this.#missing - timeWarningsMax;
    if (untold > 0) this.#context.log.warn(`${untold} more lines are missing evt.StrTime.`);
  }
}
