// What the engine wants to know of an expression without running it: which fields of events it can reach, which equalities
// must hold for it to be true. Sound first: where in doubt, everything is read and nothing is required.

import { type BinaryNode, type CallNode, childrenOf, type MemberNode, type Node } from './ast.js';
import type { FieldReads, Requirement } from './compiled.js';
import { eventType, lineType } from './event-types.js';
import type { FunctionTable } from './functions.js';
import { mustHold } from './must-hold.js';
import { deref, type StructType, type Type } from './types.js';

/** Returns which parts of events an expression can reach. */
export function readsOf(tree: Node): FieldReads {
  const reads = new Reads();
  reads.visit(tree, false);
  reads.noteKeys(tree);
  return reads.result();
}

/** Returns equalities that all hold whenever the expression is true or changes something. */
export function requirementsOf(tree: Node, functions: FunctionTable): readonly Requirement[] {
  return mustHold(tree, functions).flatMap(required);
}

function required(node: Node): Requirement[] {
  if (node.kind === 'logical') {
    return node.operator === '&&' ? conjunction(node.terms) : disjunction(node.terms);
  }
  if (node.kind !== 'binary') return [];
  if (node.operator === '==') return equality(node);
  return node.operator === 'in' ? membership(node) : [];
}

function conjunction(terms: readonly Node[]): Requirement[] {
  return terms.flatMap(required);
}

/** Of alternatives, what every one of them requires of the same field: one of all their values. */
function disjunction(terms: readonly Node[]): Requirement[] {
  const [first, ...others] = terms.map(required);
  const merged: Requirement[] = [];
  for (const { path, values } of first) {
    const matching = others.map((each) => each.find((other) => other.path === path));
    if (matching.some((each) => each === undefined)) continue;
    const all = new Set([...values, ...matching.flatMap((each) => (each as Requirement).values)]);
    merged.push({ path, values: [...all] });
  }
  return merged;
}

function equality(node: BinaryNode): Requirement[] {
  const [field, text] = node.left.kind === 'string' ? [node.right, node.left] : [node.left, node.right];
  const path = fieldPath(field);
  return path === null || text.kind !== 'string' ? [] : [{ path, values: [text.value] }];
}

function membership(node: BinaryNode): Requirement[] {
  const path = fieldPath(node.left);
  if (path === null || node.right.kind !== 'array' || node.right.items.length === 0) return [];
  const values: string[] = [];
  for (const item of node.right.items) {
    if (item.kind !== 'string') return [];
    values.push(item.value);
  }
  return [{ path, values: [...new Set(values)] }];
}

/** `Meta.service` for `evt.Meta.service`; null for anything but a text field of `evt` itself. */
function fieldPath(node: Node): string | null {
  if (node.kind !== 'member' || node.property.kind !== 'string') return null;
  const name = node.property.value;
  if (node.object.kind === 'name') return node.object.name === 'evt' && node.type.kind === 'string' ? name : null;
  if (node.object.kind !== 'member') return null;
  const base = deref(node.object.type);
  if (node.type.kind !== 'string' || (base.kind !== 'map' && base.kind !== 'struct')) return null;
  const parent = pathOfStruct(node.object);
  return parent === null ? null : `${parent}.${name}`;
}

function pathOfStruct(node: MemberNode): string | null {
  if (node.property.kind !== 'string') return null;
  const name = node.property.value;
  if (node.object.kind === 'name') return node.object.name === 'evt' ? name : null;
  if (node.object.kind !== 'member') return null;
  const parent = pathOfStruct(node.object);
  return parent === null ? null : `${parent}.${name}`;
}

/** Builtins that hand the elements of a list to their closure, or to their result with the same type, or nowhere. */
const tracking = new Set(['len', 'any', 'all', 'none', 'one', 'count', 'filter', 'map', 'find', 'findLast', 'findIndex',
  'findLastIndex', 'sortBy']);

/** Collects reads. An event may only be the object of a member, the element of a loop, or a list that is counted. */
class Reads {
  #all = false;
  readonly #maps = { Parsed: new Set<string>(), Meta: new Set<string>(), Enriched: new Set<string>() };
  #unmarshaled = false;
  #lineRaw = false;
  readonly #other = new Set<string>();

  result(): FieldReads {
    const { Parsed, Meta, Enriched } = this.#maps;
    return {
      all: this.#all, parsed: [...Parsed], meta: [...Meta], enriched: [...Enriched], unmarshaled: this.#unmarshaled,
      lineRaw: this.#lineRaw, other: [...this.#other],
    };
  }

  /** `isTracked` says that the parent accounts for an event this node gives. */
  visit(node: Node, isTracked: boolean): void {
    if (!isTracked && holdsEvent(node.type) && node.kind !== 'predicate') this.#all = true;
    if (node.kind === 'name' && node.name === '$env') this.#all = true;
    switch (node.kind) {
      case 'member': return this.#member(node);
      case 'call': return this.#call(node);
      case 'builtin':
        node.args.forEach((arg, index) => this.visit(arg, index === 0 && tracking.has(node.name)));
        return;
      // What a closure, chain, let or sequence gives has the type of the whole, whose parent accounts for it.
      case 'predicate': return this.visit(node.body, true);
      case 'chain': return this.visit(node.inner, true);
      case 'slice':
        this.visit(node.object, true);
        for (const bound of [node.from, node.to]) if (bound !== null) this.visit(bound, false);
        return;
      case 'let':
        this.visit(node.value, true);
        return this.visit(node.body, true);
      default: childrenOf(node).forEach((child) => this.visit(child, false));
    }
  }

  #call(node: CallNode): void {
    this.visit(node.callee, true);
    node.args.forEach((arg) => this.visit(arg, false));
  }

  #member(node: MemberNode): void {
    this.visit(node.object, true);
    this.visit(node.property, false);
    const base = deref(node.object.type);
    if (base === eventType) return this.#eventMember(node);
    if (base === lineType && node.property.kind === 'string') {
      if (node.property.value === 'Raw') this.#lineRaw = true;
      else this.#other.add(`Line.${node.property.value}`);
    }
  }

  #eventMember(node: MemberNode): void {
    const name = node.property.kind === 'string' ? node.property.value : '';
    if (node.method !== undefined) this.#eventMethod(name);
    else if (name === 'Unmarshaled') this.#unmarshaled = true;
    else if (name !== 'Line' && !Object.hasOwn(this.#maps, name)) this.#other.add(name);
  }

  /** Methods that look a key up take it as an argument, which may be anything. */
  #eventMethod(name: string): void {
    if (name === 'GetType' || name === 'SetMeta' || name === 'SetParsed') this.#other.add('Type');
    else this.#all = true;
  }

  /** Notes the key of a map of an event: `evt.Meta.service`, `evt.Meta["service"]`; without a fixed key all of it. */
  noteKeys(node: Node): void {
    const inner = (child: Node): void => this.noteKeys(child);
    if (node.kind === 'member' && node.object.kind === 'member') {
      const name = this.#mapName(node.object);
      if (name !== null) {
        if (node.property.kind !== 'string') this.#all = true;
        else this.#maps[name].add(node.property.value);
        this.noteKeys(node.object.object);
        return inner(node.property);
      }
    }
    if (node.kind === 'binary' && node.operator === 'in' && node.left.kind === 'string' && node.right.kind === 'member') {
      const name = this.#mapName(node.right);
      if (name !== null) {
        this.#maps[name].add(node.left.value);
        return inner(node.right.object);
      }
    }
    if (node.kind === 'member' && this.#mapName(node) !== null) this.#all = true;
    childrenOf(node).forEach(inner);
  }

  #mapName(node: MemberNode): 'Parsed' | 'Meta' | 'Enriched' | null {
    if (deref(node.object.type) !== eventType || node.property.kind !== 'string') return null;
    const { value } = node.property;
    return value === 'Parsed' || value === 'Meta' || value === 'Enriched' ? value : null;
  }
}

/** Whether a value of the type is an event or a list of them. */
function holdsEvent(given: Type): boolean {
  const type = deref(given);
  if (type.kind === 'slice' || type.kind === 'map') return holdsEvent(type.element);
  return (type as StructType) === eventType || (type as StructType) === lineType;
}
