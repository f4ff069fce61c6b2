// Pieces of generated code and the forms in which they give their values; literals, the only way for a rule's text into code.

import type { Type } from './types.js';

/**
 * How a piece of code gives its value. `any`: boxed. `nil`: null. `typed`: the plain value of `type`, null where that can be nil.
 * The others are JavaScript's own, never null.
 */
export type Form = 'any' | 'nil' | 'typed' | 'string' | 'bool' | 'int' | 'float' | 'duration';

/** A piece of code: an expression of JavaScript, how it gives its value, and what the checker knows of that. */
export interface Code {
  readonly js: string;
  readonly form: Form;
  readonly type: Type;
}

/** A JavaScript literal of a text: no quote, line end or separator of it can end the literal. */
export function literal(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Code that gives JavaScript's own value. */
export function plain(js: string, form: Form, type: Type): Code {
  return { js, form, type };
}

/** Code that gives a boxed value. */
export function any(js: string, type: Type): Code {
  return { js, form: 'any', type };
}

/** Parentheses around code that is not one word or call already. */
export function wrapped(js: string): string {
  return /^[\w.$]+$/.test(js) || /^\([^()]*\)$/.test(js) ? js : `(${js})`;
}

/** A JavaScript literal of a number. */
export function numberLiteral(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Whether the value is a list that the expression made, its elements boxed. */
export function isMade(code: Code): boolean {
  return code.type.kind === 'slice' && code.type.made;
}
