// Which types the builtins without a closure take and give. What they do is in the files beside this one.

import type { Signature } from '../functions.js';
import { locationType } from '../time-types.js';
import {
  anyType, boolType, deref, durationType, floatType, intType, isList, isNumber, type MapType, madeSliceOf, pointerTo, sliceOf,
  stringType, timeType, type Type, typeText,
} from '../types.js';

/** Builtins with typed parameters: the signatures that are tried in turn. */
export const builtinSignatures: Readonly<Record<string, readonly Signature[]>> = {
  type: [fn([anyType], stringType)],
  string: [fn([anyType], stringType)],
  trim: [fn([stringType], stringType), fn([stringType, stringType], stringType)],
  trimPrefix: [fn([stringType, stringType], stringType), fn([stringType], stringType)],
  trimSuffix: [fn([stringType, stringType], stringType), fn([stringType], stringType)],
  upper: [fn([stringType], stringType)],
  lower: [fn([stringType], stringType)],
  split: [fn([stringType, stringType], sliceOf(stringType)), fn([stringType, stringType, intType], sliceOf(stringType))],
  splitAfter: [fn([stringType, stringType], sliceOf(stringType)), fn([stringType, stringType, intType], sliceOf(stringType))],
  replace: [
    fn([stringType, stringType, stringType, intType], stringType), fn([stringType, stringType, stringType], stringType),
  ],
  repeat: [fn([stringType, intType], stringType)],
  join: [
    fn([sliceOf(stringType), stringType], stringType), fn([madeSliceOf(anyType), stringType], stringType),
    fn([madeSliceOf(anyType)], stringType), fn([sliceOf(stringType)], stringType),
  ],
  indexOf: [fn([stringType, stringType], intType)],
  lastIndexOf: [fn([stringType, stringType], intType)],
  hasPrefix: [fn([stringType, stringType], boolType)],
  hasSuffix: [fn([stringType, stringType], boolType)],
  toJSON: [fn([anyType], stringType)],
  fromJSON: [fn([stringType], anyType)],
  toBase64: [fn([stringType], stringType)],
  fromBase64: [fn([stringType], stringType)],
  duration: [fn([stringType], durationType)],
  timezone: [fn([stringType], pointerTo(locationType))],
  sort: [
    ...[madeSliceOf(anyType), sliceOf(intType), sliceOf(floatType), sliceOf(stringType)]
      .map((list) => fn([list, stringType], madeSliceOf(anyType))),
    ...[madeSliceOf(anyType), sliceOf(floatType), sliceOf(stringType), sliceOf(intType)]
      .map((list) => fn([list], madeSliceOf(anyType))),
  ],
  bitand: [fn([intType, intType], intType)], bitor: [fn([intType, intType], intType)],
  bitxor: [fn([intType, intType], intType)], bitnand: [fn([intType, intType], intType)],
  bitshl: [fn([intType, intType], intType)], bitshr: [fn([intType, intType], intType)],
  bitushr: [fn([intType, intType], intType)], bitnot: [fn([intType], intType)],
};

/** Builtins that look at the kinds of their arguments: the result's type, or a message of what is wrong. */
export const builtinRules: Readonly<Record<string, (args: readonly Type[]) => Type | string>> = {
  len: one((arg) => isListOrAny(arg) || arg.kind === 'map' || arg.kind === 'string' ? intType : bad('len', arg)),
  abs: one((arg, given) => isNumber(arg) || arg.kind === 'any' ? given : bad('abs', arg)),
  ceil: one((arg) => isNumber(arg) || arg.kind === 'any' ? floatType : bad('ceil', arg)),
  floor: one((arg) => isNumber(arg) || arg.kind === 'any' ? floatType : bad('floor', arg)),
  round: one((arg) => isNumber(arg) || arg.kind === 'any' ? floatType : bad('round', arg)),
  int: one((arg) => isConvertible(arg) || isNamedInt(arg) ? intType : bad('int', arg)),
  float: one((arg) => isConvertible(arg) ? floatType : bad('float', arg)),
  max: (args) => aggregate('max', args),
  min: (args) => aggregate('min', args),
  mean: (args) => aggregate('mean', args),
  median: (args) => aggregate('median', args),
  now: (args) => args.length === 0 || (args.length === 1 && isLocation(args[0])) ? timeType
    : `invalid number of arguments (expected 0, got ${args.length})`,
  date: (args) => {
    if (args.length < 1) return 'invalid number of arguments (expected at least 1, got 0)';
    const rest = isLocation(args[0]) ? args.slice(1) : args;
    return rest.length > 3 ? `invalid number of arguments (expected at most 3, got ${rest.length})` : timeType;
  },
  first: one((arg) => elementOf(arg) ?? `cannot get first element from ${typeText(arg)}`),
  last: one((arg) => elementOf(arg) ?? `cannot get last element from ${typeText(arg)}`),
  take: (args) => {
    if (args.length !== 2) return wrongCount(2, args);
    if (!isListOrAny(deref(args[0]))) return `cannot take from ${typeText(args[0])}`;
    if (!['any', 'int', 'duration'].includes(deref(args[1]).kind)) return `cannot take ${typeText(args[1])} elements`;
    return args[0].kind === 'slice' && args[0].made ? madeSliceOf(anyType) : args[0];
  },
  keys: one((arg) => arg.kind === 'any' || arg.kind === 'map' ? madeSliceOf(anyType) : `cannot get keys from ${typeText(arg)}`),
  values: one((arg) =>
    arg.kind === 'any' || arg.kind === 'map' ? madeSliceOf(anyType) : `cannot get values from ${typeText(arg)}`),
  toPairs: one((arg) =>
    arg.kind === 'any' || arg.kind === 'map' ? madeSliceOf(anyType) : `cannot transform ${typeText(arg)} to pairs`),
  fromPairs: one((arg) => isListOrAny(arg) ? keyedMapType : `cannot transform ${typeText(arg)} from pairs`),
  reverse: one((arg) => isListOrAny(arg) ? madeSliceOf(anyType) : `cannot reverse ${typeText(arg)}`),
  uniq: one((arg) => isListOrAny(arg) ? madeSliceOf(anyType) : `cannot uniq ${typeText(arg)}`),
  flatten: one((arg) => isListOrAny(arg) ? madeSliceOf(anyType) : `cannot flatten ${typeText(arg)}`),
  concat: (args) => {
    if (args.length === 0) return 'invalid number of arguments (expected at least 1, got 0)';
    const wrong = args.find((arg) => !isListOrAny(deref(arg)));
    return wrong === undefined ? madeSliceOf(anyType) : `cannot concat ${typeText(wrong)}`;
  },
};

/** fromPairs' result. */
export const keyedMapType: MapType = { kind: 'map', element: anyType, keys: 'any', store: 'object' };

function fn(params: readonly Type[], returns: Type): Signature {
  return { params, returns };
}

function one(rule: (arg: Type, given: Type) => Type | string): (args: readonly Type[]) => Type | string {
  return (args) => args.length === 1 ? rule(deref(args[0]), args[0]) : wrongCount(1, args);
}

function wrongCount(expected: number, args: readonly Type[]): string {
  return `invalid number of arguments (expected ${expected}, got ${args.length})`;
}

function bad(name: string, arg: Type): string {
  return `invalid argument for ${name} (type ${typeText(arg)})`;
}

function isListOrAny(type: Type): boolean {
  return type.kind === 'any' || isList(type);
}

function isConvertible(type: Type): boolean {
  return type.kind === 'any' || isNumber(type) || type.kind === 'string' || type.kind === 'duration';
}

function isNamedInt(type: Type): boolean {
  return type.kind === 'struct' && (type.name === 'time.Weekday' || type.name === 'time.Month');
}

function isLocation(type: Type): boolean {
  return type.kind === 'pointer' && type.to === locationType;
}

function elementOf(type: Type): Type | null {
  if (type.kind === 'any') return anyType;
  if (type.kind === 'bytes') return intType;
  if (type.kind !== 'slice') return null;
  return type.made ? anyType : type.element;
}

function aggregate(name: string, args: readonly Type[]): Type | string {
  if (args.length === 0) return `not enough arguments to call ${name}`;
  for (const arg of args) {
    if (isListOrAny(deref(arg))) return anyType;
    if (!isNumber(deref(arg)) && deref(arg).kind !== 'duration') return bad(name, arg);
  }
  return args[0];
}
