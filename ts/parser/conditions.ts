// Takes a filter apart for stage plans: the terms of its outermost `&&` that come before any effect and whose value
// depends on the fields they read and on nothing else. One false term, and the filter is surely false.

import type { Node } from '../expr/ast.js';
import { childrenOf } from '../expr/ast.js';
import type { CompiledExpr } from '../expr/compiled.js';
import { parse } from '../expr/parser.js';
import { SyntaxFault } from '../expr/syntax-error.js';
import { compileExpression, type ExpressionOptions } from './expression.js';
import type { NodeSpec } from './spec.js';

/** A filter of more terms is not taken apart: plans are for the literals most filters begin with. */
const termCountMax = 16;

/** Returns the conditions of a filter and whether they are all of it. */
export function conditionsOf(
  filter: CompiledExpr | null, options: ExpressionOptions,
): Pick<NodeSpec, 'conditions' | 'conditionsAreAll'> {
  if (filter === null) return { conditions: [], conditionsAreAll: true };
  const terms = termsOf(filter.text) ?? [filter.text];
  const conditions: CompiledExpr[] = [];
  for (const term of terms) {
    const compiled = term === filter.text ? filter
      : compileExpression({ text: term, place: filter.place }, options);
    if (compiled.hasEffects) break;
    if (!compiled.usesStash && !compiled.isAsync && isFixed(parse(term))) conditions.push(compiled);
  }
  return { conditions, conditionsAreAll: conditions.length === terms.length };
}

/** The texts between the outermost `&&` of an expression; null where it has none or they do not stand by themselves. */
function termsOf(text: string): string[] | null {
  const tree = parse(text);
  if (tree.kind !== 'logical' || tree.operator !== '&&' || tree.operators.length >= termCountMax) return null;
  const cuts = tree.operators;
  const terms = [...cuts.map((cut, index) => text.slice(index === 0 ? 0 : endOf(cuts[index - 1]), cut.at)),
    text.slice(endOf(cuts[cuts.length - 1]))];
  try {
    // A term that holds an `&&` of its own level is half of a parenthesis or of a longer chain.
    return terms.every((term) => !isConjunction(parse(term))) ? terms : null;
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}

function endOf(operator: { readonly text: string; readonly at: number }): number {
  return operator.at + operator.text.length;
}

function isConjunction(node: Node): boolean {
  return node.kind === 'logical' && node.operator === '&&';
}

/** Helpers whose value depends on their arguments alone; there are more, but filters begin with these. */
const fixedHelpers: ReadonlySet<string> = new Set(['Lower', 'Upper', 'Trim', 'TrimLeft', 'TrimPrefix', 'TrimRight', 'TrimSpace',
  'TrimSuffix']);

/** Whether the value depends on the event's fields alone: no files, no clock, no decisions, no method of the event. */
function isFixed(node: Node): boolean {
  if (node.kind === 'builtin' && (node.name === 'now' || node.name === 'date')) return false;
  if (node.kind === 'call' && (node.callee.kind !== 'name' || !fixedHelpers.has(node.callee.name))) return false;
  return childrenOf(node).every(isFixed);
}
