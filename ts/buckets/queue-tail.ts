// What a condition needs of its queue, where that is only the end: of `queue.Queue` itself, or of `let x = filter(queue.Queue, …)`,
// it counts up to some number and looks at the last few. Asked after each of a hundred thousand failed logins, such a condition then
// costs the same for the last as for the first. Any other condition is given the whole queue.

import type { LetNode, Node } from '../expr/ast.js';
import { childrenOf } from '../expr/ast.js';
import { tokenize } from '../expr/lexer.js';
import { parse } from '../expr/parser.js';

/** The last `count` events of the queue for which `filter` is true decide as all do. */
export interface QueueTailNeed {
  /** An expression over `evt`; null where all events are wanted. */
  readonly filter: string | null;
  readonly count: number;
  /** The condition to ask of a queue that holds only those. */
  readonly condition: string;
}

/** Returns what a condition needs; null when it may need everything. */
export function queueTailNeed(condition: string): QueueTailNeed | null {
  const tree = parse(condition);
  if (mentions(tree, ['leaky', '$env'])) return null;
  const filtered = tree.kind === 'let' ? needOfFiltered(tree, condition) : null;
  if (filtered !== null) return filtered;
  const count = countNeeded(tree, 'queue', isQueue);
  return count === null ? null : { filter: null, count, condition };
}

/** `let x = filter(queue.Queue, …); …`: the queue is filtered when it is read, so that x is all of it. */
function needOfFiltered({ name, value, body }: LetNode, condition: string): QueueTailNeed | null {
  if (value.kind !== 'builtin' || value.name !== 'filter' || value.args.length !== 2 || !isQueue(value.args[0]) || mentions(body, ['queue'])) return null;
  const predicate = value.args[1];
  const filter = predicate.kind === 'predicate' ? overEvent(predicate.body) : null;
  const count = filter === null ? null : countNeeded(body, name, (node) => node.kind === 'name' && node.name === name);
  return filter === null || count === null ? null : { filter, count, condition: `let ${name} = queue.Queue;${afterLet(condition)}` };
}

/** What stands behind the first `let … ;`. Brackets may hold others. */
function afterLet(condition: string): string {
  let depth = 0;
  const end = tokenize(condition).find(({ kind, value }) => {
    if (kind === 'Bracket') depth += '([{'.includes(value) ? 1 : -1;
    return depth === 0 && kind === 'Operator' && value === ';';
  });
  return condition.slice(end!.end);
}

/** The most that the uses of a list need of its end: `len(x) >= n`, `len(x) > n`, `x[-n]`, `x[-n:]`; null where `name` has any other use. */
function countNeeded(tree: Node, name: string, isList: (node: Node) => boolean): number | null {
  let count = 0;
  const visit = (node: Node): boolean => {
    const needed = needOfUse(node, isList);
    if (needed !== null) {
      count = Math.max(count, needed);
      return true;
    }
    if (node.kind === 'name' && node.name === name) return false;
    // A second variable of that name would hide the first.
    return !(node.kind === 'let' && node.name === name) && childrenOf(node).every(visit);
  };
  return visit(tree) ? count : null;
}

function needOfUse(node: Node, isList: (node: Node) => boolean): number | null {
  if (node.kind === 'slice' && isList(node.object)) return node.to === null ? fromTheEnd(node.from) : null;
  if (node.kind === 'member' && !node.optional && isList(node.object)) return fromTheEnd(node.property);
  if (node.kind !== 'binary' || (node.operator !== '>=' && node.operator !== '>') || node.right.kind !== 'integer') return null;
  const { left } = node;
  const isLength = left.kind === 'builtin' && left.name === 'len' && isList(left.args[0]);
  return isLength ? node.right.value + (node.operator === '>' ? 1 : 0) : null;
}

/** n of `-n`; null for anything else, `-0` too: that is the beginning. */
function fromTheEnd(node: Node | null): number | null {
  return node?.kind === 'unary' && node.operator === '-' && node.operand.kind === 'integer' && node.operand.value > 0 ? node.operand.value : null;
}

function isQueue(node: Node): boolean {
  return node.kind === 'member' && !node.optional && node.object.kind === 'name' && node.object.name === 'queue'
    && node.property.kind === 'string' && node.property.value === 'Queue';
}

function mentions(node: Node, names: readonly string[]): boolean {
  return (node.kind === 'name' && names.includes(node.name)) || childrenOf(node).some((child) => mentions(child, names));
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', 'in', 'contains', 'startsWith', 'endsWith']);

/** A predicate over `#` as an expression over `evt`: comparisons of its text fields with literals, which cannot fail; else null. */
function overEvent(node: Node): string | null {
  const all = (nodes: readonly Node[], separator: string): string | null => {
    const texts = nodes.map(overEvent);
    return texts.includes(null) ? null : `(${texts.join(separator)})`;
  };
  switch (node.kind) {
    case 'logical': return all(node.terms, ` ${node.operator} `);
    case 'unary': return node.operator === 'not' ? all([node.operand], '')?.replace(/^/, 'not ') ?? null : null;
    case 'binary': {
      if (!comparisons.has(node.operator)) return null;
      const field = fieldText(node.left);
      const right = node.operator === 'in' ? listText(node.right) : literalText(node.right);
      return field === null || right === null ? null : `(${field} ${node.operator} ${right})`;
    }
    default: return null;
  }
}

function fieldText(node: Node): string | null {
  if (node.kind !== 'member' || node.optional || node.property.kind !== 'string' || node.object.kind !== 'member') return null;
  const map = node.object;
  if (map.optional || map.property.kind !== 'string' || !['Meta', 'Parsed', 'Enriched'].includes(map.property.value)) return null;
  return map.object.kind === 'pointer' && map.object.name === '' ? `evt.${map.property.value}[${JSON.stringify(node.property.value)}]` : null;
}

function literalText(node: Node): string | null {
  return node.kind === 'string' ? JSON.stringify(node.value) : null;
}

function listText(node: Node): string | null {
  if (node.kind !== 'array') return null;
  const items = node.items.map(literalText);
  return items.includes(null) ? null : `[${items.join(', ')}]`;
}
