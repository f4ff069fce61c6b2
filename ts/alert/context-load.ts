// The `context:` files that are installed, and console/context.yaml: which values alerts carry. Merged in load order.

import { existsSync } from 'node:fs';
import { anything, decode, list, located, type Located, mapOf, readDocuments, record, text, type YamlDocument } from '../config/document.js';
import type { EventNames } from '../event/event.js';
import { compile } from '../expr/compiled.js';
import { contextEnv } from '../expr/env.js';
import type { FunctionTable } from '../expr/functions.js';
import type { ContextSpec } from './context.js';

/** What expressions compile against. */
export interface ContextLoadOptions {
  readonly names: EventNames;
  readonly functions: FunctionTable;
  /** Hears of expressions that are passed over, as sentences with places. */
  readonly warnings?: string[];
}

const contextFile = record({
  name: text(), description: text(), author: text(), references: list(text()), labels: mapOf(anything()),
  format: text(), version: text(), context: mapOf(list(located())),
});

/**
 * Loads installed context files, then `consoleFile` (a bare map of key to expressions) if it exists. The same
 * expression of a key counts once. One that calls a function CrowdSec has and Palisade does not (JA4H of web requests)
 * is passed over with a warning: contexts come with collections. Any other mistake throws with its place.
 */
export function loadContexts(files: readonly string[], consoleFile: string | null,
  options: ContextLoadOptions): ContextSpec[] {
  const consoleDocuments = consoleFile !== null && existsSync(consoleFile) ? readDocuments(consoleFile) : [];
  return contextsOf(files.flatMap(readDocuments), consoleDocuments, options);
}

/** The same from documents that are read already. */
export function contextsOf(documents: readonly YamlDocument[], consoleDocuments: readonly YamlDocument[],
  options: ContextLoadOptions): ContextSpec[] {
  const texts = new Map<string, Map<string, Located>>();
  for (const document of documents) merge(texts, decode(document, contextFile).context);
  for (const document of consoleDocuments) merge(texts, decode(document, mapOf(list(located()))));
  return [...texts].map(([key, expressions]) => ({ key,
    expressions: [...expressions.values()].flatMap((expression) => compileIfSupported(expression, options)) }));
}

function merge(into: Map<string, Map<string, Located>>, context: ReadonlyMap<string, readonly Located[]> | undefined): void {
  for (const [key, expressions] of context ?? []) {
    let known = into.get(key);
    if (known === undefined) into.set(key, known = new Map());
    for (const expression of expressions) if (!known.has(expression.text)) known.set(expression.text, expression);
  }
}

function compileIfSupported(expression: Located, options: ContextLoadOptions): ContextSpec['expressions'] {
  const { names, functions, warnings } = options;
  const missing = Object.entries(functions).find(([name, entry]) => entry.unsupported !== undefined
    && new RegExp(`\\b${name}\\s*\\(`).test(expression.text));
  if (missing === undefined) return [compile(expression, { env: contextEnv, functions, names })];
  // Only alerts of web requests have a request: for those of logs the guarded part is empty in CrowdSec, too.
  if (/\breq\.Method\s*!=\s*(?:''|"")\s*\?/.test(expression.text)) return [];
  const { file, line } = expression.place;
  warnings?.push(`${file}:${line}: this context is left out: ${missing[0]} is not supported, ${missing[1].unsupported}`);
  return [];
}
