// Paths to elements of an XML document, in the notation of the Go library that CrowdSec uses: a subset of XPath with
// `/a/b`, `//`, `*`, `.`, `..` and filters `[2]`, `[-1]`, `[@key]`, `[@key='v']`, `[child]`, `[child='v']`, `[text()='v']`.

import type { XmlElement } from './xml-document.js';

type Filter = (candidates: readonly XmlElement[]) => readonly XmlElement[];

interface Segment {
  readonly select: (element: XmlElement) => readonly XmlElement[];
  readonly filters: readonly Filter[];
}

/** A path, read. */
export interface XmlPath {
  readonly segments: readonly Segment[];
}

/** Reads a path; null when it is malformed. */
export function compileXmlPath(notation: string): XmlPath | null {
  let rest = notation.endsWith('//') ? `${notation}*` : notation;
  const segments: Segment[] = [];
  if (rest.startsWith('/')) {
    segments.push({ select: (element) => [rootOf(element)], filters: [] });
    rest = rest.slice(1);
  }
  for (const text of splitSegments(rest)) {
    const segment = readSegment(text);
    if (segment === null) return null;
    segments.push(segment);
  }
  return { segments };
}

/** The first element that a path leads to from a document; null for none. */
export function findXml(document: XmlElement, path: XmlPath): XmlElement | null {
  let elements: readonly XmlElement[] = [document];
  for (const segment of path.segments) {
    // Filters see the candidates of one element at a time: `[1]` is the first child of each.
    elements = elements.flatMap((element) =>
      segment.filters.reduce((candidates, filter) => filter(candidates), segment.select(element)));
  }
  return elements[0] ?? null;
}

/** The value of an attribute; a name without a prefix means any prefix. */
export function xmlAttribute(element: XmlElement, fullName: string): string | null {
  const [space, name] = splitPrefix(fullName);
  const found = element.attributes.find((attribute) => attribute.name === name && isSpace(space, attribute.space));
  return found?.value ?? null;
}

/** Splits at slashes outside quotes. */
function splitSegments(path: string): string[] {
  const segments: string[] = [];
  let quote = '';
  let from = 0;
  for (let at = 0; at < path.length; at++) {
    const char = path[at];
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '/') {
      segments.push(path.slice(from, at));
      from = at + 1;
    }
  }
  return [...segments, path.slice(from)];
}

function readSegment(text: string): Segment | null {
  const [selector, ...filterTexts] = text.split('[');
  const filters: Filter[] = [];
  for (const filterText of filterTexts) {
    const filter = filterText.endsWith(']') ? readFilter(filterText.slice(0, -1)) : null;
    if (filter === null) return null;
    filters.push(filter);
  }
  return { select: selectorOf(selector), filters };
}

function selectorOf(text: string): Segment['select'] {
  switch (text) {
    case '.': return (element) => [element];
    case '..': return (element) => (element.parent === null ? [] : [element.parent]);
    case '*': return (element) => element.children;
    case '': return selfAndDescendants;
  }
  const [space, tag] = splitPrefix(text);
  return (element) => element.children.filter((child) => child.tag === tag && isSpace(space, child.space));
}

function readFilter(text: string): Filter | null {
  if (text === '') return null;
  const equals = text.indexOf('=');
  const quote = text[equals + 1];
  if (equals > 0 && (quote === "'" || quote === '"')) {
    if (text.indexOf(quote, equals + 2) !== text.length - 1) return null;
    return comparison(text.slice(0, equals), text.slice(equals + 2, -1));
  }
  if (/^[+-]?[0-9]+$/.test(text)) return position(Number(text));
  return comparison(text, null);
}

/** Candidates whose attribute, function or child has a value, or any value when it is null. */
function comparison(key: string, value: string | null): Filter | null {
  const fits = (found: string | null): boolean => found !== null && (value === null || found === value);
  if (key.startsWith('@')) return (candidates) => candidates.filter((one) => fits(xmlAttribute(one, key.slice(1))));
  if (key.endsWith('()')) {
    const read = Object.hasOwn(functions, key) ? functions[key] : undefined;
    if (read === undefined) return null;
    return (candidates) => candidates.filter((one) => (value === null ? read(one) !== '' : read(one) === value));
  }
  const select = selectorOf(key);
  return (candidates) => candidates.filter((one) => select(one).some((child) => fits(child.text)));
}

const functions: Readonly<Record<string, (element: XmlElement) => string>> = {
  'text()': (element) => element.text,
  'local-name()': (element) => element.tag,
  'name()': (element) => (element.space === '' ? element.tag : `${element.space}:${element.tag}`),
  'namespace-prefix()': (element) => element.space,
};

function position(number: number): Filter {
  return (candidates) => {
    const index = number > 0 ? number - 1 : number < 0 ? candidates.length + number : 0;
    return index >= 0 && index < candidates.length ? [candidates[index]] : [];
  };
}

/** Level by level, as the original walks. */
function selfAndDescendants(element: XmlElement): XmlElement[] {
  const found = [element];
  for (let i = 0; i < found.length; i++) found.push(...found[i].children);
  return found;
}

function rootOf(element: XmlElement): XmlElement {
  let root = element;
  while (root.parent !== null) root = root.parent;
  return root;
}

function splitPrefix(fullName: string): [string, string] {
  const colon = fullName.indexOf(':');
  return colon < 0 ? ['', fullName] : [fullName.slice(0, colon), fullName.slice(colon + 1)];
}

function isSpace(wanted: string, space: string): boolean {
  return wanted === '' || wanted === space;
}
