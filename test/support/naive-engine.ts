// The naive oracle of the whole engine: the strictly sequential reading of the specification. One line after the other
// through the naive parser, the naive buckets and the naive postoverflows; expressions are interpreted. No threads, no
// WASM, nothing of ts/parser, ts/buckets, ts/grok or ts/pipeline. Slow on purpose.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { silentLog } from '../../ts/config/log.js';
import { linkEnrichers } from '../../ts/enrich/table.js';
import { Event, type EventNames, newEventNames } from '../../ts/event/event.js';
import type { ExpectMode } from '../../ts/event/line.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { DataFiles, type DataFileType, loadDataFile } from '../../ts/expr-helpers/data-files.js';
import { DnsCache, systemQueries } from '../../ts/expr-helpers/dns.js';
import { GeoReader, loadGeoData } from '../../ts/expr-helpers/geo-reader.js';
import { StashStore } from '../../ts/expr-helpers/stash.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { compile } from '../../ts/expr/compiled.js';
import { conditionEnv, type ExprEnv, logEnv, overflowEnv } from '../../ts/expr/env.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { type ExprRuntime, newRuntime } from '../../ts/expr/runtime.js';
import { embeddedPatternsDir } from '../../ts/grok/patterns.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import type { InstalledItems, RuleFile } from '../../ts/hub/installed.js';
import { parseGoDuration } from '../../ts/util/go-duration.js';
import { GoTime } from '../../ts/util/go-time.js';
import { batchOfLines } from './batches.js';
import { NaiveBuckets, type NaiveOverflow, type NaiveScenario } from './naive-buckets.js';
import { NaiveParser, patternFilesOf } from './naive-parser.js';

/** What an alert must agree on; instants in nanoseconds since 1970. */
export interface NaiveAlert {
  readonly scenario: string;
  readonly scope: string;
  readonly value: string;
  readonly events_count: number;
  readonly start: bigint;
  readonly stop: bigint;
}

/** Lines that are read at one instant. */
export interface NaiveBatch {
  readonly lines: readonly string[];
  readonly readAtMs: number;
}

export interface NaiveSource {
  readonly src: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mode: ExpectMode;
}

/** Events a bucket keeps where its rule sets no bound: the engine's own limit. */
const keptEventsMax = 1000;

/** The rules of an instance, run one event at a time. */
export class NaiveEngine {
  readonly #names: EventNames = newEventNames();
  readonly #runtime: ExprRuntime;
  readonly #context: HelperContext;
  readonly #parser: NaiveParser;
  readonly #postoverflows: NaiveParser;
  readonly #buckets: NaiveBuckets;
  readonly #order: ReadonlyMap<string, number>;

  /** `nowMs` is the wall clock of what looks at one (stashes, dates that no layout fits). */
  constructor(installed: InstalledItems, dataDir: string, nowMs: number) {
    this.#context = contextOf(installed, dataDir, nowMs);
    this.#runtime = newRuntime(helperTable, this.#context);
    this.#parser = this.#newParser(installed.parsers);
    this.#postoverflows = this.#newParser(installed.postoverflows);
    const scenarios = documentsOf(installed.scenarios).filter(({ name }) => name).map((raw) => this.#scenario(raw));
    this.#buckets = new NaiveBuckets(scenarios, (event) => this.#copy(event), keptEventsMax);
    this.#order = new Map(scenarios.map(({ name }, index) => [name, index]));
  }

  /** The alerts of a log in the order in which they are reported. Reprocessed overflows are poured after their batch. */
  async run(batches: readonly NaiveBatch[], source: NaiveSource): Promise<NaiveAlert[]> {
    const alerts: NaiveAlert[] = [];
    for (const { lines, readAtMs } of batches) {
      const batch = batchOfLines(lines, source, readAtMs);
      const bytes = Buffer.from(batch.bytes);
      const overflows: NaiveOverflow[] = [];
      for (let index = 0; index < lines.length; index++) {
        const event = new Event(this.#names);
        event.resetToLine({ ...batch, seq: 0 }, bytes, index);
        if (await this.#parser.run(event)) overflows.push(...this.#buckets.pour(event, readAtMs, index));
      }
      overflows.push(...this.#buckets.expire(readAtMs, lines.length));
      await this.#settle(overflows, readAtMs, alerts);
    }
    return alerts;
  }

  /** Postoverflows and alerts of the overflows of one batch, then of what they lead to when they go back. */
  async #settle(overflows: NaiveOverflow[], readAtMs: number, alerts: NaiveAlert[]): Promise<void> {
    const again: Event[] = [];
    for (const overflow of overflows.sort((a, b) => this.#compare(a, b))) {
      const event = this.#overflowEvent(overflow);
      await this.#postoverflows.run(event);
      if (event.whitelisted) continue;
      if (overflow.reprocess) again.push(this.#overflowEvent(overflow));
      for (const value of overflow.sources) {
        alerts.push({ scenario: overflow.scenario, scope: overflow.scope, value, events_count: overflow.count,
          start: overflow.startNs, stop: overflow.stopNs });
      }
    }
    if (again.length === 0) return;
    const found = again.flatMap((event, index) => this.#buckets.pour(event, readAtMs, index));
    await this.#settle(found, readAtMs, alerts);
  }

  #compare(a: NaiveOverflow, b: NaiveOverflow): number {
    return a.eventIndex - b.eventIndex || Number(a.stopNs - b.stopNs)
      || (this.#order.get(a.scenario) as number) - (this.#order.get(b.scenario) as number) || (a.mapkey < b.mapkey ? -1 : 1);
  }

  #overflowEvent({ scenario, scope, sources, count, stopNs }: NaiveOverflow): Event {
    const event = new Event(this.#names);
    const all = Object.fromEntries(sources.map((value) => [value, { scope, value, ...(scope === 'Ip' && { ip: value }) }]));
    const alert = { scenario, source: all[sources[0]], events_count: count, events: [] } as never;
    event.resetToOverflow({ mapkey: '', bucketId: '', whitelisted: false, reprocess: true, sources: all, alert, apiAlerts: [alert] },
      new GoTime(Number(stopNs / 1_000_000_000n), Number(stopNs % 1_000_000_000n)));
    return event;
  }

  #newParser(files: readonly RuleFile[]): NaiveParser {
    const enrichers = linkEnrichers(this.#context);
    const { stash } = this.#context;
    return new NaiveParser(files, [join(embeddedPatternsDir, 'built-in.grok'), ...patternFilesOf(embeddedPatternsDir)], {
      interpret: (text) => ({ run: this.#interpret(text, logEnv),
        resultType: compile(locatedOf(text), { env: logEnv, functions: helperTable, names: this.#names, allowAsync: true }).resultType }),
      enrich: (method, text, event) => enrichers.get(method)?.enrich(text, event),
      declareStash: (name, sizeMax, ttl, strategy) => stash.declare({ name, sizeMax, ttlNs: parseGoDuration(ttl),
        strategy: strategy === 'LFU' || strategy === 'ARC' ? strategy : 'LRU' }),
      setStash: (name, key, value, ttl) => stash.set(name, key, value, parseGoDuration(ttl)),
    });
  }

  #interpret(text: string, env: ExprEnv): (...args: unknown[]) => unknown {
    return interpreter(locatedOf(text), { env, functions: helperTable }, this.#runtime);
  }

  #scenario(raw: RawScenario): NaiveScenario {
    const f = (text: string | undefined, env: ExprEnv): never | undefined => (text ? this.#interpret(text, env) as never : undefined);
    const bayesian = raw.bayesian_conditions === undefined ? undefined : {
      prior: Number(raw.bayesian_prior), threshold: Number(raw.bayesian_threshold),
      conditions: raw.bayesian_conditions.map((rule) => ({ condition: f(rule.condition, conditionEnv) as never,
        evil: Number(rule.prob_given_evil), benign: Number(rule.prob_given_benign), guillotine: rule.guillotine === 'true' })),
    };
    return { name: raw.name as string, type: raw.type as NaiveScenario['type'], filterText: raw.filter as string,
      filter: f(raw.filter, logEnv) as never, groupby: f(raw.groupby, logEnv), distinct: f(raw.distinct, logEnv),
      cancelOn: f(raw.cancel_on, logEnv), condition: f(raw.condition, conditionEnv),
      overflowFilter: f(raw.overflow_filter, overflowEnv), bayesian, capacity: Number(raw.capacity ?? 0),
      leakspeedNs: durationOf(raw.leakspeed), durationNs: durationOf(raw.duration), blackholeNs: durationOf(raw.blackhole),
      cacheSize: Number(raw.cache_size ?? 0), reprocess: raw.reprocess === 'true',
      scope: { type: raw.scope?.type || 'Ip', expression: f(raw.scope?.expression, logEnv) } };
  }

  #copy(event: Event): Event {
    const copy = new Event(this.#names);
    copy.line.raw = event.line.raw;
    for (const map of ['meta', 'parsed', 'enriched'] as const) {
      for (const key of event[map].keys()) copy[map].set(key, event[map].get(key));
    }
    Object.assign(copy.line, { src: event.line.src, module: event.line.module, labels: event.line.labels });
    const { type, expectMode, marshaledTime, time, stage, strTime, unmarshaled, overflow } = event;
    return Object.assign(copy, { type, expectMode, marshaledTime, time, stage, strTime, unmarshaled,
      overflow: overflow === null ? null : structuredClone(overflow) });
  }
}

/** A scenario as failsafe YAML: every scalar is its source text. */
interface RawScenario {
  name?: string; type?: string; filter?: string; groupby?: string; distinct?: string; cancel_on?: string; condition?: string;
  overflow_filter?: string; capacity?: string; leakspeed?: string; duration?: string; blackhole?: string; cache_size?: string;
  reprocess?: string; scope?: { type?: string; expression?: string };
  bayesian_prior?: string; bayesian_threshold?: string;
  bayesian_conditions?: { condition: string; prob_given_evil: string; prob_given_benign: string; guillotine?: string }[];
  data?: { dest_file?: string; type?: string }[];
}

function documentsOf(files: readonly RuleFile[]): RawScenario[] {
  return files.flatMap(({ realPath }) => parseAllDocuments(readFileSync(realPath, 'utf8'), { schema: 'failsafe' })
    .map((document) => document.toJS() as RawScenario | string | null)
    .filter((raw): raw is RawScenario => raw !== null && typeof raw !== 'string'));
}

function contextOf(installed: InstalledItems, dataDir: string, nowMs: number): HelperContext {
  const patterns = new SinglePatterns();
  const data = documentsOf([...installed.parsers, ...installed.postoverflows, ...installed.scenarios]).flatMap((raw) => raw.data ?? [])
    .filter(({ type, dest_file: file }) => type && file && existsSync(join(dataDir, file)));
  const contents = data.map(({ type, dest_file: file }) =>
    loadDataFile(dataDir, file as string, (type === 'regex' ? 'regexp' : type) as DataFileType));
  const clock = (): number => nowMs;
  const geo = loadGeoData(dataDir, () => {});
  return { files: new DataFiles(contents, silentLog, clock), stash: new StashStore(clock), geo: geo === null ? null : new GeoReader(geo),
    dns: new DnsCache(clock, systemQueries()), decisions: null, regex: (pattern) => patterns.get(pattern),
    now: () => GoTime.fromMs(nowMs), log: silentLog };
}

function locatedOf(text: string): { text: string; place: { file: string; line: number; column: number } } {
  return { text, place: { file: 'oracle', line: 1, column: 1 } };
}

function durationOf(text: string | undefined): number {
  return text ? parseGoDuration(text) : 0;
}
