// Decisions: bouncers ask whether something is banned, cscli takes bans back.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { bouncerOf, sendHead, sendJson, sendPieces } from '../exchange.js';
import { readDecisionFilter, readExpireFilter } from './decision-query.js';
import { liveDecisionJson } from './list-text.js';
import { queryOf, readId } from './query.js';

/** Adds the live query and the deletions. */
export function addDecisionRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const { store } = deps;
  app.route({ method: ['GET', 'HEAD'], url: '/v1/decisions', config: { access: 'bouncer' },
    handler: (request, reply) => query(request, reply, deps) });
  app.delete('/v1/decisions', { config: { access: 'machine' } }, async (request, reply) =>
    sendJson(reply, { nbDeleted: String(await store.decisions.expire(readExpireFilter(queryOf(request.url)))) }));
  app.delete<{ Params: { decision_id: string } }>('/v1/decisions/:decision_id', { config: { access: 'machine' } },
    async (request, reply) => {
      const id = readId(request.params.decision_id, 'decision_id');
      const count = await store.decisions.expireById(id);
      if (count === 0) throw new Refusal('notFound', `decision with id '${id}' doesn't exist: unable to delete`);
      return sendJson(reply, { nbDeleted: String(count) });
    });
}

async function query(request: FastifyRequest, reply: FastifyReply, { store, metrics, bulk }: RouteDeps): Promise<FastifyReply> {
  if (request.method === 'HEAD') return sendHead(reply);
  const bouncer = bouncerOf(request);
  const parameters = queryOf(request.url);
  const rows = await store.decisions.fewActive(readDecisionFilter(parameters));
  metrics.countAnswer(bouncer.name, rows?.length === 0);
  const now = store.now();
  if (now.since(bouncer.lastPull) > nanosecondsPer.minute) await store.bouncers.recordPull(bouncer, now);
  if (rows === null) return sendPieces(reply, bulk.run({ kind: 'listDecisions', query: parameters.toString() }));
  return sendJson(reply, rows.length === 0 ? null : rows.map((row) => liveDecisionJson(row, now)));
}
