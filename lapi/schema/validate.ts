// Checks a body against its schema and refuses it in the words of CrowdSec: first what Go's JSON decoder says
// (syntax, wrong types), then what its generated validators say (missing fields, lengths), in their order and nesting.

import { isAscii } from 'node:buffer';
import { Kind, OptionalKind, Type, type Static, type TSchema } from '@sinclair/typebox';
import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import { goJsonError } from '../../ts/util/go-json.js';
import { Refusal } from '../errors.js';

const listHead = 'validation failure list:';

/** How the validation list of a nested object shows: with its own head line (alerts), or merged (the rest). */
export type Nesting = 'headed' | 'merged';

/** Returns the value in a JSON body that fits a schema. Throws a Refusal: 400 from decoding, 422 from validation. */
export function decodeBody<S extends TSchema>(schema: S, body: Buffer, nesting: Nesting = 'merged'): Static<S> {
  // Go reads null as the empty value of whatever it should be.
  const value = parseBody(body) ?? ((schema as unknown as Described)[Kind] === 'Array' ? [] : {});
  // A body that fits as it stands needs no search for what is wrong with it.
  if (fitsQuickly(schema, value)) return value as Static<S>;
  const mismatch = findMismatch(schema, value, []);
  if (mismatch !== null) throw new Refusal('badBody', `json: cannot unmarshal ${mismatch}`);
  const faults = findFaults(schema, value, '', nesting);
  if (faults.length > 0) throw new Refusal('invalidBody', [listHead, ...faults].join('\n'));
  return value as Static<S>;
}

const quickChecks = new WeakMap<TSchema, TypeCheck<TSchema> | null>();

/** Whether the schema's compiled check takes the value. It counts lengths in UTF-16, so it is not asked for them. */
function fitsQuickly(schema: TSchema, value: unknown): boolean {
  let check = quickChecks.get(schema);
  if (check === undefined) {
    check = JSON.stringify(schema).includes('"minLength"') ? null : TypeCompiler.Compile(withNulls(schema));
    quickChecks.set(schema, check);
  }
  return check?.Check(value) ?? false;
}

/** The schema that also takes null for what may be absent: engines send `labels: null` with every alert. */
function withNulls(schema: TSchema): TSchema {
  const { items, properties } = schema as { items?: TSchema; properties?: Record<string, TSchema> };
  if (items !== undefined) return { ...schema, items: withNulls(items) };
  if (properties === undefined) return schema;
  return { ...schema, properties: Object.fromEntries(Object.entries(properties).map(([name, child]) =>
    [name, (child as unknown as Described)[OptionalKind] === undefined ? withNulls(child)
      : Type.Optional(Type.Union([withNulls(child), Type.Null()]))])) };
}

function parseBody(body: Buffer): unknown {
  // Mostly it is ASCII, of which a text is a copy.
  const source = isAscii(body) ? body.toString('latin1') : body.toString('utf8');
  if (source.trim() === '') throw new Refusal('badBody', 'EOF');
  try {
    return JSON.parse(source);
  } catch {
    const message = goJsonError(source);
    throw new Refusal('badBody', message === 'unexpected end of JSON input' ? 'unexpected EOF' : message);
  }
}

interface Described {
  readonly [Kind]: string;
  readonly [OptionalKind]?: string;
  readonly goType: string;
  readonly items?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly patternProperties?: Readonly<Record<string, Described>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The first value whose JSON type does not fit, as `string into Go struct field Alert.capacity of type int32`. */
function findMismatch(schema: TSchema, value: unknown, path: readonly string[], struct = ''): string | null {
  const described = schema as unknown as Described;
  // Go leaves a field alone where the text says null.
  if (value === null || value === undefined) return null;
  if (!fits(described, value)) {
    const where = path.length === 0 ? 'Go value' : `Go struct field ${struct}.${path.join('.')}`;
    return `${jsonKind(described, value)} into ${where} of type ${path.length === 0 || !described.properties
      ? described.goType : `models.${described.goType}`}`;
  }
  if (Array.isArray(value)) return firstOf(value, (item) => findMismatch(described.items as never, item, path, struct));
  if (described.properties !== undefined) {
    return firstOf(Object.entries(described.properties), ([name, child]) => findMismatch(child as never,
      (value as Record<string, unknown>)[name], [...path, name], described.goType.replace('models.', '')));
  }
  const each = Object.values(described.patternProperties ?? {})[0];
  return each === undefined ? null
    : firstOf(Object.values(value), (item) => findMismatch(each as never, item, path, struct));
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function fits(schema: Described, value: unknown): boolean {
  switch (schema[Kind]) {
    case 'String': return typeof value === 'string';
    case 'Boolean': return typeof value === 'boolean';
    case 'Number': return typeof value === 'number' && isWithin(schema, value);
    case 'Integer': return Number.isInteger(value) && isWithin(schema, value as number);
    case 'Array': return Array.isArray(value);
    default: return typeof value === 'object' && !Array.isArray(value);
  }
}

function isWithin({ minimum, maximum }: Described, value: number): boolean {
  return value >= minimum! && value <= maximum!;
}

function jsonKind(schema: Described, value: unknown): string {
  if (Array.isArray(value)) return 'array';
  // A number of the wrong size or with a fraction is shown itself.
  if (typeof value === 'number') return ['Integer', 'Number'].includes(schema[Kind]) ? `number ${value}` : 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Missing fields and broken bounds, in alphabetical order of the fields, as the generated validators list them. */
function findFaults(schema: TSchema, value: unknown, path: string, nesting: Nesting): string[] {
  const described = schema as unknown as Described;
  if (Array.isArray(value)) return faultsOfFirst(value, described.items as never, path, nesting);
  if (typeof value === 'string') return faultsOfText(described, value, path);
  if (described.properties === undefined || value === null || typeof value !== 'object') return [];
  const faults: string[] = [];
  for (const [name, child] of Object.entries(described.properties)) {
    const field = (value as Record<string, unknown>)[name];
    const at = path === '' ? name : `${path}.${name}`;
    if (field === undefined || field === null) {
      if (child[OptionalKind] === undefined) faults.push(`${at} in body is required`);
      continue;
    }
    const inner = findFaults(child as never, field, at, nesting);
    const isNested = typeof field === 'object' && nesting === 'headed';
    faults.push(...isNested && inner.length > 0 ? [listHead, ...inner] : inner);
  }
  return faults;
}

/** A list stops at its first faulty item. */
function faultsOfFirst(items: readonly unknown[], schema: TSchema, path: string, nesting: Nesting): string[] {
  for (const [index, item] of items.entries()) {
    const at = path === '' ? String(index) : `${path}.${index}`;
    const faults = item === null ? [`${at} in body is required`] : findFaults(schema, item, at, nesting);
    if (faults.length > 0) return faults;
  }
  return [];
}

function faultsOfText(schema: Described, value: string, path: string): string[] {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) {
    return [`${path} in body should be at least ${schema.minLength} chars long`];
  }
  return schema.maxLength !== undefined && length > schema.maxLength
    ? [`${path} in body should be at most ${schema.maxLength} chars long`] : [];
}
