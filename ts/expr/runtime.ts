// What generated code calls: one object for each thread that holds the helpers made for it, the clock and the
// regular expressions, and gives the operators and builtins under short names.

import type { ExprEnv } from './env.js';
import type { FunctionEntry, FunctionTable } from './functions.js';
import type { GoTime } from '../util/go-time.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import { LiteralSearch } from '../util/literal-search.js';
import * as access from './access.js';
import { box, unbox } from './boxing.js';
import { MemoryBudget } from './budget.js';
import * as lists from './builtins/lists.js';
import * as loops from './builtins/loops.js';
import * as numbers from './builtins/numbers.js';
import * as texts from './builtins/texts.js';
import * as times from './builtins/times.js';
import { zeroStructs } from './event-methods.js';
import { type ListOperator, ListSearch, operatorTest } from './list-search.js';
import * as operators from './operators.js';
import { GuardedRegex, type Regex } from './regex.js';
import { methodsOf, TypeRegistry } from './type-registry.js';
import type { StructMethod, Type } from './types.js';
import { ExprError } from './values.js';

/** What every context of helpers has and the language itself needs. */
export interface LanguageContext {
  now(): GoTime;
  /** Compiles a regular expression; bounded and remembered. */
  readonly regex: (pattern: string) => Regex;
}

/** The runtime of one thread. Make it with newRuntime(). */
export class ExprRuntime {
  readonly #helpers: ReadonlyMap<string, FunctionEntry>;
  readonly #make: (entry: FunctionEntry) => (...args: never[]) => unknown;
  readonly #types: TypeRegistry;
  readonly #made = new Map<string, (...args: never[]) => unknown>();
  readonly #remembering = new Map<string, (text: string) => unknown>();
  readonly regex: (pattern: string) => Regex;
  readonly now: () => GoTime;
  readonly operators = operators;
  readonly access = access;
  readonly numbers = numbers;
  readonly texts = texts;
  readonly lists = lists;
  readonly times = times;
  readonly loops = loops;
  readonly zeroStructs = zeroStructs;
  readonly GoInt = GoInt;
  readonly GoDuration = GoDuration;
  readonly MemoryBudget = MemoryBudget;
  readonly box = box;
  readonly unbox = unbox;

  constructor(
    helpers: ReadonlyMap<string, FunctionEntry>, make: (entry: FunctionEntry) => (...args: never[]) => unknown,
    language: LanguageContext, envs: readonly ExprEnv[],
  ) {
    this.#helpers = helpers;
    this.#make = make;
    this.#types = new TypeRegistry(helpers.values(), envs);
    this.regex = language.regex;
    this.now = () => language.now();
  }

  /** The helper of that name, made once for this runtime. */
  helper(name: string): (...args: never[]) => unknown {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const entry = this.#helpers.get(name);
    if (entry === undefined) throw new ExprError(`helper ${name} is not in this runtime`);
    const made = this.#make(entry);
    this.#made.set(name, made);
    return made;
  }

  /**
   * The pure helper of that name with a memory of one call, shared by all expressions that call it about the same thing:
   * many rules ask one event for `Upper(evt.Meta.http_path)`.
   */
  remembering(name: string, about: string): (text: string) => unknown {
    const key = `${name} ${about}`;
    const known = this.#remembering.get(key);
    if (known !== undefined) return known;
    const helper = this.helper(name) as (text: string) => unknown;
    let lastText: string | null = null;
    let lastResult: unknown;
    const made = (text: string): unknown => {
      if (text !== lastText) {
        lastResult = helper(text);
        lastText = text;
      }
      return lastResult;
    };
    this.#remembering.set(key, made);
    return made;
  }

  /** A method of a type, called with the receiver and plain arguments. */
  method(type: string, name: string): StructMethod['call'] {
    return (methodsOf(this.type(type)) as Record<string, StructMethod>)[name].call;
  }

  /** The type of that Go text: what box() goes by. */
  type(text: string): Type {
    return this.#types.get(text);
  }

  /** A search for many literals at once. */
  literals(texts: readonly string[]): LiteralSearch {
    return new LiteralSearch(texts);
  }

  /** Whether one of many literals is in a text that may be anything: nil contains nothing. */
  contains(search: LiteralSearch, text: unknown): boolean {
    return !operators.isNil(text) && search.occurs(operators.toText(text));
  }

  /** A question about whole lists; `helper` names the one that each element goes through, or that is the question. */
  listSearch(operator: ListOperator, helper: string | null, skipsEmpty = false): ListSearch {
    if (operator === 'helper') return new ListSearch(this.#helpers.get(helper!)!.ofList!, skipsEmpty);
    const map = helper === null ? (element: string) => element : this.helper(helper) as (element: string) => string;
    return new ListSearch(operatorTest(operator, map, this.regex), skipsEmpty);
  }

  /** A pattern that was checked at load. */
  pattern(pattern: string): Regex {
    return new GuardedRegex(pattern, this.regex);
  }

  /** `text matches 'pattern'` where the text may be anything: nil never matches. */
  matches(regex: Regex, text: unknown): boolean {
    if (operators.isNil(text)) return false;
    return regex.test(text instanceof Uint8Array ? Buffer.from(text).toString('latin1') : operators.toText(text));
  }

  /** `text matches pattern` with a pattern made at run time. Throws when it does not compile. */
  matchesAny(text: unknown, pattern: unknown): boolean {
    if (operators.isNil(text) || operators.isNil(pattern)) return false;
    return this.matches(this.regex(operators.toText(pattern)), text);
  }

  /** Turns what an evaluation threw into an ExprError: reaching into a null struct throws a TypeError, as Go panics. */
  failure(error: unknown): ExprError {
    if (error instanceof ExprError) return error;
    if (error instanceof TypeError) {
      return new ExprError('runtime error: invalid memory address or nil pointer dereference', { cause: error });
    }
    return new ExprError((error as Error).message, { cause: error });
  }
}

/**
 * Returns the runtime of a thread: the helpers of the table, made for the context when first used. `envs` are environments
 * beyond those of env.ts.
 */
export function newRuntime<Context extends LanguageContext>(
  functions: FunctionTable<Context>, context: Context, envs: readonly ExprEnv[] = [],
): ExprRuntime {
  const helpers = new Map(Object.entries(functions)) as unknown as Map<string, FunctionEntry>;
  return new ExprRuntime(helpers, (entry) => (entry as unknown as FunctionEntry<Context>).make(context), context, envs);
}
