// Alerts of buckets that ran over: sources by scope, wording, events, what makes an alert impossible.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertContext } from '../../ts/alert/context.js';
import { AlertFormatter } from '../../ts/alert/format.js';
import type { RanOver } from '../../ts/buckets/bucket.js';
import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { limits } from '../../ts/limits.js';
import type { AlertSource } from '../../ts/model/alert.js';
import { GoTime } from '../../ts/util/go-time.js';
import { handMade, handMadeRuntime, scenario } from '../buckets/random-log.js';

const names = newEventNames();
const start = GoTime.civil({ year: 2026, month: 12, day: 10 }, 26_870);

function formatter(failures: string[] = [], isSimulated = false): AlertFormatter {
  return new AlertFormatter({ runtime: handMadeRuntime, context: new AlertContext([], handMadeRuntime, 4000),
    isSimulated: () => isSimulated, onFailure: (_name, reason) => failures.push(reason) });
}

function log(meta: Record<string, string>, enriched: Record<string, string> = {}, marshaledTime = ''): Event {
  const event = new Event(names);
  for (const [key, value] of Object.entries(meta)) event.meta.set(key, value);
  for (const [key, value] of Object.entries(enriched)) event.enriched.set(key, value);
  event.marshaledTime = marshaledTime;
  event.time = start;
  return event;
}

function overflow(...sources: AlertSource[]): Event {
  const event = new Event(names);
  event.resetToOverflow({ mapkey: 'k', bucketId: 'b', whitelisted: false, reprocess: true, alert: null, apiAlerts: [],
    sources: Object.fromEntries(sources.map((source) => [source.value, source])) }, start);
  return event;
}

function ranOver(queue: readonly Event[], more: Partial<ScenarioSpec> = {}, rest: Partial<RanOver> = {}): RanOver {
  const spec = scenario('crowdsecurity/ssh-bf', handMade('() => true'), { capacity: 5, leakspeedNs: 10e9, ...more });
  return { spec, mapkey: 'f00', bucketId: 'b', timeMachine: true, firstTime: start, lastTime: start.add(8e9),
    overflowTime: start.add(8e9), count: queue.length, queue, ...rest };
}

test('an alert says who did what when, in CrowdSec\'s fields and words', () => {
  const queue = [log({ source_ip: '112.95.230.3', user: 'root', Zone: 'z' }, {}, '2026-12-10T07:27:50Z'), log({ source_ip: '112.95.230.3' })];
  const built = formatter().build(ranOver(queue, {}, { count: 6 }));
  const { uuid, ...alert } = built.alert!;
  assert.match(uuid!, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(alert, {
    scenario: 'crowdsecurity/ssh-bf', scenario_hash: 'abc', scenario_version: '0.1',
    message: "Ip 112.95.230.3 performed 'crowdsecurity/ssh-bf' (6 events over 8s) at 2026-12-10 07:27:58 +0000 UTC",
    source: { ip: '112.95.230.3', scope: 'Ip', value: '112.95.230.3' }, events_count: 6, capacity: 5, leakspeed: '10s',
    start_at: '2026-12-10T07:27:50Z', stop_at: '2026-12-10T07:27:58Z', simulated: false, remediation: true, kind: 'crowdsec',
    labels: null, meta: [], events: [
      { timestamp: '2026-12-10T07:27:50Z', meta: [{ key: 'Zone', value: 'z' }, { key: 'source_ip', value: '112.95.230.3' }, { key: 'user', value: 'root' }] },
      { timestamp: '2026-12-10T07:27:50Z', meta: [{ key: 'source_ip', value: '112.95.230.3' }] },
    ],
  });
  assert.deepEqual(structuredClone(built).apiAlerts[0], built.alert, 'plain data');
});

test('an event is told of anew when it has become another, and when many were told of since', () => {
  const made = formatter();
  const user = (event: Event): string | undefined => made.build(ranOver([event])).alert!.events![0].meta.find(({ key }) => key === 'user')?.value;
  const event = log({ source_ip: '192.0.2.1', user: 'a' });
  assert.equal(user(event), 'a');
  event.resetToOverflow(overflow().overflow!, start);
  Object.assign(event, { type: 0 });
  event.meta.set('source_ip', '192.0.2.1');
  event.meta.set('user', 'b');
  assert.equal(user(event), 'b');
  const text = event.alertText;
  assert.notEqual(text, null);
  for (let n = 0; n <= limits.alertTextsMax; n++) user(log({ source_ip: '192.0.2.1', user: String(n) }));
  assert.equal(event.alertText, null, 'bounded');
  assert.equal(user(event), 'b');
});

test('the same overflow has the same uuid, another one another', () => {
  const uuid = (count: number, ip = '1.2.3.4'): string | undefined =>
    formatter().build(ranOver([log({ source_ip: ip })], {}, { count })).alert?.uuid;
  assert.equal(uuid(3), uuid(3));
  assert.notEqual(uuid(3), uuid(4));
  assert.notEqual(uuid(3), uuid(3, '1.2.3.5'));
});

test('what enrichment found goes into the source, coordinates as 32-bit floats', () => {
  const event = log({ source_ip: '2001:db8::1', SourceRange: '2001:db8:1::/32' }, { ASNNumber: '64500', ASNOrg: 'Example', IsoCode: 'FR',
    Latitude: '48.858200', Longitude: 'east' });
  assert.deepEqual(formatter().build(ranOver([event])).alert?.source, { scope: 'Ip', value: '2001:db8::1', ip: '2001:db8::1',
    range: '2001:db8::/32', as_number: '64500', as_name: 'Example', cn: 'FR', latitude: 48.8582 });
});

test('simulated and remediation follow the scenario', () => {
  const alert = formatter([], true).build(ranOver([log({ source_ip: '1.2.3.4' })], { remediation: false })).alert;
  assert.deepEqual([alert?.simulated, alert?.remediation], [true, false]);
});

const impossible: readonly (readonly [name: string, queue: Event[], more: Partial<ScenarioSpec>, why: RegExp])[] = [
  ['one event has no source_ip', [log({ source_ip: '1.2.3.4' }), log({})], {}, /no source_ip/],
  ['a source_ip is no address', [log({ source_ip: '1.2.3' })], {}, /"1.2.3" is no address/],
  ['a source range is no network', [log({ source_ip: '1.2.3.4', SourceRange: '1.2.3.4' })], {}, /the range 1.2.3.4/],
  ['a scope of one\'s own has no expression', [log({})], { scope: { type: 'user', expression: null } }, /has no expression/],
  ['the scope expression fails', [log({})], { scope: { type: 'user', expression: handMade(`() => { throw new rt.ExprError('boom'); }`) } }, /boom/],
];
for (const [name, queue, more, why] of impossible) {
  test(`there is no alert when ${name}`, () => {
    const failures: string[] = [];
    const built = formatter(failures).build(ranOver(queue, more));
    assert.equal(built.alert, null);
    assert.deepEqual([built.apiAlerts, Object.keys(built.sources)], [[], []]);
    assert.match(failures[0], why);
  });
}

const byUser = handMade(`(event) => event.meta.get('user') === 'none' ? 5 : event.meta.get('user')`);
const scopes: readonly (readonly [name: string, queue: Event[], more: Partial<ScenarioSpec>, values: string[], message: RegExp])[] = [
  ['several sources make one alert each', [log({ user: 'bob' }), log({ user: 'ann' }), log({ user: 'bob' })],
    { scope: { type: 'user', expression: byUser } }, ['bob', 'ann'], /^user 2 sources performed/],
  ['a scope value that is no text counts as empty', [log({ user: 'none' })], { scope: { type: 'user', expression: byUser } }, [''], /^user {2}performed/],
  ['scope Range takes the range of the source', [log({ source_ip: '1.2.3.4', SourceRange: '1.2.3.4/24' })],
    { scope: { type: 'Range', expression: null } }, ['1.2.3.0/24'], /^Range 1.2.3.0\/24/],
  ['scope Range takes the value of its expression', [log({ source_ip: '1.2.3.4', user: '9.0.0.0/8' })],
    { scope: { type: 'Range', expression: byUser } }, ['9.0.0.0/8'], /^Range 9.0.0.0\/8/],
  ['sources of overflows with the same scope are taken over', [overflow({ scope: 'Ip', value: '1.2.3.4', ip: '1.2.3.4', cn: 'FR' })],
    {}, ['1.2.3.4'], /^Ip 1.2.3.4/],
  ['addresses of overflows become ranges, and those without one are passed over', [overflow({ scope: 'Ip', value: '1.2.3.4', range: '1.2.3.0/24' },
    { scope: 'Ip', value: '5.6.7.8' }, { scope: 'user', value: 'bob' })], { scope: { type: 'Range', expression: null } }, ['1.2.3.0/24'], /^Range/],
];
for (const [name, queue, more, values, message] of scopes) {
  test(name, () => {
    const built = formatter().build(ranOver(queue, more));
    assert.deepEqual(built.apiAlerts.map(({ source }) => source.value), values);
    assert.deepEqual(Object.keys(built.sources), values);
    assert.equal(built.alert, built.apiAlerts[0]);
    assert.match(built.alert!.message, message);
  });
}

test('overflows that offer no source of the wanted scope make no alert, and that is no failure', () => {
  const failures: string[] = [];
  const built = formatter(failures).build(ranOver([overflow({ scope: 'Ip', value: '1.2.3.4' })], { scope: { type: 'Range', expression: null } }));
  assert.deepEqual([built.alert, failures], [null, []]);
});

test('events of overflows have no meta and the time of their overflow', () => {
  const alert = formatter().build(ranOver([overflow({ scope: 'Ip', value: '1.2.3.4' })])).alert;
  assert.deepEqual(alert?.events, [{ timestamp: '2026-12-10T07:27:50Z', meta: [] }]);
});
