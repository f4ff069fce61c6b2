// What `cscli explain --why` prints under the tree of a line.

import type { FailedGrok, Why } from './explain-why.js';
import type { FalsePart } from './explain-filter.js';
import { printable } from './render/text.js';

/** The reasons, ended by an empty line; '' for none. */
export function explainReasons(why: Why | null): string {
  if (why === null) return '';
  const lines = why.kind === 'parsed' ? filterLines(why) : grokLines(why);
  return lines.length === 0 ? '' : `${lines.map((line) => `\t${line}\n`).join('')}\n`;
}

function grokLines({ stage, groks, facts, hadSuccess, groksLeftOut }: Extract<Why, { kind: 'unparsed' }>): string[] {
  const known = facts.map(([path, value]) => `  ${path} = ${printable(shortened(value, 0).text)}`);
  if (groks.length === 0) {
    const head = hadSuccess ? `why: nodes of ${stage} took the line, but none moved it to the next stage`
      : `why: no node of ${stage} took the line, and the filter of every one with a pattern was false`;
    return [head, ...known];
  }
  const more = groksLeftOut > 0 ? [`  and ${groksLeftOut} patterns more that came less far (-v shows them)`] : [];
  const head = `why: the patterns of ${stage} whose filter held, those that came furthest first`;
  return [head, ...known, ...groks.flatMap(grokLine), ...more];
}

function grokLine({ node, place, pattern, subject, text, stop }: FailedGrok): string[] {
  const head = [`  ${node} (${place})`, `    ${printable(shortened(pattern, 0).text)}`];
  if (text === null) return [...head, `    reads ${subject}, which is not there`];
  if (stop === null) return [...head, '    names no field, so it never succeeds'];
  const { wanted, at, isSearched } = stop;
  const path = printable(shortened(wanted.join(' > '), 0).text);
  const view = shortened(text, at);
  const before = printable(view.text.slice(0, view.at));
  const rest = printable(view.text.slice(view.at));
  const where = isSearched ? `not found anywhere ${at === 0 ? 'in' : `after column ${at} of`}`
    : at >= text.length ? 'not found at the end of' : `not found at column ${at + 1} of`;
  return [...head, `    ${path} is ${where} ${subject}`, `      ${before}${rest}`, `      ${' '.repeat(before.length)}^`];
}

function filterLines({ filters, passedOver }: Extract<Why, { kind: 'parsed' }>): string[] {
  if (filters.length + passedOver === 0) return [];
  const more = passedOver > 0 ? [`  and ${passedOver} scenarios whose filter is false at its first part (-v shows them)`] : [];
  return ['why not: the part of each other scenario\'s filter that is false', ...filters.flatMap(filterLine), ...more];
}

function filterLine([scenario, { text, held, failure, values }]: readonly [string, FalsePart]): string[] {
  const after = held === 0 ? '' : held === 1 ? ' (1 part before it held)' : ` (${held} parts before it held)`;
  return [`  ${scenario}: ${printable(shortened(text.replace(/\s+/g, ' '), 0).text)}${after}`,
    ...(failure === '' ? [] : [`    fails: ${printable(failure)}`]),
    ...values.map(([path, value]) => `    ${path} = ${printable(value)}`)];
}

const charsMax = 160;

/** At most 160 characters of a text around a place in it, and where the place then is. */
function shortened(text: string, at: number): { readonly text: string; readonly at: number } {
  if (text.length <= charsMax) return { text, at };
  const from = Math.max(0, Math.min(at - charsMax / 2, text.length - charsMax));
  const cut = text.slice(from, from + charsMax);
  return { text: `${from > 0 ? '…' : ''}${cut}${from + charsMax < text.length ? '…' : ''}`, at: at - from + (from > 0 ? 1 : 0) };
}
