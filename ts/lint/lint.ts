// Looks through parsers, postoverflows, scenarios, contexts and profiles for all that keeps them from loading and for what loads but cannot
// do what it says. Runs nothing; needs the other rules only to know which fields there are.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { loadScenarios } from '../buckets/load.js';
import type { ScenarioSet, ScenarioSpec } from '../buckets/scenario.js';
import { readDocuments } from '../config/document.js';
import { readText } from '../config/text-file.js';
import { PalisadeError } from '../errors.js';
import { newEventNames } from '../event/event.js';
import type { CompiledExpr } from '../expr/compiled.js';
import { helperTable } from '../expr-helpers/table.js';
import { PatternLibrary } from '../grok/patterns.js';
import { compileSingle } from '../grok/single.js';
import { loadParsers } from '../parser/load.js';
import type { NodeSpec, ParserSpec, RuleFile, World } from '../parser/spec.js';
import { expressionsOf, withDescendants } from '../parser/writes.js';
import { contextFindings, profileFindings, readContexts, readProfiles } from './beside-rules.js';
import { fieldFindings, filterFindings } from './expression-findings.js';
import { type Loaded, loadWithFaults } from './faults.js';
import { faultOf, type Finding, warning } from './finding.js';
import { grokFindings } from './grok-findings.js';
import { KnownFields } from './known-fields.js';

export type RuleKind = World | 'scenarios';
/** Rules, and the files beside them. */
type FileKind = RuleKind | 'contexts' | 'profiles';

/** What the linted rules will live with. */
export interface Surroundings {
  /** Installed rules: their patterns can be used, their fields read. */
  readonly installed: Readonly<Record<RuleKind, readonly RuleFile[]>>;
  /** Rules that might be installed too: only their fields count. */
  readonly available: readonly RuleFile[];
  /** Folder of pattern files; undefined for the embedded ones. */
  readonly patternDir: string | undefined;
  /** Folder of data files, null when there is none. */
  readonly dataDir: string | null;
}

/** Returns everything found, file by file in the order given, in each from top to bottom. */
export function lint(files: readonly string[], surroundings: Surroundings): Finding[] {
  const run = new LintRun(files, surroundings);
  const findings = [...run.findings()];
  const order = new Map(files.map((file, index) => [file, index]));
  // What is wrong in a data file comes last.
  const rank = ({ place }: Finding): number => order.get(place.file) ?? files.length;
  return findings.sort((a, b) => rank(a) - rank(b) || a.place.line - b.place.line || a.place.column - b.place.column);
}

interface Target {
  readonly file: string;
  readonly text: string;
  readonly kind: FileKind;
  readonly stage: string;
}

class LintRun {
  readonly #surroundings: Surroundings;
  readonly #targets: Target[] = [];
  readonly #findings: Finding[] = [];
  readonly #known = new KnownFields();
  readonly #names = newEventNames();
  /** No parser has a fault: what it writes could not be told. */
  #fieldsAreKnown = true;

  constructor(files: readonly string[], surroundings: Surroundings) {
    this.#surroundings = surroundings;
    for (const file of new Set(files)) this.#read(file);
  }

  findings(): readonly Finding[] {
    const worlds = (['parsers', 'postoverflows'] as const).map((world) => this.#load(world));
    this.#fieldsAreKnown = worlds.every(({ loaded }) => loaded.every(({ faults }) => faults.length === 0));
    const scenarios = this.#targets.filter(({ kind }) => kind === 'scenarios').map((target) => this.#scenarios(target));
    const library = this.#library();
    for (const file of this.#surroundings.available) {
      for (const node of attempt(() => this.#parsers(file, 'parsers', library))?.nodes ?? []) this.#known.add(node);
    }
    for (const { scenarios: all } of scenarios.flatMap(({ value }) => value ?? [])) {
      for (const scenario of all) for (const { text } of expressionsOfScenario(scenario)) this.#known.addCalls(text);
    }
    for (const { loaded, library: own } of worlds) {
      for (const each of loaded) this.#note(each, (spec) => spec.nodes.flatMap((node) => this.#nodeFindings(node, own)));
    }
    for (const each of scenarios) {
      this.#note(each, (set) => set.scenarios.flatMap((scenario) => this.#scenarioFindings(scenario)));
    }
    this.#noteBesideRules();
    return this.#findings;
  }

  #noteBesideRules(): void {
    for (const { file, text, kind } of this.#targets) {
      if (kind === 'contexts') {
        this.#note(loadWithFaults(file, text, (rest) => readContexts(file, rest, this.#names)), (read) => contextFindings(read, this.#known));
      } else if (kind === 'profiles') {
        const loaded = loadWithFaults(file, text, (rest) => readProfiles(file, rest));
        // What a profile lacks may come of the faults that were taken out of it.
        this.#note(loaded.faults.length === 0 ? loaded : { ...loaded, value: null }, profileFindings);
      }
    }
  }

  #read(file: string): void {
    try {
      const text = readText(file);
      const kind = kindOf(file, text);
      const found = stageOf({ path: file });
      const stage = /^s\d\d-/.test(found) ? found : kind === 'postoverflows' ? 's00-enrich' : 's01-parse';
      this.#targets.push({ file, text, kind, stage });
    } catch (error) {
      if (!(error instanceof PalisadeError)) throw error;
      this.#findings.push(faultOf(error, file));
    }
  }

  #library(): PatternLibrary {
    const library = new PatternLibrary();
    library.loadFolderOrEmbedded(this.#surroundings.patternDir);
    return library;
  }

  /** Loads the linted files of a world among the installed ones, in load order: patterns depend on it. */
  #load(world: World): { readonly loaded: readonly Loaded<ParserSpec>[]; readonly library: PatternLibrary } {
    const targets = this.#targets.filter(({ kind }) => kind === world);
    const library = this.#library();
    const keyOf = (stage: string, path: string): string => `${stage}/${basename(path)}`;
    const own = new Map(targets.map((target) => [keyOf(target.stage, target.file), target]));
    const others = this.#surroundings.installed[world].map((file) => ({ file, key: keyOf(stageOf(file), file.path) }))
      .filter(({ key }) => !own.has(key));
    const all = [...others, ...targets.map((target) => ({ target, key: keyOf(target.stage, target.file) }))]
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const loaded: Loaded<ParserSpec>[] = [];
    for (const each of all) {
      const result = 'file' in each ? loadedQuietly(each.file.path, () => this.#parsers(each.file, world, library))
        : loadWithFaults(each.target.file, each.target.text, (text) =>
          this.#parsers({ path: each.target.file, stage: each.target.stage, text }, world, library));
      for (const node of result.value?.nodes ?? []) this.#known.add(node);
      if ('target' in each) loaded.push(result);
    }
    return { loaded, library };
  }

  #parsers(file: RuleFile, world: World, library: PatternLibrary): ParserSpec {
    return loadParsers([{ ...file, stage: stageOf(file) }], { world, library, names: this.#names, functions: helperTable });
  }

  #scenarios({ file, text }: Target): Loaded<ScenarioSet> {
    return loadWithFaults(file, text, (rest) => loadScenarios([{ path: file, text: rest }],
      { names: this.#names, functions: helperTable }));
  }

  #note<T extends Pick<ScenarioSet, 'warnings' | 'dataFiles'>>({ file, value, faults, isMasked }: Loaded<T>, check: (value: T) => Finding[]): void {
    this.#findings.push(...faults);
    if (value === null) return;
    const found = [...value.warnings.map((sentence) => fromSentence(sentence, file)), ...check(value), ...this.#dataFindings(value.dataFiles)];
    this.#findings.push(...found.filter(({ place, code }) => !isMasked(place.line)
      && (this.#fieldsAreKnown || (code !== 'unknown-field' && code !== 'filter-never-true'))));
  }

  #nodeFindings(top: NodeSpec, library: PatternLibrary): Finding[] {
    return withDescendants(top).flatMap((node) => [
      ...(node.grok === null ? [] : grokFindings(node.grok, library)),
      ...(node.filter === null ? [] : filterFindings(node.filter, this.#known)),
      ...expressionsOf(node).flatMap((expression) => fieldFindings(expression, this.#known)),
    ]);
  }

  #scenarioFindings(scenario: ScenarioSpec): Finding[] {
    return [...filterFindings(scenario.filter, this.#known),
      ...expressionsOfScenario(scenario).flatMap((expression) => fieldFindings(expression, this.#known))];
  }

  /** Regular expressions in data files that are here already. */
  #dataFindings(dataFiles: ParserSpec['dataFiles']): Finding[] {
    const { dataDir } = this.#surroundings;
    if (dataDir === null) return [];
    return dataFiles.filter(({ type }) => type === 'regexp').flatMap(({ name }) => {
      const file = join(dataDir, name);
      const lines = attempt(() => readFileSync(file, 'utf8').split('\n')) ?? [];
      return lines.flatMap((line, index): Finding[] => {
        if (line === '' || line.startsWith('#')) return [];
        const place = { file, line: index + 1, column: 1, excerpt: line };
        const error = faultIn(() => compileSingle(line, place));
        return error === null ? [] : [{ ...faultOf(error, file), code: 'data-pattern-refused' }];
      });
    });
  }
}

function expressionsOfScenario(scenario: ScenarioSpec): CompiledExpr[] {
  const { filter, groupby, distinct, cancelOn, condition, overflowFilter, bayesian, scope } = scenario;
  return [filter, groupby, distinct, cancelOn, condition, overflowFilter, scope.expression,
    ...(bayesian?.conditions ?? []).map((each) => each.condition)].filter((expression) => expression !== null);
}

/** By the folder it lies in, else by its keys. */
function kindOf(file: string, text: string): FileKind {
  if (/^profiles\.ya?ml(?:\.local)?$/.test(basename(file))) return 'profiles';
  if (/(?:^|\/)console\/context\.ya?ml$/.test(file)) return 'contexts';
  const folder = file.split('/').findLast((name) => ['parsers', 'postoverflows', 'scenarios', 'contexts'].includes(name));
  if (folder !== undefined) return folder as FileKind;
  if (/^type:/m.test(text) && /^filter:/m.test(text)) return 'scenarios';
  if (/^(?:nodes|grok|statics|pattern_syntax|onsuccess|whitelist|stash):/m.test(text)) return 'parsers';
  if (/^context:/m.test(text)) return 'contexts';
  if (/^(?:decisions|duration_expr|on_success):/m.test(text)) return 'profiles';
  // A text that is no YAML at all is a fault of its own.
  readDocuments(file);
  throw new PalisadeError('E_RULE', 'this is no parser, postoverflow, scenario, context or profile');
}

/** Stages hold a folder for each author in a hub, files at once where rules are installed. */
function stageOf({ stage, path }: RuleFile): string {
  return stage ?? /\/(s\d\d-[^/]+)\//.exec(path)?.[1] ?? basename(dirname(path));
}

/** What loaders only warn of comes as `file:line: sentence`. */
function fromSentence(sentence: string, file: string): Finding {
  const [, line, text] = /^.*?:(\d+):(?:\d+:)?\s+(.*)$/s.exec(sentence) ?? ['', '1', sentence];
  return warning('load-warning', text, { file, line: Number(line), column: 1 });
}

function faultIn(work: () => unknown): PalisadeError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof PalisadeError) return error;
    throw error;
  }
}

function loadedQuietly(file: string, load: () => ParserSpec): Loaded<ParserSpec> {
  return { file, value: attempt(load), faults: [], isMasked: () => false };
}

/** null for what cannot be read or loaded: faults of rules that are not linted are not reported. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof PalisadeError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}
