// Writes plain data as YAML in the manner of Go's yaml.v3: which strings are quoted and how, and how lists are
// indented. For what cscli prints and for the small files it rewrites.

import { goQuote } from '../../ts/util/go-quote.js';
import { printable } from './text.js';

/** The value as a YAML document; `indent` is the width of one level. */
export function yamlText(value: unknown, indent = 4): string {
  return lines(value, indent, 0).map((line) => `${line}\n`).join('');
}

function lines(value: unknown, indent: number, column: number): string[] {
  const margin = ' '.repeat(column);
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${margin}[]`];
    return value.flatMap((item) => {
      const inner = isBranch(item) ? lines(item, indent, column + 2) : [`${margin}  ${scalar(item)}`];
      return [`${margin}- ${inner[0].slice(column + 2)}`, ...inner.slice(1)];
    });
  }
  if (!isBranch(value)) return [`${margin}${scalar(value)}`];
  const entries = Object.entries(value as object).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return [`${margin}{}`];
  return entries.flatMap(([key, item]) => {
    const head = `${margin}${scalar(key)}:`;
    if (!isBranch(item)) {
      return isLiteral(item) ? literal(head, item, column + indent) : [`${head} ${scalar(item)}`];
    }
    const isEmpty = Array.isArray(item) ? item.length === 0 : Object.keys(item as object).length === 0;
    return isEmpty ? [`${head} ${Array.isArray(item) ? '[]' : '{}'}`] : [head, ...lines(item, indent, column + indent)];
  });
}

/** Texts of several lines that can stand as they are, indented. */
function isLiteral(value: unknown): value is string {
  return typeof value === 'string' && value.includes('\n') && !/^\s|\n\n$/.test(value)
    && value.split('\n').every((line) => printable(line) === line);
}

function literal(head: string, text: string, column: number): string[] {
  const keep = text.endsWith('\n') ? '' : '-';
  const body = text.replace(/\n$/, '').split('\n').map((line) => (line === '' ? '' : ' '.repeat(column) + line));
  return [`${head} |${keep}`, ...body];
}

function isBranch(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'string') return String(value);
  if (readsAsOther(value)) return `"${value}"`;
  if (printable(value) !== value || value.includes('\ufeff')) return goQuote(value);
  return isPlain(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

/** Strings that a reader would take for a number, a boolean, a time or nothing. */
function readsAsOther(text: string): boolean {
  return text === '' || /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|<<)$/.test(text)
    || /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text)
    || /^[-+]?(?:\d[\d_]*)(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text)
    || /^[-+]?(?:\.\d+|\d[\d_]*(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text)
    || /^[-+]?(?:0x[\da-fA-F_]+|0o?[0-7_]+|0b[01_]+)$/.test(text)
    || /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)
    || /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/.test(text);
}

function isPlain(text: string): boolean {
  return !/^[#,[\]{}&*!|>'"%@`]/.test(text) && !/^[?:-](?:\s|$)/.test(text) && !/^(?:---|\.\.\.)/.test(text)
    && !/:(?:\s|$)/.test(text) && !/\s#/.test(text) && !/^\s|\s$/.test(text);
}
