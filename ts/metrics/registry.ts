// The samples of all threads as one Prometheus exposition.

import { Counter, Gauge, Registry } from 'prom-client';
import type { CounterSample } from './counters.js';
import { type MetricInfo, metricNames } from './names.js';

/** How much is shown: `prometheus.level` of config.yaml. */
export type MetricsLevel = 'none' | 'aggregated' | 'full';

/** Returns the exposition text of samples; those with the same name and labels are added up. */
export async function expose(samples: readonly CounterSample[], level: MetricsLevel): Promise<string> {
  const registry = new Registry();
  const metrics = new Map<string, Counter | Gauge>();
  const histograms: CounterSample[] = [];
  for (const sample of samples) {
    const info = infoOf(sample.name);
    if (level === 'none' || (info.fullOnly && level !== 'full')) continue;
    if (info.kind === 'histogram') {
      histograms.push(sample);
      continue;
    }
    const metric = metrics.get(sample.name) ?? create(registry, sample.name, info);
    metrics.set(sample.name, metric);
    metric.inc(sample.labels, sample.value);
  }
  return `${await registry.metrics()}${histogramText(histograms)}`;
}

/** Histograms come as samples of their parts: `name_bucket`, `name_sum`, `name_count`. */
function infoOf(name: string): MetricInfo {
  const info = metricNames[name] ?? metricNames[histogramName(name)];
  if (info === undefined) throw new TypeError(`metric ${name} is not in ts/metrics/names.ts`);
  return info;
}

function histogramName(part: string): string {
  return part.replace(/_(bucket|sum|count)$/, '');
}

function create(registry: Registry, name: string, { kind, help, labels }: MetricInfo): Counter | Gauge {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  return kind === 'counter' ? new Counter(options) : new Gauge(options);
}

/** Counted in the threads already, so prom-client, which wants to observe each value, cannot write them. */
function histogramText(samples: readonly CounterSample[]): string {
  const names = new Set(samples.map(({ name }) => histogramName(name)));
  return [...names].map((name) => {
    const lines = samples.filter((sample) => histogramName(sample.name) === name).map(({ name: part, labels, value }) => {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`);
      return `${part}{${pairs.join(',')}} ${value}\n`;
    });
    return `# HELP ${name} ${metricNames[name].help}\n# TYPE ${name} histogram\n${lines.join('')}`;
  }).join('');
}
