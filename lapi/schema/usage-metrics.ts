// The body of POST /v1/usage-metrics. Fields stand in the order of the error list: the common part first.

import { Type, type Static } from '@sinclair/typebox';
import { decimal, listOf, mapOf, struct, text, whole } from './fields.js';

const item = struct('MetricsDetailItem', {
  labels: Type.Optional(mapOf(text(), 'models.MetricsLabels')), name: text(), unit: text(), value: decimal('float64'),
});

const metrics = struct('DetailedMetrics', {
  items: listOf(item, '[]*models.MetricsDetailItem'),
  meta: struct('MetricsMeta', { utc_now_timestamp: whole('int64'), window_size_seconds: whole('int64') }),
});

const common = {
  feature_flags: Type.Optional(listOf(text(), '[]string')),
  metrics: Type.Optional(listOf(metrics, '[]*models.DetailedMetrics')),
  os: Type.Optional(struct('OSversion', { family: Type.Optional(text()), name: text(), version: text() })),
  utc_startup_timestamp: whole('int64'),
  version: text({ maxLength: 255 }),
};

const component = struct('RemediationComponentsMetrics', {
  ...common, last_pull: Type.Optional(whole('int64')), name: Type.Optional(text()), type: Type.Optional(text()),
});

const hubItem = struct('HubItem', {
  name: Type.Optional(text()), status: Type.Optional(text()), version: Type.Optional(text()),
});

const processor = struct('LogProcessorsMetrics', {
  ...common,
  datasources: mapOf(whole('int64'), 'map[string]int64'),
  hub_items: mapOf(listOf(hubItem, '[]models.HubItem'), 'models.HubItems'),
  last_push: Type.Optional(whole('int64')), last_update: Type.Optional(whole('int64')), name: Type.Optional(text()),
});

/** Usage metrics of one bouncer or one log processor. */
export const usageMetricsRequest = struct('models.AllMetrics', {
  log_processors: Type.Optional(listOf(processor, '[]*models.LogProcessorsMetrics')),
  remediation_components: Type.Optional(listOf(component, '[]*models.RemediationComponentsMetrics')),
});
export type UsageMetricsRequest = Static<typeof usageMetricsRequest>;
