// Computes at load what a rule spells out: `Upper('text')` becomes a text of its own, so that the generator can make one
// search of many. Not for the interpreter, which calls helpers as they are written.

import { parseGoDuration } from '../util/go-duration.js';
import { type BuiltinNode, childrenOf, type Node, type StringNode } from './ast.js';
import type { FunctionTable } from './functions.js';
import { withChildren } from './rewrites.js';

/** Returns the tree with the pure helper calls on spelled-out texts computed. One that fails stays, to fail when it runs. */
export function folded(node: Node, functions: FunctionTable): Node {
  const inner = withChildren(node, (child) => folded(child, functions));
  if (inner.kind !== 'call' || inner.helper === undefined || inner.args.length === 0) return inner;
  const entry = functions[inner.helper.name];
  if (entry.isPure !== true || inner.helper.signature.returns.kind !== 'string') return inner;
  if (!inner.args.every((arg): arg is StringNode => arg.kind === 'string')) return inner;
  try {
    const helper = entry.make(undefined as never) as (...texts: string[]) => string;
    return { kind: 'string', value: helper(...inner.args.map((arg) => arg.value)), at: inner.at, type: inner.type };
  } catch {
    return inner;
  }
}

/** The nanoseconds of `duration('10m')`; null for anything else, and for a text that fails, which is to fail when it runs. */
export function spelledOutDuration({ name, args }: BuiltinNode): number | null {
  if (name !== 'duration' || args[0].kind !== 'string') return null;
  try {
    return parseGoDuration(args[0].value);
  } catch {
    return null;
  }
}

/** Whether evaluating a part once is as good as many times: it changes nothing and waits for nothing. */
export function isRepeatable(node: Node, functions: FunctionTable): boolean {
  if (node.kind === 'call') {
    const entry = node.helper === undefined ? undefined : functions[node.helper.name];
    if (entry === undefined || entry.hasEffects || entry.usesStash || entry.isAsync) return false;
    return node.args.every((arg) => isRepeatable(arg, functions));
  }
  if (!['string', 'name', 'member', 'pointer', 'integer', 'chain'].includes(node.kind)) return false;
  return childrenOf(node).every((child) => isRepeatable(child, functions));
}

/** What a call is about in short, e.g. `evt.Meta.http_path`: the same words for the same thing, '…' for what is not short. */
export function aboutOf(node: Node): string {
  switch (node.kind) {
    case 'name': return node.name;
    case 'string': return node.value;
    case 'member': return `${aboutOf(node.object)}.${aboutOf(node.property)}`;
    case 'call': return `${aboutOf(node.callee)}(${node.args.map(aboutOf).join()})`;
    default: return '…';
  }
}
