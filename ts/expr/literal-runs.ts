// Finds runs of `x contains 'a' or x contains 'b' or …` over the same x in an `or`: rules hold hundreds of them, and one
// search for all literals costs what one of them does.

import type { BinaryNode, Node, StringNode } from './ast.js';
import { isRepeatable } from './folding.js';
import type { FunctionTable } from './functions.js';
import { isSame } from './rewrites.js';

/** Terms that look for literals in the same text. */
export type LiteralRun = readonly (BinaryNode & { readonly right: StringNode })[];

/** From here on one search beats one look-up for each literal. */
const runLengthMin = 8;

/** The terms in order, long runs gathered. Nothing that changes or waits for anything is gathered. */
export function literalRuns(terms: readonly Node[], functions: FunctionTable): readonly (Node | LiteralRun)[] {
  const result: (Node | LiteralRun)[] = [];
  for (let from = 0; from < terms.length;) {
    const run = runAt(terms, from, functions);
    if (run.length >= runLengthMin) result.push(run);
    else result.push(...terms.slice(from, from + Math.max(run.length, 1)));
    from += Math.max(run.length, 1);
  }
  return result;
}

function runAt(terms: readonly Node[], from: number, functions: FunctionTable): LiteralRun {
  const run: (BinaryNode & { right: StringNode })[] = [];
  for (let i = from; i < terms.length; i++) {
    const term = terms[i];
    if (!isSearch(term)) break;
    if (i === from ? !isRepeatable(term.left, functions) : !isSame(run[0].left, term.left)) break;
    run.push(term);
  }
  return run;
}

function isSearch(node: Node): node is BinaryNode & { right: StringNode } {
  return node.kind === 'binary' && node.operator === 'contains' && node.right.kind === 'string';
}
