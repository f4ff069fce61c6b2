// The compiled form of an expression: plain data that travels to worker threads, and the steps that make it from a text
// and a function from it.

import type { Located } from '../config/document.js';
import { PalisadeError, type Place } from '../errors.js';
import type { EventNames } from '../event/event.js';
import { readsOf, requirementsOf } from './analysis.js';
import type { Node } from './ast.js';
import { check } from './checker.js';
import { generate } from './codegen.js';
import { effectsOf } from './effects.js';
import type { ExprEnv } from './env.js';
import { fieldConditions } from './field-tests.js';
import { folded } from './folding.js';
import type { FunctionTable } from './functions.js';
import { parse } from './parser.js';
import { rewrite } from './rewrites.js';
import type { ExprRuntime } from './runtime.js';
import { SyntaxFault } from './syntax-error.js';
import { needOf } from './text-need.js';
import { isAny, typeText } from './types.js';

/** An expression that compiled. Plain data. */
export interface CompiledExpr {
  readonly text: string;
  readonly place: Place;
  /** Body of a function of `rt` that returns the function of the environment's parameters. */
  readonly js: string;
  /** It reaches an asynchronous helper: the function returns a promise. */
  readonly isAsync: boolean;
  /** Go-like name of the result's type: bool, int, float64, string, interface {}, []string, … */
  readonly resultType: string;
  /** It changes something (UnmarshalJSON, SetMeta, SetInStash, LogInfo, …): never cached, moved or skipped. */
  readonly hasEffects: boolean;
  /** It calls GetFromStash or SetInStash. */
  readonly usesStash: boolean;
  /** Which parts of events it can reach. */
  readonly reads: FieldReads;
  /** Conditions that all hold whenever the result is true or it changes something, for indexing. Never complete, always sound. */
  readonly requires: readonly Requirement[];
  /** Of each list, one test holds whenever the result is true or it changes something. Only where CompileOptions asks. */
  readonly tests?: readonly (readonly FieldTest[])[];
}

/** A condition on the text of one field: the same for the same text. */
export interface FieldTest {
  /** The field's Go path, e.g. `Meta.http_path`. */
  readonly path: string;
  /** Body as CompiledExpr.js, of a function of the event. */
  readonly js: string;
  /** Texts without which it does not hold, where some are known. */
  readonly need?: TextNeed;
}

/** One of the literals is in a text whenever the condition holds. */
export interface TextNeed {
  /** Gives the text: a body as CompiledExpr.js, of a function that never fails. */
  readonly js: string;
  readonly literals: readonly string[];
}

/** Which parts of an event an expression can reach. `all` means nothing is excluded. */
export interface FieldReads {
  readonly all: boolean;
  readonly parsed: readonly string[];
  readonly meta: readonly string[];
  readonly enriched: readonly string[];
  readonly unmarshaled: boolean;
  readonly lineRaw: boolean;
  /** Other fields by their Go path from the event, e.g. `Line.Labels`, `Overflow`, `Time`. */
  readonly other: readonly string[];
}

/** The field, e.g. `Meta.service` or `Line.Labels.type`, equals one of the values. */
export interface Requirement {
  readonly path: string;
  readonly values: readonly string[];
}

/** How and for what an expression is compiled. */
export interface CompileOptions<Context = never> {
  readonly env: ExprEnv;
  readonly functions: FunctionTable<Context>;
  /** Where the keys it names are numbered. */
  readonly names: EventNames;
  /** The result must be a bool, or something that may turn out to be one. */
  readonly want?: 'bool';
  /** The slot can wait: helpers that ask the network or a database may be called. */
  readonly allowAsync?: boolean;
  /** Tests of single fields are wanted, for an index. */
  readonly withTests?: boolean;
}

/** Half the expressions of a hub are written more than once: what was compiled for a numbering of keys is used again. */
const compiledBefore = new WeakMap<EventNames, WeakMap<ExprEnv, Map<string, CompiledExpr>>>();

/** Compiles an expression. Throws PalisadeError E_EXPRESSION at the first mistake, with its place and a caret. */
export function compile<Context>(located: Located, options: CompileOptions<Context>): CompiledExpr {
  const known = knownFor(options);
  const key = `${options.want ?? ''} ${options.allowAsync === true} ${options.withTests === true} ${located.text}`;
  let compiled = known.get(key);
  if (compiled === undefined) known.set(key, compiled = compileAnew(located, options));
  return { ...compiled, place: located.place };
}

/** A numbering is made for one table of functions, so the two need not be told apart. */
function knownFor<Context>({ names, env }: CompileOptions<Context>): Map<string, CompiledExpr> {
  let ofNames = compiledBefore.get(names);
  if (ofNames === undefined) compiledBefore.set(names, ofNames = new WeakMap());
  let known = ofNames.get(env);
  if (known === undefined) ofNames.set(env, known = new Map());
  return known;
}

function compileAnew<Context>(located: Located, options: CompileOptions<Context>): CompiledExpr {
  const { text, place } = located;
  const functions = options.functions as unknown as FunctionTable;
  try {
    const tree = parse(text);
    const type = check(tree, options.env, functions);
    if (options.want === 'bool' && type.kind !== 'bool' && !isAny(type)) {
      throw new SyntaxFault(`expected bool, but got ${typeText(type)}`, tree.at);
    }
    const run = folded(rewrite(tree), functions);
    const { js, isAsync } = generate(run, options.env, functions, options.names);
    if (isAsync && options.allowAsync !== true) {
      throw new SyntaxFault('this calls a helper that waits for the network or the database, which cannot be done here',
        tree.at);
    }
    return {
      text, place, js, isAsync, resultType: typeText(type), ...effectsOf(tree, functions), reads: readsOf(tree),
      requires: requirementsOf(tree, functions), ...(options.withTests === true ? { tests: testsOf(run, options) } : {}),
    };
  } catch (error) {
    if (error instanceof SyntaxFault) throw errorAt(located, error);
    throw error;
  }
}

/**
 * Returns the function of a compiled expression. Its result is in boxed form: an int is a GoInt, a duration a GoDuration,
 * a plain number a float64; nil is null. It throws ExprError on a run-time failure (or rejects, when isAsync).
 */
export function link(compiled: Pick<CompiledExpr, 'js'>, runtime: ExprRuntime): (...args: unknown[]) => unknown {
  return new Function('rt', compiled.js)(runtime) as (...args: unknown[]) => unknown;
}

function testsOf<Context>(run: Node, options: CompileOptions<Context>): readonly (readonly FieldTest[])[] {
  const { env, names } = options;
  const functions = options.functions as unknown as FunctionTable;
  const jsOf = (node: Node): string => generate(node, env, functions, names).js;
  return fieldConditions(run, functions).map((list) => list.map(({ path, node }) => {
    const need = needOf(node, functions);
    return { path, js: jsOf(node), ...(need === null ? {} : { need: { js: jsOf(need.subject), literals: need.literals } }) };
  }));
}

/** The error with the place in the file, as far as the text's own place tells it. */
function errorAt({ text, place, indent = 0 }: Located, fault: SyntaxFault): PalisadeError {
  const before = text.slice(0, fault.at).split('\n');
  const column = before[before.length - 1].length;
  const isFirstLine = before.length === 1;
  const onFileLine = isFirstLine && place.excerpt !== undefined
    && place.excerpt.slice(place.column - 1).startsWith(text.slice(0, Math.min(fault.at + 1, 40)));
  return new PalisadeError('E_EXPRESSION', fault.message, {
    file: place.file,
    line: place.line + before.length - 1,
    column: onFileLine ? place.column + column : indent + column + 1,
    excerpt: onFileLine ? place.excerpt : ' '.repeat(indent) + text.split('\n')[before.length - 1],
  }, { cause: fault });
}
