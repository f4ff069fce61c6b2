// The body of POST /v1/alerts. Fields stand in alphabetical order, which is the order of the error list.

import { Type, type Static } from '@sinclair/typebox';
import { decimal, flag, listOf, struct, text, whole } from './fields.js';

const metaItem = struct('MetaItems0', { key: Type.Optional(text()), value: Type.Optional(text()) });

const event = struct('Event', { meta: listOf(metaItem, 'models.Meta'), timestamp: text() });

const source = struct('Source', {
  as_name: Type.Optional(text()), as_number: Type.Optional(text()), cn: Type.Optional(text()),
  ip: Type.Optional(text()), latitude: Type.Optional(decimal('float32')),
  longitude: Type.Optional(decimal('float32')), range: Type.Optional(text()), scope: text(), value: text(),
});

const decision = struct('Decision', {
  duration: text(), origin: text(), scenario: text(), scope: text(), simulated: Type.Optional(flag()), type: text(),
  value: text(),
});

const alert = struct('models.Alert', {
  capacity: whole('int32'), decisions: Type.Optional(listOf(decision, '[]*models.Decision')),
  events: listOf(event, '[]*models.Event'), events_count: whole('int32'), kind: Type.Optional(text()),
  labels: Type.Optional(listOf(text(), '[]string')), leakspeed: text(), message: text(),
  meta: Type.Optional(listOf(metaItem, 'models.Meta')), remediation: Type.Optional(flag()), scenario: text(),
  scenario_hash: text(), scenario_version: text(), simulated: flag(), source, start_at: text(), stop_at: text(),
  uuid: Type.Optional(text()),
});

/** Alerts to store. */
export const addAlertsRequest = listOf(alert, 'models.AddAlertsRequest');
export type AddAlertsRequest = Static<typeof addAlertsRequest>;
