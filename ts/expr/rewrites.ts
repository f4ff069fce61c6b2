// The rewritings of a checked tree that CrowdSec's expression library makes and that show from outside: `filter(…)[0]`
// stops at the first match, `x and false` never looks at x. Those that only save time there are left to the generator.

import { type BinaryNode, type BuiltinNode, childrenOf, type LogicalNode, type MemberNode, type Node } from './ast.js';
import { SyntaxFault } from './syntax-error.js';
import { boolType, deref } from './types.js';

/** Returns the tree as it is to be run. Throws SyntaxFault where a constant part cannot be computed. */
export function rewrite(node: Node): Node {
  const inner = withChildren(node, rewrite);
  switch (inner.kind) {
    case 'logical': return combined(folded(inner));
    case 'binary': return rewriteBinary(inner);
    case 'member': return rewriteMember(inner);
    case 'builtin': return rewriteBuiltin(inner);
    default: return inner;
  }
}

/** The node with its children replaced; the very node when each of them stays. */
export function withChildren(node: Node, replace: (child: Node) => Node): Node {
  switch (node.kind) {
    case 'unary': return withParts(node, { operand: replace(node.operand) });
    case 'binary': return withParts(node, { left: replace(node.left), right: replace(node.right) });
    case 'logical': return withParts(node, { terms: replaced(node.terms, replace) });
    case 'conditional':
      return withParts(node, { condition: replace(node.condition), then: replace(node.then), otherwise: replace(node.otherwise) });
    case 'member': return withParts(node, { object: replace(node.object), property: replace(node.property) });
    case 'chain': return withParts(node, { inner: replace(node.inner) });
    case 'slice':
      return withParts(node, { object: replace(node.object), from: node.from && replace(node.from), to: node.to && replace(node.to) });
    case 'call': return withParts(node, { callee: replace(node.callee), args: replaced(node.args, replace) });
    case 'builtin': return withParts(node, { args: replaced(node.args, replace) });
    case 'predicate': return withParts(node, { body: replace(node.body) });
    case 'let': return withParts(node, { value: replace(node.value), body: replace(node.body) });
    case 'sequence': return withParts(node, { nodes: replaced(node.nodes, replace) });
    case 'array': return withParts(node, { items: replaced(node.items, replace) });
    case 'map': return { ...node, pairs: node.pairs.map(({ key, value }) => ({ key: replace(key), value: replace(value) })) };
    default: return node;
  }
}

/** Most parts of most trees stay as they are: nothing is copied for them. */
function withParts<N extends Node>(node: N, parts: Partial<N>): N {
  for (const name in parts) if (parts[name] !== node[name]) return { ...node, ...parts };
  return node;
}

function replaced<Nodes extends readonly Node[]>(nodes: Nodes, replace: (child: Node) => Node): Nodes {
  const result = nodes.map(replace);
  return result.every((each, index) => each === nodes[index]) ? nodes : result as unknown as Nodes;
}

/** Drops the terms that decide nothing; one that decides all is all. */
function folded(node: LogicalNode): Node {
  const deciding = node.operator === '||';
  const constants = node.terms.map(constantBool);
  if (constants.includes(deciding)) return { kind: 'bool', value: deciding, at: node.at, type: boolType };
  const terms = node.terms.filter((_, index) => constants[index] === null);
  if (terms.length === node.terms.length) return node;
  if (terms.length === 0) return { kind: 'bool', value: !deciding, at: node.at, type: boolType };
  return terms.length === 1 ? terms[0] : { ...node, terms };
}

function constantBool(node: Node): boolean | null {
  if (node.kind === 'bool') return node.value;
  if (node.kind !== 'unary' || node.operator !== 'not') return null;
  const inner = constantBool(node.operand);
  return inner === null ? null : !inner;
}

/** `any(x, p) or any(x, q)` looks at each element of x once; all/and and none/and likewise. */
function combined(node: Node): Node {
  if (node.kind !== 'logical') return node;
  const { operator } = node;
  let first: Node = node.terms[0];
  let used = 1;
  for (; used < node.terms.length; used++) {
    const next = node.terms[used];
    if (first.kind !== 'builtin' || next.kind !== 'builtin' || !isCombinable(first, next, operator)) break;
    const inner = first.name === 'none' ? '||' : operator;
    const bodies = [first, next].map((each) => bodyOf(each.args[1]));
    const body: Node = {
      kind: 'logical', operator: inner, terms: bodies, operators: [{ text: inner, at: next.at }], at: first.at, type: boolType,
    };
    const [list, closure] = first.args;
    first = { ...first, args: [list, { ...closure, kind: 'predicate', body }] };
  }
  if (used === 1) return node;
  return used === node.terms.length ? first : { ...node, terms: [first, ...node.terms.slice(used)] };
}

function isCombinable(first: BuiltinNode, next: BuiltinNode, operator: string): boolean {
  if (first.name !== next.name) return false;
  const fits = operator === '||' ? first.name === 'any' : first.name === 'all' || first.name === 'none';
  return fits && isSame(first.args[0], next.args[0]);
}

function bodyOf(node: Node): Node {
  return node.kind === 'predicate' ? node.body : node;
}

function rewriteBinary(node: BinaryNode): Node {
  const { operator, left, right } = node;
  if (operator === '%' && left.kind === 'integer' && right.kind === 'integer' && right.value === 0) {
    throw new SyntaxFault('integer divide by zero', node.at);
  }
  if (operator === 'matches') return { ...node, right: foldedText(right) };
  if (operator === 'in' && deref(left.type).kind === 'int' && right.kind === 'binary' && right.operator === '..'
    && right.left.kind === 'integer' && right.right.kind === 'integer') {
    const bound = (comparison: '>=' | '<=', limit: Node): Node =>
      ({ kind: 'binary', operator: comparison, left, right: limit, at: node.at, type: boolType });
    return { kind: 'logical', operator: '&&', terms: [bound('>=', right.left), bound('<=', right.right)],
      operators: [{ text: '&&', at: node.at }], at: node.at, type: boolType };
  }
  if (left.kind === 'builtin' && left.name === 'count' && left.args.length === 2 && right.kind === 'integer') {
    return rewriteCount(node, left, right.value);
  }
  return node;
}

/** A count that is only compared stops when the answer is known. */
function rewriteCount(node: BinaryNode, count: BuiltinNode, limit: number): Node {
  const enough = { '>': limit + 1, '>=': limit, '<': limit, '<=': limit + 1 } as Readonly<Record<string, number>>;
  if (limit < 0 || !Object.hasOwn(enough, node.operator)) return node;
  const stop = enough[node.operator];
  if (stop === 1 && node.operator.startsWith('>')) return { ...count, name: 'any', type: boolType };
  return stop <= 1 ? node : { ...node, left: { ...count, enough: stop } };
}

/** Texts joined by + are one text. */
function foldedText(node: Node): Node {
  if (node.kind !== 'binary' || node.operator !== '+') return node;
  const [left, right] = [foldedText(node.left), foldedText(node.right)];
  if (left.kind !== 'string' || right.kind !== 'string') return node;
  return { ...left, value: left.value + right.value };
}

/** `filter(…)[0]` and `filter(…)[-1]`. */
function rewriteMember(node: MemberNode): Node {
  if (node.optional || node.object.kind !== 'builtin') return node;
  const { property } = node;
  const isFirst = property.kind === 'integer' && property.value === 0;
  const isLast = property.kind === 'unary' && property.operator === '-' && property.operand.kind === 'integer'
    && property.operand.value === 1;
  if (!isFirst && !isLast) return node;
  return found(node.object, isFirst ? 'find' : 'findLast', true, node) ?? node;
}

function rewriteBuiltin(node: BuiltinNode): Node {
  const [first] = node.args;
  if (node.name === 'sum' && node.args.length === 1) return rewriteSum(node);
  if (node.args.length !== 1 || first.kind !== 'builtin') return node;
  if (node.name === 'first') return found(first, 'find', false, node) ?? node;
  if (node.name === 'last') return found(first, 'findLast', false, node) ?? node;
  if (node.name === 'len') {
    const filter = filterIn(first);
    if (filter !== null) return { ...filter.node, name: 'count', type: node.type };
  }
  return node;
}

/** `sum([a, b, c])` is `a + (b + c)`, so it joins texts too, unless all is spelled out. */
function rewriteSum(node: BuiltinNode): Node {
  const [array] = node.args;
  if (array.kind !== 'array' || array.items.length < 2) return node;
  if (array.items.every((item) => ['integer', 'float', 'string', 'bool'].includes(item.kind))) return node;
  return array.items.reduceRight((right, left) =>
    ({ kind: 'binary', operator: '+', left, right, at: node.at, type: node.type }));
}

/** A search in place of a filter of which one element is taken. */
function found(list: BuiltinNode, name: 'find' | 'findLast', throws: boolean, whole: Node): Node | null {
  const filter = filterIn(list);
  if (filter === null) return null;
  return { ...filter.node, name, throws, mapped: filter.mapped, at: whole.at, type: whole.type };
}

/** The filter that a list comes from, directly or through a map that does not count. */
function filterIn(list: BuiltinNode): { node: BuiltinNode; mapped: Node | undefined } | null {
  if (list.name === 'filter') return { node: list, mapped: undefined };
  const [inner] = list.args;
  if (list.name !== 'map' || inner.kind !== 'builtin' || inner.name !== 'filter' || usesIndex(list.args[1])) return null;
  return { node: inner, mapped: bodyOf(list.args[1]) };
}

function usesIndex(node: Node): boolean {
  return (node.kind === 'pointer' && node.name === 'index') || childrenOf(node).some(usesIndex);
}

/** What does not show in how a node is written. */
const unwritten = new Set(['at', 'type', 'operators', 'method', 'helper', 'signature']);

/** Whether two trees are written alike. */
export function isSame(a: Node, b: Node): boolean {
  return isSamePart(a, b);
}

function isSamePart(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [a, b] as Readonly<Record<string, unknown>>[];
  for (const key in left) if (!unwritten.has(key) && !isSamePart(left[key], right[key])) return false;
  for (const key in right) if (!unwritten.has(key) && right[key] !== undefined && left[key] === undefined) return false;
  return true;
}
