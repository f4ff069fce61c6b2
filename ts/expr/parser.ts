// Tokens to a tree, by precedence climbing. It knows the grammar and its limits, no types. A run of `and` or `or` becomes
// one flat node, because CrowdSec's rules hold runs of 600 terms.

import { limits } from '../limits.js';
import { type BinaryOperator, childrenOf, type Node } from './ast.js';
import { builtinNames, closureShapes } from './builtin-names.js';
import { type Token, type TokenKind, tokenize } from './lexer.js';
import { SyntaxFault } from './syntax-error.js';
import { unknownType } from './types.js';

/** Precedence of the binary operators. `**` alone groups to the right. */
const precedences: Readonly<Record<string, number>> = {
  '|': 0, or: 10, '||': 10, and: 15, '&&': 15, '==': 20, '!=': 20, '<': 20, '>': 20, '>=': 20, '<=': 20, in: 20, matches: 20,
  contains: 20, startsWith: 20, endsWith: 20, '..': 25, '+': 30, '-': 30, '*': 60, '/': 60, '%': 60, '**': 100, '^': 100,
  '??': 500,
};
const unaryPrecedences: Readonly<Record<string, number>> = { not: 50, '!': 50, '-': 90, '+': 90 };
const comparisons = new Set(['<', '>', '<=', '>=']);
const negatable = new Set(['contains', 'matches', 'startsWith', 'endsWith', 'in']);

/** A node as it is made: without place and type. */
type Bare<N = Node> = N extends Node ? Omit<N, 'at' | 'type'> : never;

/** Returns the tree of an expression. Throws SyntaxFault at the first fault, and beyond the limits on size and depth. */
export function parse(text: string): Node {
  return new Parser(tokenize(text)).run();
}

class Parser {
  readonly #tokens: Token[];
  #index = 0;
  #nodeCount = 0;
  #depth = 0;
  #closureDepth = 0;
  /** Of nodes with children; without them it is 1. */
  readonly #heights = new Map<Node, number>();

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  run(): Node {
    const node = this.#sequence();
    if (!this.#is('EOF')) throw this.#unexpected();
    return node;
  }

  get #token(): Token {
    return this.#tokens[this.#index];
  }

  #is(kind: TokenKind, value?: string): boolean {
    const token = this.#token;
    return token.kind === kind && (value === undefined || token.value === value);
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== 'EOF') this.#index += 1;
    return token;
  }

  #expect(kind: TokenKind, value?: string): Token {
    if (!this.#is(kind, value)) throw this.#unexpected();
    return this.#take();
  }

  #skip(kind: TokenKind, value: string): boolean {
    if (!this.#is(kind, value)) return false;
    this.#take();
    return true;
  }

  #unexpected(token = this.#token): SyntaxFault {
    const shown = token.value === '' ? token.kind : `${token.kind}(${JSON.stringify(token.value)})`;
    return new SyntaxFault(`unexpected token ${shown}`, token.at);
  }

  #node(at: number, bare: Bare): Node {
    this.#count(at);
    const node = Object.assign(bare, { at, type: unknownType }) as Node;
    this.#setHeight(node);
    return node;
  }

  /** Levels below a node, which a run of `+` or `.` makes without any nesting in the text. */
  #setHeight(node: Node): void {
    let below = 0;
    for (const child of childrenOf(node)) below = Math.max(below, this.#heights.get(child) ?? 1);
    if (below === 0) return;
    const height = below + 1;
    if (height > limits.expressionDepthMax) throw new SyntaxFault('expression is nested too deeply', node.at);
    this.#heights.set(node, height);
  }

  #count(at: number): void {
    if (++this.#nodeCount > limits.expressionNodesMax) {
      throw new SyntaxFault('compilation failed: expression exceeds maximum allowed nodes', at);
    }
  }

  /** Runs a part of the grammar that may nest itself. */
  #nested<T>(parsePart: () => T): T {
    if (++this.#depth > limits.expressionDepthMax) throw new SyntaxFault('expression is nested too deeply', this.#token.at);
    const part = parsePart();
    this.#depth -= 1;
    return part;
  }

  #sequence(): Node {
    const nodes = [this.#expression(0)];
    while (this.#skip('Operator', ';')) {
      if (this.#is('EOF')) break;
      nodes.push(this.#expression(0));
    }
    return nodes.length === 1 ? nodes[0] : this.#node(nodes[0].at, { kind: 'sequence', nodes });
  }

  #expression(precedence: number): Node {
    return this.#nested(() => {
      if (precedence === 0 && this.#is('Operator', 'let')) return this.#let();
      if (precedence === 0 && this.#is('Operator', 'if')) return this.#if();
      const node = this.#binary(precedence);
      return precedence === 0 ? this.#ternary(node) : node;
    });
  }

  #binary(precedence: number): Node {
    let left = this.#primary();
    let previous = '';
    while (this.#is('Operator')) {
      const negated = this.#negated(precedence);
      if (negated === 'outside') break;
      const token = this.#token;
      const own = Object.hasOwn(precedences, token.value) ? precedences[token.value] : -1;
      if (own < precedence) break;
      this.#take();
      if (token.value === '|') {
        const name = this.#expect('Identifier');
        left = this.#call(name, [left]);
      } else {
        if (previous === '??' && token.value !== '??') {
          throw new SyntaxFault(`Operator (${token.value}) and coalesce expressions (??) cannot be mixed. `
            + 'Wrap either by parentheses.', token.at);
        }
        left = comparisons.has(token.value) ? this.#comparison(left, token, own)
          : this.#operation(left, token, this.#expression(token.value === '**' || token.value === '^' ? own : own + 1));
        if (negated === 'yes') left = this.#node(token.at, { kind: 'unary', operator: 'not', operand: left });
      }
      previous = token.value;
    }
    return left;
  }

  /** Steps over the `not` of `not in` and its like, unless that operator binds too loosely to belong here. */
  #negated(precedence: number): 'yes' | 'no' | 'outside' {
    if (!this.#is('Operator', 'not')) return 'no';
    const following = this.#tokens[this.#index + 1];
    if (!negatable.has(following.value)) throw this.#unexpected(following);
    if (precedences[following.value] < precedence) return 'outside';
    this.#take();
    return 'yes';
  }

  #operation(left: Node, token: Token, right: Node): Node {
    const logical = { and: '&&', '&&': '&&', or: '||', '||': '||' } as Readonly<Record<string, '&&' | '||'>>;
    if (Object.hasOwn(logical, token.value)) return this.#logical(logical[token.value], token, left, right);
    const operator = (token.value === '^' ? '**' : token.value) as BinaryOperator;
    return this.#node(token.at, { kind: 'binary', operator, left, right });
  }

  #logical(operator: '&&' | '||', token: Token, left: Node, right: Node): Node {
    const written = { text: token.value, at: token.at };
    if (left.kind === 'logical' && left.operator === operator) {
      this.#count(token.at);
      left.terms.push(right);
      left.operators.push(written);
      this.#heights.set(left, Math.max(this.#heights.get(left) ?? 1, (this.#heights.get(right) ?? 1) + 1));
      return left;
    }
    return this.#node(token.at, { kind: 'logical', operator, terms: [left, right], operators: [written] });
  }

  /** `a < b < c` is `a < b && b < c`. */
  #comparison(first: Node, firstToken: Token, precedence: number): Node {
    let left = first;
    let token = firstToken;
    let whole: Node | null = null;
    for (;;) {
      const right = this.#expression(precedence + 1);
      const one = this.#operation(left, token, right);
      whole = whole === null ? one : this.#logical('&&', { ...token, value: '&&' }, whole, one);
      if (!this.#is('Operator') || !comparisons.has(this.#token.value)) return whole;
      left = right;
      token = this.#take();
    }
  }

  #let(): Node {
    this.#take();
    const name = this.#expect('Identifier');
    this.#expect('Operator', '=');
    const value = this.#expression(0);
    this.#expect('Operator', ';');
    const body = this.#sequence();
    return this.#node(name.at, { kind: 'let', name: name.value, value, body });
  }

  #if(): Node {
    const start = this.#take();
    const condition = this.#expression(0);
    const then = this.#block();
    this.#expect('Operator', 'else');
    const otherwise = this.#is('Operator', 'if') ? this.#nested(() => this.#if()) : this.#block();
    return this.#node(start.at, { kind: 'conditional', condition, then, otherwise });
  }

  #block(): Node {
    this.#expect('Bracket', '{');
    const node = this.#sequence();
    this.#expect('Bracket', '}');
    return node;
  }

  #ternary(condition: Node): Node {
    let node = condition;
    while (this.#is('Operator', '?')) {
      const { at } = this.#take();
      let then = node;
      if (!this.#skip('Operator', ':')) {
        then = this.#expression(0);
        this.#expect('Operator', ':');
      }
      const otherwise = this.#expression(0);
      node = this.#node(at, { kind: 'conditional', condition: node, then, otherwise });
    }
    return node;
  }

  #primary(): Node {
    const token = this.#token;
    if (token.kind === 'Operator' && Object.hasOwn(unaryPrecedences, token.value)) {
      this.#take();
      const operand = this.#expression(unaryPrecedences[token.value]);
      const operator = token.value === '!' ? 'not' : token.value as 'not' | '-' | '+';
      return this.#postfix(this.#node(token.at, { kind: 'unary', operator, operand }));
    }
    if (this.#skip('Bracket', '(')) {
      const inner = this.#sequence();
      this.#expect('Bracket', ')');
      return this.#postfix(inner);
    }
    if (this.#closureDepth > 0 && token.kind === 'Operator' && (token.value === '#' || token.value === '.')) {
      return this.#postfix(this.#pointer(token));
    }
    if (this.#skip('Operator', '::')) return this.#postfix(this.#call(this.#expect('Identifier'), []));
    return this.#secondary();
  }

  /** `#`, `#name`, or the nothing before `.field`. */
  #pointer(token: Token): Node {
    let name = '';
    if (token.value === '#') {
      this.#take();
      if (this.#is('Identifier')) name = this.#take().value;
    }
    return this.#node(token.at, { kind: 'pointer', name });
  }

  #secondary(): Node {
    const token = this.#token;
    switch (token.kind) {
      case 'Identifier': return this.#identifier();
      case 'Number': return this.#number();
      case 'String':
        this.#take();
        return this.#postfix(this.#node(token.at, { kind: 'string', value: token.value }));
      case 'Bytes':
        this.#take();
        return this.#postfix(this.#node(token.at, { kind: 'bytes', value: token.bytes as Uint8Array }));
      default:
        if (this.#is('Bracket', '[')) return this.#postfix(this.#array());
        if (this.#is('Bracket', '{')) return this.#postfix(this.#map());
        throw this.#unexpected();
    }
  }

  #identifier(): Node {
    const { at, value } = this.#token;
    const token = this.#take();
    if (value === 'true' || value === 'false') return this.#node(at, { kind: 'bool', value: value === 'true' });
    if (value === 'nil') return this.#node(at, { kind: 'nil' });
    const node = this.#is('Bracket', '(') ? this.#call(token, []) : this.#node(at, { kind: 'name', name: value });
    return this.#postfix(node);
  }

  #number(): Node {
    const { at, value } = this.#take();
    const digits = value.replaceAll('_', '');
    const prefix = /^0[xXoObB]/.test(digits);
    const number = Number(digits);
    if (!prefix && /[.eE]/.test(digits)) {
      if (!Number.isFinite(number)) throw new SyntaxFault(`invalid float literal: ${value}`, at);
      return this.#node(at, { kind: 'float', value: number });
    }
    // Go's int has 64 bits; a double holds 53 of them exactly, which no rule exceeds.
    if (Number.isNaN(number) || (prefix && digits.length === 2) || number >= 2 ** 63) {
      throw new SyntaxFault(`invalid integer literal: ${value}`, at);
    }
    return this.#node(at, { kind: 'integer', value: number });
  }

  /** A call by name: a builtin with a closure, another builtin, or a helper. */
  #call(name: Token, given: Node[]): Node {
    if (Object.hasOwn(closureShapes, name.value)) return this.#closureCall(name, given);
    const args = this.#arguments(given);
    if (builtinNames.has(name.value)) return this.#node(name.at, { kind: 'builtin', name: name.value, args });
    const callee = this.#node(name.at, { kind: 'name', name: name.value });
    return this.#node(name.at, { kind: 'call', callee, args });
  }

  #closureCall(name: Token, given: Node[]): Node {
    const shape = closureShapes[name.value].slice(given.length);
    const args = [...given];
    this.#expect('Bracket', '(');
    for (const [index, part] of shape.entries()) {
      if (this.#is('Bracket', ')')) {
        if (part.optional) break;
        const count = shape.filter((each) => !each.optional).length;
        throw new SyntaxFault(`expected at least ${count} arguments`, this.#token.at);
      }
      if (index > 0) this.#expect('Operator', ',');
      args.push(part.closure ? this.#predicate() : this.#expression(0));
    }
    this.#skip('Operator', ',');
    this.#expect('Bracket', ')');
    return this.#node(name.at, { kind: 'builtin', name: name.value, args });
  }

  #predicate(): Node {
    const { at } = this.#token;
    const braced = this.#skip('Bracket', '{');
    this.#closureDepth += 1;
    const body = braced ? this.#sequence() : this.#expression(0);
    if (!braced && this.#is('Operator', ';')) {
      throw new SyntaxFault('wrap predicate with brackets { and }', this.#token.at);
    }
    this.#closureDepth -= 1;
    if (braced) this.#expect('Bracket', '}');
    return this.#node(at, { kind: 'predicate', body });
  }

  #arguments(given: Node[]): Node[] {
    const args = [...given];
    this.#expect('Bracket', '(');
    while (!this.#is('Bracket', ')')) {
      if (args.length > given.length) this.#expect('Operator', ',');
      if (this.#is('Bracket', ')')) break;
      args.push(this.#expression(0));
    }
    this.#expect('Bracket', ')');
    return args;
  }

  #array(): Node {
    const { at } = this.#take();
    const items: Node[] = [];
    while (!this.#is('Bracket', ']')) {
      if (items.length > 0) this.#expect('Operator', ',');
      if (this.#is('Bracket', ']')) break;
      items.push(this.#expression(0));
    }
    this.#expect('Bracket', ']');
    return this.#node(at, { kind: 'array', items });
  }

  #map(): Node {
    const { at } = this.#take();
    const pairs: { key: Node; value: Node }[] = [];
    while (!this.#is('Bracket', '}')) {
      if (pairs.length > 0) this.#expect('Operator', ',');
      if (this.#is('Bracket', '}')) break;
      const key = this.#mapKey();
      this.#expect('Operator', ':');
      pairs.push({ key, value: this.#expression(0) });
      this.#count(at);
    }
    this.#expect('Bracket', '}');
    return this.#node(at, { kind: 'map', pairs });
  }

  #mapKey(): Node {
    const token = this.#token;
    if (token.kind === 'Number' || token.kind === 'String' || token.kind === 'Identifier') {
      this.#take();
      return this.#node(token.at, { kind: 'string', value: token.value });
    }
    if (this.#is('Bracket', '(')) return this.#expression(0);
    if (this.#is('Operator', ',')) throw this.#unexpected();
    throw new SyntaxFault('a map key must be a quoted string, a number, a identifier, or an expression enclosed in '
      + `parentheses (${this.#unexpected().message})`, token.at);
  }

  /** Members, indexes, slices and method calls after a value. */
  #postfix(first: Node): Node {
    let node = first;
    for (;;) {
      const optional = this.#is('Operator', '?.');
      if (optional || this.#is('Operator', '.')) {
        this.#take();
        node = optional && this.#is('Bracket', '[') ? this.#subscript(node, true) : this.#member(node, optional);
      } else if (this.#is('Bracket', '[')) {
        node = this.#subscript(node, false);
      } else {
        return node;
      }
    }
  }

  #member(object: Node, optional: boolean): Node {
    const name = this.#take();
    const isWord = name.kind === 'Identifier' || (name.kind === 'Operator' && /^[\p{L}_$]/u.test(name.value));
    if (!isWord) throw new SyntaxFault('expected name', name.at);
    const property = this.#node(name.at, { kind: 'string', value: name.value });
    const inChain = object.kind === 'chain';
    const called = this.#is('Bracket', '(');
    const inner = inChain ? object.inner : object;
    const member = this.#node(name.at, { kind: 'member', object: inner, property, optional, called });
    const node = called ? this.#node(name.at, { kind: 'call', callee: member, args: this.#arguments([]) }) : member;
    return inChain || optional ? this.#node(name.at, { kind: 'chain', inner: node }) : node;
  }

  /** `[i]` or `[from:to]`. */
  #subscript(object: Node, optional: boolean): Node {
    const { at } = this.#take();
    const from = this.#is('Operator', ':') ? null : this.#expression(0);
    if (from === null || this.#is('Operator', ':')) {
      this.#take();
      const to = this.#is('Bracket', ']') ? null : this.#expression(0);
      this.#expect('Bracket', ']');
      return this.#node(at, { kind: 'slice', object, from, to });
    }
    this.#expect('Bracket', ']');
    const member = this.#node(at, { kind: 'member', object, property: from, optional, called: false });
    return optional ? this.#node(at, { kind: 'chain', inner: member }) : member;
  }
}
