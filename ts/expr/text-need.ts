// What texts a filter cannot be true without: `Upper(evt.Meta.http_path) contains 'X' && …` needs an X in that text. The
// index of scenarios (ts/buckets/candidates.ts) looks for what hundreds of filters need in one search. Sound, never complete.

import { requiredLiterals } from '../util/regex-literals.js';
import type { BinaryNode, Node } from './ast.js';
import type { FunctionTable } from './functions.js';
import { cannotFail } from './list-tests.js';
import { isSame } from './rewrites.js';

/** One of the literals is in the subject whenever the expression is true. */
export interface Need {
  readonly subject: Node;
  readonly literals: readonly string[];
}

/** Shorter literals are in too many texts to tell rules apart. */
const literalCharsMin = 4;

/** Returns the most telling need of an expression as it is run; null where none is known. */
export function needOf(node: Node, functions: FunctionTable): Need | null {
  if (node.kind === 'binary') return needOfTest(node, functions);
  if (node.kind !== 'logical') return null;
  const needs = node.terms.map((term) => needOf(term, functions));
  if (node.operator === '&&') return needs.reduce((a, b) => (a === null || (b !== null && shortest(b) > shortest(a)) ? b : a), null);
  const [first] = needs;
  if (first === null) return null;
  if (!needs.every((need) => need !== null && isSame(need.subject, first.subject))) return null;
  return { subject: first.subject, literals: needs.flatMap((need) => (need as Need).literals) };
}

function needOfTest({ operator, left, right }: BinaryNode, functions: FunctionTable): Need | null {
  if (right.kind !== 'string' || left.kind === 'string' || !cannotFail(left, functions)) return null;
  const literals = operator === 'matches' ? requiredLiterals(right.value)
    : operator === 'contains' || operator === 'startsWith' || operator === 'endsWith' ? [right.value] : null;
  if (literals === null || literals.length === 0) return null;
  const need = { subject: left, literals };
  return shortest(need) < literalCharsMin ? null : need;
}

function shortest({ literals }: Need): number {
  return Math.min(...literals.map((literal) => literal.length));
}
