// Loads `statics` lists: where each value comes from and where it goes, with the checks CrowdSec makes. The statics of a
// grok are checked less there, and so here.

import { PalisadeError, type Place } from '../errors.js';
import { enrichMethods } from '../enrich/table.js';
import type { EventNames } from '../event/event.js';
import type { CompiledExpr } from '../expr/compiled.js';
import { warningAt } from './declarations.js';
import { type ExpressionOptions, expressionOrNull } from './expression.js';
import type { Placed, StaticText } from './node-shape.js';
import type { MapField, StaticSource, StaticSpec, StaticTarget } from './spec.js';
import { resolveTarget } from './target.js';

type Entries = readonly Placed<StaticText>[];

/** The statics of a node. Throws E_RULE for one without value or target. */
export function loadNodeStatics(entries: Entries, options: ExpressionOptions, warnings: string[]): StaticSpec[] {
  return entries.map((entry) => {
    checkNodeStatic(entry);
    return loadStatic(entry, options, warnings);
  });
}

/** The statics of a grok, which may also have `enriched` as their only target, and no value (nothing is set then). */
export function loadGrokStatics(entries: Entries, options: ExpressionOptions, warnings: string[]): StaticSpec[] {
  return entries.map((entry) => loadStatic(entry, options, warnings));
}

function checkNodeStatic({ value: text, place }: Placed<StaticText>): void {
  const hasExpression = (text.expression?.text ?? '') !== '';
  if (text.method) {
    if (!hasExpression) throw new PalisadeError('E_RULE', 'a static with "method" needs "expression"', place);
  } else if (!text.parsed && !text.meta && !text.target) {
    throw new PalisadeError('E_RULE', 'a static needs one of "parsed", "meta", "target" or "method"', place);
  } else if (!text.value && !hasExpression) {
    throw new PalisadeError('E_RULE', 'a static needs "value" or "expression"', place);
  }
}

function loadStatic({ value: text, place }: Placed<StaticText>, options: ExpressionOptions, warnings: string[]): StaticSpec {
  const expression = expressionOrNull(text.expression, options);
  const source: StaticSource = text.value || expression === null ? { kind: 'value', text: text.value ?? '' }
    : copyOf(expression) ?? joinOf(expression) ?? { kind: 'expression', expression };
  return { place, source, target: loadTarget(text, place, options.names, warnings) };
}

function loadTarget(text: StaticText, place: Place, names: EventNames, warnings: string[]): StaticTarget {
  if (text.method) {
    if (!enrichMethods.has(text.method)) warnings.push(warningAt(place, `there is no method ${text.method}: it does nothing`));
    return { kind: 'method', name: text.method };
  }
  for (const map of ['parsed', 'meta', 'enriched'] as const) {
    const key = text[map];
    if (key) return mapTarget({ kind: 'map', map, key }, names);
  }
  if (!text.target) throw new PalisadeError('E_RULE', 'a static needs one of "parsed", "meta", "enriched", "target" or "method"', place);
  const target = resolveTarget(text.target);
  if (target.kind === 'nowhere') {
    warnings.push(warningAt(place, `the target ${text.target} names no text field of an event: it is never set`));
  }
  return mapTarget(target, names);
}

function mapTarget(target: StaticTarget, names: EventNames): StaticTarget {
  if (target.kind === 'map') names[target.map].declare(target.key);
  return target;
}

/** An expression that only names a text field, which can be copied as the bytes it is; null for any other. */
function copyOf(expression: CompiledExpr): StaticSource | null {
  if (/^\s*evt\.Line\.Raw\s*$/.test(expression.text)) return { kind: 'copy', from: { map: 'line' }, expression };
  const from = mapFieldOf(expression.text);
  return from && { kind: 'copy', from, expression };
}

/** An expression that adds two text fields, which are bytes again where the one begins at the other's end; null for any other. */
function joinOf(expression: CompiledExpr): StaticSource | null {
  const parts = expression.text.split('+');
  const [first, second] = parts.map(mapFieldOf);
  return parts.length === 2 && first && second ? { kind: 'join', from: [first, second], expression } : null;
}

function mapFieldOf(text: string): MapField | null {
  const match = /^\s*evt\.(Parsed|Meta|Enriched)\.([A-Za-z_]\w*)\s*$/.exec(text);
  return match && { map: match[1].toLowerCase() as MapField['map'], key: match[2] };
}
