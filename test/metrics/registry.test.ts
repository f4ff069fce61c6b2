import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CounterSample } from '../../ts/metrics/counters.js';
import { expose } from '../../ts/metrics/registry.js';

const samples: readonly CounterSample[] = [
  { name: 'cs_bucket_overflowed_total', labels: { name: 'a/b' }, value: 2 },
  { name: 'cs_bucket_overflowed_total', labels: { name: 'a/b' }, value: 3 },
  { name: 'cs_buckets', labels: { name: 'a/b' }, value: 1 },
  { name: 'cs_lapi_machine_requests_total', labels: { machine: 'm', route: '/v1/alerts', method: 'GET' }, value: 1 },
  { name: 'cs_lapi_request_duration_seconds_bucket', labels: { endpoint: '/x"y', method: 'GET', le: '0.005' }, value: 4 },
  { name: 'cs_lapi_request_duration_seconds_sum', labels: { endpoint: '/x"y', method: 'GET' }, value: 0.5 },
];

test('samples of several threads with the same labels are added up', async () => {
  assert.match(await expose(samples, 'full'), /^cs_bucket_overflowed_total\{name="a\/b"\} 5$/m);
});

test('histograms are shown with their parts and escaped labels', async () => {
  const text = await expose(samples, 'full');
  assert.match(text, /^# TYPE cs_lapi_request_duration_seconds histogram$/m);
  assert.match(text, /^cs_lapi_request_duration_seconds_bucket\{endpoint="\/x\\"y",method="GET",le="0\.005"\} 4$/m);
});

test('the aggregated level leaves out what is for the full one, none leaves out all', async () => {
  const text = await expose(samples, 'aggregated');
  assert.doesNotMatch(text, /cs_lapi_machine|duration/);
  assert.match(text, /cs_buckets/);
  assert.equal((await expose(samples, 'none')).trim(), '');
});

test('an unknown metric is a bug', async () => {
  await assert.rejects(expose([{ name: 'nonsense', labels: {}, value: 1 }], 'full'), TypeError);
});
