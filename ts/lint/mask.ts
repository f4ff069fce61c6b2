// Takes a fault out of the text of a rule file so that the rest can be loaded and its faults found too: a bad
// expression gets a harmless one in its place, anything else is blanked. Lines stay where they are.

import { Lines } from '../config/lines.js';
import { parseYaml } from '../config/yaml.js';
import { isNull, type Node } from '../config/yaml-node.js';
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
  const lines = new Lines(text);
  const roots = parseYaml(text);
  const { line, column } = error.place;
  const offset = lines.start(line) + Math.min(column - 1, lines.text(line).length);
  const index = roots.findIndex((root) => !isNull(root) && inside(root, offset));
  if (index < 0) return null;
  const root = roots[index];
  const found = error.code === 'E_RULE' && offset === root.start ? null : innermost(root, offset, []);
  const ranges = found === null ? null : edits(found, { offset, root, text, error });
  const replaced = ranges ?? [{ from: root.start, to: root.end, by: '' }];
  return { text: replaced.reduce((result, edit) => applied(result, edit), text), document: index,
    isWholeDocument: ranges === null,
    lines: replaced.map(({ from, to }) => [lines.lineOf(from), lines.lineOf(to - 1)] as const) };
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** A pair of a mapping or an entry of a list, with the keys that lead to it. */
interface Found {
  readonly key: Node | null;
  readonly value: Node;
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
  if (isCompiled && value.kind === 'scalar') {
    const by = path.at(-2) === 'pattern_syntax' ? '".*"' : path.at(-2) === 'whitelist' ? 'true' : standIns[name];
    if (by !== undefined) return [{ from: value.start, to: value.end, by }];
  }
  const isNumber = path.length === 1 && ['type', 'capacity', 'leakspeed'].includes(name);
  if (!isCompiled && isNumber && key !== null && offset >= value.start) {
    return bucketEdits(root, name);
  }
  if (key === null) return [entryEdit(text, value.start, value.end)];
  return [{ from: key.start, to: Math.max(value.end, key.end), by: '' }];
}

/** A bucket whose numbers do not fit becomes a trigger, which needs none. */
function bucketEdits(root: Node, faulty: string): Edit[] | null {
  if (root.kind !== 'map') return null;
  const edits = root.pairs.flatMap(([key, value]): Edit[] => {
    const name = key.kind === 'scalar' ? key.text : '';
    if (name === 'type' && !isNull(value)) return [{ from: value.start, to: value.end, by: 'trigger' }];
    return name === 'capacity' || name === faulty ? [{ from: key.start, to: Math.max(value.end, key.end), by: '' }] : [];
  });
  // From the last to the first, so that the offsets of the others stay right.
  return edits.some(({ by }) => by !== '') ? edits.sort((a, b) => b.from - a.from) : null;
}

/** The innermost pair or entry that holds the offset. A rule's fault at the start of a mapping is about all of it. */
function innermost(node: Node, offset: number, path: readonly string[]): Found | null {
  if (node.kind === 'seq') {
    const item = node.items.find((each) => inside(each, offset));
    if (item === undefined) return null;
    const whole: Found = { key: null, value: item, path };
    return item.kind === 'map' && item.start === offset ? whole : innermost(item, offset, path) ?? whole;
  }
  if (node.kind !== 'map') return null;
  for (const [key, value] of node.pairs) {
    if (!inside(key, offset) && !inside(value, offset)) continue;
    const inner = [...path, key.kind === 'scalar' ? key.text : ''];
    const whole: Found = { key, value, path: inner };
    if (!inside(value, offset) || (value.kind === 'map' && value.start === offset)) return whole;
    return innermost(value, offset, inner) ?? whole;
  }
  return null;
}

function inside({ start, end }: Node, offset: number): boolean {
  return offset >= start && offset < Math.max(end, start + 1);
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
