// What the Local API counts, under CrowdSec's names. Gauges of the database's content are read when somebody asks.

import { Counters, type CounterSample } from '../ts/metrics/counters.js';
import type { Store } from './store/store.js';

/** Upper bounds of the request time histogram, seconds. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, Infinity];

const durationName = 'cs_lapi_request_duration_seconds';

interface HistogramHandles {
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** The counters of one Local API. */
export class LapiMetrics {
  readonly #counters = new Counters();
  readonly #handles = new Map<string, number>();
  readonly #histograms = new Map<string, HistogramHandles>();

  countRoute(route: string, method: string): void {
    this.#add('cs_lapi_route_requests_total', `${method} ${route}`, () => ({ method, route }));
  }

  countMachine(machine: string, route: string, method: string): void {
    this.#add('cs_lapi_machine_requests_total', `${method} ${route} ${machine}`, () => ({ machine, method, route }));
  }

  countBouncer(bouncer: string, route: string, method: string): void {
    this.#add('cs_lapi_bouncer_requests_total', `${method} ${route} ${bouncer}`, () => ({ bouncer, method, route }));
  }

  /** A live query was answered, with decisions or without. */
  countAnswer(bouncer: string, isEmpty: boolean): void {
    this.#add(isEmpty ? 'cs_lapi_decisions_ko_total' : 'cs_lapi_decisions_ok_total', bouncer, () => ({ bouncer }));
  }

  /** A decision was not made because its target is not to be banned. */
  countSpared(reason: string): void {
    this.#add('palisade_decisions_spared_total', reason, () => ({ reason }));
  }

  observeDuration(endpoint: string, method: string, seconds: number): void {
    const key = `${method} ${endpoint}`;
    let handles = this.#histograms.get(key);
    if (handles === undefined) this.#histograms.set(key, handles = this.#histogram({ endpoint, method }));
    for (let index = durationBuckets.length - 1; index >= 0 && seconds <= durationBuckets[index]; index--) {
      this.#counters.add(handles.buckets[index]);
    }
    this.#counters.add(handles.count);
    this.#counters.add(handles.sum, seconds);
  }

  /** All samples, with the gauges computed from the store now. */
  async snapshot(store: Store): Promise<CounterSample[]> {
    const decisions = (await store.decisions.countActive()).map(({ scenario, origin, type, count }) =>
      ({ name: 'cs_active_decisions', labels: { reason: scenario, origin, action: type }, value: count }));
    const alerts = (await store.alerts.countByScenario()).map(({ scenario, count }) =>
      ({ name: 'cs_alerts', labels: { reason: scenario }, value: count }));
    const heartbeats = (await store.machines.list()).filter((machine) => !machine.lastHeartbeat.isZero)
      .map((machine) => ({ name: 'cs_machines_last_heartbeat_timestamp', labels: { machine: machine.name },
        value: machine.lastHeartbeat.seconds }));
    return [...this.#counters.snapshot(), ...decisions, ...alerts, ...heartbeats];
  }

  /** Handles of one histogram: asked for once, they are bumped with every request. */
  #histogram(labels: Record<string, string>): HistogramHandles {
    const bucket = (le: string): number => this.#counters.handle(`${durationName}_bucket`, { ...labels, le });
    return { buckets: durationBuckets.map((bound) => bucket(bound === Infinity ? '+Inf' : String(bound))),
      count: this.#counters.handle(`${durationName}_count`, labels),
      sum: this.#counters.handle(`${durationName}_sum`, labels) };
  }

  /** `key` tells the labels of a name apart; to look up a handle by the labels themselves takes longer than all else. */
  #add(name: string, key: string, labels: () => Record<string, string>): void {
    const known = `${name} ${key}`;
    let handle = this.#handles.get(known);
    if (handle === undefined) this.#handles.set(known, handle = this.#counters.handle(name, labels()));
    this.#counters.add(handle);
  }
}
