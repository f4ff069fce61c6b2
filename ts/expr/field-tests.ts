// The parts of a filter that look at one text field of the event each. Whether such a part holds depends on that text alone,
// and texts come again and again: field-verdicts.ts asks once a text, not once an event.

import { readsOf } from './analysis.js';
import { type BuiltinNode, childrenOf, type Node } from './ast.js';
import type { FunctionTable } from './functions.js';
import { mustHold } from './must-hold.js';

/** A condition on one field. */
export interface FieldCondition {
  /** The field's Go path, e.g. `Meta.http_path`. */
  readonly path: string;
  readonly node: Node;
}

/** More fields for one filter would cost more than they save. */
const alternativesMax = 4;

/**
 * Returns lists of conditions: of each list at least one holds whenever the expression is true or changes something.
 */
export function fieldConditions(tree: Node, functions: FunctionTable): readonly (readonly FieldCondition[])[] {
  return together(mustHold(tree, functions).map((node) => alternatives(node, functions)).filter((list) => list !== null));
}

/** What must hold of one field by itself becomes one condition, which tells more texts apart than each of its parts. */
function together(lists: readonly (readonly FieldCondition[])[]): readonly (readonly FieldCondition[])[] {
  const byPath = new Map<string, Node[]>();
  for (const [{ path, node }] of lists.filter(({ length }) => length === 1)) byPath.set(path, [...(byPath.get(path) ?? []), node]);
  return [...[...byPath].map(([path, nodes]) => [{ path, node: conjunction(nodes) }]), ...lists.filter(({ length }) => length > 1)];
}

function conjunction(terms: Node[]): Node {
  const [first, ...others] = terms;
  if (others.length === 0) return first;
  return { kind: 'logical', operator: '&&', terms, operators: others.map(({ at }) => ({ text: '&&', at })), at: first.at, type: first.type };
}

/** One condition, or one for each alternative of an `or`; null where some part is no condition on a single field. */
function alternatives(node: Node, functions: FunctionTable): readonly FieldCondition[] | null {
  const path = isSettled(node, functions) && node.type.kind === 'bool' ? fieldOf(node) : null;
  if (path !== null) return [{ path, node }];
  const terms = node.kind === 'logical' && node.operator === '||' ? node.terms.map((term) => fewest(term, functions))
    : node.kind === 'builtin' ? termsOfAny(node).map((term) => alternatives(term, functions)) : [];
  if (terms.length === 0 || terms.includes(null)) return null;
  const list = terms.flatMap((term) => term as readonly FieldCondition[]);
  return list.length > alternativesMax ? null : list;
}

/** The shortest of the lists for one alternative of an `or`. */
function fewest(node: Node, functions: FunctionTable): readonly FieldCondition[] | null {
  return fieldConditions(node, functions).reduce<readonly FieldCondition[] | null>((best, list) => (
    best === null || list.length < best.length ? list : best), null);
}

/** `any(x, {a || b})` is `any(x, {a}) || any(x, {b})`. */
function termsOfAny(node: BuiltinNode): readonly Node[] {
  const [list, closure] = node.args;
  if (node.name !== 'any' || closure?.kind !== 'predicate') return [];
  const { body } = closure;
  if (body.kind !== 'logical' || body.operator !== '||') return [];
  return body.terms.map((term) => ({ ...node, args: [list, { ...closure, body: term }] }));
}

/** The field that a condition reads; null where it reads several or more than fields. */
function fieldOf(node: Node): string | null {
  const { all, parsed, meta, enriched, unmarshaled, lineRaw, other } = readsOf(node);
  if (all || unmarshaled || lineRaw || other.length > 0) return null;
  const paths = [...parsed.map((key) => `Parsed.${key}`), ...meta.map((key) => `Meta.${key}`), ...enriched.map((key) => `Enriched.${key}`)];
  return paths.length === 1 ? paths[0] : null;
}

/** Whether a value depends on nothing but the texts of fields and what was loaded: it is the same for the same texts. */
function isSettled(node: Node, functions: FunctionTable): boolean {
  switch (node.kind) {
    case 'call': {
      const entry = node.helper === undefined ? undefined : functions[node.helper.name];
      if (entry === undefined || !(entry.isPure || entry.givesFixedList || entry.asksLoadedData)) return false;
      return node.args.every((arg) => isSettled(arg, functions));
    }
    case 'name': if (node.name !== 'evt') return false; break;
    case 'member': if (node.method !== undefined || node.called) return false; break;
    case 'builtin': if (node.name === 'now') return false; break;
    // Whether a key is there is not the same as its text.
    case 'binary': if (node.operator === 'in' && node.right.type.kind === 'map') return false; break;
    case 'let': return false;
  }
  return childrenOf(node).every((child) => isSettled(child, functions));
}
