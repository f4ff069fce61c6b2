// Walks the tree of an expression and computes it: the slow and simple meaning of the language. It is what generated code
// is compared with in tests, and shares with it only the tree, the types and the builtins (whose results are
// compared with recorded ones). Every value is boxed.

import type { Located } from '../config/document.js';
import { PalisadeError } from '../errors.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { boundMethod, call, fieldValue, lengthOf, plainArgument } from './access.js';
import { type BinaryNode, type BuiltinNode, type CallNode, hasInteger, type MemberNode, type Node } from './ast.js';
import { box, unbox } from './boxing.js';
import { MemoryBudget } from './budget.js';
import { budgetBuiltins, builtinCall } from './builtins/calls.js';
import { closureShapes } from './builtin-names.js';
import { check } from './checker.js';
import type { ExprEnv } from './env.js';
import type { FunctionTable, Signature } from './functions.js';
import * as naive from './interpret-values.js';
import { parse } from './parser.js';
import { rewrite } from './rewrites.js';
import type { ExprRuntime } from './runtime.js';
import { SyntaxFault } from './syntax-error.js';
import { deref, type Type, typeText } from './types.js';
import { ExprError, GoStruct, KeyedMap } from './values.js';

/** A computation that gives promises out where a helper is asynchronous, and gets their values back. */
type Steps = Generator<unknown, unknown, unknown>;

/** What a closure sees. */
interface Pointers {
  readonly element: unknown;
  readonly index: number;
  readonly result: unknown;
}

/** Returns a function like the one link() gives, that interprets. It returns a promise when the expression has to wait. */
export function interpreter<Context>(
  located: Located, options: { readonly env: ExprEnv; readonly functions: FunctionTable<Context> }, runtime: ExprRuntime,
): (...args: unknown[]) => unknown {
  const functions = options.functions as unknown as FunctionTable;
  const tree = typed(located, options.env, functions);
  return (...args) => drive(new Interpreter(options.env, functions, runtime, args).run(tree), runtime);
}

function typed({ text, place }: Located, env: ExprEnv, functions: FunctionTable): Node {
  try {
    const tree = parse(text);
    check(tree, env, functions);
    return rewrite(tree);
  } catch (error) {
    if (error instanceof SyntaxFault) throw new PalisadeError('E_EXPRESSION', error.message, place, { cause: error });
    throw error;
  }
}

/** Runs the steps; from the first promise on the rest runs as a promise. */
function drive(steps: Steps, runtime: ExprRuntime): unknown {
  try {
    const step = steps.next();
    return step.done === true ? step.value : driveAsync(steps, step.value, runtime);
  } catch (error) {
    throw runtime.failure(error);
  }
}

async function driveAsync(steps: Steps, first: unknown, runtime: ExprRuntime): Promise<unknown> {
  try {
    let step = steps.next(await first);
    while (step.done !== true) step = steps.next(await step.value);
    return step.value;
  } catch (error) {
    throw runtime.failure(error);
  }
}

class Interpreter {
  readonly #functions: FunctionTable;
  readonly #runtime: ExprRuntime;
  readonly #names = new Map<string, unknown>();
  readonly #closures: Pointers[] = [];
  readonly #budget = new MemoryBudget();
  readonly #env: Record<string, unknown> = Object.create(null);

  constructor(env: ExprEnv, functions: FunctionTable, runtime: ExprRuntime, args: readonly unknown[]) {
    this.#functions = functions;
    this.#runtime = runtime;
    for (const [index, { name, type }] of env.params.entries()) this.#env[name] = box(args[index], type);
  }

  *run(node: Node): Steps {
    const value = yield* this.#value(node);
    return value === cut ? null : value;
  }

  *#value(node: Node): Steps {
    switch (node.kind) {
      case 'nil': return null;
      case 'bool': case 'string': case 'float': case 'bytes': return node.value;
      case 'integer': return new GoInt(node.value);
      case 'name': return this.#name(node.name);
      case 'unary': return naive.unary(node.operator, yield* this.#value(node.operand));
      case 'binary': return yield* this.#binary(node);
      case 'logical': {
        const { operator, terms } = node;
        let value: unknown;
        for (const [index, term] of terms.entries()) {
          value = yield* this.#value(term);
          if (index < terms.length - 1 && naive.truth(value) === (operator === '||')) return value;
        }
        return value;
      }
      case 'conditional': {
        const condition = naive.truth(yield* this.#value(node.condition));
        return yield* this.#value(condition ? node.then : node.otherwise);
      }
      case 'member': return yield* this.#member(node);
      case 'chain': {
        const value = yield* this.#value(node.inner);
        return value === cut ? null : value;
      }
      case 'slice': {
        const object = yield* this.#value(node.object);
        const to = node.to === null ? undefined : yield* this.#value(node.to);
        const from = node.from === null ? undefined : yield* this.#value(node.from);
        if (object === cut) return cut;
        return naive.slice(object ?? (isNilable(node.object.type) ? [] : null), from, to);
      }
      case 'call': return yield* this.#call(node);
      case 'builtin':
        return Object.hasOwn(closureShapes, node.name) ? yield* this.#closureBuiltin(node) : yield* this.#builtin(node);
      case 'predicate': return yield* this.#value(node.body);
      case 'pointer': return this.#pointer(node.name);
      case 'let':
        this.#names.set(node.name, yield* this.#value(node.value));
        return yield* this.#value(node.body);
      case 'sequence': {
        let value: unknown;
        for (const each of node.nodes) value = yield* this.#value(each);
        return value;
      }
      case 'array': return yield* this.#values(node.items);
      case 'map': {
        const map: Record<string, unknown> = Object.create(null);
        for (const { key, value } of node.pairs) map[naive.text(yield* this.#value(key))] = yield* this.#value(value);
        return map;
      }
    }
  }

  *#values(nodes: readonly Node[]): Generator<unknown, unknown[], unknown> {
    const values: unknown[] = [];
    for (const node of nodes) values.push(yield* this.#value(node));
    return values;
  }

  #name(name: string): unknown {
    if (this.#names.has(name)) return this.#names.get(name);
    if (name === '$env') return this.#env;
    if (Object.hasOwn(this.#env, name)) return this.#env[name];
    return this.#runtime.helper(name);
  }

  #pointer(name: string): unknown {
    const { element, index, result } = this.#closures[this.#closures.length - 1];
    if (name === 'index') return new GoInt(index);
    return name === 'acc' ? result : element;
  }

  *#binary(node: BinaryNode): Steps {
    const { operator, left, right } = node;
    const a = yield* this.#value(left);
    if (operator === '??') return naive.isNil(a) ? yield* this.#value(right) : a;
    const b = yield* this.#value(right);
    if (operator === '..') {
      const [from, to] = [naive.integer(a), naive.integer(b)];
      this.#budget.take(Math.max(to - from + 1, 0));
      return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => new GoInt(from + index));
    }
    if (operator === 'matches') {
      if (naive.isNil(a) || naive.isNil(b)) return false;
      const subject = a instanceof Uint8Array ? Buffer.from(a).toString('latin1') : naive.text(a);
      return this.#runtime.regex(naive.text(b)).test(subject);
    }
    if (operator === 'in') return naive.isIn(a, b, lookedUp(left, right));
    if (operator === '==' || operator === '!=') assertTyped(typeText(left.type), typeText(right.type), a, b);
    return naive.binary(operator, a, b);
  }

  *#member(node: MemberNode): Steps {
    const object = yield* this.#value(node.object);
    if (object === cut || (node.optional && naive.isNil(object))) return cut;
    const key = yield* this.#value(node.property);
    const type = deref(node.object.type);
    if (node.object.kind === 'name' && node.object.name === '$env') return (object as Record<string, unknown>)[key as string];
    if (object instanceof GoStruct && typeof key === 'string' && Object.hasOwn(object.type.fields, key)) {
      const field = object.type.fields[key];
      return box(fieldValue(object.value, field), field.type);
    }
    const bound = typeof key === 'string' ? boundMethod(object, key) : undefined;
    if (bound !== undefined) return bound;
    return naive.element(object, key, type.kind === 'map' ? zeroOf(type.element) : null);
  }

  *#call(node: CallNode): Steps {
    const { callee } = node;
    if (node.helper !== undefined) {
      const args = yield* this.#values(node.args);
      const { name, signature } = node.helper;
      const given = args.map((arg, index) => argument(arg, node.args[index], parameter(signature, index)));
      const result = this.#runtime.helper(name)(...given as never[]);
      return box(this.#functions[name].isAsync === true ? yield result : result, signature.returns);
    }
    if (callee.kind === 'member' && callee.method !== undefined) {
      const { method } = callee;
      const receiver = yield* this.#value(callee.object);
      if (receiver === cut) return cut;
      const args = yield* this.#values(node.args);
      const given = args.map((arg, index) => argument(arg, node.args[index], parameter(method, index)));
      return box(method.call(unbox(receiver) as never, ...given as never[]), method.returns);
    }
    const target = yield* this.#value(callee);
    return target === cut ? cut : call(target, yield* this.#values(node.args));
  }

  *#builtin(node: BuiltinNode): Steps {
    const { name, signature } = node;
    const args = yield* this.#values(node.args);
    if (name === 'len' && naive.isNil(args[0]) && isNilable(node.args[0].type)) return new GoInt(0);
    if (name === 'len') return new GoInt(lengthOf(args[0]));
    if (name === 'now') return this.#runtime.times.now(this.#runtime.now, args[0] as never);
    const { path, boxed } = builtinCall(name);
    const given = signature === undefined || boxed ? args
      : args.map((arg, index) => argument(arg, node.args[index], parameter(signature, index)));
    const [module, method] = path.split('.') as ['texts', 'trim'];
    const run = this.#runtime[module][method] as unknown as (...all: unknown[]) => unknown;
    const result = run(...(budgetBuiltins.has(name) ? [this.#budget] : []), ...given);
    return signature === undefined ? result : box(result, signature.returns);
  }

  *#closureBuiltin(node: BuiltinNode): Steps {
    const { name, args } = node;
    const collection = yield* this.#value(args[0]);
    const list = naive.list(collection ?? (isNilable(args[0].type) ? [] : null));
    const third = args.length === 3 ? { value: yield* this.#value(args[2]) } : null;
    switch (name) {
      case 'any': return (yield* this.#search(list, node, false, true)) >= 0;
      case 'none': return (yield* this.#search(list, node, false, true)) < 0;
      case 'all': return (yield* this.#search(list, node, false, false)) < 0;
      case 'find': case 'findLast': return yield* this.#find(list, node);
      case 'findIndex': case 'findLastIndex': {
        const at = yield* this.#search(list, node, name === 'findLastIndex', true);
        return at < 0 ? null : new GoInt(at);
      }
      case 'reduce': return yield* this.#reduce(list, node, third);
      default: return yield* this.#gather(list, node, third?.value ?? 'asc');
    }
  }

  *#closure(node: Node | undefined, element: unknown, index: number, result: unknown): Steps {
    if (node === undefined) return element;
    this.#closures.push({ element, index, result });
    const value = yield* this.#value(node);
    this.#closures.pop();
    return value;
  }

  /** Position of the first (or last) element for which the closure says `wanted`, -1 for none. */
  *#search(
    list: readonly unknown[], node: BuiltinNode, fromEnd: boolean, wanted: boolean,
  ): Generator<unknown, number, unknown> {
    for (let step = 0; step < list.length; step++) {
      const at = fromEnd ? list.length - 1 - step : step;
      if (naive.truth(yield* this.#closure(node.args[1], list[at], at, null)) === wanted) return at;
    }
    return -1;
  }

  *#find(list: readonly unknown[], node: BuiltinNode): Steps {
    const at = yield* this.#search(list, node, node.name === 'findLast', true);
    if (at < 0 && node.throws === true) throw new ExprError('reflect: slice index out of range');
    if (at < 0) return null;
    return node.mapped === undefined ? list[at] : yield* this.#closure(node.mapped, list[at], at, null);
  }

  *#reduce(list: readonly unknown[], node: BuiltinNode, initial: { readonly value: unknown } | null): Steps {
    if (initial === null && list.length === 0) throw new ExprError('reduce of empty array with no initial value');
    let result = initial === null ? list[0] : initial.value;
    for (let index = initial === null ? 1 : 0; index < list.length; index++) {
      result = yield* this.#closure(node.args[1], list[index], index, result);
    }
    return result;
  }

  /** The builtins that go through the whole list: what the closure gave for each element, then put together. */
  *#gather(list: readonly unknown[], node: BuiltinNode, direction: unknown): Steps {
    const given: unknown[] = [];
    let matches = 0;
    const counts = ['count', 'one', 'filter'].includes(node.name);
    if (node.name === 'sortBy') naive.descending(direction);
    for (const [index, element] of list.entries()) {
      given.push(yield* this.#closure(node.args[1], element, index, null));
      if (counts && naive.truth(given[index])) matches += 1;
      if (matches >= (node.enough ?? Infinity)) break;
    }
    switch (node.name) {
      case 'count': return new GoInt(matches);
      case 'one': return matches === 1;
      case 'filter': this.#budget.take(matches); return list.filter((_, index) => given[index] === true);
      case 'map': this.#budget.take(given.length); return given;
      case 'sum': return given.reduce((total, each) => naive.binary('+', each, total), new GoInt(0));
      case 'sortBy': this.#budget.take(list.length); return naive.sortedBy(list, given, naive.descending(direction));
      default: return grouped(list, given, this.#runtime);
    }
  }
}

/** Two values typed as text, or as int, must be that when they are compared. */
function assertTyped(left: string, right: string, ...values: unknown[]): void {
  if (left !== right || (left !== 'string' && left !== 'int')) return;
  for (const value of values) {
    if (left === 'int' && !(value instanceof GoInt)) throw new ExprError('not an int');
    if (left === 'string') naive.text(value);
  }
}

/** What `?.` gives when it found nil: everything up to the end of its chain is skipped. */
const cut = Symbol('cut');

function parameter({ params, variadic }: Pick<Signature, 'params' | 'variadic'>, index: number): Type {
  return index < params.length ? params[index] : variadic as Type;
}

function argument(value: unknown, node: Node, wanted: Type): unknown {
  if (wanted.kind === 'float' && value instanceof GoInt && hasInteger(node)) return value.value;
  if (wanted.kind === 'any' || wanted.kind === 'error') return value ?? null;
  if (naive.isNil(value) && isNilable(node.type)) return null;
  const plain = plainArgument(value, wanted);
  return plain instanceof GoDuration ? plain.nanoseconds : plain;
}

/** Whether nil of this type is an empty list or map, or a null pointer, rather than no value at all. */
function isNilable(given: Type): boolean {
  return given.kind === 'pointer' || given.kind === 'slice' || given.kind === 'map';
}

/** Go's zero value of an element that a map does not have. */
function zeroOf(type: Type): unknown {
  if (type.kind === 'string') return '';
  return type.kind === 'struct' ? new GoStruct(type, {}) : null;
}

/** The kind of set that CrowdSec turns a spelled-out list into. */
function lookedUp(left: Node, right: Node): 'texts' | 'ints' | null {
  if (right.kind !== 'array' || right.items.length === 0) return null;
  if (deref(left.type).kind === 'int' && right.items.every((item) => item.kind === 'integer')) return 'ints';
  return right.items.every((item) => item.kind === 'string') ? 'texts' : null;
}

function grouped(list: readonly unknown[], keys: readonly unknown[], runtime: ExprRuntime): KeyedMap {
  const groups = runtime.lists.newKeyedMap(true);
  for (const [index, element] of list.entries()) {
    const group = (groups.get(keys[index]) ?? []) as unknown[];
    groups.set(keys[index], [...group, element]);
  }
  return groups;
}

