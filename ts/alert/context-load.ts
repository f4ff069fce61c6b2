// The `context:` files that are installed, and console/context.yaml: which values alerts carry. Merged in load order.

import { existsSync } from 'node:fs';
import { anything, decode, list, located, type Located, mapOf, readDocuments, record, text } from '../config/document.js';
import { PalisadeError } from '../errors.js';
import type { EventNames } from '../event/event.js';
import { compile } from '../expr/compiled.js';
import { contextEnv } from '../expr/env.js';
import type { FunctionTable } from '../expr/functions.js';
import type { ContextSpec } from './context.js';

/** What expressions compile against. */
export interface ContextLoadOptions {
  readonly names: EventNames;
  readonly functions: FunctionTable;
}

const contextFile = record({
  name: text(), description: text(), author: text(), references: list(text()), labels: mapOf(anything()),
  format: text(), version: text(), context: mapOf(list(located())),
});

/**
 * Loads installed context files, then `consoleFile` (a bare map of key to expressions) if it exists. The same
 * expression of a key counts once. What cannot be compiled here goes to `onWarning` when it names a function that is
 * not offered (JA4H of web requests); any other mistake throws a PalisadeError with its place.
 */
export function loadContexts(files: readonly string[], consoleFile: string | null, options: ContextLoadOptions): ContextSpec[] {
  const texts = new Map<string, Map<string, Located>>();
  for (const file of files) {
    for (const document of readDocuments(file)) merge(texts, decode(document, contextFile).context);
  }
  if (consoleFile !== null && existsSync(consoleFile)) {
    for (const document of readDocuments(consoleFile)) merge(texts, decode(document, mapOf(list(located()))));
  }
  return [...texts].map(([key, expressions]) => ({ key,
    expressions: [...expressions.values()].map((expression) => compileNow(expression, options)) }));
}

function merge(into: Map<string, Map<string, Located>>, context: ReadonlyMap<string, readonly Located[]> | undefined): void {
  for (const [key, expressions] of context ?? []) {
    let known = into.get(key);
    if (known === undefined) into.set(key, known = new Map());
    for (const expression of expressions) if (!known.has(expression.text)) known.set(expression.text, expression);
  }
}

function compileNow(expression: Located, { names, functions }: ContextLoadOptions): ContextSpec['expressions'][number] {
  const compiled = compile(expression, { env: contextEnv, functions, names });
  if (!compiled.isAsync) return compiled;
  throw new PalisadeError('E_RULE', 'this calls a function that waits for an answer, which an alert context cannot',
    compiled.place);
}
