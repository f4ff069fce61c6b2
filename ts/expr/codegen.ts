// Tree to JavaScript. Where the checker knows the types the code is what one would write by hand
// (`evt.meta.at(3) === "http"`); where a value may be anything it calls the operators of the runtime. Text of a rule
// enters the code only as literals made by literal(), names only as numbers. Names of its own end in a digit, so that they
// never meet a parameter's.

import type { FieldNames } from '../event/field-names.js';
import type { EventNames } from '../event/event.js';
import {
  type BuiltinNode, type CallNode, type ConditionalNode, hasInteger, type LogicalNode, type MemberNode, type Node,
  type SliceNode,
} from './ast.js';
import { needsBox } from './boxing.js';
import { closureShapes } from './builtin-names.js';
import { builtinCall, budgetBuiltins } from './builtins/calls.js';
import { any, type Code, isMade, literal, numberLiteral, plain, wrapped } from './code.js';
import { closureLoop } from './codegen-loops.js';
import { type OperandSource, OperatorGenerator } from './codegen-operators.js';
import type { ExprEnv } from './env.js';
import { aboutOf, spelledOutDuration } from './folding.js';
import type { FunctionTable } from './functions.js';
import { hasPointer, isFixedList, listTests, type ListTest } from './list-tests.js';
import { type LiteralRun, literalRuns } from './literal-runs.js';
import {
  anyType, deref, isAny, madeSliceOf, type MapType, type StructField, type Type, typeText,
} from './types.js';

interface ClosureNames {
  readonly element: Code;
  readonly index: string;
  readonly result: string;
}

/** The body of a function of `rt`, and whether it makes an async function. */
export interface Generated {
  readonly js: string;
  readonly isAsync: boolean;
}

/** Returns the code of a checked tree. Declares the keys it reads in `names`. */
export function generate(tree: Node, env: ExprEnv, functions: FunctionTable, names: EventNames): Generated {
  return new Generator(env, functions, names).run(tree);
}

class Generator implements OperandSource {
  readonly #operators = new OperatorGenerator(this);
  readonly #env: ExprEnv;
  readonly #functions: FunctionTable;
  readonly #names: EventNames;
  readonly #constants = new Map<string, string>();
  readonly #variables: { readonly name: string; readonly code: Code }[] = [];
  readonly #closures: ClosureNames[] = [];
  readonly #chains: string[][] = [];
  #localCount = 0;
  #closureCount = 0;
  #awaitCount = 0;
  #needsBudget = false;

  constructor(env: ExprEnv, functions: FunctionTable, names: EventNames) {
    this.#env = env;
    this.#functions = functions;
    this.#names = names;
  }

  run(tree: Node): Generated {
    const result = this.boxed(this.code(tree));
    const isAsync = this.#awaitCount > 0;
    const constants = [...this.#constants].map(([js, name]) => `const ${name} = ${js};\n`).join('');
    const locals = Array.from({ length: this.#localCount }, (_, index) => `t${index + 1}`);
    const params = this.#env.params.map((param) => param.name).join(', ');
    const js = `"use strict";\n${constants}return ${isAsync ? 'async ' : ''}function (${params}) {\n`
      + (this.#needsBudget ? 'const budget0 = new rt.MemoryBudget();\n' : '')
      + (locals.length > 0 ? `let ${locals.join(', ')};\n` : '')
      + `try {\nreturn ${result};\n} catch (error) {\nthrow rt.failure(error);\n}\n};`;
    return { js, isAsync };
  }

  code(node: Node): Code {
    switch (node.kind) {
      case 'nil': return { js: 'null', form: 'nil', type: node.type };
      case 'bool': return plain(String(node.value), 'bool', node.type);
      case 'integer': return plain(numberLiteral(node.value), 'int', node.type);
      case 'float': return plain(numberLiteral(node.value), 'float', node.type);
      case 'string': return plain(literal(node.value), 'string', node.type);
      case 'bytes': return any(this.constant('B', `Uint8Array.of(${Array.from(node.value).join(',')})`), node.type);
      case 'name': return this.#name(node.name, node.type);
      case 'unary': return this.#unary(node.operator, node.operand, node.type);
      case 'binary': return this.#operators.binary(node);
      case 'logical': return this.#logical(node);
      case 'conditional': return this.#conditional(node);
      case 'member': return this.#member(node);
      case 'chain': return this.#chain(node.inner);
      case 'slice': return this.#slice(node);
      case 'call': return this.#call(node);
      case 'builtin': return Object.hasOwn(closureShapes, node.name) ? this.#closureBuiltin(node) : this.#builtin(node);
      case 'predicate': return this.code(node.body);
      case 'pointer': return this.#pointer(node.name);
      case 'let': return this.#let(node.name, node.value, node.body);
      case 'sequence': return this.#sequence(node.nodes);
      case 'array': return this.#array(node.items, node.type);
      case 'map': return this.#map(node.pairs, node.type);
    }
  }

  /** A constant made once when the code is linked. */
  constant(prefix: string, js: string): string {
    const known = this.#constants.get(js);
    if (known !== undefined) return known;
    const name = `${prefix}${this.#constants.size + 1}`;
    this.#constants.set(js, name);
    return name;
  }

  isFixedList(node: Node): boolean {
    return isFixedList(node, this.#functions);
  }

  local(): string {
    return `t${++this.#localCount}`;
  }

  budget(): string {
    this.#needsBudget = true;
    return 'budget0';
  }

  #typeConstant(type: Type): string {
    return this.constant('T', `rt.type(${literal(typeText(deref(type)))})`);
  }

  /** The code of a value in boxed form. */
  boxed(code: Code): string {
    switch (code.form) {
      case 'int':
        return /^-?[0-9]+$/.test(code.js) ? this.constant('I', `new rt.GoInt(${code.js})`) : `new rt.GoInt(${code.js})`;
      case 'duration': return `new rt.GoDuration(${code.js})`;
      case 'typed': return needsBox(code.type) ? `rt.box(${code.js}, ${this.#typeConstant(code.type)})` : code.js;
      default: return code.js;
    }
  }

  boxedOf(node: Node): string {
    return this.boxed(this.code(node));
  }

  #bool(code: Code): string {
    return code.form === 'bool' ? code.js : `rt.operators.toBool(${this.boxed(code)})`;
  }

  index(node: Node): string {
    const code = this.code(node);
    return code.form === 'int' ? code.js : `rt.operators.toIndex(${this.boxed(code)})`;
  }

  #name(name: string, type: Type): Code {
    const variable = this.#variables.findLast((each) => each.name === name);
    if (variable !== undefined) return variable.code;
    const param = this.#env.params.find((each) => each.name === name);
    if (param !== undefined) return this.#typed(name, param.type);
    if (name === '$env') return any(this.#envMap(), type);
    return any(`rt.helper(${literal(name)})`, type);
  }

  #envMap(): string {
    const pairs = this.#env.params.map(({ name, type }) =>
      `[${literal(name)}, ${this.boxed({ js: name, form: 'typed', type })}]`);
    return `rt.access.mapFrom([${pairs.join(', ')}])`;
  }

  #unary(operator: string, operand: Node, type: Type): Code {
    const code = this.code(operand);
    if (operator === 'not') return plain(`!${wrapped(this.#bool(code))}`, 'bool', type);
    if (operator === '+') return code;
    if (code.form === 'int' || code.form === 'float') return plain(`(-${wrapped(code.js)})`, code.form, type);
    return any(`rt.operators.negate(${this.boxed(code)})`, type);
  }

  #logical(node: LogicalNode): Code {
    const terms = (node.operator === '||' ? literalRuns(node.terms, this.#functions) : node.terms)
      .map((term) => Array.isArray(term) ? this.#literalRun(term) : this.code(term as Node));
    const last = terms[terms.length - 1];
    // Go asserts that every term but the last is a bool; the last one passes as it is.
    const parts = terms.map((term, index) => index < terms.length - 1 ? this.#bool(term) : this.boxed(term));
    return plain(`(${parts.join(` ${node.operator} `)})`, last.form === 'bool' ? 'bool' : 'any', node.type);
  }

  /** Many `x contains 'literal'` over the same x are one search. */
  #literalRun(run: LiteralRun): Code {
    const text = this.code(run[0].left);
    const search = this.constant('L', `rt.literals([${run.map((term) => literal(term.right.value)).join(', ')}])`);
    const js = text.form === 'string' ? `${search}.occurs(${text.js})` : `rt.contains(${search}, ${this.boxed(text)})`;
    return plain(js, 'bool', run[0].type);
  }

  #conditional(node: ConditionalNode): Code {
    const condition = this.#bool(this.code(node.condition));
    return this.joined(this.code(node.then), this.code(node.otherwise), node.type,
      (a, b) => `(${condition} ? ${a} : ${b})`);
  }

  /** Code that gives one of two values: in their common form, else boxed. */
  joined(a: Code, b: Code, type: Type, join: (a: string, b: string) => string): Code {
    const [first, second] = a.form === 'nil' ? [b, a] : [a, b];
    const alike = (): boolean => second.form === 'typed' && isMade(first) === isMade(second)
      && typeText(deref(first.type)) === typeText(deref(second.type));
    if (first.form === 'typed' && (second.form === 'nil' || alike())) return { js: join(a.js, b.js), form: 'typed', type: first.type };
    if (a.form === b.form && a.form !== 'typed') return { js: join(a.js, b.js), form: a.form, type };
    return any(join(this.boxed(a), this.boxed(b)), type);
  }

  /** A chain ends where one of its `?.` finds nil: the tests stand before the rest. */
  #chain(inner: Node): Code {
    this.#chains.push([]);
    const code = this.code(inner);
    const tests = this.#chains.pop() as string[];
    if (tests.length === 0) return code;
    const guarded = (js: string): string => `(${tests.map((test) => `${test} == null ? null : `).join('')}${js})`;
    return code.form === 'typed' ? { ...code, js: guarded(code.js) } : any(guarded(this.boxed(code)), code.type);
  }

  /** The object of a member access, tested for nil when the access is optional. */
  #object(node: MemberNode): Code {
    const code = this.code(node.object);
    const tests = this.#chains.at(-1);
    if (!node.optional || tests === undefined || (code.form !== 'any' && code.form !== 'typed')) return code;
    const local = this.local();
    tests.push(`(${local} = ${code.js})`);
    return { ...code, js: local };
  }

  #member(node: MemberNode): Code {
    if (node.object.kind === 'name' && node.object.name === '$env' && node.property.kind === 'string') {
      const { value } = node.property;
      const param = this.#env.params.find((each) => each.name === value);
      if (param !== undefined) return this.#typed(value, param.type);
    }
    const object = this.#object(node);
    const key = node.property;
    if (node.method !== undefined && key.kind === 'string') {
      return any(`rt.access.boundMethod(${this.boxed(object)}, ${literal(key.value)})`, node.type);
    }
    const type = deref(object.type);
    if (object.form === 'typed') {
      if (type.kind === 'struct' && key.kind === 'string') return this.#field(object.js, type.fields[key.value]);
      if (type.kind === 'slice') return this.#element(object.js, type, this.index(key));
      if (type.kind === 'map' && type.keys === 'string') {
        const keyCode = this.code(key);
        const text = keyCode.form === 'string' ? keyCode.js : `rt.access.textKey(${this.boxed(keyCode)})`;
        return this.#entry(object.js, type, key, text);
      }
    }
    const from = this.boxed(object);
    if (key.kind === 'string') return any(`rt.access.fetchName(${from}, ${literal(key.value)})`, node.type);
    return any(`rt.access.fetch(${from}, ${this.boxedOf(key)})`, node.type);
  }

  #field(object: string, field: StructField): Code {
    const js = `${object}.${field.property}`;
    if (field.zeroStruct !== undefined) return this.#typed(`(${js} ?? rt.zeroStructs.${field.zeroStruct})`, field.type);
    if (field.zero === undefined) return this.#typed(js, field.type);
    const zero = typeof field.zero === 'string' ? literal(field.zero) : String(field.zero);
    return this.#typed(`(${js} ?? ${zero})`, field.type);
  }

  #element(list: string, type: Extract<Type, { kind: 'slice' }>, index: string): Code {
    const js = `rt.access.element(${list}, ${index})`;
    return type.made ? this.#madeElement(js, type.element) : this.#typed(js, type.element);
  }

  /** An element of a list that the expression made: boxed, but a struct is plain again behind its box. */
  #madeElement(js: string, type: Type): Code {
    const target = deref(type);
    return target.kind === 'struct' && needsBox(target) ? { js: `rt.unbox(${js})`, form: 'typed', type } : any(js, type);
  }

  #entry(map: string, type: MapType, key: Node, keyCode: string): Code {
    if (type.store !== 'object') {
      const js = key.kind === 'string' ? `${map}.at(${this.slot(type, key.value)})` : `${map}.get(${keyCode})`;
      return plain(js, 'string', type.element);
    }
    switch (type.element.kind) {
      case 'any': return any(`rt.access.fetchName(${map}, ${keyCode})`, type.element);
      case 'string': return plain(`rt.access.textAt(${map}, ${keyCode})`, 'string', type.element);
      case 'struct': return this.#typed(`(rt.access.ownAt(${map}, ${keyCode}) ?? {})`, type.element);
      default: return this.#typed(`rt.access.ownAt(${map}, ${keyCode})`, type.element);
    }
  }

  slot(type: MapType, key: string): number {
    return (this.#names[type.store as keyof EventNames] as FieldNames).declare(key);
  }

  /** Code whose value is the plain one of a type, in the closest form. */
  #typed(js: string, type: Type): Code {
    switch (type.kind) {
      case 'string': case 'bool': case 'int': case 'float': case 'duration': return plain(js, type.kind, type);
      case 'any': case 'error': return any(js, type);
      case 'pointer': {
        const to = deref(type);
        if (to.kind === 'int' || to.kind === 'duration') return any(`rt.box(${js}, ${this.#typeConstant(to)})`, type);
        return ['string', 'bool', 'float'].includes(to.kind) ? any(js, type) : { js, form: 'typed', type };
      }
      default: return { js, form: 'typed', type };
    }
  }

  #slice(node: SliceNode): Code {
    const object = this.code(node.object);
    const from = node.from === null ? '0' : this.index(node.from);
    const to = node.to === null ? String(Number.MAX_SAFE_INTEGER) : this.index(node.to);
    if (object.form === 'string') return plain(`rt.access.sliceBetween(${object.js}, ${from}, ${to})`, 'string', node.type);
    if (object.form === 'typed' && deref(object.type).kind === 'slice') {
      return { js: `rt.access.sliceBetween(${object.js} ?? [], ${from}, ${to})`, form: 'typed', type: object.type };
    }
    const bound = (part: Node | null): string => part === null ? 'undefined' : this.boxedOf(part);
    return any(`rt.access.slice(${this.boxed(object)}, ${bound(node.from)}, ${bound(node.to)})`, node.type);
  }

  #call(node: CallNode): Code {
    const { callee } = node;
    if (node.helper !== undefined) return this.#helperCall(node.helper.name, node);
    if (callee.kind === 'member' && callee.method !== undefined && callee.property.kind === 'string') {
      // Go looks a known method up without regard to `?.`, so a nil receiver reaches it.
      const object = this.code(callee.object);
      const receiver = object.form === 'any' ? `rt.unbox(${object.js})` : object.js;
      const owner = literal(typeText(deref(callee.object.type)));
      const method = this.constant('M', `rt.method(${owner}, ${literal(callee.property.value)})`);
      const args = this.#arguments(node.args, callee.method.params, callee.method.variadic);
      return this.#typed(`${method}(${[receiver, ...args].join(', ')})`, callee.method.returns);
    }
    const target = this.boxedOf(callee);
    return any(`rt.access.call(${target}, [${node.args.map((arg) => this.boxedOf(arg)).join(', ')}])`, node.type);
  }

  #helperCall(name: string, node: CallNode): Code {
    const { signature } = node.helper as NonNullable<CallNode['helper']>;
    const remembered = this.#isRemembered(node) ? `rt.remembering(${literal(name)}, ${literal(aboutOf(node.args[0]))})` : null;
    const helper = this.constant('f', remembered ?? `rt.helper(${literal(name)})`);
    const args = this.#arguments(node.args, signature.params, signature.variadic);
    const call = `${helper}(${args.join(', ')})`;
    if (this.#functions[name].isAsync !== true) return this.#typed(call, signature.returns);
    this.#awaitCount += 1;
    return this.#typed(`(await ${call})`, signature.returns);
  }

  /** Whether a helper is asked about one text that may be the same in other rules. */
  #isRemembered({ helper, args }: CallNode): boolean {
    const { name, signature } = helper as NonNullable<CallNode['helper']>;
    return this.#functions[name].isPure === true && args.length === 1 && signature.params[0]?.kind === 'string'
      && (signature.returns.kind === 'string' || signature.returns.kind === 'bool') && !hasPointer(args[0]);
  }

  #arguments(args: readonly Node[], params: readonly Type[], variadic: Type | undefined): string[] {
    return args.map((arg, index) => this.#argument(arg, index < params.length ? params[index] : variadic as Type));
  }

  /** An argument as a helper gets it: checked at run time only where its type is not known. */
  #argument(node: Node, wanted: Type): string {
    const code = this.code(node);
    if (wanted.kind === code.form) return code.js;
    // A spelled-out int where a float is wanted is a float; a computed one is an error, as in Go.
    if (wanted.kind === 'float' && code.form === 'int' && hasInteger(node)) return code.js;
    if (wanted.kind === 'any' || wanted.kind === 'error') return this.boxed(code);
    const target = deref(code.type);
    if (code.form === 'typed' && typeText(target) === typeText(deref(wanted))) return code.js;
    return `rt.access.plainArgument(${this.boxed(code)}, ${this.#parameterType(wanted)})`;
  }

  /** A type that a parameter has: spelled out, since parameters of helpers are in no registry. */
  #parameterType(type: Type): string {
    const bare = (one: Type): unknown => one.kind === 'slice' ? { kind: 'slice', element: bare(one.element) }
      : { kind: one.kind };
    return this.constant('P', JSON.stringify(bare(type)));
  }

  #builtin(node: BuiltinNode): Code {
    const { name, args, signature } = node;
    if (name === 'len') return this.#len(args[0]);
    const spelledOut = spelledOutDuration(node);
    if (spelledOut !== null) return plain(numberLiteral(spelledOut), 'duration', node.type);
    if (name === 'now') {
      return this.#typed(`rt.times.now(${['rt.now', ...args.map((arg) => this.boxedOf(arg))].join(', ')})`, node.type);
    }
    const given = signature === undefined || builtinCall(name).boxed ? args.map((arg) => this.boxedOf(arg))
      : this.#arguments(args, signature.params, signature.variadic);
    if (budgetBuiltins.has(name)) given.unshift(this.budget());
    const js = `rt.${builtinCall(name).path}(${given.join(', ')})`;
    if (name === 'int') return plain(`${js}.value`, 'int', node.type);
    if (name === 'float' || name === 'ceil' || name === 'floor' || name === 'round') return plain(js, 'float', node.type);
    if (name === 'mean' || name === 'median') return plain(js, 'float', anyType);
    if (signature !== undefined && !isAny(signature.returns)) return this.#typed(js, signature.returns);
    return name === 'date' ? this.#typed(js, node.type) : any(js, node.type);
  }

  #len(arg: Node): Code {
    const code = this.code(arg);
    const type = deref(code.type);
    if (code.form === 'string') return plain(`rt.access.codePointCount(${code.js})`, 'int', anyType);
    if (code.form === 'typed' && type.kind === 'slice') return plain(`(${code.js} ?? []).length`, 'int', anyType);
    if (code.form === 'typed' && type.kind === 'map' && type.store !== 'object') return plain(`${code.js}.size`, 'int', anyType);
    // A typed map that is nil is an empty one, of any other nil the length is an error.
    const value = code.form === 'typed' && type.kind === 'map' ? `(${code.js} ?? {})`
      : type.kind === 'slice' ? `${code.js} ?? []` : this.boxed(code);
    return plain(`rt.lists.len(${value})`, 'int', anyType);
  }

  #pointer(name: string): Code {
    const closure = this.#closures[this.#closures.length - 1];
    if (name === 'index') return plain(closure.index, 'int', anyType);
    return name === 'acc' ? any(closure.result, anyType) : closure.element;
  }

  #let(name: string, value: Node, body: Node): Code {
    const code = this.code(value);
    const local = this.local();
    this.#variables.push({ name, code: { ...code, js: local } });
    const result = this.code(body);
    this.#variables.pop();
    return { ...result, js: `(${local} = ${code.js}, ${result.js})` };
  }

  #sequence(nodes: readonly Node[]): Code {
    const codes = nodes.map((node) => this.code(node));
    const last = codes[codes.length - 1];
    return { ...last, js: `(${codes.map((code) => code.js).join(', ')})` };
  }

  #array(items: readonly Node[], type: Type): Code {
    const js = `[${items.map((item) => this.boxedOf(item)).join(', ')}]`;
    return { js, form: 'typed', type };
  }

  #map(pairs: readonly { key: Node; value: Node }[], type: Type): Code {
    const list = pairs.map((pair) => `[${this.boxedOf(pair.key)}, ${this.boxedOf(pair.value)}]`);
    return { js: `rt.access.mapFrom([${list.join(', ')}])`, form: 'typed', type };
  }

  #closureBuiltin(node: BuiltinNode): Code {
    const search = this.#listSearch(node);
    if (search !== null) return search;
    const [collection, predicate] = node.args;
    const list = this.#list(collection);
    const boxer = needsBox(list.element) && list.isPlain
      ? `(x) => rt.box(x, ${this.#typeConstant(list.element)})` : 'rt.loops.same';
    const awaitsBefore = this.#awaitCount;
    const closure = this.#closure(node, list, predicate);
    const isAsync = this.#awaitCount > awaitsBefore;
    const third = node.args.length === 3 ? this.boxedOf(node.args[2]) : node.enough?.toString() ?? null;
    const generated = closureLoop(node.name, {
      list: list.js, closure, boxer, isAsync, local: () => this.local(), budget: () => this.budget(),
      third,
      mapped: node.mapped === undefined ? null : this.#closure({ ...node, name: 'map' }, list, node.mapped),
      throws: node.throws === true,
    });
    return this.#loopResult(node, generated, list);
  }

  /** A question about a whole list as searches made once for it; null where it takes a loop. */
  #listSearch(node: BuiltinNode): Code | null {
    const tests = listTests(node, this.#functions);
    if (tests === null) return null;
    const subjects = tests.map((test) => this.code(test.subject));
    if (subjects.some((subject) => subject.form !== 'string')) return null;
    const list = this.local();
    const searches = tests.map((test) => this.#searchFor(test));
    const parts = searches.map((search, index) => `${search}.test(${list}, ${subjects[index].js})`);
    const { js: made } = this.#list(node.args[0]);
    // One test may fail, so it is not asked about nothing; several cannot.
    const asked = tests.length === 1 ? `${searches[0]}.asks(${list} = ${made})` : `(${list} = ${made}).length > 0`;
    const js = `(${asked} && (${parts.join(' || ')}))`;
    return plain(node.name === 'none' ? `!${js}` : js, 'bool', node.type);
  }

  #searchFor({ operator, helper, skipsEmpty }: Omit<ListTest, 'subject'>): string {
    return this.constant('L', `rt.listSearch(${literal(operator)}, ${helper === null ? 'null' : literal(helper)}${skipsEmpty ? ', true' : ''})`);
  }

  #loopResult(node: BuiltinNode, js: string, list: ListCode): Code {
    switch (node.name) {
      case 'any': case 'all': case 'none': case 'one': return plain(js, 'bool', node.type);
      case 'count': return plain(js, 'int', node.type);
      case 'map': case 'filter': case 'sortBy':
        return { js, form: 'typed', type: deref(node.type).kind === 'slice' ? node.type : madeSliceOf(anyType) };
      case 'find': case 'findLast':
        if (node.mapped !== undefined) return any(js, node.type);
        return list.isPlain ? this.#found(js, list.element) : this.#madeElement(js, list.element);
      default: return any(js, node.type);
    }
  }

  /** A plain element that may be absent. */
  #found(js: string, type: Type): Code {
    const target = deref(type);
    if (['struct', 'slice', 'map', 'time'].includes(target.kind)) return { js, form: 'typed', type };
    return any(needsBox(target) ? `rt.box(${js}, ${this.#typeConstant(target)})` : js, type);
  }

  #list(node: Node): ListCode {
    const code = this.code(node);
    const type = deref(code.type);
    if (code.form !== 'typed' || type.kind !== 'slice') {
      const js = type.kind === 'slice' ? `${code.js} ?? []` : this.boxed(code);
      return { js: `rt.access.listOf(${js})`, element: anyType, isPlain: false };
    }
    const js = /^(\[|rt\.loops\.)/.test(code.js) ? code.js : `(${code.js} ?? [])`;
    return { js, element: type.element, isPlain: !type.made };
  }

  /** The arrow function of a closure; the closure of one that was left out gives the element. */
  #closure(node: BuiltinNode, list: ListCode, predicate: Node | undefined): string {
    const number = ++this.#closureCount;
    const [x, i, a] = [`x${number}`, `i${number}`, `a${number}`];
    const element = list.isPlain ? this.#typed(x, list.element) : this.#madeElement(x, list.element);
    this.#closures.push({ element, index: i, result: a });
    const awaitsBefore = this.#awaitCount;
    const body = predicate === undefined ? element : this.code(predicate);
    this.#closures.pop();
    const wantsBool = !['map', 'sum', 'groupBy', 'sortBy', 'reduce'].includes(node.name);
    const js = wantsBool ? this.#bool(body) : this.boxed(body);
    const shown = node.name === 'all' ? `!${wrapped(js)}` : js;
    return `${this.#awaitCount > awaitsBefore ? 'async ' : ''}(${x}, ${i}, ${a}) => (${shown})`;
  }
}

interface ListCode {
  readonly js: string;
  readonly element: Type;
  /** Elements are plain values of the type, else boxed. */
  readonly isPlain: boolean;
}
