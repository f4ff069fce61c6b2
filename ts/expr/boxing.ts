// The boxed form of values: how a value of a known type stands where any value may stand. Ints and durations get their
// boxes, structs get their type, lists and maps of those are copied with boxed elements; all else stays as it is.

import { Fields } from '../event/fields.js';
import { GoTime } from '../util/go-time.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { GoLocation, NamedInt } from './time-types.js';
import { deref, type Type } from './types.js';
import { GoStruct, isStringMap, KeyedMap } from './values.js';

/** Whether values of the type change form when they are boxed. */
export function needsBox(type: Type): boolean {
  switch (type.kind) {
    case 'int': case 'duration': return true;
    case 'struct': return type.opaque !== true;
    case 'pointer': return needsBox(type.to);
    case 'slice': return !type.made && needsBox(type.element);
    case 'map': return type.keys === 'string' && type.store === 'object' && needsBox(type.element);
    default: return false;
  }
}

/** The boxed form of a plain value of the type. null and undefined are nil: null. */
export function box(value: unknown, type: Type): unknown {
  if (value === null || value === undefined) return null;
  const target = deref(type);
  switch (target.kind) {
    case 'int': return new GoInt(value as number);
    case 'duration': return new GoDuration(value as number);
    case 'struct': return target.opaque === true ? value : new GoStruct(target, value as Record<string, unknown>);
    case 'slice':
      return needsBox(target) ? (value as unknown[]).map((item) => box(item, target.element)) : value;
    case 'map': return needsBox(target) ? boxedMap(value as Record<string, unknown>, target.element) : value;
    default: return value;
  }
}

/** The plain value of a boxed one, as far as a box is concerned. */
export function unbox(value: unknown): unknown {
  if (value instanceof GoStruct || value instanceof GoInt) return value.value;
  return value instanceof GoDuration ? value.nanoseconds : value;
}

/** Go's name of the type of a boxed value, for messages. */
export function typeOfValue(value: unknown): string {
  switch (typeof value) {
    case 'string': return 'string';
    case 'number': return 'float64';
    case 'boolean': return 'bool';
    case 'function': return 'func';
    default:
  }
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof GoInt) return 'int';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof GoStruct) return value.type.name;
  if (value instanceof NamedInt) return value.type.name;
  if (value instanceof GoLocation) return '*time.Location';
  if (value instanceof Uint8Array) return '[]uint8';
  if (Array.isArray(value)) return '[]interface {}';
  if (value instanceof KeyedMap) return value.typeText;
  return value instanceof Fields || isStringMap(value) ? 'map[string]string' : 'map[string]interface {}';
}

function boxedMap(map: Record<string, unknown>, element: Type): Record<string, unknown> {
  const boxed: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(map)) boxed[key] = box(map[key], element);
  return boxed;
}
