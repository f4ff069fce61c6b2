// What can be wrong with an expression that compiles: a key that nothing writes, a filter that no line can pass, a data
// file read line by line for every event.

import { childrenOf, type Node } from '../expr/ast.js';
import type { CompiledExpr, Requirement } from '../expr/compiled.js';
import { parse } from '../expr/parser.js';
import { editDistance, nearest } from '../config/document.js';
import { type Finding, placeWithin, warning } from './finding.js';
import type { KnownFields, MapName, MetaValues, Producer } from './known-fields.js';

/** Checks an expression's fields. */
export function fieldFindings(expression: CompiledExpr, known: KnownFields): Finding[] {
  const found = new Map<string, Finding>();
  for (const { map, key, at } of fieldsIn(parse(expression.text))) {
    const name = `evt.${map}.${key}`;
    if (known.has(map, key) || found.has(name)) continue;
    const near = nearest(key, known.keys(map).filter((other) => 3 * editDistance(key, other) <= key.length));
    found.set(name, warning('unknown-field', `no known parser writes ${name}: it is always empty`
      + `${near === undefined ? '' : `, did you mean ${near}?`}`, placeWithin(expression, at)));
  }
  return [...found.values()];
}

/** Checks a filter. */
export function filterFindings(filter: CompiledExpr, known: KnownFields): Finding[] {
  const contradicted = contradictions(filter);
  return [...scanFindings(filter), ...(contradicted.length > 0 ? contradicted : unreachable(filter, known))];
}

interface FieldUse {
  readonly map: MapName;
  readonly key: string;
  readonly at: number;
}

/** `evt.Meta.service` and `evt.Meta["service"]` in a tree. */
function fieldsIn(node: Node): FieldUse[] {
  const inner = childrenOf(node).flatMap(fieldsIn);
  if (node.kind !== 'member' || node.property.kind !== 'string' || node.object.kind !== 'member') return inner;
  const { object, property } = node.object;
  if (object.kind !== 'name' || object.name !== 'evt' || property.kind !== 'string') return inner;
  const map = property.value;
  if (map !== 'Parsed' && map !== 'Meta' && map !== 'Enriched') return inner;
  return [{ map, key: node.property.value, at: node.property.at }, ...inner];
}

const loops: ReadonlySet<string> = new Set(['any', 'all', 'none', 'one', 'count', 'filter', 'map', 'find', 'findIndex', 'findLast',
  'findLastIndex']);

/** Loops over all lines of a data file. */
function scanFindings(filter: CompiledExpr): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: Node): void => {
    const list = node.kind === 'builtin' && loops.has(node.name) ? node.args[0] : undefined;
    if (list?.kind === 'call' && list.callee.kind === 'name' && list.callee.name === 'File') {
      findings.push(warning('whole-file-scan', 'this looks at every line of the file for each event: "in File(…)", LookupFile '
        + 'or RegexpInFile find one without', placeWithin(filter, list.at)));
    }
    childrenOf(node).forEach(visit);
  };
  visit(parse(filter.text));
  return findings;
}

/** A field that must have two values at once. */
function contradictions(filter: CompiledExpr): Finding[] {
  const wanted = new Map<string, readonly string[]>();
  for (const { path, values } of filter.requires) {
    const before = wanted.get(path);
    const both = before === undefined ? values : before.filter((value) => values.includes(value));
    if (both.length === 0) {
      return [warning('filter-never-true', `evt.${path} cannot be ${shown(before ?? [])} and ${shown(values)} at once`,
        filter.place)];
    }
    wanted.set(path, both);
  }
  return [];
}

/** Values of Meta that no known parser writes, or none writes together with the log type that the filter names. */
function unreachable(filter: CompiledExpr, known: KnownFields): Finding[] {
  const wanted = filter.requires.filter(({ path }) => path.startsWith('Meta.') && known.has('Meta', keyOf(path)));
  for (const each of wanted) {
    if (known.producers.some(({ meta }) => gives(meta, each))) continue;
    return [warning('filter-never-true', `no known parser sets evt.${each.path} to ${shown(each.values)}`, filter.place)];
  }
  const types = wanted.find(({ path }) => path === 'Meta.log_type');
  if (types === undefined) return [];
  const others = wanted.filter((each) => each !== types);
  const makers = known.producers.filter(({ meta }) => gives(meta, types));
  if (makers.some((maker) => others.every((each) => isGivenWith(maker, each, known.producers)))) return [];
  const missing = others.filter((each) => !makers.some((maker) => isGivenWith(maker, each, known.producers)));
  return [warning('filter-never-true', `no known parser that sets evt.Meta.log_type to ${shown(types.values)} also sets `
    + (missing.length === 0 ? others : missing).map(({ path, values }) => `evt.${path} to ${shown(values)}`).join(' and '),
  filter.place)];
}

/** The same node gives the value, or one of another stage does. */
function isGivenWith(maker: Producer, wanted: Requirement, all: readonly Producer[]): boolean {
  return gives(maker.meta, wanted) || all.some(({ stage, meta }) => stage !== maker.stage && gives(meta, wanted));
}

/** A key that is not set is empty, which a filter may ask for. */
function gives(meta: MetaValues, { path, values }: Requirement): boolean {
  const given = meta.get(keyOf(path));
  if (given === undefined) return values.includes('');
  return given === null || values.some((value) => value === '' || given.has(value));
}

function keyOf(path: string): string {
  return path.slice('Meta.'.length);
}

function shown(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(' or ');
}
