// The tree that `cscli explain` prints for a line: stages, nodes with the number of fields they changed, the verdict,
// and the scenarios that take it.

import type { EventSnapshot } from '../ts/parser/trace.js';
import type { ExplainedLine, NodesOf } from './explain.js';
import { printable } from './render/text.js';

export interface TreeOptions {
  /** One line for each changed field. */
  readonly withChanges: boolean;
  /** Leave out nodes that failed. */
  readonly onlySuccess: boolean;
  readonly isColoured: boolean;
}

interface Change {
  readonly kind: 'create' | 'update' | 'delete';
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

const ok = '\u{1F7E2}';
const failed = '\u{1F534}';
const zeroTime = '0001-01-01T00:00:00Z';

/** What an event is before the first node: every field at its zero. */
const emptyEvent: EventSnapshot = { Type: 0, ExpectMode: 0, Whitelisted: false, WhitelistReason: '', Stage: '',
  Line: { Raw: '', Src: '', Time: zeroTime, Labels: {}, Process: false, Module: '' }, Parsed: {}, Enriched: {},
  Unmarshaled: {}, Time: zeroTime, StrTime: '', StrTimeFormat: '', MarshaledTime: '', Process: false, Meta: {} };

/** The tree of one line, ended by an empty line. */
export function explainTree(line: ExplainedLine, nodesOf: NodesOf, options: TreeOptions): string {
  const paint = painter(options.isColoured);
  const out = [`line: ${printable(line.raw)}\n`];
  let before = emptyEvent;
  for (const stage of new Set(line.steps.map((step) => step.stage))) {
    out.push(`\t├ ${stage}\n`);
    const nodes = nodesOf.get(stage) ?? [];
    nodes.forEach((node, index) => {
      const branch = index === nodes.length - 1 ? '└' : '├';
      const step = line.steps.find((each) => each.stage === stage && each.node === node);
      const after = step?.after ?? null;
      if (after === null) {
        if (!options.onlySuccess) out.push(`\t|\t${branch} ${failed} ${node}\n`);
        return;
      }
      const changes = changesBetween(before, after);
      before = after;
      out.push(`\t|\t${branch} ${ok} ${node} (${summary(changes, paint)})\n`);
      if (options.withChanges) out.push(...changes.map((change) => `\t|\t\t${branch} ${changeText(change, paint)}\n`));
    });
  }
  return out.join('') + verdict(line);
}

function verdict({ isPoured, whitelistReason, scenarios }: ExplainedLine): string {
  const branch = isPoured ? '├' : '└';
  const text = isPoured ? `parser success ${ok}`
    : whitelistReason !== '' ? `parser success, ignored by whitelist (${printable(whitelistReason)}) ${ok}`
      : `parser failure ${failed}`;
  const names = scenarios.map((name, index) => `\t\t${index === scenarios.length - 1 ? '└' : '├'} ${ok} ${name}\n`);
  return `\t${branch}-------- ${text}\n${isPoured ? '\t├ Scenarios\n' : ''}${names.join('')}\n`;
}

/** `+2 ~1`, `unchanged`. */
function summary(changes: readonly Change[], paint: Painter): string {
  const count = (kind: Change['kind']): number => changes.filter((change) => change.kind === kind).length;
  const isWhitelisted = changes.some(({ kind, path, to }) => kind === 'update' && path === 'Whitelisted' && to === true);
  const parts = [
    count('create') > 0 ? paint(`+${count('create')}`, 32) : '',
    count('update') > 0 ? paint(`~${count('update')}`, 33) : '',
    count('delete') > 0 ? paint(`-${count('delete')}`, 31) : '', isWhitelisted ? paint('[whitelisted]', 31) : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? paint('unchanged', 33) : parts.join(' ');
}

/** The original's format strings misprint numbers and booleans; scripts know them that way. */
function changeText({ kind, path, from, to }: Change, paint: Painter): string {
  if (kind === 'delete') return `delete evt.${paint(printable(path), 31)}`;
  const target = paint(valueText(path, to), kind === 'create' ? 32 : 33);
  if (kind === 'create') return `create evt.${printable(path)} : ${target}`;
  const source = typeof from === 'number' ? `%!s(int=${from})`
    : typeof from === 'boolean' ? `%!s(bool=${from})` : valueText(path, from);
  return `update evt.${printable(path)} : ${source} -> ${target}`;
}

function valueText(path: string, value: unknown): string {
  return printable(path === 'Time' || path === 'Line.Time' ? goTimeText(String(value)) : String(value ?? '<nil>'));
}

/** RFC3339 in the form that Go prints a time in. */
function goTimeText(instant: string): string {
  const match = /^(.+)T([\d:.]+)(?:Z|([+-]\d\d):?(\d\d))$/.exec(instant);
  if (match === null) return instant;
  const zone = match[3] === undefined ? '+0000 UTC' : `${match[3]}${match[4]} ${match[3]}${match[4]}`;
  return `${match[1]} ${match[2]} ${zone}`;
}

function changesBetween(before: unknown, after: unknown, path = ''): Change[] {
  if (isBranch(before) && isBranch(after)) {
    const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return keys.flatMap((key) => {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(before, key)) return created(after[key], at);
      if (!Object.hasOwn(after, key)) return [{ kind: 'delete' as const, path: at, from: before[key], to: undefined }];
      return changesBetween(before[key], after[key], at);
    });
  }
  return before === after ? [] : [{ kind: 'update', path, from: before, to: after }];
}

function created(value: unknown, path: string): Change[] {
  if (!isBranch(value)) return [{ kind: 'create', path, from: undefined, to: value }];
  return Object.entries(value).flatMap(([key, inner]) => created(inner, `${path}.${key}`));
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

type Painter = (text: string, code: number) => string;

function painter(isColoured: boolean): Painter {
  return (text, code) => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text);
}
