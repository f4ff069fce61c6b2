// Reads YAML files strictly: every key must be known, every value of its kind, and each error names file, line and
// column. Used by rules, config, acquisition and profiles alike. Not for YAML that Palisade writes.

import { PalisadeError, type Place } from '../errors.js';
import { Lines } from './lines.js';
import { readText } from './text-file.js';
import { parseYaml } from './yaml.js';
import { isNull, YamlFault, type MapNode, type Node } from './yaml-node.js';

/** A text from a file together with where it stands, for errors found later (an expression that does not compile). */
export interface Located {
  readonly text: string;
  readonly place: Place;
  /** Of a block text: how many columns its lines are indented in the file. */
  readonly indent?: number;
}

/** One document of a YAML file. */
export interface YamlDocument {
  readonly file: string;
  /** Position among the documents of the file, from 0. */
  readonly index: number;
  readonly root: Node;
  /** The place of a node, for errors. */
  placeOf(node: Node): Place;
  /** Blanks at the start of a line of the file; lines count from 1. */
  indentOfLine(line: number): number;
}

/** Turns a node into a value or throws a PalisadeError at its place. */
export type Shape<T> = (node: Node, document: YamlDocument, path: string) => T;

/** The value type a shape makes. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** Returns the non-empty documents of a file. Throws E_FILE when it cannot be read, E_YAML on bad syntax. */
export function readDocuments(file: string): YamlDocument[] {
  return parseDocuments(file, readText(file));
}

/** Returns the non-empty documents of a YAML text. Throws E_YAML on bad syntax or a duplicate key. */
export function parseDocuments(file: string, text: string): YamlDocument[] {
  const lines = new Lines(text);
  const placeAt = (offset: number): Place => ({ file, ...lines.at(offset) });
  const roots = rootsOf(text, placeAt);
  return roots.flatMap((root, index) => isNull(root) ? []
    : [{ file, index, root, placeOf: ({ start }) => placeAt(start), indentOfLine: (line) => /^ */.exec(lines.text(line))![0].length }]);
}

function rootsOf(text: string, placeAt: (offset: number) => Place): Node[] {
  try {
    return parseYaml(text);
  } catch (error) {
    if (error instanceof YamlFault) throw new PalisadeError('E_YAML', error.message, placeAt(error.offset), { cause: error });
    throw error;
  }
}

/** Decodes a document, e.g. `decode(document, record({ name: text() }))`. */
export function decode<T>(document: YamlDocument, shape: Shape<T>): T {
  return shape(document.root, document, '');
}

/** A string; any scalar is accepted and keeps its source text (`2.50`, `010`, `yes`), null becomes ''. */
export function text(): Shape<string> {
  return (node, document, path) => scalarText(node, document, path);
}

/** A string with its place: for expressions and patterns. */
export function located(): Shape<Located> {
  return (node, document, path) => {
    const value = scalarText(node, document, path);
    const at = document.placeOf(node);
    const style = node.kind === 'scalar' ? node.style : 'plain';
    if (style !== 'block') return { text: value, place: style === 'quoted' ? { ...at, column: at.column + 1 } : at };
    const indent = document.indentOfLine(at.line + 1);
    return { text: value, indent, place: { ...at, line: at.line + 1, column: indent + 1, excerpt: undefined } };
  };
}

/** A whole number that JavaScript holds exactly. */
export function integer(): Shape<number> {
  return (node, document, path) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw wrong(node, document, path, 'a whole number');
  };
}

/** Any number. */
export function number(): Shape<number> {
  return (node, document, path) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    if (typeof value === 'number') return value;
    throw wrong(node, document, path, 'a number');
  };
}

/** A boolean of YAML 1.1: true, yes, on and their opposites. */
export function boolean(): Shape<boolean> {
  return (node, document, path) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    if (typeof value === 'boolean') return value;
    throw wrong(node, document, path, 'true or false');
  };
}

/** One of the given words. */
export function oneOf<const T extends string>(...words: T[]): Shape<T> {
  return (node, document, path) => {
    const value = scalarText(node, document, path);
    if ((words as string[]).includes(value)) return value as T;
    throw wrong(node, document, path, `one of ${words.join(', ')}`);
  };
}

/** A sequence; null is an empty one. */
export function list<T>(item: Shape<T>): Shape<T[]> {
  return (node, document, path) => {
    if (isNull(node)) return [];
    if (node.kind !== 'seq') throw wrong(node, document, path, 'a list');
    return node.items.map((child, index) => item(child, document, `${path}[${index}]`));
  };
}

/** A mapping with keys of the user's choice, in document order; null is an empty one. */
export function mapOf<T>(value: Shape<T>): Shape<Map<string, T>> {
  return (node, document, path) => {
    const map = new Map<string, T>();
    for (const [key, child] of pairs(node, document, path)) {
      const name = scalarText(key, document, path);
      map.set(name, value(child, document, join(path, name)));
    }
    return map;
  };
}

/** A mapping with exactly these keys, all optional unless named in `required`. Unknown keys are errors. */
export function record<S extends Record<string, Shape<unknown>>, R extends keyof S = never>(
  shapes: S, required: readonly R[] = [],
): Shape<{ [K in R]: Shaped<S[K]> } & { [K in Exclude<keyof S, R>]?: Shaped<S[K]> }> {
  return (node, document, path) => {
    const result: Record<string, unknown> = {};
    for (const [key, child] of pairs(node, document, path)) {
      const name = scalarText(key, document, path);
      const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
      if (shape === undefined) throw unknownKey(key, document, path, name, Object.keys(shapes));
      result[name] = shape(child, document, join(path, name));
    }
    for (const name of required) {
      if (result[name as string] === undefined) {
        throw new PalisadeError('E_SHAPE', `missing key "${join(path, String(name))}"`, document.placeOf(node));
      }
    }
    return result as never;
  };
}

/** Any value as plain JavaScript data (null-prototype objects). */
export function anything(): Shape<unknown> {
  return (node, document) => plain(node, document);
}

/** A shape that refers to itself: `lazy(() => nodeShape)`. */
export function lazy<T>(shape: () => Shape<T>): Shape<T> {
  return (node, document, path) => shape()(node, document, path);
}

/** The value with the place it stands at. */
export function placed<T>(shape: Shape<T>): Shape<{ value: T; place: Place }> {
  return (node, document, path) => ({ value: shape(node, document, path), place: document.placeOf(node) });
}

function plain(node: Node, document: YamlDocument): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'seq') return node.items.map((item) => plain(item, document));
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, child] of node.pairs) object[scalarText(key, document, '')] = plain(child, document);
  return object;
}

function pairs(node: Node, document: YamlDocument, path: string): MapNode['pairs'] {
  if (isNull(node)) return [];
  if (node.kind !== 'map') throw wrong(node, document, path, 'a mapping (key: value)');
  return node.pairs;
}

function scalarText(node: Node, document: YamlDocument, path: string): string {
  if (node.kind !== 'scalar') throw wrong(node, document, path, 'a text');
  return node.value === null ? '' : node.text;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function wrong(node: Node, document: YamlDocument, path: string, wanted: string): PalisadeError {
  return new PalisadeError('E_SHAPE', `${path === '' ? 'the document' : `"${path}"`} must be ${wanted}`,
    document.placeOf(node));
}

function unknownKey(key: Node, document: YamlDocument, path: string, name: string, known: string[]): PalisadeError {
  const near = nearest(name, known);
  const hint = near === undefined ? `; known keys: ${known.join(', ')}` : `, did you mean "${near}"?`;
  return new PalisadeError('E_SHAPE', `unknown key "${join(path, name)}"${hint}`, document.placeOf(key));
}

/** The known word at most two edits away, or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = 3;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance in UTF-16 units. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
