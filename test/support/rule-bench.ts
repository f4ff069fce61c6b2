// Rules of a hub at work without threads, database and HTTP: lines go through the parser (batch and scalar runner, which
// must agree), then through the buckets, and overflows come out.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AlertContext } from '../../ts/alert/context.js';
import { AlertFormatter } from '../../ts/alert/format.js';
import { loadScenarios } from '../../ts/buckets/load.js';
import { createBuckets } from '../../ts/buckets/memory.js';
import { Pourer } from '../../ts/buckets/pour.js';
import type { Event, Overflow } from '../../ts/event/event.js';
import { ExpectMode, type LineBatch, lineFlags } from '../../ts/event/line.js';
import { loadDataFile } from '../../ts/expr-helpers/data-files.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { Counters } from '../../ts/metrics/counters.js';
import type { RuleFile } from '../../ts/parser/spec.js';
import type { TraceStep } from '../../ts/parser/trace.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { type Surroundings, ThreeWays } from '../parser/three-ways.js';

/** What became of a log. */
export interface BenchResult {
  /** One event a line, as parsed. */
  readonly events: readonly Event[];
  /** Every top node that ran, line by line. */
  readonly steps: readonly TraceStep[];
  /** In the order in which they happened. */
  readonly overflows: readonly Overflow[];
}

/** Installed rules, ready for one log. */
export class RuleBench {
  readonly #ways: ThreeWays;
  readonly #pourer: Pourer;
  #seq = 0;

  constructor(rules: { readonly parsers: readonly RuleFile[]; readonly scenarios: readonly RuleFile[] }, surroundings: Surroundings = {}) {
    const ways = this.#ways = new ThreeWays(rules.parsers, surroundings);
    const { scenarios, dataFiles } = loadScenarios(rules.scenarios, { names: ways.names, functions: helperTable });
    const { dataDir } = surroundings;
    const contents = dataDir === undefined ? [] : dataFiles.filter(({ name }) => existsSync(join(dataDir, name)))
      .map(({ name, type, cache }) => loadDataFile(dataDir, name, type, cache));
    const runtime = newRuntime(helperTable, testContext({}, contents));
    const alerts = new AlertFormatter({ runtime, context: new AlertContext([], runtime, 4000), isSimulated: () => false });
    this.#pourer = new Pourer({ scenarios, names: ways.names, runtime, worker: 0, counters: new Counters(), alerts, contextReads: [],
      buckets: createBuckets(scenarios, { workerCount: 1, slotsMax: 65_536, arenaBytesMax: 16 << 20 }) });
  }

  /** Runs a log and returns what happened, step by step. */
  async run(lines: readonly (string | Buffer)[], labels: Readonly<Record<string, string>>, src = 'test.log'): Promise<BenchResult> {
    const batch = batchOfBytes(lines, labels, src);
    const { steps } = await this.#ways.runTwoWays(batch);
    const events = this.#ways.runFast(batch);
    return { events, steps: steps.flat(), overflows: this.#pour(events) };
  }

  /** The batch runner alone: for long logs. */
  runFast(lines: readonly (string | Buffer)[], labels: Readonly<Record<string, string>>, src = 'test.log'): Omit<BenchResult, 'steps'> {
    const events = this.#ways.runFast(batchOfBytes(lines, labels, src));
    return { events, overflows: this.#pour(events) };
  }

  #pour(events: readonly Event[]): Overflow[] {
    const seq = this.#seq++;
    const poured = this.#pourer.pourBatch(events, events.length, seq, 0);
    this.#pourer.finishBatch(seq);
    return poured.map(({ overflow }) => overflow);
  }
}

/** A batch as the reader makes it, of texts or of any bytes without a line end. */
export function batchOfBytes(lines: readonly (string | Buffer)[], labels: Readonly<Record<string, string>>, src: string): LineBatch {
  const parts = lines.map((line) => (typeof line === 'string' ? Buffer.from(line, 'utf8') : line));
  const spans = new Uint32Array(2 * parts.length);
  const flags = new Uint8Array(parts.length);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    spans.set([at, at + part.length], 2 * index);
    flags[index] = part.every((byte) => byte < 0x80) ? lineFlags.ascii : 0;
    at += part.length + 1;
  }
  return { seq: 0, source: { src, module: 'file', labels, mode: ExpectMode.timeMachine }, spans, flags, count: parts.length,
    bytes: Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')])), readAtMs: Date.UTC(2026, 10, 23, 1) };
}
