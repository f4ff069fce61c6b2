// The engine's inner part in this process and thread: files are read, parsed and poured as a worker does it, and what runs
// over is only counted. For benches of what lines cost, without a Local API, a database or other threads beside them.

import { join } from 'node:path';
import { replayFiles } from '../../ts/acquisition/replay.js';
import { createBuckets } from '../../ts/buckets/memory.js';
import type { Pourer } from '../../ts/buckets/pour.js';
import { loadConfig } from '../../ts/config/config.js';
import { silentLog } from '../../ts/config/log.js';
import { EventBatch } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { installedItems } from '../../ts/hub/installed.js';
import { Counters } from '../../ts/metrics/counters.js';
import { LinkedParser } from '../../ts/parser/linked.js';
import { Parser } from '../../ts/parser/run.js';
import { loadRules, type Rules } from '../../ts/pipeline/rules.js';
import { runtimeSetup } from '../../ts/pipeline/setup.js';
import { linkPourer } from '../../ts/pipeline/thread-pourer.js';
import { ThreadRuntime } from '../../ts/pipeline/thread-runtime.js';
import { referenceHub } from '../cases/reference-hub.js';
import { createPalisadeInstance } from './palisade.js';

/** What a file led to. */
export interface Run {
  readonly lines: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly overflows: number;
}

/** Rules of the reference hub, running. */
export class OneThread {
  readonly rules: Rules;
  readonly counters = new Counters();
  readonly #events: EventBatch;
  readonly #parser: Parser;
  readonly #pourer: Pourer;
  #seq = 0;

  /** `folder` is made anew. The reference hub must be there. */
  constructor(folder: string, which: 'usual' | 'all') {
    createPalisadeInstance(folder, referenceHub(which)!, 18_486, 1);
    const config = loadConfig(join(folder, 'etc/config.yaml'));
    const { configDir, hubDir, index } = config.paths;
    const provenance = config.engine?.provenance ?? false;
    this.rules = loadRules(config, installedItems({ configDir, hubDir, indexPath: index }));
    const setup = { ...runtimeSetup(config, this.rules, 0, silentLog), simulation: { global: false, exclusions: [] }, uuidSalt: '', contextValueLength: 4000,
      provenance, index: 0, buckets: createBuckets(this.rules.scenarios, { workerCount: 1, slotsMax: config.limits.bucketSlotsMax }) };
    const runtime = new ThreadRuntime(setup, this.counters, silentLog);
    this.#parser = new Parser(new LinkedParser(this.rules.parsers, runtime, provenance));
    this.#pourer = linkPourer(setup, runtime);
    this.#events = new EventBatch(runtime.names);
  }

  /** Reads a file to its end, as a replay of lines of this type. */
  async run(path: string, type: string): Promise<Run> {
    const source = { src: path, module: 'file', labels: { type }, mode: ExpectMode.timeMachine };
    const start = process.cpuUsage();
    const sum = { lines: 0, bytes: 0, overflows: 0 };
    for await (const { count, bytes, spans, flags } of replayFiles([path], silentLog)) {
      const seq = this.#seq++;
      const readAtMs = Date.now();
      const events = this.#events.take({ seq, source, bytes, spans, flags, count, readAtMs });
      if (this.#parser.parseBatch(events, count) > 0) this.#parser.runStashPass();
      sum.overflows += this.#pourer.pourBatch(events, count, seq, readAtMs).length;
      this.#pourer.finishBatch(seq);
      sum.lines += count;
      sum.bytes += bytes.length;
    }
    const { user, system } = process.cpuUsage(start);
    return { ...sum, cpuSeconds: (user + system) / 1e6 };
  }

  /** Sum of a counter over all its labels. */
  count(name: string): number {
    return this.counters.snapshot().filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
  }
}
