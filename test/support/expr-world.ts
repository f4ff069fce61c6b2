// The world that the recorded expressions were run in: variables, structs and helpers of the types the recorder had in Go,
// and the text form in which it wrote down values.

import RE2 from 're2';
import type { ExprEnv } from '../../ts/expr/env.js';
import type { FunctionTable } from '../../ts/expr/functions.js';
import { type ExprRuntime, newRuntime } from '../../ts/expr/runtime.js';
import {
  anyType, boolType, durationType, floatType, intType, madeSliceOf, mapOf, pointerTo, sliceOf, stringType, timeType,
  type StructField, type StructMethod, type StructType, type Type,
} from '../../ts/expr/types.js';
import { ExprError, GoStruct, KeyedMap, newStringMap } from '../../ts/expr/values.js';
import { Fields } from '../../ts/event/fields.js';
import { formatFloat } from '../../ts/util/go-float.js';
import { GoTime } from '../../ts/util/go-time.js';
import { GoDuration, GoInt } from '../../ts/util/go-value.js';

const field = (type: Type, property: string, zero?: StructField['zero']): StructField => ({ type, property, zero });

interface Inner {
  readonly name: string;
  readonly size: number;
}

const innerType: StructType = {
  kind: 'struct', name: 'main.Inner',
  fields: { Name: field(stringType, 'name', ''), Size: field(intType, 'size', 0) },
  methods: { Label: { params: [], returns: stringType, call: (inner: Inner) => `<${inner.name}>` } },
};

const thingMethods: Record<string, StructMethod> = {
  Greet: { params: [stringType], returns: stringType, onPointer: true,
    call: (thing: { name: string }, who: string) => `${thing.name} greets ${who}` },
  Number: { params: [], returns: intType, onPointer: true, call: (thing: { count: number }) => thing.count },
};

const thingType: StructType = {
  kind: 'struct', name: 'main.Thing', methods: thingMethods,
  fields: {
    Name: field(stringType, 'name'), Count: field(intType, 'count'), Ratio: field(floatType, 'ratio'),
    Tags: field(sliceOf(stringType), 'tags'), Inner: field(pointerTo(innerType), 'inner'),
    Gone: field(pointerTo(innerType), 'gone'), Text: field(pointerTo(stringType), 'text'),
    Items: field(sliceOf(innerType), 'items'), When: field(timeType, 'when'), By: field(mapOf(innerType), 'by'),
    Self: field(innerType, 'self'),
  },
};

const deepText = '{"name":"bob","n":3,"f":2.5,"flag":true,"none":null,"list":[1,2,3],"words":["a","b"],"mixed":[1,"a",null,true],'
  + '"deep":{"x":{"y":"z"}},"objs":[{"k":"a","v":1},{"k":"b","v":2},{"k":"a","v":3}],"empty":"","num":"42",'
  + '"nested":[[1,2],[3,[4]]],"ip":"1.2.3.4"}';

const variables: Readonly<Record<string, readonly [Type, () => unknown]>> = {
  s: [stringType, () => 'héllo wörld'],
  e: [stringType, () => ''],
  n: [intType, () => 7],
  z: [intType, () => 0],
  f: [floatType, () => 2.5],
  b: [boolType, () => true],
  m: [mapOf(stringType), () => Object.assign(Object.create(null), { a: 'x', b: '' })],
  u: [mapOf(anyType), () => parseJson(deepText)],
  words: [sliceOf(stringType), () => ['pear', 'apple', 'fig']],
  ints: [sliceOf(intType), () => [3, 1, 2]],
  floats: [sliceOf(floatType), () => [1.5, 0.5]],
  anys: [madeSliceOf(anyType), () => [new GoInt(1), 'a', null, 2.5, true]],
  t: [timeType, () => new GoTime(1_709_211_845, 6_000_000)],
  d: [durationType, () => 90e9],
  thing: [pointerTo(thingType), () => ({
    name: 'T', count: 2, ratio: 0.25, tags: ['x', 'y'], inner: { name: 'in', size: 3 }, gone: null, text: 'pointed',
    items: [{ name: 'p', size: 1 }, { name: 'q', size: 2 }], when: new GoTime(1_704_067_199, 0),
    by: Object.assign(Object.create(null), { k: { name: 'v', size: 9 } }), self: { name: '', size: 0 },
  })],
  sm: [mapOf(anyType), () => Object.assign(Object.create(null), { inner: Object.assign(newStringMap(), { k: 'v' }) })],
};

/** The recorder's variables. */
export const worldEnv: ExprEnv = {
  name: 'world', params: Object.entries(variables).map(([name, [type]]) => ({ name, type })),
};

/** Fresh values of the recorder's variables, in the order of worldEnv. */
export function worldArgs(): unknown[] {
  return Object.values(variables).map(([, make]) => make());
}

/** The recorder's helpers. */
export const worldFunctions: FunctionTable<object> = {
  Up: { params: [stringType], returns: stringType, make: () => (text: string) => text.toUpperCase() },
  Half: { params: [floatType], returns: floatType, make: () => (value: number) => value / 2 },
  Twice: { params: [intType], returns: intType, make: () => (value: number) => value * 2 },
  Words: { params: [stringType], returns: sliceOf(stringType), make: () => (text: string) => text.split(' ') },
  Count: { params: [stringType], variadic: anyType, returns: intType, make: () => (...args: unknown[]) => args.length - 1 },
  Fail: { params: [], returns: stringType, make: () => () => {
    throw new ExprError('it fails');
  } },
};

/** A runtime over a table of helpers, with a clock that stands at an instant of 2026. */
export function runtimeFor<Context>(functions: FunctionTable<Context>, context: object = {}): ExprRuntime {
  return newRuntime(functions as unknown as FunctionTable<never>, {
    now: () => new GoTime(1_790_000_000, 0), regex: (pattern: string) => new RE2(pattern), ...context,
  } as never, [worldEnv]);
}

/** The text form of a boxed value, as the recorder writes it. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return JSON.stringify(value).replaceAll('\u2028', '\\u2028');
  if (typeof value === 'number') return `${formatFloat(value, 'f', -1)}f`;
  if (typeof value === 'function') return 'other(func() int)';
  if (value instanceof GoInt) return `${BigInt(value.value)}i`;
  if (value instanceof GoDuration) return `duration(${value.nanoseconds})`;
  if (value instanceof GoTime) return `time(${value.toRfc3339Nano()})`;
  if (value instanceof GoStruct) return value.type === innerType ? `Inner(${String(value.value['name'])})` : 'Thing';
  if (value instanceof Uint8Array) return 'other([]uint8)';
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (typeof value !== 'object') return String(value);
  const pairs = value instanceof KeyedMap ? value.entries() : Object.entries(value instanceof Fields ? value.toObject() : value);
  return `{${pairs.map(([key, each]) => `${valueText(key)}:${valueText(each)}`).sort().join(',')}}`;
}

/** Parses JSON into the maps without prototype that events hold. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.assign(Object.create(null), value) : value);
}
