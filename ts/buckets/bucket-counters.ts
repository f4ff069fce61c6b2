// CrowdSec's counters of buckets, filled from what the module counted for a worker since the last batch.

import * as abi from '../../engine-wasm/abi.js';
import type { Counters } from '../metrics/counters.js';
import type { BucketEngine } from './memory.js';
import type { ScenarioSpec } from './scenario.js';

/** Metric of each count, and its sign. Poured has labels of the source besides, so it is not here. */
const metrics: readonly (readonly [stat: number, name: string, sign: 1 | -1])[] = [
  [abi.statOverflowed, 'cs_bucket_overflowed_total', 1],
  [abi.statCanceled, 'cs_bucket_canceled_total', 1],
  [abi.statUnderflowed, 'cs_bucket_underflowed_total', 1],
  [abi.statCreated, 'cs_bucket_instantiation_total', 1],
  [abi.statCreated, 'cs_buckets', 1],
  [abi.statDestroyed, 'cs_buckets', -1],
  [abi.statEvicted, 'palisade_bucket_evicted_total', 1],
  [abi.statMuted, 'palisade_bucket_blackholed_total', 1],
  [abi.statEventsLost, 'palisade_bucket_events_lost_total', 1],
  [abi.statDistinctFull, 'palisade_bucket_distinct_full_total', 1],
  [abi.statQueueCut, 'palisade_bucket_queue_cut_total', 1],
  [abi.statUntimed, 'palisade_bucket_untimed_total', 1],
];

/** What goes wrong before an event reaches a bucket, or after it left one. */
export type Mishap = 'filter_error' | 'groupby_error' | 'groupby_not_string' | 'alert_failed';

/** The bucket metrics of one worker. */
export class BucketCounters {
  readonly #engine: BucketEngine;
  readonly #stagingAt: number;
  readonly #scenarios: readonly ScenarioSpec[];
  readonly #counters: Counters;
  readonly #handles = new Map<string, number>();

  constructor(engine: BucketEngine, worker: number, scenarios: readonly ScenarioSpec[], counters: Counters) {
    this.#engine = engine;
    this.#stagingAt = engine.stagingAt(worker);
    this.#scenarios = scenarios;
    this.#counters = counters;
  }

  /** Moves the module's counts of this worker to the counters; pours came from this source. */
  take(source: string, type: string): void {
    const { uint32 } = this.#engine;
    const statsAt = this.#stagingAt + abi.stagingStatsAt;
    const dirtyAt = (statsAt + this.#engine.scenarioCount * abi.statsBytes) / 4;
    const countAt = (this.#stagingAt + abi.stagingDirtyCount) / 4;
    const dirtyCount = uint32[countAt];
    for (let i = 0; i < dirtyCount; i++) {
      const scenario = uint32[dirtyAt + i];
      const at = (statsAt + scenario * abi.statsBytes) / 4;
      this.#takeScenario(this.#scenarios[scenario].name, at, source, type);
      uint32.fill(0, at, at + abi.statsBytes / 4);
    }
    uint32[countAt] = 0;
  }

  /** Counts a mishap of a scenario. */
  mishap(scenario: number, kind: Mishap): void {
    this.#add(`palisade_scenario_${kind}_total`, { name: this.#scenarios[scenario].name }, 1);
  }

  /** Counts an event of which parts were left out because it was too large to keep. */
  eventCut(): void {
    this.#add('palisade_bucket_events_cut_total', {}, 1);
  }

  #takeScenario(name: string, at: number, source: string, type: string): void {
    const { uint32 } = this.#engine;
    const poured = uint32[at + abi.statPoured];
    if (poured > 0) this.#add('cs_bucket_poured_total', { source, type, name }, poured);
    for (const [stat, metric, sign] of metrics) {
      const count = uint32[at + stat];
      if (count > 0) this.#add(metric, { name }, sign * count);
    }
  }

  #add(metric: string, labels: Record<string, string>, amount: number): void {
    const key = `${metric}\0${labels['name'] ?? ''}\0${labels['source'] ?? ''}\0${labels['type'] ?? ''}`;
    let handle = this.#handles.get(key);
    if (handle === undefined) this.#handles.set(key, handle = this.#counters.handle(metric, labels));
    this.#counters.add(handle, amount);
  }
}
