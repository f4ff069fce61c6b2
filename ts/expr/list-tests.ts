// Recognises `any(File('f'), {x contains Upper(#)})`, `any(File('f'), {len(#) > 0 && IpInRange(x, #)})` and their like: a question about one text and a whole list that does
// not change, which a search made once for the list answers (list-search.ts).

import { type BuiltinNode, type CallNode, childrenOf, type Node } from './ast.js';
import { isRepeatable } from './folding.js';
import type { FunctionTable } from './functions.js';
import type { ListOperator } from './list-search.js';

/** `subject operator element`, the element perhaps sent through a helper; or a helper of both. */
export interface ListTest {
  readonly operator: ListOperator;
  readonly subject: Node;
  /** Name of the helper around `#`; of the helper itself where the operator is `helper`. */
  readonly helper: string | null;
  /** Empty elements are passed over: `len(#) > 0 && …`. */
  readonly skipsEmpty: boolean;
}

const operators: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith', '==', 'matches']);

/** Whether the list is that of a helper which gives the same object as long as the list is the same. */
export function isFixedList(node: Node, functions: FunctionTable): node is CallNode {
  return node.kind === 'call' && node.helper !== undefined && functions[node.helper.name].givesFixedList === true
    && node.args.every((arg) => arg.kind === 'string');
}

/** The tests of which one must hold for some element, in order; null where the closure is anything else. */
export function listTests(node: BuiltinNode, functions: FunctionTable): readonly ListTest[] | null {
  const [list, closure] = node.args;
  if ((node.name !== 'any' && node.name !== 'none') || !isFixedList(list, functions)) return null;
  if (closure?.kind !== 'predicate') return null;
  const terms = alternatives(closure.body);
  const tests: ListTest[] = [];
  for (const term of terms) {
    const test = listTest(term, functions);
    // With several terms a later one may be looked at sooner than by going through the list: it must not fail then.
    if (test === null || (terms.length > 1 && !cannotFail(test.subject, functions))) return null;
    tests.push(test);
  }
  return tests;
}

/** The terms of an `||`, those of an `||` inside it too. */
function alternatives(node: Node): readonly Node[] {
  return node.kind === 'logical' && node.operator === '||' ? node.terms.flatMap(alternatives) : [node];
}

function listTest(node: Node, functions: FunctionTable): ListTest | null {
  if (node.kind === 'logical' && node.operator === '&&' && node.terms.length === 2 && isNotEmpty(node.terms[0])) {
    const test = listTest(node.terms[1], functions);
    return test && { ...test, skipsEmpty: true };
  }
  if (node.kind === 'call') return helperTest(node, functions);
  if (node.kind !== 'binary' || !operators.has(node.operator)) return null;
  const operator = node.operator as ListOperator;
  const sides = operator === '==' && hasPointer(node.left) ? [node.right, node.left] : [node.left, node.right];
  const [subject, element] = sides;
  const helper = mappingOf(element, functions);
  if (helper === undefined || hasPointer(subject) || !isRepeatable(subject, functions)) return null;
  return { operator, subject, helper, skipsEmpty: false };
}

/** `Helper(subject, #)` where the helper answers for whole lists. */
function helperTest({ helper, args }: CallNode, functions: FunctionTable): ListTest | null {
  if (helper === undefined || functions[helper.name].ofList === undefined || args.length !== 2) return null;
  const [subject, element] = args;
  if (mappingOf(element, functions) !== null || hasPointer(subject) || !isRepeatable(subject, functions)) return null;
  return { operator: 'helper', subject, helper: helper.name, skipsEmpty: false };
}

/** `len(#) > 0` */
function isNotEmpty(node: Node): boolean {
  if (node.kind !== 'binary' || node.operator !== '>' || node.right.kind !== 'integer' || node.right.value !== 0) return false;
  const { left } = node;
  return left.kind === 'builtin' && left.name === 'len' && left.args[0].kind === 'pointer' && left.args[0].name === '';
}

/** The helper around `#`, null for `#` itself, undefined for anything else. */
function mappingOf(element: Node, functions: FunctionTable): string | null | undefined {
  if (element.kind === 'pointer') return element.name === '' ? null : undefined;
  if (element.kind !== 'call' || element.helper === undefined || element.args.length !== 1) return undefined;
  const [arg] = element.args;
  if (functions[element.helper.name].neverFails !== true || arg.kind !== 'pointer' || arg.name !== '') return undefined;
  return element.helper.signature.returns.kind === 'string' ? element.helper.name : undefined;
}

/** A text that is always there: a key of the event's own maps, perhaps sent through helpers. */
export function cannotFail(node: Node, functions: FunctionTable): boolean {
  if (node.kind === 'call') {
    return node.helper !== undefined && functions[node.helper.name].neverFails === true
      && node.args.every((arg) => cannotFail(arg, functions));
  }
  return node.kind === 'string' || (node.kind === 'member' && node.property.kind === 'string' && isEventMap(node.object));
}

function isEventMap({ type }: Node): boolean {
  return type.kind === 'map' && type.store !== 'object';
}

/** Whether a part depends on `#` or what goes with it. */
export function hasPointer(node: Node): boolean {
  return node.kind === 'pointer' || childrenOf(node).some(hasPointer);
}
