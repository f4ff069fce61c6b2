// Allowlists as machines and bouncers see them: listed, read, and asked about one address or many. CrowdSec opens these
// routes to machines only; a bouncer needs the lists to keep from banning what they hold. Editing them is cscli's.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { bodyOf, sendJson, sendPieces } from '../exchange.js';
import { lapiLimits } from '../limits.js';
import { bulkCheckRequest } from '../schema/allowlist.js';
import { decodeBody } from '../schema/validate.js';
import type { Allowlist } from '../store/allowlists.js';
import { rfc3339Millis } from '../store/columns.js';
import type { Store } from '../store/store.js';
import { checkAllowlists, refusing } from './allowlist-check.js';
import { queryOf } from './query.js';

/** Adds the routes of allowlists. */
export function addAllowlistRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const { store } = deps;
  const reader = { config: { access: 'reader' as const } };
  app.get('/v1/allowlists', reader, async (request, reply) =>
    sendJson(reply, (await store.allowlists.list(wantsContent(request))).map(allowlistJson)));
  app.route<{ Params: { ip_or_range: string } }>({ method: ['GET', 'HEAD'], url: '/v1/allowlists/check/:ip_or_range',
    ...reader, handler: (request, reply) => check(request, reply, request.params.ip_or_range, store) });
  app.post('/v1/allowlists/check', reader, (request, reply) => checkMany(request, reply, deps));
  app.get<{ Params: { allowlist_name: string } }>('/v1/allowlists/:allowlist_name', reader,
    async (request, reply) => {
      const name = request.params.allowlist_name;
      const list = await store.allowlists.get(name, wantsContent(request));
      if (list === null) throw new Refusal('notFound', `allowlist '${name}' not found`);
      return sendJson(reply, allowlistJson(list));
    });
}

async function check(request: FastifyRequest, reply: FastifyReply, value: string, store: Store): Promise<FastifyReply> {
  const reasons = await refusing(() => store.allowlists.reasons(value));
  if (request.method === 'HEAD') return reply.code(reasons.length > 0 ? 200 : 204).send();
  return sendJson(reply, reasons.length > 0 ? { allowlisted: true, reason: reasons.join(', ') } : {});
}

async function checkMany(request: FastifyRequest, reply: FastifyReply, { store, bulk }: RouteDeps): Promise<FastifyReply> {
  const body = bodyOf(request);
  if (body.length > lapiLimits.inlineBodyBytesMax) return sendPieces(reply, bulk.run({ kind: 'checkAllowlists', body }));
  return sendJson(reply, await checkAllowlists(store, decodeBody(bulkCheckRequest, body).targets ?? []));
}

function wantsContent(request: FastifyRequest): boolean {
  return queryOf(request.url).get('with_content') === 'true';
}

function allowlistJson(list: Allowlist): object {
  return {
    ...(list.consoleId && { allowlist_id: list.consoleId }), ...(list.isFromConsole && { console_managed: true }),
    created_at: rfc3339Millis(list.createdAt), description: list.description,
    items: list.items.map((item) => ({ created_at: rfc3339Millis(item.createdAt),
      ...(item.comment && { description: item.comment }), expiration: rfc3339Millis(item.expiresAt),
      value: item.value })),
    name: list.name, updated_at: rfc3339Millis(list.updatedAt),
  };
}
