// Types every node of a tree, or throws at the first mistake with the words of CrowdSec's expression library.
// Its marks on the tree (type, method, helper, signature) are what the code generator and the interpreter go by.

import { nearest } from '../config/document.js';
import type { BinaryNode, BuiltinNode, CallNode, LetNode, LogicalNode, MemberNode, NameNode, Node, PointerNode, SliceNode,
  UnaryNode } from './ast.js';
import { closureShapes } from './builtin-names.js';
import { builtinRules, builtinSignatures } from './builtins/signatures.js';
import type { ExprEnv } from './env.js';
import type { FunctionEntry, FunctionTable, Signature } from './functions.js';
import { checkPattern } from './regex.js';
import { SyntaxFault } from './syntax-error.js';
import { methodsOf } from './type-registry.js';
import { arithmeticType, both, compatible, goKind } from './type-rules.js';
import {
  anyType, boolType, bytesType, deref, floatType, intType, isAny, isAssignable, isComparable, isList, isNumber,
  madeSliceOf, mapOf, nilType, stringType, unknownType, typeText, type StructMethod, type Type,
} from './types.js';

/** Types a tree in place and returns the type of the whole. Throws SyntaxFault. */
export function check(tree: Node, env: ExprEnv, functions: FunctionTable): Type {
  return new Checker(env, functions).visit(tree);
}

interface ClosureScope {
  readonly collection: Type;
  /** What `#index` and `#acc` are, where there are such. */
  readonly pointers: Readonly<Record<string, Type>>;
}

class Checker {
  readonly #env: ExprEnv;
  readonly #functions: FunctionTable;
  readonly #variables: { readonly name: string; readonly type: Type }[] = [];
  readonly #closures: ClosureScope[] = [];

  constructor(env: ExprEnv, functions: FunctionTable) {
    this.#env = env;
    this.#functions = functions;
  }

  visit(node: Node): Type {
    node.type = this.#typeOf(node);
    return node.type;
  }

  #typeOf(node: Node): Type {
    switch (node.kind) {
      case 'nil': return nilType;
      case 'bool': return boolType;
      case 'integer': return intType;
      case 'float': return floatType;
      case 'string': return stringType;
      case 'bytes': return bytesType;
      case 'name': return this.#name(node);
      case 'unary': return this.#unary(node);
      case 'binary': return this.#binary(node);
      case 'logical': return this.#logical(node);
      case 'conditional': return this.#conditional(node.condition, node.then, node.otherwise);
      case 'chain': return this.visit(node.inner);
      case 'member': return this.#member(node);
      case 'slice': return this.#slice(node);
      case 'call': return this.#call(node);
      case 'builtin': return Object.hasOwn(closureShapes, node.name) ? this.#closureBuiltin(node) : this.#builtin(node);
      case 'predicate': return this.visit(node.body);
      case 'pointer': return this.#pointer(node);
      case 'let': return this.#let(node);
      case 'sequence': return node.nodes.map((each) => this.visit(each)).at(-1) as Type;
      case 'array': return this.#array(node.items);
      case 'map':
        for (const pair of node.pairs) [pair.key, pair.value].forEach((each) => this.visit(each));
        return mapOf(anyType);
    }
  }

  #name(node: NameNode): Type {
    const variable = this.#variables.findLast((each) => each.name === node.name);
    if (variable !== undefined) return variable.type;
    if (node.name === '$env') return unknownType;
    const param = this.#env.params.find((each) => each.name === node.name);
    if (param !== undefined) return param.type;
    const entry = this.#helper(node.name);
    if (entry !== undefined) return { kind: 'func', ...entry };
    throw this.#unknownName(node, node.name);
  }

  #helper(name: string): FunctionEntry | undefined {
    return Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
  }

  #unknownName(node: Node, name: string): SyntaxFault {
    const near = nearest(name, [...this.#env.params.map((each) => each.name), ...Object.keys(this.#functions),
      ...this.#variables.map((each) => each.name)]);
    return fault(node, `unknown name ${name}${near === undefined ? '' : `, did you mean ${near}?`}`);
  }

  #unary(node: UnaryNode): Type {
    const type = deref(this.visit(node.operand));
    if (node.operator === 'not' && (type.kind === 'bool' || isAny(type))) return boolType;
    if (node.operator !== 'not' && isNumber(type)) return type;
    if (node.operator !== 'not' && isAny(type)) return unknownType;
    throw fault(node, `invalid operation: ${node.operator} (mismatched type ${typeText(type)})`);
  }

  #logical(node: LogicalNode): Type {
    const types = node.terms.map((term) => deref(this.visit(term)));
    for (let i = 1; i < types.length; i++) {
      const left = i === 1 ? types[0] : boolType;
      if (compatible(left, types[i], 'bool') || (left.kind === 'bool' && types[i].kind === 'bool')) continue;
      const { text, at } = node.operators[i - 1];
      throw new SyntaxFault(`invalid operation: ${text} (mismatched types ${typeText(left)} and ${typeText(types[i])})`, at);
    }
    return boolType;
  }

  #binary(node: BinaryNode): Type {
    const left = deref(this.visit(node.left));
    const right = deref(this.visit(node.right));
    const type = this.#binaryType(node, left, right);
    if (type !== null) return type;
    throw fault(node, `invalid operation: ${node.operator} (mismatched types ${typeText(left)} and ${typeText(right)})`);
  }

  #binaryType(node: BinaryNode, left: Type, right: Type): Type | null {
    switch (node.operator) {
      case '==': case '!=': return isComparable(left, right) ? boolType : null;
      case '<': case '>': case '<=': case '>=':
        return both(left, right, 'number', 'string', 'time', 'duration')
          || compatible(left, right, 'number', 'string', 'time', 'duration') ? boolType : null;
      case '+': case '-': case '*': return arithmeticType(node.operator, left, right);
      case '/': case '**': return both(left, right, 'number') || compatible(left, right, 'number') ? floatType : null;
      case '%': return both(left, right, 'int') || compatible(left, right, 'int') ? intType : null;
      case '..': return both(left, right, 'int') || compatible(left, right, 'int') ? madeSliceOf(intType) : null;
      case 'in': return this.#in(node, left, right);
      case 'matches':
        if (node.right.kind === 'string') checkPattern(node.right.value, node.at);
        if (left.kind === 'bytes' && right.kind === 'string') return boolType;
        return both(left, right, 'string') || compatible(left, right, 'string') ? boolType : null;
      case 'contains': case 'startsWith': case 'endsWith':
        return both(left, right, 'string') || compatible(left, right, 'string') ? boolType : null;
      case '??':
        if (left.kind === 'nil') return right;
        return right.kind === 'nil' || isAssignable(right, left) ? left : unknownType;
    }
  }

  #in(node: BinaryNode, left: Type, right: Type): Type | null {
    if ((left.kind === 'string' || isAny(left)) && right.kind === 'struct') return boolType;
    if (right.kind === 'map') {
      const key = right.keys === 'any' ? anyType : stringType;
      if (isAny(left) || isAssignable(left, key)) return boolType;
      throw fault(node, `cannot use ${typeText(left)} as type ${typeText(key)} in map key`);
    }
    if (isList(right)) {
      const element = right.kind === 'slice' ? right.element : intType;
      if (isComparable(left, element)) return boolType;
      throw fault(node, `cannot use ${typeText(left)} as type ${typeText(element)} in array`);
    }
    return isAny(right) || (isAny(left) && right.kind === 'string') ? boolType : null;
  }

  #conditional(condition: Node, then: Node, otherwise: Node): Type {
    const type = deref(this.visit(condition));
    if (type.kind !== 'bool' && !isAny(type)) {
      throw fault(condition, `non-bool expression (type ${typeText(type)}) used as condition`);
    }
    const first = this.visit(then);
    const second = this.visit(otherwise);
    if (first.kind === 'nil') return second;
    if (second.kind === 'nil') return first;
    if (!isAssignable(first, second)) return unknownType;
    if (first.kind === 'slice' && second.kind === 'slice' && !isAssignable(second.element, first.element)) {
      return madeSliceOf(anyType);
    }
    return first;
  }

  #member(node: MemberNode): Type {
    if (node.object.kind === 'name' && node.object.name === '$env') return this.#envMember(node);
    const base = this.visit(node.object);
    const property = this.visit(node.property);
    if (isAny(base)) return unknownType;
    const name = node.property.kind === 'string' ? node.property.value : null;
    if (name !== null) {
      if (base.kind === 'nil') throw fault(node, `type nil has no field ${name}`);
      const method = methodOf(base, name);
      if (method !== undefined) {
        node.method = method;
        return { kind: 'func', params: method.params, variadic: method.variadic, returns: method.returns };
      }
    }
    return this.#elementType(node, deref(base), property, name);
  }

  #elementType(node: MemberNode, base: Type, property: Type, name: string | null): Type {
    if (base.kind === 'map') {
      const key = base.keys === 'any' ? anyType : stringType;
      if (isAny(property) || isAssignable(deref(property), key)) return base.element;
      throw fault(node.property, `cannot use ${typeText(property)} to get an element from ${typeText(base)}`);
    }
    if (isList(base)) {
      const index = deref(property);
      if (index.kind === 'int' || isAny(index)) return base.kind === 'slice' ? base.element : intType;
      throw fault(node.property, `array elements can only be selected using an integer (got ${typeText(index)})`);
    }
    if (base.kind === 'struct' && name !== null && Object.hasOwn(base.fields, name)) return base.fields[name].type;
    if (name === null) throw fault(node, `type ${typeText(base)}[${typeText(property)}] is undefined`);
    const near = base.kind !== 'struct' ? undefined
      : nearest(name, [...Object.keys(base.fields), ...Object.keys(base.methods)]);
    throw fault(node, `type ${typeText(base)} has no ${node.called ? 'method' : 'field'} ${name}${
      near === undefined ? '' : `, did you mean ${near}?`}`);
  }

  #envMember(node: MemberNode): Type {
    this.visit(node.object);
    this.visit(node.property);
    if (node.property.kind !== 'string') return unknownType;
    const { value } = node.property;
    const param = this.#env.params.find((each) => each.name === value);
    if (param !== undefined) return param.type;
    if (node.optional) return unknownType;
    throw this.#unknownName(node, value);
  }

  #slice(node: SliceNode): Type {
    const type = this.visit(node.object);
    for (const bound of [node.from, node.to]) {
      if (bound === null) continue;
      const index = deref(this.visit(bound));
      if (index.kind !== 'int' && !isAny(index) && !isAny(type)) {
        throw fault(bound, `non-integer slice index ${typeText(index)}`);
      }
    }
    if (isAny(type) || type.kind === 'string' || isList(type)) return type;
    throw fault(node, `cannot slice ${typeText(type)}`);
  }

  #call(node: CallNode): Type {
    const { callee } = node;
    if (callee.kind === 'name' && callee.name === '$env') throw fault(node, 'the environment is not callable');
    const type = this.visit(callee);
    const entry = callee.kind === 'name' && type.kind === 'func' ? this.#helper(callee.name) : undefined;
    if (entry !== undefined && callee.kind === 'name') {
      if (entry.unsupported !== undefined) {
        throw fault(node, `${callee.name} is not supported: ${entry.unsupported}`);
      }
      const signature = this.#fitting(callee.name, [entry, ...(entry.overloads ?? [])], node.args, node);
      node.helper = { name: callee.name, signature };
      return signature.returns;
    }
    if (isAny(type)) {
      node.args.forEach((arg) => this.visit(arg));
      return unknownType;
    }
    if (type.kind !== 'func') throw fault(node, `${typeText(type)} is not callable`);
    const name = callee.kind === 'member' && callee.property.kind === 'string' ? callee.property.value : 'function';
    return this.#fitting(name, [type], node.args, node).returns;
  }

  /** The first signature that the arguments fit; else the mistake against the last. */
  #fitting(name: string, signatures: readonly Signature[], args: readonly Node[], node: Node): Signature {
    args.forEach((arg) => this.visit(arg));
    let mistake: SyntaxFault | null = null;
    for (const signature of signatures) {
      mistake = misfit(name, signature, args, node);
      if (mistake === null) return signature;
    }
    throw mistake as SyntaxFault;
  }

  #builtin(node: BuiltinNode): Type {
    if (node.name === 'get') return this.#get(node);
    if (Object.hasOwn(builtinSignatures, node.name)) {
      node.signature = this.#fitting(node.name, builtinSignatures[node.name], node.args, node);
      return node.signature.returns;
    }
    const args = node.args.map((arg) => this.visit(arg));
    const result = builtinRules[node.name](args);
    if (typeof result === 'string') throw fault(node, result);
    return result;
  }

  #get(node: BuiltinNode): Type {
    if (node.args.length !== 2) throw fault(node, `invalid number of arguments (expected 2, got ${node.args.length})`);
    const base = this.visit(node.args[0]);
    const key = deref(this.visit(node.args[1]));
    if (isAny(base)) return unknownType;
    if (isList(base)) {
      if (key.kind === 'int' || isAny(key)) return base.kind === 'slice' ? base.element : intType;
      throw fault(node.args[1], `non-integer slice index ${typeText(key)}`);
    }
    if (base.kind === 'map') {
      if (isAny(key) || isAssignable(key, base.keys === 'any' ? anyType : stringType)) return base.element;
      throw fault(node.args[1], `cannot use ${typeText(key)} to get an element from ${typeText(base)}`);
    }
    throw fault(node.args[0], `type ${typeText(base)} does not support indexing`);
  }

  #closureBuiltin(node: BuiltinNode): Type {
    const { name, args } = node;
    const collection = deref(this.visit(args[0]));
    if (!isList(collection) && !isAny(collection)) {
      throw fault(args[0], `builtin ${name} takes only array (got ${typeText(collection)})`);
    }
    const element = isAny(collection) ? unknownType : collection.kind === 'slice' ? collection.element : intType;
    if (args.length === 1) return name === 'count' ? intType : element;
    const result = this.#closure(node, collection);
    switch (name) {
      case 'map': return madeSliceOf(result);
      case 'sum': case 'reduce': return result;
      case 'groupBy': return { kind: 'map', element: madeSliceOf(anyType), keys: 'any', store: 'object' };
      case 'sortBy': return isAny(collection) ? unknownType : madeSliceOf(element);
      default:
    }
    if (result.kind !== 'bool' && !isAny(result)) {
      throw fault(args[1], `predicate should return boolean (got ${typeText(result)})`);
    }
    if (name === 'filter') return madeSliceOf(isAny(collection) ? anyType : element);
    if (name === 'find' || name === 'findLast') return element;
    return name.startsWith('find') || name === 'count' ? intType : boolType;
  }

  /** Checks the closure of a builtin, then what follows it, and returns what the closure gives. */
  #closure({ name, args }: BuiltinNode, collection: Type): Type {
    const pointers: Record<string, Type> = name === 'map' ? { index: intType }
      : name === 'reduce' ? { index: intType, acc: unknownType } : {};
    this.#closures.push({ collection, pointers });
    const result = this.visit(args[1]);
    this.#closures.pop();
    if (result.kind === 'nil') throw fault(args[1], 'predicate should has one input and one output param');
    if (args.length === 3) {
      const third = this.visit(args[2]);
      if (name === 'sortBy' && third.kind !== 'string' && !isAny(third)) {
        throw fault(args[2], `sortBy order argument must be a string (got ${typeText(third)})`);
      }
    }
    return result;
  }

  #pointer(node: PointerNode): Type {
    const scope = this.#closures.at(-1);
    if (scope === undefined) throw fault(node, 'cannot use pointer accessor outside predicate');
    if (node.name === '') {
      const { collection } = scope;
      return isAny(collection) ? unknownType : collection.kind === 'slice' ? collection.element : intType;
    }
    if (Object.hasOwn(scope.pointers, node.name)) return scope.pointers[node.name];
    throw fault(node, `unknown pointer #${node.name}`);
  }

  #let(node: LetNode): Type {
    const { name } = node;
    if (this.#env.params.some((each) => each.name === name)) throw fault(node, `cannot redeclare ${name}`);
    if (this.#helper(name) !== undefined) throw fault(node, `cannot redeclare function ${name}`);
    if (isBuiltin(name)) throw fault(node, `cannot redeclare builtin ${name}`);
    if (this.#variables.some((each) => each.name === name)) throw fault(node, `cannot redeclare variable ${name}`);
    const type = this.visit(node.value);
    this.#variables.push({ name, type });
    const result = this.visit(node.body);
    this.#variables.pop();
    return result;
  }

  #array(items: readonly Node[]): Type {
    const types = items.map((item) => this.visit(item));
    if (types.length === 0) return madeSliceOf(unknownType);
    const last = types[types.length - 1];
    return madeSliceOf(types.every((type) => goKind(type) === goKind(last)) ? last : anyType);
  }
}

/** The method of that name that a value of the type has. */
export function methodOf(type: Type, name: string): StructMethod | undefined {
  const target = deref(type);
  const methods = methodsOf(target);
  if (methods === undefined || !Object.hasOwn(methods, name)) return undefined;
  return methods[name].onPointer && type.kind !== 'pointer' ? undefined : methods[name];
}

function isBuiltin(name: string): boolean {
  return name === 'get' || Object.hasOwn(closureShapes, name) || Object.hasOwn(builtinSignatures, name)
    || Object.hasOwn(builtinRules, name);
}

function fault(node: Node, message: string): SyntaxFault {
  return new SyntaxFault(message, node.at);
}

function misfit(name: string, signature: Signature, args: readonly Node[], node: Node): SyntaxFault | null {
  const { params, variadic } = signature;
  if (args.length > params.length && variadic === undefined) return fault(node, `too many arguments to call ${name}`);
  if (args.length < params.length) return fault(node, `not enough arguments to call ${name}`);
  for (const [index, arg] of args.entries()) {
    const wanted = index < params.length ? params[index] : variadic as Type;
    const given = arg.type;
    if (given.kind === 'nil') {
      if (['pointer', 'any', 'error'].includes(wanted.kind)) continue;
      return fault(arg, `cannot use nil as argument (type ${typeText(wanted)}) to call ${name}`);
    }
    if (isNumber(wanted) && given.kind === 'int') continue;
    if (isAny(given) || isAssignable(given, wanted) || isAssignable(deref(given), wanted)) continue;
    return fault(arg, `cannot use ${typeText(given)} as argument (type ${typeText(wanted)}) to call ${name}`);
  }
  return null;
}
