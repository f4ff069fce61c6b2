// Which types meet in an operator, and what comes out: the part of type checking that needs no tree.

import {
  durationType, floatType, intType, isAny, isList, isNumber, stringType, timeType, type Type, unknownType,
} from './types.js';

const kindTests: Readonly<Record<string, (type: Type) => boolean>> = {
  number: isNumber,
  string: (type) => type.kind === 'string',
  time: (type) => type.kind === 'time',
  duration: (type) => type.kind === 'duration',
  int: (type) => type.kind === 'int',
  bool: (type) => type.kind === 'bool',
  list: isList,
  map: (type) => type.kind === 'map',
};

/** Both sides have one of the kinds, the same one. */
export function both(left: Type, right: Type, ...kinds: string[]): boolean {
  return kinds.some((kind) => kindTests[kind](left) && kindTests[kind](right));
}

/** One side is known only at run time and the other may fit it. */
export function compatible(left: Type, right: Type, ...kinds: string[]): boolean {
  const may = (type: Type): boolean => kinds.some((kind) => kindTests[kind](type));
  return isAny(left) ? isAny(right) || may(right) : isAny(right) && may(left);
}

/** The type of a sum, difference or product; null where there is none. */
export function arithmeticType(operator: '+' | '-' | '*', left: Type, right: Type): Type | null {
  if (both(left, right, 'number')) return left.kind === 'float' || right.kind === 'float' ? floatType : intType;
  if (both(left, right, 'duration')) return durationType;
  const kinds = `${left.kind} ${right.kind}`;
  if (operator === '+') {
    if (both(left, right, 'string')) return stringType;
    if (kinds === 'time duration' || kinds === 'duration time') return timeType;
    return compatible(left, right, 'number', 'string', 'time', 'duration') ? unknownType : null;
  }
  if (operator === '-') {
    if (kinds === 'time time') return durationType;
    if (kinds === 'time duration') return timeType;
    return compatible(left, right, 'number', 'time', 'duration') ? unknownType : null;
  }
  if ((isNumber(left) && right.kind === 'duration') || (left.kind === 'duration' && isNumber(right))) return durationType;
  return compatible(left, right, 'number', 'duration') ? unknownType : null;
}

/** Go's reflect.Kind: what array literals compare to decide whether all elements are alike. */
export function goKind(type: Type): string {
  if (type.kind === 'any') return type === unknownType ? 'invalid' : 'interface';
  if (type.kind === 'nil') return 'invalid';
  if (type.kind === 'time') return 'struct';
  if (type.kind === 'duration') return 'int64';
  if (type.kind === 'bytes') return 'slice';
  return type.kind === 'int' || type.kind === 'float' ? type.name : type.kind;
}
