// What the Local API answers, as TypeBox schemas: the OpenAPI document shows them and the tests hold the answers to them.

import { Type, type TSchema } from '@sinclair/typebox';
import { decimal, flag, listOf, mapOf, struct, text, whole } from './fields.js';

const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);

/** Every refusal but those of machine tokens. */
export const refusalAnswer = struct('ErrorResponse', { message: text() });
/** A machine token that is missing or dead. */
export const tokenRefusalAnswer = struct('TokenErrorResponse', { code: whole('int32'), message: text() });
/** A machine token. */
export const tokenAnswer = struct('WatcherAuthResponse', { code: whole('int32'), expire: text(), token: text() });
/** Health. */
export const healthAnswer = struct('Health', { status: text() });
/** How many objects were deleted, as text. */
export const deletedAnswer = struct('DeleteResponse', { nbDeleted: text() });
/** Ids of stored alerts, as text. */
export const idsAnswer = listOf(text(), '[]string');

const decision = (withUuid: boolean) => struct(withUuid ? 'StreamDecision' : 'GetDecision', {
  duration: text(), id: whole('int64'), origin: text(), scenario: text(), scope: text(), type: text(),
  ...(withUuid && { uuid: Type.Optional(text()) }), value: text(),
});

/** Decisions in force; null when there is none. */
export const decisionsAnswer = orNull(listOf(decision(false), 'models.GetDecisionsResponse'));
/** A start-up or a delta. */
export const streamAnswer = struct('DecisionsStreamResponse', {
  new: listOf(decision(true), '[]*models.Decision'), deleted: listOf(decision(true), '[]*models.Decision'),
});

/** Events, as text; docs/stream.md says which. */
export const eventsAnswer = text({ contentMediaType: 'text/event-stream' });

const metaItem = struct('MetaItems0', { key: Type.Optional(text()), value: Type.Optional(text()) });
const alertDecision = struct('Decision', { duration: text(), id: whole('int64'), origin: text(), scenario: text(),
  scope: text(), simulated: flag(), type: text(), value: text() });
const source = struct('Source', {
  as_name: Type.Optional(text()), as_number: Type.Optional(text()), cn: Type.Optional(text()),
  ip: Type.Optional(text()), latitude: Type.Optional(decimal('float32')),
  longitude: Type.Optional(decimal('float32')), range: Type.Optional(text()), scope: text(), value: text(),
});

/** One stored alert. */
export const alertAnswer = struct('Alert', {
  capacity: whole('int32'), created_at: text(), decisions: orNull(listOf(alertDecision, '[]*models.Decision')),
  events: orNull(listOf(struct('Event', { meta: orNull(listOf(metaItem, 'models.Meta')), timestamp: text() }),
    '[]*models.Event')),
  events_count: whole('int32'), id: whole('int64'), kind: Type.Optional(text()), labels: Type.Null(),
  leakspeed: text(), machine_id: text(), message: text(), meta: Type.Optional(listOf(metaItem, 'models.Meta')),
  remediation: Type.Optional(flag()), scenario: text(), scenario_hash: text(), scenario_version: text(),
  simulated: flag(), source, start_at: text(), stop_at: text(), uuid: Type.Optional(text()),
});
/** Alerts; null when there is none. */
export const alertsAnswer = orNull(listOf(alertAnswer, 'models.GetAlertsResponse'));

/** One allowlist. */
export const allowlistAnswer = struct('GetAllowlistResponse', {
  allowlist_id: Type.Optional(text()), console_managed: Type.Optional(flag()), created_at: text(), description: text(),
  items: listOf(struct('AllowlistItem', { created_at: text(), description: Type.Optional(text()), expiration: text(),
    value: text() }), '[]*models.AllowlistItem'),
  name: text(), updated_at: text(),
});
/** All allowlists. */
export const allowlistsAnswer = listOf(allowlistAnswer, 'models.GetAllowlistsResponse');
/** Whether one address is allowlisted; empty when it is not. */
export const checkAnswer = struct('CheckAllowlistResponse', { allowlisted: Type.Optional(flag()),
  reason: Type.Optional(text()) });
/** The targets of a bulk check that are allowlisted. */
export const bulkCheckAnswer = struct('BulkCheckAllowlistResponse', {
  results: listOf(struct('BulkCheckAllowlistResult', { allowlists: listOf(text(), '[]string'), target: text() }),
    '[]*models.BulkCheckAllowlistResult'),
});
/** The OpenAPI document itself. */
export const documentAnswer = mapOf(Type.Unknown(), 'map[string]any');
