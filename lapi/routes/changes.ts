// GET /v1/decisions/changes: the open stream of changes, ours (docs/stream.md). CrowdSec has no such route; bouncers that
// do not know it poll /v1/decisions/stream.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { authenticateBouncer } from '../auth/bouncer-auth.js';
import type { ChangeStreams } from '../change-streams.js';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { bouncerOf } from '../exchange.js';
import { lapiLimits } from '../limits.js';
import type { DecisionFilter } from '../store/decisions.js';
import { readStreamFilter } from './decision-query.js';
import { queryOf } from './query.js';

/** Adds the open stream. */
export function addChangesRoute(app: FastifyInstance, deps: RouteDeps, streams: ChangeStreams): void {
  app.get('/v1/decisions/changes', { config: { access: 'bouncer' } },
    (request, reply) => follow(request, reply, deps, streams));
  app.addHook('preClose', async () => streams.close());
  // What this server wrote it need not find by looking.
  app.addHook('onResponse', async ({ method }) => {
    if (method !== 'GET' && method !== 'HEAD') deps.store.decisions.wake();
  });
}

async function follow(request: FastifyRequest, reply: FastifyReply, deps: RouteDeps,
  streams: ChangeStreams): Promise<FastifyReply> {
  const query = queryOf(request.url);
  const { store } = deps;
  const { pieces, close } = await streams.open({
    owner: bouncerOf(request).name, filter: keyed(readFilter(query)), after: positionOf(request, query),
    check: async (cursor) => {
      const bouncer = await authenticateBouncer(request, deps);
      await store.bouncers.recordPull(bouncer, store.now(), cursor);
    },
    cut: () => { reply.raw.destroy(); },
  });
  if (reply.raw.destroyed) close();
  else reply.raw.once('close', close);
  return reply.code(200).headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store',
    // For nginx, which would hold events back.
    'x-accel-buffering': 'no' }).send(Readable.from(pieces));
}

function positionOf(request: FastifyRequest, query: URLSearchParams): string {
  const header = request.headers['last-event-id'];
  const text = typeof header === 'string' && header !== '' ? header : query.get('after') ?? '';
  if (text.length > lapiLimits.positionCharsMax) throw new Refusal('badFilter', 'the position is too long');
  return text;
}

/** Pages and addresses are for other routes. */
function readFilter(query: URLSearchParams): DecisionFilter {
  const filter = readStreamFilter(query);
  return { ...filter, range: undefined, limit: undefined, offset: undefined, idAbove: undefined };
}

function keyed(filter: DecisionFilter) {
  return { key: JSON.stringify(filter), filter };
}
