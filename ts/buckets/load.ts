// Scenario files to a ScenarioSet: reads the YAML strictly, compiles the expressions, checks what CrowdSec checks and
// what it only finds out while running. Every mistake is an error with its place.

import { decode, type Located, parseDocuments, readDocuments, type YamlDocument } from '../config/document.js';
import { PalisadeError, type Place } from '../errors.js';
import type { EventNames } from '../event/event.js';
import { compile, type CompiledExpr } from '../expr/compiled.js';
import { queueTailNeed } from './queue-tail.js';
import { conditionEnv, type ExprEnv, logEnv, overflowEnv } from '../expr/env.js';
import type { FunctionTable } from '../expr/functions.js';
import { limits } from '../limits.js';
import { parseGoDuration } from '../util/go-duration.js';
import { dataFileOf } from '../expr-helpers/data-declaration.js';
import { type ScenarioText, scenarioShape } from './scenario-shape.js';
import type {
  BayesianSpec, BucketType, ScenarioFile, ScenarioSet, ScenarioSpec, ScopeSpec,
} from './scenario.js';

/** What expressions compile against. */
export interface ScenarioLoadOptions {
  /** The keys that rules name are declared here. */
  readonly names: EventNames;
  readonly functions: FunctionTable;
}

interface Loading {
  readonly options: ScenarioLoadOptions;
  readonly scenarios: ScenarioSpec[];
  readonly dataFiles: ScenarioSet['dataFiles'][number][];
  readonly warnings: string[];
  /** Key number by name and filter. */
  readonly keyIds: Map<string, number>;
}

/**
 * Loads scenario files in the order given; documents of a file in theirs. Files that are not YAML by name are passed
 * over. Throws a PalisadeError with the place of the first mistake.
 */
export function loadScenarios(files: readonly ScenarioFile[], options: ScenarioLoadOptions): ScenarioSet {
  const loading: Loading = { options, scenarios: [], dataFiles: [], warnings: [], keyIds: new Map() };
  // What the source of an alert is made of is kept with every event, so it has slots even if no rule names it.
  for (const key of ['source_ip', 'SourceRange']) options.names.meta.declare(key);
  for (const key of ['ASNumber', 'ASNNumber', 'ASNOrg', 'IsoCode', 'Latitude', 'Longitude']) {
    options.names.enriched.declare(key);
  }
  for (const file of files) {
    if (!/\.ya?ml$/.test(file.path)) continue;
    const path = file.realPath ?? file.path;
    const documents = file.text === undefined ? readDocuments(path) : parseDocuments(path, file.text);
    for (const document of documents) loadDocument(document, file, loading);
  }
  const { scenarios, dataFiles, warnings } = loading;
  if (scenarios.length > limits.scenariosMax) {
    throw new PalisadeError('E_RULE', `${scenarios.length} scenarios are loaded, at most ${limits.scenariosMax} can be`);
  }
  return { scenarios, dataFiles, warnings };
}

function loadDocument(document: YamlDocument, file: ScenarioFile, loading: Loading): void {
  const text = decode(document, scenarioShape);
  const place = document.placeOf(document.root);
  if (!text.name) throw rule('a scenario needs a "name"', place);
  if (!isFormatKnown(text.format, place)) {
    loading.warnings.push(`${place.file}:${place.line}: ${text.name} is skipped: `
      + `format ${text.format?.text} is not supported (1.0 to 3.0)`);
    return;
  }
  loading.scenarios.push(loadScenario(text, text.name, place, file, loading));
  for (const data of text.data ?? []) {
    const dataFile = dataFileOf(data, loading.warnings);
    if (dataFile !== null) loading.dataFiles.push(dataFile);
  }
}

function loadScenario(text: ScenarioText, name: string, place: Place, file: ScenarioFile, loading: Loading): ScenarioSpec {
  if (!text.filter?.text) throw rule(`${name} needs a "filter"`, place);
  if (!text.description) throw rule(`${name} needs a "description"`, place);
  const type = typeOf(text, name, place);
  const numbers = { capacity: text.capacity?.value ?? 0, leakspeedNs: durationOf(text.leakspeed),
    durationNs: durationOf(text.duration), blackholeNs: durationOf(text.blackhole), cacheSize: text.cache_size?.value ?? 0 };
  checkNumbers(text, type, numbers, place, loading);
  const compiled = (located: Located | undefined, env: ExprEnv): CompiledExpr | null =>
    compileOrNull(located, env, loading);
  const filter = compileFilter(text.filter, loading);
  return {
    name, type, place, version: file.version || '?', hash: file.hash ?? '', filter, ...numbers,
    groupby: compiled(text.groupby, logEnv), distinct: compiled(text.distinct, logEnv),
    cancelOn: compiled(text.cancel_on, logEnv), condition: compiled(text.condition, conditionEnv),
    ...loadConditionTail(text.condition, loading), overflowFilter: compiled(text.overflow_filter, overflowEnv),
    bayesian: loadBayesian(text, type, place, loading),
    scope: loadScope(text, loading),
    reprocess: text.reprocess ?? false,
    remediation: text.labels?.get('remediation') === true,
    keyId: keyIdOf(name, filter.text, loading),
  };
}

function loadConditionTail(condition: Located | undefined, loading: Loading): Pick<ScenarioSpec, 'conditionTail'> {
  const need = condition === undefined || condition.text === '' ? null : queueTailNeed(condition.text);
  if (need === null) return {};
  const { place } = condition!;
  try {
    const filter = need.filter === null ? null : compileOrNull({ text: need.filter, place }, logEnv, loading);
    return { conditionTail: { filter, count: need.count, condition: compileOrNull({ text: need.condition, place }, conditionEnv, loading)! } };
  } catch (error) {
    // What filter() gives may be compared with anything, the queue's own events may not.
    if (error instanceof PalisadeError) return {};
    throw error;
  }
}

function typeOf(text: ScenarioText, name: string, place: Place): BucketType {
  const types: readonly string[] = ['leaky', 'trigger', 'counter', 'conditional', 'bayesian'] satisfies BucketType[];
  if (!text.type?.text) throw rule(`${name} needs a "type"`, place);
  if (types.includes(text.type.text)) return text.type.text as BucketType;
  throw rule(`there is no bucket type "${text.type.text}": use ${types.join(', ')}`, text.type.place);
}

type Numbers = Pick<ScenarioSpec, 'capacity' | 'leakspeedNs' | 'durationNs' | 'blackholeNs' | 'cacheSize'>;

function checkNumbers(text: ScenarioText, type: BucketType, numbers: Numbers, place: Place, loading: Loading): void {
  const capacityPlace = text.capacity?.place ?? place;
  const { capacity, leakspeedNs, durationNs, cacheSize } = numbers;
  if (type === 'leaky' && capacity <= 0) throw rule('a leaky bucket needs a "capacity" of at least 1', capacityPlace);
  if (type === 'trigger' && capacity !== 0) throw rule('a trigger has no "capacity"', capacityPlace);
  if ((type === 'counter' || type === 'bayesian') && capacity !== -1) {
    throw rule(`a ${type} bucket needs "capacity: -1"`, capacityPlace);
  }
  if (capacity < -1) throw rule('"capacity" is -1 (unlimited) or more', capacityPlace);
  if ((type === 'leaky' || type === 'conditional' || type === 'bayesian') && leakspeedNs <= 0) {
    throw rule(`a ${type} bucket needs a "leakspeed" above zero, such as 10s`, text.leakspeed?.place ?? place);
  }
  if (type === 'counter' && durationNs <= 0) {
    throw rule('a counter needs a "duration" above zero, such as 1m', text.duration?.place ?? place);
  }
  if (type === 'conditional' && !text.condition?.text) throw rule('a conditional bucket needs a "condition"', place);
  if (type === 'conditional' && capacity !== -1) {
    loading.warnings.push(`${capacityPlace.file}:${capacityPlace.line}: `
      + 'the capacity of a conditional bucket only bounds its queue; -1 is usual');
  }
  if (cacheSize < 0) throw rule('"cache_size" must not be negative', text.cache_size?.place);
  if (capacity >= limits.queueEventsMax || cacheSize >= limits.queueEventsMax) {
    throw rule(`"capacity" and "cache_size" are below ${limits.queueEventsMax}`, capacityPlace);
  }
  for (const [duration, located] of [[leakspeedNs, text.leakspeed], [durationNs, text.duration],
    [numbers.blackholeNs, text.blackhole]] as const) {
    if (duration < 0) throw rule(`"${located?.text}" must not be negative`, located?.place);
  }
}

function loadBayesian(text: ScenarioText, type: BucketType, place: Place, loading: Loading): BayesianSpec | null {
  const prior = text.bayesian_prior?.value ?? 0;
  const threshold = text.bayesian_threshold?.value ?? 0;
  const conditions = text.bayesian_conditions ?? [];
  if (type !== 'bayesian' && threshold === 0) return null;
  if (conditions.length === 0) throw rule('a bayesian bucket needs "bayesian_conditions"', place);
  if (conditions.length > limits.bayesianConditionsMax) {
    throw rule(`a bayesian bucket has at most ${limits.bayesianConditionsMax} conditions`, place);
  }
  if (!(prior > 0 && prior <= 1)) {
    throw rule('"bayesian_prior" lies above 0 and not above 1', text.bayesian_prior?.place ?? place);
  }
  if (!(threshold > 0 && threshold <= 1)) {
    throw rule('"bayesian_threshold" lies above 0 and not above 1', text.bayesian_threshold?.place ?? place);
  }
  return { prior, threshold, conditions: conditions.map(({ value, place: at }) => {
    const condition = compileOrNull(value.condition, conditionEnv, loading);
    if (condition === null) throw rule('an entry of "bayesian_conditions" needs a "condition"', at);
    return { condition, givenEvil: value.prob_given_evil ?? 0, givenBenign: value.prob_given_benign ?? 0,
      guillotine: value.guillotine ?? false };
  }) };
}

function loadScope(text: ScenarioText, loading: Loading): ScopeSpec {
  const type = text.scope?.type || 'Ip';
  const located = text.scope?.expression;
  if (type === 'Ip' && located !== undefined && located.text !== '') {
    throw rule('the scope Ip has no "expression": its value is the source address', located.place);
  }
  const expression = compileOrNull(located, logEnv, loading);
  if (expression === null && type !== 'Ip' && type !== 'Range') {
    loading.warnings.push(`the scope ${type} has no "expression", so ${text.name} will never alert`);
  }
  return { type, expression };
}

function compileFilter(filter: Located, loading: Loading): CompiledExpr {
  const { names, functions } = loading.options;
  return compile(filter, { env: logEnv, functions, names, want: 'bool', withTests: true });
}

function compileOrNull(located: Located | undefined, env: ExprEnv, loading: Loading): CompiledExpr | null {
  if (located === undefined || located.text === '') return null;
  const { names, functions } = loading.options;
  return compile(located, { env, functions, names });
}

function keyIdOf(name: string, filter: string, loading: Loading): number {
  const key = `${name}\0${filter}`;
  const known = loading.keyIds.get(key);
  if (known !== undefined) return known;
  const id = loading.keyIds.size;
  loading.keyIds.set(key, id);
  return id;
}

function durationOf(text: Located | undefined): number {
  if (text === undefined || text.text === '') return 0;
  try {
    return parseGoDuration(text.text);
  } catch (error) {
    throw new PalisadeError('E_RULE', `"${text.text}" is not a duration such as 30s or 1h30m`, text.place, { cause: error });
  }
}

function isFormatKnown(format: Located | undefined, place: Place): boolean {
  if (format === undefined || format.text === '') return true;
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.\d+)*$/.exec(format.text);
  if (match === null) throw rule(`"${format.text}" is not a format version`, format.place ?? place);
  const version = Number(`${match[1]}.${match[2] ?? 0}`);
  return version >= 1 && version <= 3;
}

function rule(detail: string, place: Place | undefined): PalisadeError {
  return new PalisadeError('E_RULE', detail, place);
}
