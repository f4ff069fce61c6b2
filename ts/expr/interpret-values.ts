// The interpreter's own operators, written apart from the runtime's so that the two can be compared. Simple before fast.

import { Fields } from '../event/fields.js';
import { GoTime } from '../util/go-time.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { ExprError, GoStruct, isStringMap, KeyedMap } from './values.js';

/** What a value is to the operators. */
type Kind = 'nil' | 'bool' | 'text' | 'int' | 'float' | 'duration' | 'time' | 'list' | 'bytes' | 'struct' | 'map' | 'other';

/** Whether a value is nil. */
export function isNil(value: unknown): boolean {
  return value === null || value === undefined;
}

/** The bool that an operator needs. Throws on anything else. */
export function truth(value: unknown): boolean {
  if (value === true || value === false) return value;
  throw new ExprError(`${kindOf(value)} is not a bool`);
}

/** The text that an operator needs. Throws on anything else. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new ExprError(`${kindOf(value)} is not a text`);
}

/** An index: floats are cut. */
export function integer(value: unknown): number {
  if (kindOf(value) === 'int' || kindOf(value) === 'float') return Math.trunc(magnitude(value));
  throw new ExprError(`${kindOf(value)} is not an int`);
}

/** The elements of what a closure goes through. Throws on what is no list. */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value === 'string') return [...Buffer.from(value)].map((byte) => new GoInt(byte));
  if (value instanceof Uint8Array) return [...value].map((byte) => new GoInt(byte));
  if (kindOf(value) === 'map' && pairs(value).size === 0) return [];
  throw new ExprError(`${kindOf(value)} is not a list`);
}

/** `not a`, `-a`, `+a`. */
export function unary(operator: string, value: unknown): unknown {
  if (operator === 'not') return !truth(value);
  if (operator === '+') return value;
  if (value instanceof GoInt) return new GoInt(-value.value);
  if (typeof value === 'number') return -value;
  throw new ExprError(`cannot negate ${kindOf(value)}`);
}

/** Every operator of two operands but those that need more than their values. */
export function binary(operator: string, a: unknown, b: unknown): unknown {
  switch (operator) {
    case '==': return same(a, b, false);
    case '!=': return !same(a, b, false);
    case '<': return relation(a, b, (x, y) => x < y);
    case '>': return relation(a, b, (x, y) => x > y);
    case '<=': return relation(a, b, (x, y) => x <= y);
    case '>=': return relation(a, b, (x, y) => x >= y);
    case 'contains': return !isNil(a) && !isNil(b) && text(a).indexOf(text(b)) >= 0;
    case 'startsWith': return !isNil(a) && !isNil(b) && text(a).slice(0, text(b).length) === b;
    case 'endsWith': return !isNil(a) && !isNil(b) && reversed(text(a)).startsWith(reversed(text(b)));
    default: return arithmetic(operator, a, b);
  }
}

/** `a in b`, where `set` tells what a spelled-out list was turned into. */
export function isIn(a: unknown, b: unknown, set: 'texts' | 'ints' | null): boolean {
  if (isNil(b)) return false;
  if (set === 'texts') return (b as unknown[]).includes(key(a));
  if (set === 'ints' && !(a instanceof GoInt)) throw new ExprError(`${kindOf(a)} is not an int`);
  switch (kindOf(b)) {
    case 'list': case 'bytes': return list(b).some((each) => same(each, a, false));
    case 'struct': return Object.hasOwn((b as GoStruct).type.fields, text(a));
    case 'map':
      if (b instanceof KeyedMap) return b.has(a);
      return b instanceof Fields ? b.has(key(a)) : Object.hasOwn(b as object, key(a));
    default: throw new ExprError(`"in" has no meaning for ${kindOf(b)}`);
  }
}

/** `a[key]` and `a.key` of lists, texts and maps; `zero` stands for a missing key. */
export function element(from: unknown, at: unknown, zero: unknown): unknown {
  switch (kindOf(from)) {
    case 'list': case 'bytes': case 'text': {
      const items = list(from);
      const index = integer(at) < 0 ? items.length + integer(at) : integer(at);
      if (index < 0 || index >= items.length) throw new ExprError('index out of range');
      return items[index];
    }
    case 'map': {
      if (from instanceof KeyedMap) return from.get(at) ?? null;
      if (from instanceof Fields) return from.has(key(at)) ? from.get(key(at)) : '';
      const found = Object.hasOwn(from as object, key(at)) ? (from as Record<string, unknown>)[key(at)] : undefined;
      return found ?? (isStringMap(from as object) ? '' : zero);
    }
    default: throw new ExprError(`cannot reach into ${kindOf(from)}`);
  }
}

/** `a[from:to]`; bytes of a text. */
export function slice(value: unknown, from: unknown, to: unknown): unknown {
  const kind = kindOf(value);
  if (kind !== 'list' && kind !== 'text' && kind !== 'bytes') throw new ExprError(`cannot slice ${kind}`);
  const bytes = kind === 'text' ? Buffer.from(value as string) : value as unknown[];
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bytes.length + bound : bound, 0), bytes.length);
  const end = to === undefined ? bytes.length : clamp(integer(to));
  const start = from === undefined ? 0 : Math.min(clamp(integer(from)), end);
  const part = bytes.slice(start, end);
  return kind === 'text' ? part.toString() : part;
}

/** Whether sortBy runs downwards. Throws unless the direction is asc or desc. */
export function descending(direction: unknown): boolean {
  if (direction !== 'asc' && direction !== 'desc') throw new ExprError('unknown order, use asc or desc');
  return direction === 'desc';
}

/** The list in the order of its keys; insertion sort keeps equal ones in place. */
export function sortedBy(items: readonly unknown[], keys: readonly unknown[], isDescending: boolean): unknown[] {
  const sorted: { item: unknown; key: unknown }[] = [];
  for (const [index, item] of items.entries()) {
    let at = sorted.length;
    const before = (other: unknown): boolean => isDescending ? relation(other, keys[index], (x, y) => x < y)
      : relation(keys[index], other, (x, y) => x < y);
    while (at > 0 && before(sorted[at - 1].key)) at -= 1;
    sorted.splice(at, 0, { item, key: keys[index] });
  }
  return sorted.map((row) => row.item);
}

function kindOf(value: unknown): Kind {
  if (isNil(value)) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'float';
  if (value instanceof GoInt) return 'int';
  if (value instanceof GoDuration) return 'duration';
  if (value instanceof GoTime) return 'time';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof GoStruct) return 'struct';
  if (value instanceof KeyedMap || value instanceof Fields) return 'map';
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || isStringMap(value as object) ? 'map' : 'other';
}

function magnitude(value: unknown): number {
  if (value instanceof GoInt) return value.value;
  return value instanceof GoDuration ? value.nanoseconds : value as number;
}

/** Equality; `strict` inside maps and structs, where an int is not a float. */
function same(a: unknown, b: unknown, strict: boolean): boolean {
  const [x, y] = [kindOf(a), kindOf(b)];
  const numbers = (x === 'int' || x === 'float') && (y === 'int' || y === 'float');
  if (x !== y && !(numbers && !strict)) return false;
  switch (x) {
    case 'nil': return true;
    case 'int': case 'float': case 'duration': return magnitude(a) === magnitude(b);
    case 'time': return (a as GoTime).compare(b as GoTime) === 0;
    case 'list': {
      const [c, d] = [a as unknown[], b as unknown[]];
      return c.length === d.length && c.every((each, index) => same(each, d[index], strict));
    }
    case 'bytes': return Buffer.from(a as Uint8Array).equals(b as Uint8Array);
    case 'struct': {
      const [c, d] = [a as GoStruct, b as GoStruct];
      return c.type === d.type && (c.value === d.value || same({ ...c.value }, { ...d.value }, true));
    }
    case 'map': {
      const [c, d] = [pairs(a), pairs(b)];
      return c.size === d.size && [...c].every(([name, value]) => d.has(name) && same(value, d.get(name), true));
    }
    default: return a === b;
  }
}

function pairs(map: unknown): Map<unknown, unknown> {
  if (map instanceof KeyedMap) return new Map(Object.entries(map.toObject()));
  return new Map(Object.entries(map instanceof Fields ? map.toObject() : map as object));
}

function relation(a: unknown, b: unknown, test: (x: number, y: number) => boolean): boolean {
  const [x, y] = [kindOf(a), kindOf(b)];
  const numbers = (x === 'int' || x === 'float') && (y === 'int' || y === 'float');
  if (numbers || (x === 'duration' && y === 'duration')) return test(magnitude(a), magnitude(b));
  if (x === 'text' && y === 'text') return test(Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)), 0);
  if (x === 'time' && y === 'time') return test((a as GoTime).since(b as GoTime), 0);
  throw new ExprError(`no order between ${x} and ${y}`);
}

function arithmetic(operator: string, a: unknown, b: unknown): unknown {
  const kinds = `${kindOf(a)} ${operator} ${kindOf(b)}`;
  const [x, y] = [magnitude(a), magnitude(b)];
  switch (kinds) {
    case 'text + text': return (a as string) + (b as string);
    case 'time + duration': return (a as GoTime).add(y);
    case 'duration + time': return (b as GoTime).add(x);
    case 'time - time': return new GoDuration((a as GoTime).since(b as GoTime));
    case 'time - duration': return (a as GoTime).add(-y);
    case 'duration + duration': return new GoDuration(x + y);
    case 'duration - duration': return new GoDuration(x - y);
    case 'duration * duration': case 'duration * int': case 'int * duration': return new GoDuration(x * y);
    case 'duration * float': case 'float * duration': return x * y;
    case 'int + int': return new GoInt(x + y);
    case 'int - int': return new GoInt(x - y);
    case 'int * int': return new GoInt(x * y);
    case 'int % int':
      if (y === 0) throw new ExprError('integer divide by zero');
      return new GoInt(x - y * Math.trunc(x / y));
    default: return floatArithmetic(operator, a, b);
  }
}

function floatArithmetic(operator: string, a: unknown, b: unknown): number {
  const numeric = (value: unknown): boolean => kindOf(value) === 'int' || kindOf(value) === 'float';
  if (!numeric(a) || !numeric(b) || operator === '%') throw new ExprError(`no ${operator} of ${kindOf(a)} and ${kindOf(b)}`);
  const [x, y] = [magnitude(a), magnitude(b)];
  switch (operator) {
    case '+': return x + y;
    case '-': return x - y;
    case '*': return x * y;
    case '/': return x / y;
    default: return x ** y;
  }
}

function reversed(value: string): string {
  return value.split('').reverse().join('');
}

function key(value: unknown): string {
  return isNil(value) ? '' : text(value);
}
