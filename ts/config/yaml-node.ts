// The values of a YAML document as nodes that know where they stand, and what YAML itself says about them: what a plain
// scalar means, keys that merge, aliases. Read from a text in yaml.ts.

/** Where a node stands: offsets into the text, in UTF-16 units, the end exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** One value: a text with what it means. */
export interface ScalarNode extends Span {
  readonly kind: 'scalar';
  readonly style: 'plain' | 'quoted' | 'block';
  /** The text, without quotes and escapes. */
  readonly text: string;
  readonly value: string | number | boolean | null;
}

/** A list. */
export interface SeqNode extends Span {
  readonly kind: 'seq';
  readonly items: readonly Node[];
}

/** A mapping, its pairs in the order of the text, then those it merges (`<<`). */
export interface MapNode extends Span {
  readonly kind: 'map';
  readonly pairs: readonly Pair[];
}

export type Pair = readonly [key: Node, value: Node];

/** A value of a document. An alias is the very node it names. */
export type Node = ScalarNode | SeqNode | MapNode;

/** What is wrong with a text, and where. */
export class YamlFault extends Error {
  constructor(message: string, readonly offset: number, options?: ErrorOptions) {
    super(message, options);
  }
}

const words = new Map<string, null | boolean | number>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
]);
const integer = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const tagsOfMeaning = new Set(['!!null', '!!bool', '!!int', '!!float']);

/**
 * What a plain scalar is to Go's yaml.v3, which reads CrowdSec's files: 010 and 0o10 are octal, 08 and 1e-3 floats, 1_000 is a number,
 * yes and no are booleans. Under a tag that is none of these it is a text.
 */
export function meaningOf(text: string, tag: string): ScalarNode['value'] {
  if (tag !== '' && !tagsOfMeaning.has(tag)) return text;
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  const [, sign, hexadecimal, binary, octal, decimal] = integer.exec(digits) ?? [];
  if (sign === undefined) return float.test(digits) ? Number(digits) : text;
  const size = hexadecimal !== undefined ? Number(`0x${hexadecimal}`) : binary !== undefined ? Number(`0b${binary}`)
    : octal !== undefined ? Number(`0o${octal}`) : Number(decimal);
  return sign === '-' ? -size : size;
}

/** Makes a mapping of pairs as they are written. Throws YamlFault where a key comes twice or what is merged is no mapping. */
export function mapNode(written: readonly Pair[], start: number, end: number): MapNode {
  const pairs: Pair[] = [];
  const keys = new Set<string>();
  const isNew = (key: Node): boolean => key.kind !== 'scalar' || keys.size !== keys.add(key.text).size;
  const isMerge = (key: Node): boolean => key.kind === 'scalar' && key.style === 'plain' && key.text === '<<';
  for (const pair of written) {
    const [key] = pair;
    if (isMerge(key)) continue;
    if (!isNew(key)) throw new YamlFault(`the key "${(key as ScalarNode).text}" stands here twice`, key.start);
    pairs.push(pair);
  }
  for (const source of written.filter(([key]) => isMerge(key)).flatMap(([, value]) => value.kind === 'seq' ? value.items : [value])) {
    if (source.kind !== 'map') throw new YamlFault('a merge key (<<) takes a mapping or a list of mappings', source.start);
    for (const pair of source.pairs) if (isNew(pair[0])) pairs.push(pair);
  }
  return { kind: 'map', pairs, start, end };
}

/** True of a null, written or left out. */
export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** How many nodes aliases may stand for in one document: ten lines of ten aliases each would be ten thousand million. */
const aliasedNodesMax = 100_000;

/** The anchors of a document. A node gets its name when it is complete, so that none holds itself. */
export class Anchors {
  readonly #named = new Map<string, Node>();
  readonly #sizes = new Map<Node, number>();
  #aliased = 0;

  name(anchor: string, node: Node): void {
    this.#named.set(anchor, node);
  }

  /** The node that an alias at this offset stands for. */
  find(anchor: string, offset: number): Node {
    const node = this.#named.get(anchor);
    if (node === undefined) throw new YamlFault(`the alias *${anchor} names no anchor that stands before it`, offset);
    this.#aliased += this.#sizeOf(node);
    if (this.#aliased > aliasedNodesMax) throw new YamlFault(`aliases stand for more than ${aliasedNodesMax} values`, offset);
    return node;
  }

  #sizeOf(node: Node): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    const children = node.kind === 'scalar' ? [] : node.kind === 'seq' ? node.items : node.pairs.flat();
    const size = children.reduce((sum, child) => sum + this.#sizeOf(child), 1);
    this.#sizes.set(node, size);
    return size;
  }
}
