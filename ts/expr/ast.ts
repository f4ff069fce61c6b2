// The tree of an expression as the parser makes it and the checker types it. Read by the code generator, the
// interpreter and the analyses; nobody changes it after the checker.

import type { Signature } from './functions.js';
import type { StructMethod, Type } from './types.js';

interface Base {
  /** Where it starts in the text, UTF-16 offset: for messages. */
  readonly at: number;
  /** Set by the checker. */
  type: Type;
}

export interface NilNode extends Base { readonly kind: 'nil' }
export interface BoolNode extends Base { readonly kind: 'bool'; readonly value: boolean }
export interface IntegerNode extends Base { readonly kind: 'integer'; readonly value: number }
export interface FloatNode extends Base { readonly kind: 'float'; readonly value: number }
export interface StringNode extends Base { readonly kind: 'string'; readonly value: string }
export interface BytesNode extends Base { readonly kind: 'bytes'; readonly value: Uint8Array }
/** A variable, a parameter of the environment, or `$env`. */
export interface NameNode extends Base { readonly kind: 'name'; readonly name: string }
export interface UnaryNode extends Base {
  readonly kind: 'unary';
  readonly operator: 'not' | '-' | '+';
  readonly operand: Node;
}

export type BinaryOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%' | '**' | 'in' | 'matches'
  | 'contains' | 'startsWith' | 'endsWith' | '..' | '??';

export interface BinaryNode extends Base {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
}

/** A flat run of `and` or `or`: hundreds of terms are one node, not hundreds of levels. */
export interface LogicalNode extends Base {
  readonly kind: 'logical';
  readonly operator: '&&' | '||';
  readonly terms: Node[];
  /** As written before each term but the first: its text and place. */
  readonly operators: { readonly text: string; readonly at: number }[];
}

/** `c ? a : b` and `if c { a } else { b }`. */
export interface ConditionalNode extends Base {
  readonly kind: 'conditional';
  readonly condition: Node;
  readonly then: Node;
  readonly otherwise: Node;
}

/** `a.b`, `a?.b`, `a[b]`, `a?.[b]`. */
export interface MemberNode extends Base {
  readonly kind: 'member';
  readonly object: Node;
  readonly property: Node;
  readonly optional: boolean;
  /** Called directly, as in `a.b()`. */
  readonly called: boolean;
  /** Set by the checker when it is a method of the object's type. */
  method?: StructMethod;
}

/** Ends what a `?.` inside it cuts short: the whole is then nil. */
export interface ChainNode extends Base { readonly kind: 'chain'; readonly inner: Node }

export interface SliceNode extends Base {
  readonly kind: 'slice';
  readonly object: Node;
  readonly from: Node | null;
  readonly to: Node | null;
}

export interface CallNode extends Base {
  readonly kind: 'call';
  readonly callee: Node;
  readonly args: readonly Node[];
  /** Set by the checker: the helper function called by name, and the signature that fits. */
  helper?: { readonly name: string; readonly signature: Signature };
}

export interface BuiltinNode extends Base {
  readonly kind: 'builtin';
  readonly name: string;
  readonly args: readonly Node[];
  /** Set by the checker where a builtin's parameters are typed. */
  signature?: Signature;
  /** Set by rewriting, of find and findLast that stand for `filter(…)[0]`: not finding is an error. */
  readonly throws?: boolean;
  /** Set by rewriting, of find and findLast: what is kept of a match (`map(filter(…), …)[0]`). */
  readonly mapped?: Node;
  /** Set by rewriting, of count: where counting may stop. */
  readonly enough?: number;
}

/** The closure of any, map, reduce, … */
export interface PredicateNode extends Base { readonly kind: 'predicate'; readonly body: Node }
/** `#`, `#index`, `#acc`. */
export interface PointerNode extends Base { readonly kind: 'pointer'; readonly name: string }
export interface LetNode extends Base {
  readonly kind: 'let';
  readonly name: string;
  readonly value: Node;
  readonly body: Node;
}
export interface SequenceNode extends Base { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
export interface ArrayNode extends Base { readonly kind: 'array'; readonly items: readonly Node[] }
export interface MapNode extends Base { readonly kind: 'map'; readonly pairs: readonly { key: Node; value: Node }[] }

export type Node = NilNode | BoolNode | IntegerNode | FloatNode | StringNode | BytesNode | NameNode | UnaryNode | BinaryNode
  | LogicalNode | ConditionalNode | MemberNode | ChainNode | SliceNode | CallNode | BuiltinNode | PredicateNode | PointerNode
  | LetNode | SequenceNode | ArrayNode | MapNode;

/** The nodes directly inside a node, in the order they are evaluated. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'unary': return [node.operand];
    case 'binary': return [node.left, node.right];
    case 'logical': return node.terms;
    case 'conditional': return [node.condition, node.then, node.otherwise];
    case 'member': return [node.object, node.property];
    case 'chain': return [node.inner];
    case 'slice': return [node.object, node.from, node.to].filter((part) => part !== null);
    case 'call': return [node.callee, ...node.args];
    case 'builtin': return node.args;
    case 'predicate': return [node.body];
    case 'let': return [node.value, node.body];
    case 'sequence': return node.nodes;
    case 'array': return node.items;
    case 'map': return node.pairs.flatMap((pair) => [pair.key, pair.value]);
    default: return [];
  }
}

/** Whether a spelled-out int takes part in the value, so that Go types it as a float where a float is wanted. */
export function hasInteger(node: Node): boolean {
  if (node.kind === 'integer') return true;
  if (node.kind === 'unary') return hasInteger(node.operand);
  if (node.kind !== 'binary' || !['+', '-', '*'].includes(node.operator)) return false;
  return hasInteger(node.left) || hasInteger(node.right);
}
