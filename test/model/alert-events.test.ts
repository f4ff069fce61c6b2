// Alerts whose events are a text: they are the alerts that have the same events as objects, wherever they are read, copied or sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packed, type PouredOverflow, unpack } from '../../ts/buckets/overflow.js';
import type { Alert, AlertEvent } from '../../ts/model/alert.js';
import { alertText, eventsLengthOf, eventsTextOf, headOf, withEvents } from '../../ts/model/alert-events.js';
import { GoTime } from '../../ts/util/go-time.js';

const events: AlertEvent[] = [{ timestamp: '2026-11-23T00:00:00Z', meta: [{ key: 'source_ip', value: '192.0.2.1' }] }];

function head(more: Partial<Alert> = {}): Omit<Alert, 'events'> {
  return { uuid: 'u', scenario: 's', scenario_hash: '', scenario_version: '', message: '"events":[]', events_count: 1, start_at: '', stop_at: '',
    capacity: 0, leakspeed: '', simulated: false, source: { scope: 'Ip', value: '192.0.2.1' }, ...more };
}

test('an alert with a text for its events reads, copies, clones and serializes as one with objects', () => {
  const plain: Alert = { ...head(), events };
  const made = withEvents(head(), JSON.stringify(events));
  assert.deepEqual(made, plain);
  assert.deepEqual({ ...made }, plain);
  assert.deepEqual(structuredClone(made), plain);
  assert.deepEqual(JSON.parse(JSON.stringify(made)), plain);
  assert.deepEqual(JSON.parse(alertText(made)), plain);
  assert.deepEqual(JSON.parse(alertText(plain)), plain);
  assert.equal(made.events, made.events, 'read once');
  assert.deepEqual(headOf(made), head());
  assert.equal(eventsLengthOf(made), eventsLengthOf(plain));
});

test('events that are replaced are those that are sent; a copy has its own', () => {
  const made = withEvents(head(), JSON.stringify(events));
  const copy: Alert = { ...made, events: [] };
  assert.deepEqual(JSON.parse(alertText(copy)), { ...head(), events: [] });
  made.events = null;
  assert.deepEqual(JSON.parse(alertText(made)), { ...head(), events: null });
  assert.equal(eventsTextOf(made), undefined);
});

test('an overflow is the same behind a thread, its events without having been read', () => {
  const text = JSON.stringify(events);
  const apiAlerts = ['192.0.2.1', '192.0.2.2'].map((value) => withEvents(head({ uuid: value, source: { scope: 'Ip', value } }), text));
  const poured: PouredOverflow = { overflow: { mapkey: 'k', bucketId: 'b', whitelisted: false, reprocess: true, sources: {}, alert: apiAlerts[0], apiAlerts },
    time: GoTime.fromMs(0), scenario: 's', scenarioIndex: 0, reprocess: true, seq: 1, eventIndex: 2 };
  const message = structuredClone(packed(poured));
  assert.ok(message.overflow.apiAlerts.every((alert) => !('events' in alert)), 'no objects on the way');
  const overflow = unpack(message);
  assert.deepEqual(overflow, poured.overflow);
  assert.equal(overflow.alert, overflow.apiAlerts[0]);
  assert.equal(eventsTextOf(overflow.apiAlerts[1]), text);
  const withObjects = { ...poured, overflow: { ...poured.overflow, alert: null, apiAlerts: [] } };
  assert.deepEqual(unpack(structuredClone(packed(withObjects))), withObjects.overflow);
});
