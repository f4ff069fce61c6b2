// What the Local API counts, under CrowdSec's names. Gauges of the database's content are read when somebody asks.

import { Counters, type CounterSample } from '../ts/metrics/counters.js';
import type { Store } from './store/store.js';

/** Upper bounds of the request time histogram, seconds. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1];

const durationName = 'cs_lapi_request_duration_seconds';

/** The counters of one Local API. */
export class LapiMetrics {
  readonly #counters = new Counters();

  countRoute(route: string, method: string): void {
    this.#add('cs_lapi_route_requests_total', { method, route });
  }

  countMachine(machine: string, route: string, method: string): void {
    this.#add('cs_lapi_machine_requests_total', { machine, method, route });
  }

  countBouncer(bouncer: string, route: string, method: string): void {
    this.#add('cs_lapi_bouncer_requests_total', { bouncer, method, route });
  }

  /** A live query was answered, with decisions or without. */
  countAnswer(bouncer: string, isEmpty: boolean): void {
    this.#add(isEmpty ? 'cs_lapi_decisions_ko_total' : 'cs_lapi_decisions_ok_total', { bouncer });
  }

  observeDuration(endpoint: string, method: string, seconds: number): void {
    const labels = { endpoint, method };
    for (const bound of durationBuckets) {
      this.#add(`${durationName}_bucket`, { ...labels, le: String(bound) }, seconds <= bound ? 1 : 0);
    }
    this.#add(`${durationName}_bucket`, { ...labels, le: '+Inf' });
    this.#add(`${durationName}_sum`, labels, seconds);
    this.#add(`${durationName}_count`, labels);
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

  #add(name: string, labels: Record<string, string>, amount = 1): void {
    this.#counters.add(this.#counters.handle(name, labels), amount);
  }
}
