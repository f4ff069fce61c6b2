// The names of the language's own functions and which of them take a closure: what the parser must know.

/** One argument of a builtin that takes a closure. */
export interface ArgumentShape {
  readonly closure: boolean;
  readonly optional: boolean;
}

const plain: ArgumentShape = { closure: false, optional: false };
const closure: ArgumentShape = { closure: true, optional: false };
const optionalClosure: ArgumentShape = { closure: true, optional: true };
const optionalPlain: ArgumentShape = { closure: false, optional: true };

/** Builtins with a closure, and what each argument is. */
export const closureShapes: Readonly<Record<string, readonly ArgumentShape[]>> = {
  all: [plain, closure], none: [plain, closure], any: [plain, closure], one: [plain, closure],
  filter: [plain, closure], map: [plain, closure], count: [plain, optionalClosure], sum: [plain, optionalClosure],
  find: [plain, closure], findIndex: [plain, closure], findLast: [plain, closure], findLastIndex: [plain, closure],
  groupBy: [plain, closure], sortBy: [plain, closure, optionalPlain], reduce: [plain, closure, optionalPlain],
};

/** Builtins without a closure. */
export const builtinNames: ReadonlySet<string> = new Set([
  'len', 'type', 'abs', 'ceil', 'floor', 'round', 'int', 'float', 'string', 'trim', 'trimPrefix', 'trimSuffix', 'upper',
  'lower', 'split', 'splitAfter', 'replace', 'repeat', 'join', 'indexOf', 'lastIndexOf', 'hasPrefix', 'hasSuffix', 'max',
  'min', 'mean', 'median', 'toJSON', 'fromJSON', 'toBase64', 'fromBase64', 'now', 'duration', 'date', 'timezone', 'first',
  'last', 'get', 'take', 'keys', 'values', 'toPairs', 'fromPairs', 'reverse', 'uniq', 'concat', 'flatten', 'sort', 'bitnot',
  'bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr',
]);
