// POST /v1/usage-metrics: a bouncer or an engine reports what it did. The report is kept as it came; what it says about
// its sender goes to the sender's row.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { bodyOf } from '../exchange.js';
import { encodeJson } from '../json.js';
import { usageMetricsRequest, type UsageMetricsRequest } from '../schema/usage-metrics.js';
import { decodeBody } from '../schema/validate.js';

type Component = NonNullable<UsageMetricsRequest['remediation_components']>[number];
type Processor = NonNullable<UsageMetricsRequest['log_processors']>[number];

/** Adds the usage metrics route. */
export function addUsageMetricsRoute(app: FastifyInstance, deps: RouteDeps): void {
  app.post('/v1/usage-metrics', { config: { access: 'either' } }, (request, reply) => receive(request, reply, deps));
}

async function receive(request: FastifyRequest, reply: FastifyReply, { store }: RouteDeps): Promise<FastifyReply> {
  const input = decodeBody(usageMetricsRequest, bodyOf(request));
  if (request.bouncer !== null) {
    const component = single(input.remediation_components, 'remediation component');
    await store.bouncers.report(request.bouncer.id, { ...common(component) });
    await store.usageMetrics.add('RC', request.bouncer.name,
      encodeJson({ type: request.bouncer.type, metrics: component.metrics ?? null }));
  } else if (request.machine !== null) {
    const processor = single(input.log_processors, 'log processor');
    await store.machines.report(request.machine.name, { ...common(processor), hubState: processor.hub_items,
      dataSources: processor.datasources });
    await store.usageMetrics.add('LP', request.machine.name, encodeJson({ metrics: processor.metrics ?? null }));
  }
  return reply.code(201).send();
}

function single<T>(reports: readonly T[] | null | undefined, what: string): T {
  if (!reports?.length) throw new Refusal('badBody', `Missing ${what} data`);
  if (reports.length > 1) throw new Refusal('badBody', `Payload has more than one ${what}`);
  return reports[0];
}

function common(report: Component | Processor) {
  return {
    version: report.version,
    os: report.os ? { name: report.os.name, family: report.os.family ?? '', version: report.os.version } : undefined,
    featureFlags: (report.feature_flags ?? []).join(','),
  };
}
