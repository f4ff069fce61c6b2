// `cscli hubtest eval` and `explain`: what a test's log becomes, seen through an expression or as a tree.

import type { Replay, TestSurroundings } from '../../ts/hubtest/replay-test.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { ExplainedLine } from '../explain.js';
import { explainTree } from '../explain-tree.js';
import { hubOptions } from './hubtest-hub.js';

const dataFlag = { long: 'data', kind: 'string', text: 'Folder of data files and GeoLite2 databases, asked before the hub\'s own' } as const;

/** `cscli hubtest eval`. */
export const evalSpec: CommandSpec = {
  use: 'eval', text: 'Evaluate an expression over what the parsers made of a test\'s log', run: evaluate,
  args: { kind: 'atLeast', count: 1 },
  flags: [{ long: 'expr', short: 'e', kind: 'string', text: 'The expression, over results' },
    { long: 'overflows', kind: 'bool', text: 'results are the overflows, as in a scenario.assert' }, dataFlag],
};

/** `cscli hubtest explain`. */
export const explainSpec: CommandSpec = {
  use: 'explain', text: 'Show what the rules of a test make of its log', run: explain, args: { kind: 'atLeast', count: 1 },
  flags: [{ long: 'verbose', short: 'v', kind: 'bool', text: 'Show each change of a field' },
    { long: 'failures', kind: 'bool', text: 'Only lines that no scenario sees' }, dataFlag],
};

async function evaluate(invocation: Invocation): Promise<void> {
  const { context, flags } = invocation;
  const { checkedReplay } = await import('../../ts/hubtest/run-test.js');
  const { shown } = await import('../../ts/hubtest/shown.js');
  for await (const { replay, around } of replays(invocation)) {
    const { parser, scenario } = checkedReplay(replay, around);
    const text = flags.text('expr');
    context.print(shown(flags.bool('overflows') ? scenario.checker.evaluate(text, scenario.results.results)
      : parser.checker.evaluate(text, parser.results)));
  }
}

async function explain(invocation: Invocation): Promise<void> {
  const { context, flags } = invocation;
  for await (const { replay } of replays(invocation)) {
    const nodesOf = new Map<string, string[]>();
    for (const { stage, node } of replay.record.steps) {
      const nodes = nodesOf.get(stage) ?? [];
      nodesOf.set(stage, nodes);
      if (!nodes.includes(node)) nodes.push(node);
    }
    for (const line of explainedLines(replay)) {
      if (flags.bool('failures') && line.isPoured) continue;
      context.io.stdout.write(explainTree(line, nodesOf, { withChanges: flags.bool('verbose'), onlySuccess: false,
        isColoured: context.look.isColoured }));
    }
  }
}

/** The tests named on the command line, each replayed. */
async function* replays(invocation: Invocation): AsyncGenerator<{ replay: Replay; around: TestSurroundings }> {
  const options = hubOptions(invocation);
  const { surroundingsOf } = await import('../../ts/hubtest/run-all.js');
  const { replayTest } = await import('../../ts/hubtest/replay-test.js');
  const { loadTest } = await import('../../ts/hubtest/test-case.js');
  const around = surroundingsOf(options);
  for (const name of invocation.args) yield { replay: await replayTest(loadTest(options.hubDir, name), around), around };
}

function explainedLines({ record }: Replay): ExplainedLine[] {
  const lines = new Map<number, ExplainedLine['steps'][number][]>();
  const last = new Map<number, Replay['record']['steps'][number]['event']>();
  for (const { stage, node, ok, event } of record.steps) {
    const { Overflow: _, line, ...after } = event;
    if (line < 0) continue;
    lines.set(line, [...lines.get(line) ?? [], { stage, node, after: ok ? after : null, hasTime: after.StrTime !== '' }]);
    last.set(line, event);
  }
  const takers = (line: number): string[] => [...record.pours].filter(([, events]) => events.some((event) => event.line === line))
    .map(([name]) => name);
  return [...lines].map(([line, steps]) => {
    const event = last.get(line)!;
    const names = takers(line);
    return { raw: event.Line.Raw, steps, isPoured: names.includes('OK'), whitelistReason: event.Whitelisted ? event.WhitelistReason : '',
      scenarios: names.filter((name) => name !== 'OK').sort(), why: null };
  });
}
