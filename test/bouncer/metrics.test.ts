// What the bouncer reports of itself: decisions from its own state, packets as they were counted since the report before,
// in a form that the Local API takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expose, usageReport, type Measures } from '../../bouncer/metrics.js';
import { addBouncer, startInstance } from '../lapi/instance.js';

const measures = (packets: number): Measures => ({
  active: [{ group: 'cscli', family: 4, count: 3 }, { group: '', family: 6, count: 2 }],
  dropped: [{ group: 'cscli', family: 4, packets, bytes: 100 * packets }],
  processed: [{ group: '', family: 4, packets: 10 * packets, bytes: 1000 * packets }],
  requests: 5, failures: 1, refused: new Map([['type', 4]]), repairs: 1, refusals: 2, cut: 6 });

type Report = { remediation_components: { metrics: { items: { name: string; value: number; unit: string; labels: object }[] }[] }[] };
const itemsOf = (report: object): string[] => (report as Report).remediation_components[0].metrics[0].items
  .map(({ name, value, unit, labels }) => `${name} ${value} ${unit} ${Object.values(labels).join(' ')}`);

const reports: readonly (readonly [name: string, now: number, before: number | null, packets: number])[] = [
  ['the first report has all packets', 7, null, 7],
  ['a later one those since', 7, 4, 3],
  ['counters that began anew count from nothing', 2, 4, 2],
];
for (const [name, now, before, packets] of reports) {
  test(name, () => {
    const report = usageReport(measures(now), before === null ? null : measures(before), 0, 1000, 900);
    assert.deepEqual(itemsOf(report), ['active_decisions 3 ip cscli ipv4', 'active_decisions 2 ip all ipv6',
      `dropped ${packets} packet cscli ipv4`, `dropped ${100 * packets} byte cscli ipv4`,
      `processed ${10 * packets} packet ipv4`, `processed ${1000 * packets} byte ipv4`]);
  });
}

test('the Local API takes a report', async () => {
  const instance = await startInstance();
  try {
    const response = await instance.app.inject({ method: 'POST', url: '/v1/usage-metrics', headers: { 'x-api-key': await addBouncer(instance) },
      payload: JSON.stringify(usageReport(measures(7), null, 0, 1000, 900)) });
    assert.equal(response.statusCode, 201, response.body);
  } finally {
    await instance.close();
  }
});

test("Prometheus sees cs-firewall-bouncer's names and ours", async () => {
  const text = await expose(measures(7));
  for (const line of ['fw_bouncer_banned_ips{origin="cscli",ip_type="ipv4"} 3', 'fw_bouncer_dropped_packets{origin="cscli",ip_type="ipv4"} 7',
    'fw_bouncer_dropped_bytes{origin="cscli",ip_type="ipv4"} 700', 'fw_bouncer_processed_packets{ip_type="ipv4"} 70',
    'fw_bouncer_processed_bytes{ip_type="ipv4"} 7000', 'lapi_requests_total 5', 'lapi_requests_failures_total 1',
    'palisade_bouncer_repairs_total 1', 'palisade_bouncer_refusals_total 2', 'palisade_bouncer_connections_cut_total 6',
    'palisade_bouncer_decisions_refused_total{reason="type"} 4']) assert.ok(text.includes(`\n${line}\n`), line);
});
