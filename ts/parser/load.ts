// Rule files to a ParserSpec: reads the YAML strictly, compiles expressions and groks in CrowdSec's order, checks what
// CrowdSec checks. Every mistake in a rule is an error with its place; what CrowdSec only warns of is a warning.

import { basename, dirname } from 'node:path';
import { decode, type Located, parseDocuments, readDocuments, type YamlDocument } from '../config/document.js';
import { asyncEnrichMethods } from '../enrich/table.js';
import { PalisadeError, type Place } from '../errors.js';
import { expand, expandName } from '../grok/expand.js';
import type { PatternLibrary } from '../grok/patterns.js';
import { dataFileOf } from '../expr-helpers/data-declaration.js';
import { AddressSet } from './address-set.js';
import { conditionsOf } from './conditions.js';
import { stashOf, warningAt } from './declarations.js';
import { compileExpression, type ExpressionOptions, expressionOrNull } from './expression.js';
import { loadGrokStatics, loadNodeStatics } from './load-statics.js';
import { type GrokText, type NodeText, nodeShape, type Placed, type StashText, type WhitelistText } from './node-shape.js';
import type {
  GrokNodeSpec, GrokSubject, NodeSpec, ParserSpec, RuleFile, StashWriteSpec, WhitelistSpec, World,
} from './spec.js';
import { staticsOf } from './writes.js';

/** What loading needs besides the files. */
export interface LoadOptions extends ExpressionOptions {
  readonly world: World;
  /** The dictionary. `pattern_syntax` is added to it, so each world needs one of its own. */
  readonly library: PatternLibrary;
}

/** Versions of the rule format that are understood; a rule without one is 1.0. */
const formatMin = 1;
const formatMax = 3;

/** What a file adds to besides its nodes. */
interface Loading {
  readonly options: LoadOptions;
  readonly nodes: NodeSpec[];
  readonly stashes: ParserSpec['stashes'][number][];
  readonly dataFiles: ParserSpec['dataFiles'][number][];
  readonly warnings: string[];
}

/**
 * Loads the rule files of one world in the order given, which is that of their installed paths. Files that are not
 * YAML by name are passed over. Throws a PalisadeError with the place of the first mistake.
 */
export function loadParsers(files: readonly RuleFile[], options: LoadOptions): ParserSpec {
  const allowAsync = options.world === 'postoverflows';
  const loading: Loading = { options: { ...options, allowAsync }, nodes: [], stashes: [], dataFiles: [], warnings: [] };
  for (const file of files) {
    if (!/\.ya?ml$/.test(file.path)) continue;
    const stage = file.stage ?? basename(dirname(file.path));
    const path = file.realPath ?? file.path;
    const documents = file.text === undefined ? readDocuments(path) : parseDocuments(path, file.text);
    for (const document of documents) loadDocument(document, stage, loading);
  }
  const { nodes, stashes, dataFiles, warnings } = loading;
  const stages = [...new Set(nodes.map((node) => node.stage))].sort();
  return { world: options.world, stages, nodes, stashes, dataFiles, warnings };
}

function loadDocument(document: YamlDocument, stage: string, loading: Loading): void {
  const text = decode(document, nodeShape);
  const place = document.placeOf(document.root);
  if (!text.name && !text.description && !text.author) {
    warn(loading, place, 'skipped: a node needs a name, a description or an author');
    return;
  }
  if (!isFormatKnown(text.format, place)) {
    warn(loading, text.format?.place ?? place, `skipped: format ${text.format?.text} is not supported (1.0 to 3.0)`);
    return;
  }
  loading.nodes.push(loadNode(text, place, { name: text.name ?? '', stage, debug: text.debug ?? false }, loading));
  for (const data of text.data ?? []) {
    const file = dataFileOf(data, loading.warnings);
    if (file !== null) loading.dataFiles.push(file);
  }
}

function isFormatKnown(format: Located | undefined, place: Place): boolean {
  if (format === undefined || format.text === '') return true;
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.\d+)*$/.exec(format.text);
  if (match === null) throw new PalisadeError('E_RULE', `"${format.text}" is not a format version`, format.place ?? place);
  const version = Number(`${match[1]}.${match[2] ?? 0}`);
  return version >= formatMin && version <= formatMax;
}

/** What a node has from its surroundings. */
type Origin = Pick<NodeSpec, 'name' | 'stage' | 'debug'>;

/** The order matters: a pattern is visible to what is loaded after it. */
function loadNode(text: NodeText, place: Place, origin: Origin, loading: Loading): NodeSpec {
  const { options } = loading;
  const filter = expressionOrNull(text.filter, options);
  definePatterns(text, loading);
  const grok = text.grok === undefined ? null : loadGrok(text.grok, loading);
  const stash = (text.stash ?? []).map((entry) => loadStash(entry, loading));
  const children = (text.nodes ?? []).map((child) => loadNode(child.value, child.place, {
    name: child.value.name || `child-${origin.name}`,
    stage: origin.stage,
    debug: child.value.debug || origin.debug,
  }, loading));
  const statics = loadNodeStatics(text.statics ?? [], options, loading.warnings);
  const whitelist = loadWhitelist(text.whitelist, loading);
  const node: NodeSpec = { ...origin, place, nextStage: isNextStage(text.onsuccess), filter,
    ...conditionsOf(filter, options), grok, stash, children, statics, whitelist };
  const hasGrokStatics = (text.grok?.value.statics ?? []).length > 0;
  if (grok === null && !hasGrokStatics && children.length === 0 && statics.length === 0 && whitelist === null) {
    throw new PalisadeError('E_RULE', 'this node is empty: it needs grok, nodes, statics or whitelist', place);
  }
  if (options.world === 'parsers') refuseLookups(node);
  return node;
}

function isNextStage(onSuccess: Located | undefined): boolean {
  const text = onSuccess?.text ?? '';
  if (text === 'next_stage') return true;
  if (text === '' || text === 'continue') return false;
  throw new PalisadeError('E_RULE', `onsuccess must be continue or next_stage, not "${text}"`, onSuccess?.place);
}

function definePatterns(text: NodeText, loading: Loading): void {
  for (const [name, pattern] of text.pattern_syntax ?? []) {
    const { library } = loading.options;
    if (library.define(name, pattern.text, pattern.place) || library.textOf(name, pattern.place) === pattern.text) continue;
    warn(loading, pattern.place, `the grok pattern ${name} exists already with another text: the first definition counts`);
  }
}

/** A pattern by name beats one written out; without either there is no grok. */
function loadGrok({ value: text, place }: Placed<GrokText>, loading: Loading): GrokNodeSpec | null {
  const { options } = loading;
  const { name, pattern } = text;
  const named = name !== undefined && name.text !== '';
  const hasPattern = named || (pattern !== undefined && pattern.text !== '');
  const grok = named ? expandName(name.text, options.library, name.place)
    : hasPattern ? expand((pattern as Located).text, options.library, (pattern as Located).place) : null;
  const expression = expressionOrNull(text.expression, options);
  const statics = loadGrokStatics(text.statics ?? [], options, loading.warnings);
  if (grok === null && text.apply_on) throw new PalisadeError('E_RULE', 'a grok needs "pattern" or "name"', place);
  if (grok === null) return null;
  if (!text.apply_on && expression === null) {
    throw new PalisadeError('E_RULE', 'a grok needs "apply_on" or "expression"', place);
  }
  const subject: GrokSubject = text.apply_on === 'Line.Raw' ? { kind: 'raw' }
    : text.apply_on ? { kind: 'parsed', key: text.apply_on }
      : { kind: 'expression', expression: expression as NonNullable<typeof expression> };
  for (const field of grok.fields) options.names.parsed.declare(field.name);
  if (subject.kind === 'parsed') options.names.parsed.declare(subject.key);
  const written = named ? { text: `%{${name.text}}`, place: name.place } : pattern as Located;
  return { grok, pattern: written, subject, statics };
}

function loadStash({ value: text, place }: Placed<StashText>, loading: Loading): StashWriteSpec {
  for (const key of ['name', 'value', 'key', 'ttl'] as const) {
    const value = text[key];
    if (!(typeof value === 'string' ? value : value?.text)) {
      throw new PalisadeError('E_RULE', `a stash needs "${key}"`, place);
    }
  }
  const value = compileExpression(text.value as Located, loading.options);
  const key = compileExpression(text.key as Located, loading.options);
  const stash = stashOf(text, place);
  loading.stashes.push(stash);
  return { place, name: stash.name, key, value, ttlNs: stash.ttlNs };
}

/** Null for a whitelist without any entry: CrowdSec then does not count the node as one. */
function loadWhitelist(text: WhitelistText | undefined, loading: Loading): WhitelistSpec | null {
  if (text === undefined) return null;
  const { ip = [], cidr = [], expression = [] } = text;
  for (const entry of ip) checkAddress([entry.text], [], entry.place);
  for (const entry of cidr) checkAddress([], [entry.text], entry.place);
  const { options } = loading;
  const expressions = expression.map((entry) => compileExpression(entry, { ...options, withTests: options.world === 'parsers' }));
  if (ip.length + cidr.length + expressions.length === 0) return null;
  options.names.meta.declare('source_ip');
  return { reason: text.reason ?? '', ips: ip.map((entry) => entry.text), cidrs: cidr.map((entry) => entry.text),
    expressions };
}

function checkAddress(addresses: string[], networks: string[], place: Place): void {
  try {
    void new AddressSet(addresses, networks);
  } catch (error) {
    throw new PalisadeError('E_RULE', (error as Error).message, place, { cause: error });
  }
}

/** Lines are parsed in batches, and nothing there can wait for an answer from outside; alerts can. */
function refuseLookups(node: NodeSpec): void {
  const lookup = staticsOf(node).find(({ target }) => target.kind === 'method' && asyncEnrichMethods.has(target.name));
  if (lookup === undefined) return;
  throw new PalisadeError('E_RULE', 'this method waits for an answer from outside: possible in postoverflows, not in parsers',
    lookup.place);
}

function warn(loading: Loading, place: Place, text: string): void {
  loading.warnings.push(warningAt(place, text));
}
