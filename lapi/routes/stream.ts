// GET /v1/decisions/stream: everything in force on start-up, then what is new and what ended since the last pull.
// Written while it is read from the store, page by page, in CrowdSec's exact framing.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import type { RouteDeps } from '../deps.js';
import { bouncerOf, sendHead } from '../exchange.js';
import { encodeJson } from '../json.js';
import { lapiLimits } from '../limits.js';
import type { DecisionFilter, DecisionRow, StreamPart } from '../store/decisions.js';
import type { Store } from '../store/store.js';
import { timeLeft } from './alert-json.js';
import { readDecisionFilter } from './decision-query.js';
import { queryOf } from './query.js';

/** Ends are reported again for this long before the last pull, for bans that ended while it was under way. */
const overlapNs = 2 * nanosecondsPer.second;

/** Adds the stream of decisions. */
export function addStreamRoute(app: FastifyInstance, deps: RouteDeps): void {
  app.route({ method: ['GET', 'HEAD'], url: '/v1/decisions/stream', config: { access: 'bouncer' },
    handler: (request, reply) => stream(request, reply, deps) });
}

async function stream(request: FastifyRequest, reply: FastifyReply, { store }: RouteDeps): Promise<FastifyReply> {
  if (request.method === 'HEAD') return sendHead(reply);
  const now = store.now();
  const bouncer = bouncerOf(request);
  const query = queryOf(request.url);
  if (!query.has('scopes') && !query.has('scope')) query.set('scopes', 'ip,range');
  const filter = readDecisionFilter(query);
  const dedup = query.get('dedup') !== 'false';
  const isStartup = query.get('startup') === 'true';
  const sinceFirst = isStartup || bouncer.lastPull.isZero;
  const created: StreamPart = { kind: 'new', now, dedup, since: sinceFirst ? undefined : bouncer.lastPull };
  const ended: StreamPart = { kind: 'deleted', now, dedup,
    since: sinceFirst ? undefined : bouncer.lastPull.add(-overlapNs) };
  async function* body(): AsyncGenerator<string> {
    yield '{"new": [';
    yield* items(store, created, filter, now);
    yield '], "deleted": [';
    yield* items(store, ended, filter, now);
    await store.bouncers.report(bouncer.id, { lastPull: now });
    yield ']}';
  }
  return reply.code(200).header('content-type', 'application/json').send(Readable.from(body()));
}

async function* items(store: Store, part: StreamPart, filter: DecisionFilter, now: GoTime): AsyncGenerator<string> {
  let idAbove = filter.idAbove ?? 0;
  let separator = '';
  for (;;) {
    const rows = await store.decisions.streamPage(part, { ...filter, idAbove });
    if (rows.length > 0) {
      yield separator + rows.map((row) => encodeJson(decisionJson(row, now))).join(',');
      separator = ',';
      idAbove = rows[rows.length - 1].id;
    }
    if (rows.length < lapiLimits.streamPageRows) return;
  }
}

function decisionJson(row: DecisionRow, now: GoTime): object {
  return { duration: timeLeft(row.until, now), id: row.id, origin: row.origin, scenario: row.scenario,
    scope: row.scope, type: row.type, ...(row.uuid && { uuid: row.uuid }), value: row.value };
}
