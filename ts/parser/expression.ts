// Compiles the expressions of parser rules: all see `evt` and the helper functions.

import type { Located } from '../config/document.js';
import type { EventNames } from '../event/event.js';
import { compile } from '../expr/compiled.js';
import type { CompiledExpr } from '../expr/compiled.js';
import { logEnv } from '../expr/env.js';
import type { FunctionTable } from '../expr/functions.js';

/** What an expression compiles against. */
export interface ExpressionOptions {
  /** The keys that rules name are declared here. */
  readonly names: EventNames;
  readonly functions: FunctionTable;
  /** Whether it may wait for an answer from outside (DNS, HTTP, decisions). */
  readonly allowAsync?: boolean;
  /** Tests of single fields are wanted, to rule it out by (ts/expr/field-verdicts.ts). */
  readonly withTests?: boolean;
}

/** Returns the compiled expression. Throws E_EXPRESSION at the fault. */
export function compileExpression(text: Located, { names, functions, allowAsync, withTests }: ExpressionOptions): CompiledExpr {
  return compile(text, { env: logEnv, functions, names, allowAsync, withTests });
}

/** The same for a key that may be absent or empty: null then. */
export function expressionOrNull(text: Located | undefined, options: ExpressionOptions): CompiledExpr | null {
  return text === undefined || text.text === '' ? null : compileExpression(text, options);
}
