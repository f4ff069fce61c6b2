// What must hold for an expression to be true or to change anything, as conditions that change nothing themselves. The
// analyses for indexing (analysis.ts, field-tests.ts) look at these one by one. Sound, never complete.

import { childrenOf, type LetNode, type Node } from './ast.js';
import { effectsOf } from './effects.js';
import type { FunctionTable } from './functions.js';
import { hasPointer } from './list-tests.js';
import { withChildren } from './rewrites.js';

/** A variable's value is put in its place where it is no larger: values of values could grow without end. */
const inlinedNodesMax = 24;

/** Returns conditions without effects that are all true whenever the expression is true or changes something. */
export function mustHold(node: Node, functions: FunctionTable): readonly Node[] {
  switch (node.kind) {
    case 'logical': return node.operator === '&&' ? conjuncts(node.terms, functions) : whole(node, functions);
    case 'conditional': {
      if (node.otherwise.kind !== 'bool' || node.otherwise.value) return whole(node, functions);
      return conjuncts([node.condition, node.then], functions);
    }
    case 'let': return ofLet(node, functions);
    default: return whole(node, functions);
  }
}

/** What stands behind a term with effects is looked at only after them. */
function conjuncts(terms: readonly Node[], functions: FunctionTable): readonly Node[] {
  const found: Node[] = [];
  for (const term of terms) {
    found.push(...mustHold(term, functions));
    if (effectsOf(term, functions).hasEffects) break;
  }
  return found;
}

function whole(node: Node, functions: FunctionTable): readonly Node[] {
  return effectsOf(node, functions).hasEffects ? [] : [node];
}

function ofLet({ name, value, body }: LetNode, functions: FunctionTable): readonly Node[] {
  if (effectsOf(value, functions).hasEffects || hasPointer(value) || nodeCount(value) > inlinedNodesMax) return [];
  return mustHold(withValue(body, name, value), functions);
}

/** The tree with a variable replaced by what it stands for. */
function withValue(node: Node, name: string, value: Node): Node {
  if (node.kind === 'name') return node.name === name ? value : node;
  if (node.kind === 'let' && node.name === name) return { ...node, value: withValue(node.value, name, value) };
  return withChildren(node, (child) => withValue(child, name, value));
}

function nodeCount(node: Node): number {
  return childrenOf(node).reduce((sum, child) => sum + nodeCount(child), 1);
}
