// The samples of all threads as one Prometheus exposition.

import { Counter, Gauge, Registry } from 'prom-client';
import type { CounterSample } from './counters.js';
import { metricNames } from './names.js';

export type MetricsLevel = 'none' | 'aggregated' | 'full';

/** Returns the exposition text of samples; those with the same name and labels are added up. */
export async function expose(samples: readonly CounterSample[], level: MetricsLevel): Promise<string> {
  const registry = new Registry();
  const metrics = new Map<string, Counter | Gauge>();
  for (const { name, labels, value } of samples) {
    const info = metricNames[name];
    if (info === undefined) throw new TypeError(`metric ${name} is not in ts/metrics/names.ts`);
    if (level === 'none' || (info.fullOnly && level !== 'full')) continue;
    const metric = metrics.get(name) ?? create(registry, name);
    metrics.set(name, metric);
    metric.inc(labels, value);
  }
  return registry.metrics();
}

function create(registry: Registry, name: string): Counter | Gauge {
  const { kind, help, labels } = metricNames[name];
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  return kind === 'counter' ? new Counter(options) : new Gauge(options);
}
