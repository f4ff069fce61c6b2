// The OpenAPI 3.1 document of the Local API, made from the schemas that check bodies and describe answers. One table
// row for each route; a test compares the table with the routes that the server has.

import type { TSchema } from '@sinclair/typebox';
import { version } from '../../ts/version.js';
import type { Access } from '../exchange.js';
import { addAlertsRequest } from './alert.js';
import { bulkCheckRequest } from './allowlist.js';
import * as answers from './answers.js';
import { usageMetricsRequest } from './usage-metrics.js';
import { loginRequest, registrationRequest } from './watcher.js';

type ParameterType = 'string' | 'boolean' | 'integer' | 'duration';

/** One route and method. */
export interface Operation {
  readonly method: 'get' | 'head' | 'post' | 'delete';
  /** As the router spells it: `/v1/alerts/:alert_id`. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly query?: Readonly<Record<string, ParameterType>>;
  readonly body?: TSchema;
  /** Statuses of success; null is an empty body. */
  readonly answers: Readonly<Record<number, TSchema | null>>;
  /** Statuses of refusal beside those of the access. */
  readonly refusals?: readonly number[];
}

const decisionQuery: Operation['query'] = { scopes: 'string', scope: 'string', value: 'string', type: 'string',
  ip: 'string', range: 'string', contains: 'boolean', origins: 'string', scenarios_containing: 'string',
  scenarios_not_containing: 'string', simulated: 'string', limit: 'integer', offset: 'integer', id_gt: 'integer' };
const streamQuery: Operation['query'] = { startup: 'string', dedup: 'string', scopes: 'string', origins: 'string',
  scenarios_containing: 'string', scenarios_not_containing: 'string', simulated: 'string' };
const changesQuery: Operation['query'] = { after: 'string', scopes: 'string', origins: 'string', type: 'string',
  scenarios_containing: 'string', scenarios_not_containing: 'string', simulated: 'string' };
const expireQuery: Operation['query'] = { contains: 'boolean', scopes: 'string', uuid: 'string', origin: 'string',
  value: 'string', type: 'string', ip: 'string', range: 'string', scenario: 'string' };
const alertFilterQuery: Operation['query'] = { scope: 'string', value: 'string', scenario: 'string', ip: 'string',
  range: 'string', contains: 'boolean', since: 'duration', until: 'duration', created_before: 'duration',
  decision_type: 'string', origin: 'string', include_capi: 'string', has_active_decision: 'boolean', kind: 'string',
  simulated: 'string', limit: 'integer', sort: 'string', with_decisions: 'string' };
const contentQuery: Operation['query'] = { with_content: 'string' };

const { deletedAnswer } = answers;

/** Every route of the Local API. */
export const operations: readonly Operation[] = [
  { method: 'get', path: '/health', access: 'open', summary: 'Whether the server is up', answers: { 200: answers.healthAnswer } },
  { method: 'get', path: '/v1/openapi.json', access: 'open', summary: 'This document', answers: { 200: answers.documentAnswer } },
  { method: 'post', path: '/v1/watchers', access: 'open', summary: 'Register a machine', body: registrationRequest,
    answers: { 201: null, 202: null }, refusals: [400, 401, 403, 422, 429] },
  { method: 'post', path: '/v1/watchers/login', access: 'open', summary: 'Log a machine in', body: loginRequest,
    answers: { 200: answers.tokenAnswer }, refusals: [400, 401, 429] },
  { method: 'get', path: '/v1/refresh_token', access: 'refresh', summary: 'A new token for an old one',
    answers: { 200: answers.tokenAnswer } },
  { method: 'delete', path: '/v1/watchers/self', access: 'machine', summary: 'Remove the calling machine',
    answers: { 204: null }, refusals: [404] },
  { method: 'get', path: '/v1/heartbeat', access: 'machine', summary: 'Say that the machine is alive', answers: { 200: null } },
  { method: 'post', path: '/v1/alerts', access: 'machine', summary: 'Push alerts', body: addAlertsRequest,
    answers: { 201: answers.idsAnswer }, refusals: [400, 403, 422, 500] },
  { method: 'get', path: '/v1/alerts', access: 'machine', summary: 'Search alerts', query: alertFilterQuery,
    answers: { 200: answers.alertsAnswer }, refusals: [400] },
  { method: 'head', path: '/v1/alerts', access: 'machine', summary: 'Whether alerts can be searched', query: alertFilterQuery,
    answers: { 200: null }, refusals: [400] },
  { method: 'delete', path: '/v1/alerts', access: 'machine', summary: 'Delete alerts, from trusted addresses',
    query: alertFilterQuery, answers: { 200: deletedAnswer }, refusals: [400, 403] },
  { method: 'get', path: '/v1/alerts/:alert_id', access: 'machine', summary: 'One alert', answers: { 200: answers.alertAnswer },
    refusals: [400, 404] },
  { method: 'head', path: '/v1/alerts/:alert_id', access: 'machine', summary: 'Whether an alert exists', answers: { 200: null },
    refusals: [400, 404] },
  { method: 'delete', path: '/v1/alerts/:alert_id', access: 'machine', summary: 'Delete an alert, from trusted addresses',
    answers: { 200: deletedAnswer }, refusals: [400, 403, 404] },
  { method: 'get', path: '/v1/decisions', access: 'bouncer', summary: 'Decisions in force', query: decisionQuery,
    answers: { 200: answers.decisionsAnswer }, refusals: [400] },
  { method: 'head', path: '/v1/decisions', access: 'bouncer', summary: 'Whether the key is good', answers: { 200: null } },
  { method: 'get', path: '/v1/decisions/stream', access: 'bouncer', summary: 'What began and ended since the last pull',
    query: streamQuery, answers: { 200: answers.streamAnswer }, refusals: [400] },
  { method: 'get', path: '/v1/decisions/changes', access: 'bouncer', summary: 'The open stream of changes, as server-sent events',
    query: changesQuery, answers: { 200: answers.eventsAnswer }, refusals: [400, 503] },
  { method: 'head', path: '/v1/decisions/stream', access: 'bouncer', summary: 'Whether the key is good', answers: { 200: null } },
  { method: 'delete', path: '/v1/decisions', access: 'machine', summary: 'End decisions', query: expireQuery,
    answers: { 200: deletedAnswer }, refusals: [400] },
  { method: 'delete', path: '/v1/decisions/:decision_id', access: 'machine', summary: 'End one decision',
    answers: { 200: deletedAnswer }, refusals: [400, 404] },
  { method: 'post', path: '/v1/usage-metrics', access: 'either', summary: 'Report usage', body: usageMetricsRequest,
    answers: { 201: null }, refusals: [400, 422] },
  { method: 'get', path: '/v1/allowlists', access: 'reader', summary: 'All allowlists', query: contentQuery,
    answers: { 200: answers.allowlistsAnswer } },
  { method: 'get', path: '/v1/allowlists/:allowlist_name', access: 'reader', summary: 'One allowlist', query: contentQuery,
    answers: { 200: answers.allowlistAnswer }, refusals: [404] },
  { method: 'get', path: '/v1/allowlists/check/:ip_or_range', access: 'reader', summary: 'Whether an address is allowlisted',
    answers: { 200: answers.checkAnswer }, refusals: [400] },
  { method: 'head', path: '/v1/allowlists/check/:ip_or_range', access: 'reader', summary: 'Whether an address is allowlisted',
    answers: { 200: null, 204: null }, refusals: [400] },
  { method: 'post', path: '/v1/allowlists/check', access: 'reader', summary: 'Which addresses are allowlisted',
    body: bulkCheckRequest, answers: { 200: answers.bulkCheckAnswer }, refusals: [400, 422] },
];

const security: Readonly<Record<Access, readonly object[]>> = {
  open: [], machine: [{ machineToken: [] }], refresh: [{ machineToken: [] }], bouncer: [{ bouncerKey: [] }],
  either: [{ machineToken: [] }, { bouncerKey: [] }], reader: [{ machineToken: [] }, { bouncerKey: [] }],
};
const accessRefusals: Readonly<Record<Access, readonly number[]>> = {
  open: [], machine: [401], refresh: [401], bouncer: [403], either: [401, 403], reader: [401, 403],
};

/** Returns the document. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[operation.method] = describeOperation(operation);
  }
  return {
    openapi: '3.1.0', info: { title: 'Palisade Local API', version, description: 'The Local API of CrowdSec.' }, paths,
    components: { securitySchemes: {
      machineToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      bouncerKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    } },
  };
}

function describeOperation(operation: Operation): object {
  const inPath = [...operation.path.matchAll(/:(\w+)/g)].map(([, name]) =>
    ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const inQuery = Object.entries(operation.query ?? {}).map(([name, type]) => ({ name, in: 'query', schema: parameter(type) }));
  const refusals = new Set([...operation.refusals ?? [], ...accessRefusals[operation.access], 503]);
  return {
    summary: operation.summary, parameters: [...inPath, ...inQuery], security: security[operation.access],
    ...(operation.body && { requestBody: { required: true, content: json(operation.body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, schema]) =>
        [status, { description: 'Done', ...(schema && { content: json(schema) }) }])),
      ...Object.fromEntries([...refusals].map((status) => [status, { description: 'Refused', content: json(
        status === 401 && operation.access !== 'open' ? answers.tokenRefusalAnswer : answers.refusalAnswer) }])),
    },
  };
}

function parameter(type: ParameterType): object {
  if (type === 'duration') return { type: 'string', description: 'A Go duration, days allowed: 1d2h30m' };
  return { type };
}

/** JSON Schema without what only our checks read. */
function json(schema: TSchema): object {
  const plain = JSON.parse(JSON.stringify(schema, (key, value: unknown) => key === 'goType' ? undefined : value)) as object;
  return { [(schema['contentMediaType'] as string | undefined) ?? 'application/json']: { schema: plain } };
}
