// Values of a dump as YAML text that any YAML reader, 1.1 or 1.2, reads back as the same values: block style, keys in
// the order given, texts quoted wherever they could be taken for something else. Not a general YAML writer.

import { formatFloatShortest } from '../util/go-float.js';
import { GoInt } from '../util/go-value.js';

/** What can be written. A Map keeps its order, as the keys of objects do. */
export type YamlValue = unknown;

/** An instant in RFC 3339, written without quotes: YAML has a type for it. */
export class YamlTime {
  constructor(readonly text: string) {}
}

/** Short words that no reader takes for a number, a bool, null or a date. */
const plain = /^[A-Za-z_/][A-Za-z0-9_/.-]*$/;
const reserved = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** The text of a document, ended by a line end. */
export function yamlText(value: YamlValue): string {
  const lines: string[] = [];
  write(value, '', '', lines);
  return `${lines.join('\n')}\n`;
}

/** `head` is what stands before the value on its first line: a key or the dash of a list. */
function write(value: YamlValue, head: string, indent: string, lines: string[]): void {
  const entries = entriesOf(value);
  if (entries !== null && entries.length > 0) writeMap(entries, head, indent, lines);
  else if (Array.isArray(value) && value.length > 0) writeList(value, head, indent, lines);
  else lines.push(`${indent}${head}${head === '' ? '' : ' '}${scalarText(value)}`);
}

function writeMap(entries: readonly (readonly [string, YamlValue])[], head: string, indent: string, lines: string[]): void {
  const inList = head === '-';
  if (head !== '' && !inList) lines.push(`${indent}${head}`);
  const inner = head === '' ? indent : `${indent}${inList ? '  ' : '    '}`;
  const first = lines.length;
  for (const [key, item] of entries) write(item, `${textOf(key)}:`, inner, lines);
  if (inList) lines[first] = `${indent}- ${lines[first].slice(inner.length)}`;
}

function writeList(items: readonly YamlValue[], head: string, indent: string, lines: string[]): void {
  const inList = head === '-';
  if (head !== '' && !inList) lines.push(`${indent}${head}`);
  const inner = head === '' ? indent : `${indent}${inList ? '  ' : '    '}`;
  const first = lines.length;
  for (const item of items) write(item, '-', inner, lines);
  if (inList) lines[first] = `${indent}- ${lines[first].slice(inner.length)}`;
}

/** null for what is no map. */
function entriesOf(value: YamlValue): readonly (readonly [string, YamlValue])[] | null {
  if (value instanceof Map) return [...value as Map<string, YamlValue>];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return value instanceof GoInt || value instanceof YamlTime ? null : Object.entries(value);
}

function scalarText(value: YamlValue): string {
  if (typeof value === 'string') return textOf(value);
  if (value instanceof YamlTime) return value.text;
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'boolean' || value instanceof GoInt || typeof value === 'bigint') return String(value);
  return value === null || value === undefined ? 'null' : '{}';
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  return Number.isFinite(value) ? formatFloatShortest(value) : value < 0 ? '-.inf' : '.inf';
}

/** Double quotes take JSON's escapes, which YAML has too. */
function textOf(text: string): string {
  return plain.test(text) && !reserved.test(text) ? text
    : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/g, escaped);
}

/** Pairs of surrogates are one character and stay; a half of one has no YAML form but U+FFFD. */
function escaped(unit: string, at: number, whole: string): string {
  const code = unit.charCodeAt(0);
  if (code < 0xd800 || code > 0xdfff) return `\\u${code.toString(16).padStart(4, '0')}`;
  const partner = whole.charCodeAt(code < 0xdc00 ? at + 1 : at - 1);
  const isPaired = code < 0xdc00 ? partner >= 0xdc00 && partner <= 0xdfff : partner >= 0xd800 && partner <= 0xdbff;
  return isPaired ? unit : '\ufffd';
}
