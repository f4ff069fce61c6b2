// Alerts: machines push them, profiles turn them into decisions, cscli lists and deletes them.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../auth/client-address.js';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { bodyOf, machineOf, sendHead, sendJson, sendPieces } from '../exchange.js';
import { takeAlerts } from '../intake.js';
import { lapiLimits } from '../limits.js';
import { addAlertsRequest } from '../schema/alert.js';
import { decodeBody } from '../schema/validate.js';
import { alertJson } from './alert-json.js';
import { readAlertFilter, readAlertPage } from './alert-query.js';
import { queryOf, readId } from './query.js';

/** A header of ours: the uuids of the alerts name them, and a repeat is answered with the ids of the first time. */
export const ownIdsHeader = 'x-palisade-alert-ids';

type WithId = FastifyRequest<{ Params: { alert_id: string } }>;

/** Adds the routes of alerts. */
export function addAlertRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const machine = { config: { access: 'machine' as const } };
  app.post('/v1/alerts', machine, async (request, reply) => {
    const body = bodyOf(request);
    const ownIds = request.headers[ownIdsHeader] === 'uuid';
    if (body.length > lapiLimits.inlineBodyBytesMax) {
      return sendPieces(reply, deps.bulk.run({ kind: 'addAlerts', body, machine: machineOf(request).name, ownIds }), 201);
    }
    const ids = await takeAlerts(deps, machineOf(request).name, decodeBody(addAlertsRequest, body, 'headed'), ownIds);
    return sendJson(reply, ids.map(String), 201);
  });
  app.route({ method: ['GET', 'HEAD'], url: '/v1/alerts', ...machine,
    handler: (request, reply) => list(request, reply, deps) });
  app.route<{ Params: { alert_id: string } }>({ method: ['GET', 'HEAD'], url: '/v1/alerts/:alert_id', ...machine,
    handler: (request, reply) => inspect(request, reply, deps) });
  app.delete('/v1/alerts', machine, async (request, reply) => {
    requireTrusted(request, deps);
    const filter = readAlertFilter(queryOf(request.url), deps.store.now());
    return sendJson(reply, { nbDeleted: String(await deps.store.alerts.remove(filter)) });
  });
  app.delete('/v1/alerts/:alert_id', machine, async (request, reply) => {
    requireTrusted(request, deps);
    const id = readId((request as WithId).params.alert_id, 'alert_id');
    if (!await deps.store.alerts.removeById(id)) throw new Refusal('notFound', 'ent: alert not found');
    return sendJson(reply, { nbDeleted: '1' });
  });
}

async function list(request: FastifyRequest, reply: FastifyReply, { store, bulk }: RouteDeps): Promise<FastifyReply> {
  const query = queryOf(request.url);
  const now = store.now();
  const filter = readAlertFilter(query, now);
  const page = readAlertPage(query);
  const isBounded = page.limit > 0 && page.limit <= lapiLimits.alertPageRows;
  const ids = isBounded ? await store.alerts.ids(filter, page) : null;
  if (request.method === 'HEAD') return sendHead(reply);
  if (ids === null || (page.withDecisions && await store.alerts.haveManyDecisions(ids))) {
    return sendPieces(reply, bulk.run({ kind: 'listAlerts', query: query.toString() }));
  }
  const alerts = await store.alerts.load(ids, page.withDecisions);
  return sendJson(reply, alerts.length === 0 ? null : alerts.map((alert) => alertJson(alert, now)));
}

async function inspect(request: WithId, reply: FastifyReply, { store }: RouteDeps): Promise<FastifyReply> {
  const alert = await store.alerts.get(readId(request.params.alert_id, 'alert_id'));
  if (alert === null) throw new Refusal('notFound', 'object not found');
  return request.method === 'HEAD' ? sendHead(reply) : sendJson(reply, alertJson(alert, store.now()));
}

/** Deleting alerts is for this host and those that the configuration trusts. */
function requireTrusted(request: FastifyRequest, { trusted }: RouteDeps): void {
  const address = request.clientAddress;
  if (!isLoopback(address) && !trusted.has(address)) {
    throw new Refusal('forbidden', `access forbidden from this IP (${address})`);
  }
}
