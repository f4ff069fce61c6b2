// What a node can change and which expressions it holds: read off the loaded form, for stage plans and checks.

import type { CompiledExpr } from '../expr/compiled.js';
import type { NodeSpec, StaticSpec } from './spec.js';

/** Keys that a node or one inside it can write. `all`: an expression of it has effects, so anything may be written. */
export interface Writes {
  readonly all: boolean;
  readonly parsed: ReadonlySet<string>;
  readonly meta: ReadonlySet<string>;
}

/** Returns what a node or one inside it can write. */
export function writesOf(spec: NodeSpec): Writes {
  const parsed = new Set<string>();
  const meta = new Set<string>();
  let all = false;
  for (const node of withDescendants(spec)) {
    for (const field of node.grok?.grok.fields ?? []) parsed.add(field.name);
    for (const { target } of staticsOf(node)) {
      if (target.kind === 'map' && target.map !== 'enriched') (target.map === 'parsed' ? parsed : meta).add(target.key);
    }
    all ||= expressionsOf(node).some((expression) => expression.hasEffects);
  }
  return { all, parsed, meta };
}

/** Returns what any of these nodes can write. */
export function writesOfAll(specs: readonly NodeSpec[]): Writes {
  const all = specs.map(writesOf);
  return { all: all.some((writes) => writes.all), parsed: new Set(all.flatMap(({ parsed }) => [...parsed])),
    meta: new Set(all.flatMap(({ meta }) => [...meta])) };
}

/** Whether a rule changes labels, module, source or text of a line: filters on them then do not hold for a source. */
export function writesLine(spec: NodeSpec): boolean {
  return withDescendants(spec).some((node) => staticsOf(node).some(({ target }) => target.kind === 'label'
    || (target.kind === 'field' && target.path.startsWith('Line.'))));
}

/** Whether a rule changes the text of a line: byte ranges then mean another text than before. */
export function writesRaw(spec: NodeSpec): boolean {
  return withDescendants(spec).some((node) => staticsOf(node).some(({ target }) => target.kind === 'field' && target.path === 'Line.Raw'));
}

/** A node and all inside it, parents first. */
export function withDescendants(spec: NodeSpec): NodeSpec[] {
  return [spec, ...spec.children.flatMap(withDescendants)];
}

/** The statics of a node itself, those of its grok first. */
export function staticsOf(spec: NodeSpec): readonly StaticSpec[] {
  return [...(spec.grok?.statics ?? []), ...spec.statics];
}

/** Every expression of a node itself (not of its children), in the order they would run. */
export function expressionsOf(spec: NodeSpec): CompiledExpr[] {
  const subject = spec.grok?.subject;
  return [
    ...(spec.filter === null ? [] : [spec.filter]),
    ...(spec.whitelist?.expressions ?? []),
    ...(subject?.kind === 'expression' ? [subject.expression] : []),
    ...(spec.grok?.statics ?? []).flatMap(expressionOf),
    ...spec.stash.flatMap((stash) => [stash.value, stash.key]),
    ...spec.statics.flatMap(expressionOf),
  ];
}

function expressionOf({ source }: StaticSpec): CompiledExpr[] {
  return source.kind === 'value' ? [] : [source.expression];
}
