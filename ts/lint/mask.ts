// Takes a fault out of the text of a rule file so that the rest can be loaded and its faults found too: a bad
// expression gets a harmless one in its place, anything else is blanked. Lines stay where they are.

import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import type { PalisadeError } from '../errors.js';

/** A text without one fault. */
export interface Masked {
  readonly text: string;
  /** The document of the fault was taken out as a whole. */
  readonly isWholeDocument: boolean;
  /** Position of the document in the file. */
  readonly document: number;
  /** Ranges of lines of which something was replaced. */
  readonly lines: readonly (readonly [first: number, last: number])[];
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
    lines: replaced.map(({ from, to }) => [lineOf(from), lineOf(to - 1)] as const) };
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
  const isNumber = path.length === 1 && ['type', 'capacity', 'leakspeed'].includes(name);
  if (!isCompiled && isNumber && key !== null && offset >= startOf(value)) {
    return bucketEdits(root, name);
  }
  if (key === null) return [entryEdit(text, startOf(value), endOf(value))];
  return [{ from: startOf(key), to: Math.max(endOf(value), endOf(key)), by: '' }];
}

/** A bucket whose numbers do not fit becomes a trigger, which needs none. */
function bucketEdits(root: Node, faulty: string): Edit[] | null {
  if (!isMap(root)) return null;
  const edits = root.items.flatMap(({ key, value }): Edit[] => {
    const name = isScalar(key) ? key.value : '';
    const [from, to] = [startOf(key as Node), endOf(value as Node | null)];
    if (name === 'type' && value !== null) return [{ from: startOf(value as Node), to, by: 'trigger' }];
    return name === 'capacity' || name === faulty ? [{ from, to: Math.max(to, endOf(key as Node)), by: '' }] : [];
  });
  // From the last to the first, so that the offsets of the others stay right.
  return edits.some(({ by }) => by !== '') ? edits.sort((a, b) => b.from - a.from) : null;
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

/** An entry of a list goes with its dash, or with a comma beside it. */
function entryEdit(text: string, start: number, end: number): Edit {
  const dash = /-[ \t]+$/.exec(text.slice(0, start))?.[0].length ?? 0;
  if (dash > 0) return { from: start - dash, to: end, by: '' };
  const after = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0;
  const before = after > 0 ? 0 : /,\s*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  return { from: start - before, to: end + after, by: '' };
}

/** Replaces a range and keeps the number of lines. */
function applied(text: string, { from, to, by }: Edit): string {
  const old = text.slice(from, to);
  const lineEnds = old.split('\n').length - 1;
  const blank = old.replace(/[^\n]/g, ' ');
  const middle = by === '' ? blank : lineEnds > 0 ? by + '\n'.repeat(lineEnds) : by.padEnd(old.length);
  return text.slice(0, from) + middle + text.slice(to);
}
