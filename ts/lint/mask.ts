// Takes a fault out of the text of a rule file so that the rest can be loaded and its faults found too: a bad
// expression gets a harmless one in its place, anything else is blanked. Lines stay where they are.

import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type Pair } from 'yaml';
import type { PalisadeError } from '../errors.js';

/** A text without one fault. */
export interface Masked {
  readonly text: string;
  /** The document of the fault was taken out as a whole. */
  readonly isWholeDocument: boolean;
  /** Position of the document in the file. */
  readonly document: number;
  /** Lines of which something was replaced. */
  readonly lines: readonly [first: number, last: number];
}

/** What stands in for an expression or pattern that does not compile, by the key it belongs to. */
const standIns: Readonly<Record<string, string>> = { filter: 'true', condition: 'true', cancel_on: 'true',
  overflow_filter: 'true', expression: '"\'x\'"', groupby: '"\'x\'"', distinct: '"\'x\'"', key: '"\'x\'"', value: '"\'x\'"',
  pattern: '"%{DATA:masked}"', name: 'DATA' };

/** Returns the text without the fault; null when it has no place that could be taken out. */
export function mask(text: string, error: PalisadeError): Masked | null {
  if (error.place === undefined || error.code === 'E_YAML') return null;
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: '1.1', lineCounter: lines, logLevel: 'silent' }) as Document[];
  const { line, column } = error.place;
  const start = lines.lineStarts[line - 1] ?? 0;
  const offset = Math.min(start + column - 1, (lines.lineStarts[line] ?? text.length + 1) - 1);
  const index = documents.findIndex(({ contents }) => contents !== null && inside(contents as Node, offset));
  if (index < 0) return null;
  const root = documents[index].contents as Node;
  const found = error.code === 'E_RULE' && offset === startOf(root) ? null : innermost(root, offset, []);
  const ranges = found === null ? null : edits(found, { offset, root, text, error });
  const replaced = ranges ?? [{ from: startOf(root), to: endOf(root), by: '' }];
  const lineOf = (at: number): number => lines.linePos(at).line;
  return { text: replaced.reduce((result, edit) => applied(result, edit), text), document: index,
    isWholeDocument: ranges === null,
    lines: [lineOf(Math.min(...replaced.map(({ from }) => from))), lineOf(Math.max(...replaced.map(({ to }) => to - 1)))] };
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** A pair of a mapping or an entry of a list, with the keys that lead to it. */
interface Found {
  readonly key: Node | null;
  readonly value: Node | null;
  readonly path: readonly string[];
}

interface Fault {
  readonly offset: number;
  readonly root: Node;
  readonly text: string;
  readonly error: PalisadeError;
}

function edits({ key, value, path }: Found, { offset, root, text, error }: Fault): Edit[] | null {
  const name = path.at(-1) ?? '';
  const isCompiled = error.code === 'E_EXPRESSION' || error.code === 'E_PATTERN';
  if (isCompiled && value !== null && isScalar(value)) {
    const by = path.at(-2) === 'pattern_syntax' ? '".*"' : path.at(-2) === 'whitelist' ? 'true' : standIns[name];
    if (by !== undefined) return [{ from: startOf(value), to: endOf(value), by }];
  }
  if (!isCompiled && path.length === 1 && ['type', 'capacity', 'leakspeed'].includes(name) && key !== null && offset >= startOf(value)) {
    return bucketEdits(root);
  }
  const from = key === null ? dashBefore(text, startOf(value)) : startOf(key);
  return [{ from, to: Math.max(endOf(value), endOf(key)), by: '' }];
}

/** A bucket whose numbers do not fit becomes a trigger, which needs none. */
function bucketEdits(root: Node): Edit[] | null {
  if (!isMap(root)) return null;
  const byName = (name: string): Pair | undefined => root.items.find(({ key }) => isScalar(key) && key.value === name);
  const type = byName('type')?.value as Node | undefined;
  if (type === undefined || type === null) return null;
  const capacity = byName('capacity');
  const blank = capacity === undefined ? [] : [{ from: startOf(capacity.key as Node), to: endOf(capacity.value as Node), by: '' }];
  return [{ from: startOf(type), to: endOf(type), by: 'trigger' }, ...blank].sort((a, b) => b.from - a.from);
}

/** The innermost pair or entry that holds the offset. A rule's fault at the start of a mapping is about all of it. */
function innermost(node: Node, offset: number, path: readonly string[]): Found | null {
  if (isSeq(node)) {
    const item = (node.items as Node[]).find((each) => inside(each, offset));
    if (item === undefined) return null;
    const whole: Found = { key: null, value: item, path };
    return isMap(item) && startOf(item) === offset ? whole : innermost(item, offset, path) ?? whole;
  }
  if (!isMap(node)) return null;
  for (const pair of node.items) {
    const [key, value] = [pair.key as Node, pair.value as Node | null];
    if (!inside(key, offset) && !(value !== null && inside(value, offset))) continue;
    const inner = [...path, isScalar(key) ? String(key.value) : ''];
    const whole: Found = { key, value, path: inner };
    if (value === null || !inside(value, offset) || (isMap(value) && startOf(value) === offset)) return whole;
    return innermost(value, offset, inner) ?? whole;
  }
  return null;
}

function inside(node: Node, offset: number): boolean {
  return offset >= startOf(node) && offset < Math.max(endOf(node), startOf(node) + 1);
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function endOf(node: Node | null): number {
  return node?.range?.[1] ?? 0;
}

/** Where an entry of a list begins: at its dash, or an empty entry would stay. */
function dashBefore(text: string, at: number): number {
  return at - (/-[ \t]+$/.exec(text.slice(0, at))?.[0].length ?? 0);
}

/** Replaces a range and keeps the number of lines. */
function applied(text: string, { from, to, by }: Edit): string {
  const old = text.slice(from, to);
  const lineEnds = old.split('\n').length - 1;
  const blank = old.replace(/[^\n]/g, ' ');
  const middle = by === '' ? blank : lineEnds > 0 ? by + '\n'.repeat(lineEnds) : by.padEnd(old.length);
  return text.slice(0, from) + middle + text.slice(to);
}
