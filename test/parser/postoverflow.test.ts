// Postoverflows: overflow events through the scalar walker, which may wait for the DNS, beside the oracle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, type Overflow } from '../../ts/event/event.js';
import type { Alert } from '../../ts/model/alert.js';
import { GoTime } from '../../ts/util/go-time.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { ruleFiles } from './hub-tests.js';
import { ThreeWays, writeRules } from './three-ways.js';

const rdns = {
  's00-enrich/rdns.yaml': `name: t/rdns
filter: evt.Overflow.Alert.GetScope() == 'Ip'
onsuccess: next_stage
statics:
  - { method: reverse_dns, expression: evt.Overflow.Alert.Source.IP }
  - { meta: reverse_dns, expression: evt.Enriched.reverse_dns }
`,
  's01-whitelist/bots.yaml': `name: t/bots
whitelist: { reason: good bot, ip: ["198.51.100.1"], expression: ["evt.Enriched.reverse_dns endsWith '.crawl.example.'"] }
`,
};

const names: Readonly<Record<string, string[]>> = { '192.0.2.1': ['a.crawl.example'], '192.0.2.2': ['b.example'] };

const cases: { name: string; scope: string; value: string; sources?: string[]; whitelisted: boolean; process: boolean }[] = [
  { name: 'an address whose name is on the list is whitelisted', scope: 'Ip', value: '192.0.2.1', whitelisted: true, process: true },
  { name: 'one with another name is not', scope: 'Ip', value: '192.0.2.2', whitelisted: false, process: true },
  { name: 'one without a name is not', scope: 'Ip', value: '192.0.2.3', whitelisted: false, process: true },
  { name: 'any source of the overflow counts for addresses', scope: 'Ip', value: '192.0.2.3', sources: ['192.0.2.3', '198.51.100.1'], whitelisted: true, process: true },
  { name: 'another scope fails the first stage and never reaches the second', scope: 'Range', value: '198.51.100.1', whitelisted: false, process: false },
];

for (const { name, scope, value, sources = [value], whitelisted, process } of cases) {
  test(name, async () => {
    const world = new ThreeWays(writeRules(rdns), { world: 'postoverflows', resolve: async (address) => names[address] ?? [] });
    const outcomes = await world.runOverflow(() => overflowOf(scope, value, sources));
    for (const { snapshot, overflow } of outcomes) {
      assert.deepEqual([snapshot.Whitelisted, overflow.whitelisted, snapshot.Process], [whitelisted, whitelisted, process]);
    }
    assert.equal(outcomes[0].snapshot.WhitelistReason, whitelisted ? 'good bot' : '');
  });
}

test('a static may widen an IPv6 source to its network', skipWithout('hub'), async () => {
  const files = ruleFiles(sharedPath('hub') as string, 'postoverflows').filter(({ path }) => path.endsWith('ipv6_to_range.yaml'));
  const world = new ThreeWays(files, { world: 'postoverflows' });
  for (const { overflow } of await world.runOverflow(() => overflowOf('Ip', '2001:db8:1:2:3::4', ['2001:db8:1:2:3::4']))) {
    assert.deepEqual([overflow.alert?.source.scope, overflow.alert?.source.value], ['Range', '2001:db8:1:2::/64']);
    assert.equal(overflow.apiAlerts[0].source.value, '2001:db8:1:2::/64');
  }
});

test('postoverflow counters name no source and no log type', async () => {
  const world = new ThreeWays(writeRules(rdns), { world: 'postoverflows', resolve: async () => [] });
  const event = new Event(world.names);
  event.resetToOverflow(overflowOf('Ip', '192.0.2.9', ['192.0.2.9']), GoTime.fromMs(0));
  await world.runner().run(event);
  assert.deepEqual(world.counters.snapshot().map(({ name, labels, value }) => [name, labels['name'], labels['acquis_type'], value]), [
    ['cs_node_hits_total', 't/rdns', 'unknown', 1], ['cs_node_hits_ok_total', 't/rdns', 'unknown', 1],
    ['cs_node_hits_total', 't/bots', 'unknown', 1], ['cs_node_wl_hits_total', 't/bots', 'unknown', 2],
    ['cs_node_hits_ok_total', 't/bots', 'unknown', 1],
  ]);
});

function overflowOf(scope: string, value: string, addresses: readonly string[]): Overflow {
  const source = { scope, value, ip: value };
  const alert: Alert = { scenario: 't/s', scenario_hash: '', scenario_version: '', message: '', events_count: 1, start_at: '', stop_at: '',
    capacity: 0, leakspeed: '0s', simulated: false, remediation: true, events: [], source };
  return { mapkey: 'k', bucketId: 'b', whitelisted: false, reprocess: false, alert, apiAlerts: [alert],
    sources: Object.fromEntries(addresses.map((address) => [address, { scope: 'Ip', value: address, ip: address }])) };
}
