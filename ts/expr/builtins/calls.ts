// Where generated code finds each builtin without a closure, and how it is called.

/** `path` from the runtime; `boxed` when every argument comes boxed even though its type is declared. */
export interface BuiltinCall {
  readonly path: string;
  readonly boxed: boolean;
}

const modules: Readonly<Record<string, readonly string[]>> = {
  texts: ['type', 'string', 'trim', 'trimPrefix', 'trimSuffix', 'upper', 'lower', 'split', 'splitAfter', 'replace', 'repeat',
    'join', 'indexOf', 'lastIndexOf', 'hasPrefix', 'hasSuffix', 'toJSON', 'fromJSON', 'toBase64', 'fromBase64'],
  numbers: ['abs', 'ceil', 'floor', 'round', 'int', 'float', 'max', 'min', 'mean', 'median', 'bitand', 'bitor', 'bitxor',
    'bitnand', 'bitshl', 'bitshr', 'bitushr', 'bitnot'],
  lists: ['len', 'first', 'last', 'get', 'take', 'keys', 'values', 'toPairs', 'fromPairs', 'reverse', 'uniq', 'concat',
    'flatten', 'sort'],
  times: ['now', 'date', 'duration', 'timezone'],
};

const calls = new Map(Object.entries(modules).flatMap(([module, names]) => names.map((name): [string, BuiltinCall] =>
  [name, { path: `${module}.${name}`, boxed: name === 'join' || name === 'sort' }])));

/** Builtins whose first argument is the evaluation's memory budget. */
export const budgetBuiltins: ReadonlySet<string> = new Set(['repeat', 'reverse', 'concat', 'flatten', 'sort']);

/** How a builtin is called. */
export function builtinCall(name: string): BuiltinCall {
  return calls.get(name) as BuiltinCall;
}
