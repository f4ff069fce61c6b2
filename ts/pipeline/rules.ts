// Everything an instance has installed, read and checked once on the main thread: plain data that workers link.

import { existsSync } from 'node:fs';
import type { ContextSpec } from '../alert/context.js';
import { loadContexts } from '../alert/context-load.js';
import { loadScenarios } from '../buckets/load.js';
import type { ScenarioSpec } from '../buckets/scenario.js';
import type { Config } from '../config/config.js';
import type { EventNames } from '../event/event.js';
import { newEventNames } from '../event/event.js';
import { helperTable } from '../expr-helpers/table.js';
import { PatternLibrary } from '../grok/patterns.js';
import type { RuleFile } from '../hub/installed.js';
import { loadParsers } from '../parser/load.js';
import type { ParserSpec } from '../parser/spec.js';
import type { DataFileSpec } from '../expr-helpers/data-declaration.js';

/** The keys that rules name, in slot order: how workers rebuild the numbering. */
export interface FieldNameLists {
  readonly parsed: readonly string[];
  readonly meta: readonly string[];
  readonly enriched: readonly string[];
}

export interface Rules {
  readonly names: FieldNameLists;
  readonly parsers: ParserSpec;
  readonly postoverflows: ParserSpec;
  readonly scenarios: readonly ScenarioSpec[];
  readonly contexts: readonly ContextSpec[];
  readonly dataFiles: readonly DataFileSpec[];
  /** One sentence each, with places. */
  readonly warnings: readonly string[];
}

/** The part of a configuration that loading depends on. */
export interface RulesConfig {
  readonly paths: Pick<Config['paths'], 'patternDir'>;
  readonly engine: Pick<NonNullable<Config['engine']>, 'contextPath'> | null;
}

/** The files to load; only parsers and postoverflows have stages. */
export type RuleFiles = Readonly<Record<'parsers' | 'postoverflows' | 'scenarios' | 'contexts', readonly RuleFile[]>>;

/** Loads what is installed. Throws the first fault with its place. */
export function loadRules(config: RulesConfig, installed: RuleFiles): Rules {
  const names = newEventNames();
  const compile = { functions: helperTable, names };
  const library = patternLibrary(config);
  const parsers = loadParsers(installed.parsers, { ...compile, world: 'parsers', library: library.copy() });
  const postoverflows = loadParsers(installed.postoverflows, { ...compile, world: 'postoverflows', library });
  const scenarios = loadScenarios(installed.scenarios, compile);
  const contextWarnings: string[] = [];
  const contexts = loadContexts(installed.contexts.map(({ realPath }) => realPath), config.engine?.contextPath ?? null,
    { ...compile, warnings: contextWarnings });
  return {
    names: listsOf(names), parsers, postoverflows, scenarios: scenarios.scenarios, contexts,
    dataFiles: [parsers, postoverflows, scenarios].flatMap(({ dataFiles }) => dataFiles),
    warnings: [...[parsers, postoverflows, scenarios].flatMap(({ warnings }) => warnings), ...contextWarnings],
  };
}

/** The numbering that rules were compiled with, in another thread. */
export function namesFrom(lists: FieldNameLists): EventNames {
  const names = newEventNames();
  for (const map of ['parsed', 'meta', 'enriched'] as const) for (const name of lists[map]) names[map].declare(name);
  return names;
}

/** The built-in names, then the pattern files of pattern_dir, or the embedded ones where it has none. */
export function patternLibrary(config: RulesConfig): PatternLibrary {
  const library = new PatternLibrary();
  const { patternDir } = config.paths;
  library.loadFolderOrEmbedded(existsSync(patternDir) ? patternDir : undefined);
  return library;
}

function listsOf(names: EventNames): FieldNameLists {
  return { parsed: names.parsed.names, meta: names.meta.names, enriched: names.enriched.names };
}
