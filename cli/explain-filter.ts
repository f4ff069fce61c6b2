// Which part of a filter is false for an event: the first false term of its outermost `and`, down to one that has none,
// with the values of the fields in it. Evaluates by interpreting, since compiled filters only say yes or no.

import type { Event } from '../ts/event/event.js';
import { unbox } from '../ts/expr/boxing.js';
import { logEnv } from '../ts/expr/env.js';
import { interpreter } from '../ts/expr/interpret.js';
import { tokenize, type Token } from '../ts/expr/lexer.js';
import type { ExprRuntime } from '../ts/expr/runtime.js';
import { ExprError } from '../ts/expr/values.js';
import { helperTable } from '../ts/expr-helpers/table.js';

/** What keeps a filter from being true. */
export interface FalsePart {
  readonly text: string;
  /** How many terms before it were true. */
  readonly held: number;
  /** '' unless evaluating it failed. */
  readonly failure: string;
  /** The fields it names and what they are. */
  readonly values: readonly (readonly [path: string, value: string])[];
}

const valueCharsMax = 160;
const valuesMax = 6;

/** Explains filters of one runtime. Every term is read once. */
export class FilterReader {
  readonly #runtime: ExprRuntime;
  readonly #evaluators = new Map<string, (event: Event) => unknown>();
  readonly #terms = new Map<string, readonly string[]>();

  constructor(runtime: ExprRuntime) {
    this.#runtime = runtime;
  }

  /** The part of the filter that is false; null when the filter is true. */
  falsePart(filter: string, event: Event, held = 0): FalsePart | null {
    let known = this.#terms.get(filter);
    if (known === undefined) this.#terms.set(filter, known = termsOf(filter));
    if (known.length > 1) {
      for (const [index, term] of known.entries()) {
        const part = this.falsePart(term, event, held + index);
        if (part !== null) return part;
      }
      return null;
    }
    const [text] = known;
    try {
      if (this.#value(text, event) === true) return null;
      return { text, held, failure: '', values: this.#values(text, event) };
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      return { text, held, failure: error.message, values: this.#values(text, event) };
    }
  }

  #value(text: string, event: Event): unknown {
    let evaluate = this.#evaluators.get(text);
    if (evaluate === undefined) {
      evaluate = interpreter({ text, place: { file: '', line: 1, column: 1 } }, { env: logEnv, functions: helperTable },
        this.#runtime);
      this.#evaluators.set(text, evaluate);
    }
    return evaluate(event);
  }

  #values(text: string, event: Event): FalsePart['values'] {
    return pathsIn(text).slice(0, valuesMax).map((path) => [path, this.valueOf(path, event)] as const);
  }

  /** The value of a field as text: a string in quotes, `nil`. */
  valueOf(path: string, event: Event): string {
    try {
      const value = unbox(this.#value(path, event));
      const text = typeof value === 'object' && value !== null ? JSON.stringify(value) ?? String(value)
        : typeof value === 'string' ? JSON.stringify(value) : value === null || value === undefined ? 'nil' : String(value);
      return text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text;
    } catch (error) {
      return `(${(error as Error).message})`;
    }
  }
}

/** The terms of the outermost `and` of an expression, without parentheses around the whole; itself when it has none. */
export function termsOf(expression: string): readonly string[] {
  const text = expression.trim();
  const tokens = tokenize(text).filter(({ kind }) => kind !== 'EOF');
  if (isWrapped(tokens)) return termsOf(text.slice(1, tokens[tokens.length - 1].at));
  const cuts: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'Bracket') depth += '([{'.includes(token.value) ? 1 : -1;
    if (depth > 0 || token.kind !== 'Operator') continue;
    if (token.value === '&&' || token.value === 'and') cuts.push(token);
    else if (looser.has(token.value)) return [text];
  }
  if (cuts.length === 0) return [text];
  const starts = [0, ...cuts.map(({ end }) => end)];
  return starts.map((start, index) => text.slice(start, cuts[index]?.at ?? text.length).trim());
}

/** Operators that bind less than `and`: the outermost operation is then another one. */
const looser: ReadonlySet<string> = new Set(['||', 'or', '?', ':', ';', '|', '=', ',', 'let', 'if', 'else']);

function isWrapped(tokens: readonly Token[]): boolean {
  if (tokens[0]?.value !== '(' || tokens[0].kind !== 'Bracket') return false;
  let depth = 0;
  for (const [index, { kind, value }] of tokens.entries()) {
    if (kind === 'Bracket') depth += '([{'.includes(value) ? 1 : -1;
    if (depth === 0) return index === tokens.length - 1;
  }
  return false;
}

/** The fields of the event that an expression names: `evt.Meta.service`, `evt.Unmarshaled.a.b`. */
export function pathsIn(expression: string): string[] {
  const tokens = tokenize(expression);
  const paths = new Set<string>();
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at].kind !== 'Identifier' || tokens[at].value !== 'evt') continue;
    let end = at;
    while (isDot(tokens[end + 1]) && tokens[end + 2]?.kind === 'Identifier' && !isCall(tokens[end + 3])) end += 2;
    if (end > at) paths.add(expression.slice(tokens[at].at, tokens[end].end));
    at = end;
  }
  return [...paths];
}

function isDot(token: Token | undefined): boolean {
  return token?.kind === 'Operator' && (token.value === '.' || token.value === '?.');
}

function isCall(token: Token | undefined): boolean {
  return token?.kind === 'Bracket' && token.value === '(';
}
