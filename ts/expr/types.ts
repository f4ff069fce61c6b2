// The type language of expressions: what the checker knows of a value before it exists. It mirrors the Go types that
// CrowdSec hands to its expression library, so the same rules compile and the same mistakes are refused.

/** A type. `any` is a value known only at run time; `nil` the type of the literal alone. */
export type Type =
  | { readonly kind: 'any'; readonly name: 'interface {}' | 'unknown' }
  | { readonly kind: 'nil' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'string' }
  | { readonly kind: 'int'; readonly name: 'int' | 'int32' | 'int64' }
  | { readonly kind: 'float'; readonly name: 'float64' | 'float32' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'time' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'error' }
  | SliceType
  | MapType
  | StructType
  | PointerType
  | FuncType;

/** A list. `made` marks one that an expression made ([]any in Go): its elements are boxed, `element` is what they were. */
export interface SliceType {
  readonly kind: 'slice';
  readonly element: Type;
  readonly made: boolean;
  /** Go's name and methods, where the list has a type of its own. */
  readonly name?: string;
  readonly methods?: Readonly<Record<string, StructMethod>>;
}

/**
 * A map with string keys, unless `keys` is 'any' (groupBy, fromPairs: a KeyedMap). Fields of an event have their own
 * store, named by the part of the event they are; all other maps are null-prototype objects.
 */
export interface MapType {
  readonly kind: 'map';
  readonly element: Type;
  readonly keys: 'string' | 'any';
  readonly store: 'object' | 'parsed' | 'meta' | 'enriched';
  /** Go's name where it is not the plain map type, e.g. url.Values. */
  readonly name?: string;
}

/** A field of a struct: how the program calls it (`evt.Line.Src`) and which property of our object holds it. */
export interface StructField {
  readonly type: Type;
  readonly property: string;
  /** What an absent property (undefined) reads as: Go's zero value of the field. */
  readonly zero?: string | number | boolean | null;
  /** The same where the zero value is itself a struct: its name in `zeroStructs` of event-methods.ts. */
  readonly zeroStruct?: 'overflow' | 'appsec';
}

/** A method, called with the receiver and plain arguments as a helper function would be. */
export interface StructMethod {
  readonly params: readonly Type[];
  readonly variadic?: Type;
  readonly returns: Type;
  /** True when Go defines it on the pointer: a plain value of the struct then has no such method. */
  readonly onPointer?: boolean;
  readonly hasEffects?: boolean;
  readonly call: (receiver: never, ...args: never[]) => unknown;
}

export interface StructType {
  readonly kind: 'struct';
  /** Go's name with its package, e.g. `pipeline.Event`: what messages and type() show. */
  readonly name: string;
  readonly fields: Readonly<Record<string, StructField>>;
  readonly methods: Readonly<Record<string, StructMethod>>;
  /** Its values are instances that carry their own type (a weekday): they need no box. */
  readonly opaque?: boolean;
}

export interface PointerType {
  readonly kind: 'pointer';
  readonly to: Type;
}

export interface FuncType {
  readonly kind: 'func';
  readonly params: readonly Type[];
  readonly variadic?: Type;
  readonly returns: Type;
}

/** Go's `any`. */
export const anyType: Type = { kind: 'any', name: 'interface {}' };
/** A value of which nothing is known because it came out of an `any`. */
export const unknownType: Type = { kind: 'any', name: 'unknown' };
/** The type of the literal nil. */
export const nilType: Type = { kind: 'nil' };
/** Go’s bool and string, ints and floats. */
export const boolType: Type = { kind: 'bool' };
export const stringType: Type = { kind: 'string' };
export const intType: Type = { kind: 'int', name: 'int' };
export const int32Type: Type = { kind: 'int', name: 'int32' };
export const int64Type: Type = { kind: 'int', name: 'int64' };
export const floatType: Type = { kind: 'float', name: 'float64' };
export const float32Type: Type = { kind: 'float', name: 'float32' };
export const durationType: Type = { kind: 'duration' };
export const timeType: Type = { kind: 'time' };
export const bytesType: Type = { kind: 'bytes' };
/** Go's error interface: nil on success. */
export const errorType: Type = { kind: 'error' };

/** A list that code of ours makes, e.g. []string from File(): elements are plain values of exactly this type. */
export function sliceOf(element: Type): SliceType {
  return { kind: 'slice', element, made: false };
}

/** A list that an expression makes. */
export function madeSliceOf(element: Type): SliceType {
  return { kind: 'slice', element, made: true };
}

/** A map with string keys kept in a null-prototype object. */
export function mapOf(element: Type, name?: string): MapType {
  return { kind: 'map', element, keys: 'string', store: 'object', name };
}

/** A pointer to a type: its value may be nil. */
export function pointerTo(to: Type): PointerType {
  return { kind: 'pointer', to };
}

/** Go's text of a type, as its messages show it. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'any': return type.name;
    case 'nil': return 'unknown';
    case 'int': case 'float': return type.name;
    case 'duration': return 'time.Duration';
    case 'time': return 'time.Time';
    case 'bytes': return '[]uint8';
    case 'slice': return type.name ?? (type.made ? '[]interface {}' : `[]${typeText(type.element)}`);
    case 'map': return type.name ?? `map[${type.keys === 'any' ? 'interface {}' : 'string'}]${typeText(type.element)}`;
    case 'struct': return type.name;
    case 'pointer': return `*${typeText(type.to)}`;
    case 'func': return funcText(type);
    default: return type.kind;
  }
}

/** The type behind a pointer, else the type itself. */
export function deref(type: Type): Type {
  return type.kind === 'pointer' ? deref(type.to) : type;
}

/** Whether a type is an int or a float. */
export function isNumber(type: Type): boolean {
  return type.kind === 'int' || type.kind === 'float';
}

/** Whether nothing is known of a type. */
export function isAny(type: Type): type is Extract<Type, { kind: 'any' }> {
  return type.kind === 'any';
}

/** Whether a value of one type can stand where the other is wanted, by Go's rules. */
export function isAssignable(from: Type, to: Type): boolean {
  if (from.kind === 'nil') return ['pointer', 'any', 'error', 'func', 'map', 'slice', 'bytes'].includes(to.kind);
  if (to.kind === 'any') return from !== unknownType;
  return from.kind === to.kind && typeText(from) === typeText(to);
}

/** Whether == between the two can ever hold, else it does not compile. */
export function isComparable(left: Type, right: Type): boolean {
  return isAny(left) || isAny(right) || left.kind === 'nil' || right.kind === 'nil'
    || (isNumber(left) && isNumber(right))
    || (isList(left) && isList(right))
    || isAssignable(left, right);
}

/** Whether a type is a list. */
export function isList(type: Type): boolean {
  return type.kind === 'slice' || type.kind === 'bytes';
}

function funcText(type: FuncType): string {
  const params = type.params.map(typeText);
  if (type.variadic !== undefined) params.push(`...${typeText(type.variadic)}`);
  return `func(${params.join(', ')}) ${typeText(type.returns)}`;
}
