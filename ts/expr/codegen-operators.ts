// JavaScript for the operators of two operands: the language's own where the forms of both sides allow it, else the
// runtime's. A part of the generator, which it asks for the code of the operands.

import type { BinaryNode, Node } from './ast.js';
import { any, type Code, type Form, literal, numberLiteral, plain, wrapped } from './code.js';
import { isPattern } from './regex.js';
import { deref, type MapType, type Type, typeText } from './types.js';

/** What of the generator the operators need. */
export interface OperandSource {
  code(node: Node): Code;
  /** The code of a value in boxed form. */
  boxed(code: Code): string;
  boxedOf(node: Node): string;
  /** The code of an int as a plain number. */
  index(node: Node): string;
  /** Code that gives one of two values, in a form that fits both. */
  joined(a: Code, b: Code, type: Type, join: (a: string, b: string) => string): Code;
  /** The number of a key of an event's map. */
  slot(type: MapType, key: string): number;
  /** Whether a list never changes while the code is linked. */
  isFixedList(node: Node): boolean;
  /** A constant made once when the code is linked. */
  constant(prefix: string, js: string): string;
  /** A variable of the function. */
  local(): string;
  /** The memory budget of the evaluation. */
  budget(): string;
}

const comparisonNames: Readonly<Record<string, string>> = { '<': '<', '>': '>', '<=': '<=', '>=': '>=' };
const arithmeticNames: Readonly<Record<string, string>> = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide',
  '%': 'modulo', '**': 'power' };
/** Up to here a list of texts is compared one by one, beyond it looked up in a Set. */
const comparedTextsMax = 4;

/** Generates operators for one expression. */
export class OperatorGenerator {
  readonly #host: OperandSource;

  constructor(host: OperandSource) {
    this.#host = host;
  }

  /** The code of an operator and its operands. */
  binary(node: BinaryNode): Code {
    const { operator } = node;
    switch (operator) {
      case '==': return plain(this.#equality(node, true), 'bool', node.type);
      case '!=': return plain(this.#equality(node, false), 'bool', node.type);
      case '<': case '>': case '<=': case '>=': return plain(this.#comparison(node), 'bool', node.type);
      case 'contains': return this.#textTest(node, 'includes');
      case 'startsWith': return this.#textTest(node, 'startsWith');
      case 'endsWith': return this.#textTest(node, 'endsWith');
      case 'matches': return plain(this.#matches(node), 'bool', node.type);
      case 'in': return plain(this.#in(node), 'bool', node.type);
      case '..': {
        const from = this.#host.index(node.left);
        const js = `rt.loops.range(${from}, ${this.#host.index(node.right)}, ${this.#host.budget()})`;
        return { js, form: 'typed', type: node.type };
      }
      case '??': return this.#coalesce(node);
      default: return this.#arithmetic(node, operator);
    }
  }

  #coalesce(node: BinaryNode): Code {
    const left = this.#host.code(node.left);
    const right = this.#host.code(node.right);
    if (left.form === 'nil') return right;
    if (left.form !== 'any' && left.form !== 'typed') return left;
    return this.#host.joined(left, right, node.type, (a, b) => `(${a} ?? ${b})`);
  }

  #equality(node: BinaryNode, wanted: boolean): string {
    const left = this.#host.code(node.left);
    const right = this.#host.code(node.right);
    if (left.form === 'nil' || right.form === 'nil') {
      const other = left.form === 'nil' ? right : left;
      return `(${other.form === 'nil' ? 'null' : other.js} ${wanted ? '==' : '!='} null)`;
    }
    // Between two values typed as text, or as int, Go asserts that they are: nil from get() or find() is an error then.
    const kind = node.left.type.kind === node.right.type.kind ? typeText(node.left.type) : '';
    if (kind === 'string' || kind === 'int') {
      const sides = [left, right].map((side) => side.form === kind ? side.js
        : `rt.operators.${kind === 'int' ? 'toInt' : 'toText'}(${this.#host.boxed(side)})`);
      return `(${sides[0]} ${wanted ? '===' : '!=='} ${sides[1]})`;
    }
    if (this.#isStrict(left, right)) return `(${left.js} ${wanted ? '===' : '!=='} ${right.js})`;
    return `${wanted ? '' : '!'}rt.operators.equal(${this.#host.boxed(left)}, ${this.#host.boxed(right)})`;
  }

  /** Whether === decides: a text or bool against anything, numbers against numbers. */
  #isStrict(left: Code, right: Code): boolean {
    const exact = (form: Form): boolean => form === 'string' || form === 'bool';
    if (exact(left.form)) return right.form === 'any' || right.form === left.form;
    if (exact(right.form)) return left.form === 'any';
    const numeric = (form: Form): boolean => form === 'int' || form === 'float';
    return (numeric(left.form) && numeric(right.form)) || (left.form === 'duration' && right.form === 'duration');
  }

  #comparison(node: BinaryNode): string {
    const left = this.#host.code(node.left);
    const right = this.#host.code(node.right);
    const operator = comparisonNames[node.operator];
    const numeric = (form: Form): boolean => form === 'int' || form === 'float';
    if ((numeric(left.form) && numeric(right.form)) || (left.form === 'duration' && right.form === 'duration')) {
      return `(${left.js} ${operator} ${right.js})`;
    }
    return `(rt.operators.order(${this.#host.boxed(left)}, ${this.#host.boxed(right)}, "${operator}") ${operator} 0)`;
  }

  #textTest(node: BinaryNode, method: 'includes' | 'startsWith' | 'endsWith'): Code {
    const left = this.#host.code(node.left);
    const right = this.#host.code(node.right);
    if (left.form === 'string' && right.form === 'string') {
      return plain(`${wrapped(left.js)}.${method}(${right.js})`, 'bool', node.type);
    }
    return plain(`rt.operators.${node.operator}(${this.#host.boxed(left)}, ${this.#host.boxed(right)})`, 'bool', node.type);
  }

  #matches(node: BinaryNode): string {
    const text = this.#host.code(node.left);
    if (node.right.kind === 'string' && isPattern(node.right.value)) {
      const regex = this.#host.constant('R', `rt.pattern(${literal(node.right.value)})`);
      return text.form === 'string' ? `${regex}.test(${text.js})` : `rt.matches(${regex}, ${this.#host.boxed(text)})`;
    }
    return `rt.matchesAny(${this.#host.boxed(text)}, ${this.#host.boxedOf(node.right)})`;
  }

  #in(node: BinaryNode): string {
    const needle = this.#host.code(node.left);
    const { right } = node;
    const items = right.kind === 'array' ? right.items : [];
    if (items.length > 0 && items.every((item) => item.kind === 'string')) {
      return this.#inTexts(needle, items.map((item) => item.value));
    }
    const isIntNeedle = deref(node.left.type).kind === 'int';
    if (isIntNeedle && items.length > 0 && items.every((item) => item.kind === 'integer')) {
      const set = this.#host.constant('S', `new Set([${items.map((item) => numberLiteral(item.value)).join(', ')}])`);
      return needle.form === 'int' ? `${set}.has(${needle.js})` : `rt.access.isInInts(${set}, ${this.#host.boxed(needle)})`;
    }
    const haystack = this.#host.code(right);
    if (haystack.form === 'typed' && needle.form === 'string') {
      const { type } = haystack;
      if (type.kind === 'map' && type.store !== 'object') return this.#hasField(haystack.js, type, node.left, needle.js);
      if (type.kind === 'slice' && type.element.kind === 'string' && !type.made) {
        if (this.#host.isFixedList(right)) return `${this.#host.constant('L', "rt.listSearch(\"==\", null)")}.test(${haystack.js}, ${needle.js})`;
        return `(${haystack.js} ?? []).includes(${needle.js})`;
      }
    }
    return `rt.access.isIn(${this.#host.boxed(needle)}, ${this.#host.boxed(haystack)})`;
  }

  #hasField(map: string, type: MapType, key: Node, keyCode: string): string {
    if (key.kind !== 'string') return `${map}.has(${keyCode})`;
    return `${map}.hasAt(${this.#host.slot(type, key.value)})`;
  }

  #inTexts(needle: Code, texts: readonly string[]): string {
    if (needle.form !== 'string') {
      return `rt.access.isInTexts(${this.#textSet(texts)}, ${this.#host.boxed(needle)})`;
    }
    if (texts.length > comparedTextsMax) return `${this.#textSet(texts)}.has(${needle.js})`;
    if (texts.length === 1) return `(${needle.js} === ${literal(texts[0])})`;
    const local = this.#host.local();
    const tests = texts.map((text, index) => `${index === 0 ? `(${local} = ${needle.js})` : local} === ${literal(text)}`);
    return `(${tests.join(' || ')})`;
  }

  #textSet(texts: readonly string[]): string {
    return this.#host.constant('S', `new Set([${texts.map(literal).join(', ')}])`);
  }

  #arithmetic(node: BinaryNode, operator: string): Code {
    const left = this.#host.code(node.left);
    const right = this.#host.code(node.right);
    const numeric = (form: Form): boolean => form === 'int' || form === 'float';
    if (operator === '+' && left.form === 'string' && right.form === 'string') {
      return plain(`(${left.js} + ${right.js})`, 'string', node.type);
    }
    if (numeric(left.form) && numeric(right.form)) {
      if (operator === '%') return plain(`rt.operators.remainder(${left.js}, ${right.js})`, 'int', node.type);
      const isInt = left.form === 'int' && right.form === 'int' && operator !== '/' && operator !== '**';
      return plain(`(${wrapped(left.js)} ${operator} ${wrapped(right.js)})`, isInt ? 'int' : 'float', node.type);
    }
    if (left.form === 'duration' && right.form === 'duration' && operator !== '/') {
      return plain(`(${left.js} ${operator} ${right.js})`, 'duration', node.type);
    }
    return any(`rt.operators.${arithmeticNames[operator]}(${this.#host.boxed(left)}, ${this.#host.boxed(right)})`, node.type);
  }
}
