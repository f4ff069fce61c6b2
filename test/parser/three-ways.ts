// Runs lines through the three parsers (batch, scalar, naive oracle), each with a runtime of its own, and says where they
// differ. Also makes rule files of texts.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentLog } from '../../ts/config/log.js';
import { linkEnrichers } from '../../ts/enrich/table.js';
import { Event, EventBatch, type EventNames, newEventNames, type Overflow } from '../../ts/event/event.js';
import { ExpectMode, type LineBatch, lineFlags } from '../../ts/event/line.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { DataFiles, loadDataFile } from '../../ts/expr-helpers/data-files.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import { GeoReader, type GeoData } from '../../ts/expr-helpers/geo-reader.js';
import { StashStore } from '../../ts/expr-helpers/stash.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { embeddedPatternsDir, PatternLibrary } from '../../ts/grok/patterns.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import { Counters } from '../../ts/metrics/counters.js';
import { LinkedParser } from '../../ts/parser/linked.js';
import { loadParsers } from '../../ts/parser/load.js';
import type { ParserRuntime } from '../../ts/parser/node.js';
import { EventRunner } from '../../ts/parser/run-one.js';
import { Parser } from '../../ts/parser/run.js';
import type { ParserSpec, RuleFile, World } from '../../ts/parser/spec.js';
import { snapshotOf, TraceRecorder, type TraceStep, type EventSnapshot } from '../../ts/parser/trace.js';
import { GoTime } from '../../ts/util/go-time.js';
import { NaiveParser, naiveWorld, patternFilesOf } from '../support/naive-parser.js';

/** When the lines of all tests are read. */
export const readAt = GoTime.fromMs(Date.UTC(2026, 7, 22, 12, 0, 0));

let scratch: string | undefined;

/** A folder for files of these tests, removed when the process ends. */
export function scratchFolder(): string {
  if (scratch === undefined) {
    const folder = scratch = mkdtempSync(join(tmpdir(), 'palisade-parser-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return mkdtempSync(join(scratch, 'x'));
}

/** Writes rule files (`s01-parse/x.yaml` to text) into a folder of their own and returns them in load order. */
export function writeRules(rules: Readonly<Record<string, string>>): RuleFile[] {
  const folder = scratchFolder();
  return Object.keys(rules).sort().map((name) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, rules[name]);
    return { path, stage: dirname(name) };
  });
}

export interface Surroundings {
  readonly world?: World;
  readonly geo?: GeoData | null;
  readonly dataDir?: string;
  /** Names of an address; without it there are none. */
  readonly resolve?: (address: string) => Promise<readonly string[]>;
}

/** A world of rules, ready to be run in each of the three ways. */
export class ThreeWays {
  readonly names: EventNames = newEventNames();
  readonly spec: ParserSpec;
  readonly counters = new Counters();
  readonly parser: Parser;
  readonly #scalar: LinkedParser;
  readonly #batches: EventBatch;
  readonly #files: readonly RuleFile[];
  readonly #surroundings: Surroundings;
  #naive: NaiveParser | null = null;

  constructor(files: readonly RuleFile[], surroundings: Surroundings = {}) {
    this.#files = files;
    this.#surroundings = surroundings;
    const library = new PatternLibrary();
    library.loadFolder(embeddedPatternsDir);
    this.spec = structuredClone(loadParsers(files, { world: surroundings.world ?? 'parsers', names: this.names,
      functions: helperTable, library }));
    const linked = new LinkedParser(this.spec, this.#runtime(this.counters), true);
    this.parser = new Parser(linked);
    this.#batches = new EventBatch(this.names);
    // What one way stashes must not be seen by the other.
    this.#scalar = this.spec.stashes.length === 0 ? linked : new LinkedParser(this.spec, this.#runtime(new Counters()), true);
  }

  /** Runs lines through all three, requires the same outcome of each, and returns it with the scalar walk's trace. */
  async run(lines: readonly string[], labels: Record<string, string> = { type: 'syslog' }, src = 'test.log'):
  Promise<{ outcomes: EventSnapshot[]; steps: TraceStep[][] }> {
    const batch = batchOf(lines, labels, src);
    const result = await this.runTwoWays(batch);
    this.#naive ??= this.#newNaive();
    for (const [index, line] of lines.entries()) {
      const naive = this.#event(batch, index);
      await this.#naive.run(naive);
      assert.deepEqual(result.outcomes[index], snapshotOf(naive), `scalar runner and oracle differ on line ${index}: ${line}`);
    }
    return result;
  }

  /** The same without the oracle, which is slow to make. */
  async runTwoWays(batch: LineBatch): Promise<{ outcomes: EventSnapshot[]; steps: TraceStep[][] }> {
    const events = this.runFast(batch);
    const outcomes = events.map(snapshotOf);
    const steps: TraceStep[][] = [];
    for (let index = 0; index < batch.count; index++) {
      const { scalar, okNodes } = await this.#runScalar(batch, index, steps);
      assert.deepEqual(events[index].okNodes?.text ?? '', okNodes?.text ?? '', `batch and scalar runner note other nodes on line ${index}: ${scalar.Line.Raw}`);
      assert.deepEqual(outcomes[index], scalar, `batch and scalar runner differ on line ${index}: ${scalar.Line.Raw}`);
    }
    return { outcomes, steps };
  }

  /** Runs a batch through the batch runner alone, its stash pass included. The events are gone with the next batch. */
  runFast(batch: LineBatch): Event[] {
    const events = this.#batches.take(batch).slice(0, batch.count);
    if (this.parser.parseBatch(events, events.length) > 0) this.parser.runStashPass();
    return events;
  }

  /** Runs an overflow, made anew for each, through the scalar walker and the oracle, and requires the same of both. */
  async runOverflow(make: () => Overflow): Promise<{ snapshot: EventSnapshot; overflow: Overflow }[]> {
    const naive = this.#naive ??= this.#newNaive();
    const ways = [this.runner(), naive].map(async (way: { run(event: Event): Promise<boolean> }) => {
      const overflow = make();
      const event = new Event(this.names);
      event.resetToOverflow(overflow, readAt);
      await way.run(event);
      return { snapshot: snapshotOf(event), overflow };
    });
    const outcomes = await Promise.all(ways);
    assert.deepEqual(outcomes[0], outcomes[1], 'scalar runner and oracle differ');
    return outcomes;
  }

  /** The scalar walker, as the output thread has it. */
  runner(): EventRunner {
    return new EventRunner(this.#scalar);
  }

  async #runScalar(batch: LineBatch, index: number, steps: TraceStep[][]): Promise<{ scalar: EventSnapshot; okNodes: Event['okNodes'] }> {
    const recorder = new TraceRecorder();
    const event = this.#event(batch, index);
    await new EventRunner(this.#scalar, recorder).run(event);
    steps.push(recorder.steps);
    return { scalar: snapshotOf(event), okNodes: event.okNodes };
  }

  #event(batch: LineBatch, index: number): Event {
    const event = new Event(this.names);
    event.resetToLine(batch, batch.bytes as Buffer, index);
    return event;
  }

  #context(): HelperContext {
    const { dataDir, geo, resolve = async () => [] } = this.#surroundings;
    const patterns = new SinglePatterns();
    // A file that is not there is an error in the log and no more.
    const contents = dataDir === undefined ? [] : this.spec.dataFiles.filter(({ name }) => existsSync(join(dataDir, name)))
      .map(({ name, type, cache }) => loadDataFile(dataDir, name, type, cache));
    const nowMs = (): number => readAt.seconds * 1000;
    return { files: new DataFiles(contents, silentLog, nowMs), stash: new StashStore(nowMs),
      geo: geo ? new GeoReader(geo) : null, dns: new DnsCache(nowMs, { reverse: resolve, addresses: async () => [] }), decisions: null,
      regex: (pattern) => patterns.get(pattern), now: () => readAt, log: silentLog };
  }

  #runtime(counters: Counters): ParserRuntime {
    const context = this.#context();
    for (const stash of this.spec.stashes) context.stash.declare(stash);
    return { names: this.names, expr: newRuntime(helperTable, context), enrichers: linkEnrichers(context),
      counters, stash: context.stash, now: () => readAt };
  }

  #newNaive(): NaiveParser {
    const patternFiles = [join(embeddedPatternsDir, 'built-in.grok'), ...patternFilesOf(embeddedPatternsDir)];
    return new NaiveParser(this.#files, patternFiles, naiveWorld(this.#context(), this.names));
  }
}

/** A batch as the reader makes it. */
export function batchOf(lines: readonly string[], labels: Record<string, string>, src: string): LineBatch {
  const bytes = Buffer.from(lines.join('\n'), 'utf8');
  const spans = new Uint32Array(2 * lines.length);
  const flags = new Uint8Array(lines.length);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    const length = Buffer.byteLength(line);
    spans[2 * index] = at;
    spans[2 * index + 1] = at + length;
    flags[index] = length === line.length ? lineFlags.ascii : 0;
    at += length + 1;
  }
  return { seq: 0, source: { src, module: 'file', labels, mode: ExpectMode.timeMachine }, bytes, spans, flags,
    count: lines.length, readAtMs: readAt.seconds * 1000 };
}
