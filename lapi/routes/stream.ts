// GET /v1/decisions/stream: everything in force on start-up, then what is new and what ended since the last pull, in
// CrowdSec's exact framing. A start-up comes from memory, shared; so does a delta, by the bouncer's place in the change
// log. Without such a place (a bouncer that CrowdSec served before) it is read by time from the database, page by page.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { nanosecondsPer } from '../../ts/util/go-duration.js';
import type { GoTime } from '../../ts/util/go-time.js';
import { sumAt } from '../change-feed.js';
import type { RouteDeps } from '../deps.js';
import { bouncerOf, sendHead } from '../exchange.js';
import { lapiLimits } from '../limits.js';
import type { Bouncer } from '../store/bouncers.js';
import { cursorAt, type DecisionDelta } from '../store/decision-delta.js';
import { passes, type DecisionFilter, type StreamPart } from '../store/decisions.js';
import type { StartupStream, StartupStreams } from '../startup-streams.js';
import type { Store } from '../store/store.js';
import { itemsText } from '../stream-items.js';
import { readStreamFilter } from './decision-query.js';
import { queryOf } from './query.js';

/** Ends are reported again for this long before the last pull, for bans that ended while it was under way. */
const overlapNs = 2 * nanosecondsPer.second;

/** As bytes: of a text the framework would name the character set in the content type. */
const nothingNew = Buffer.from('{"new": [], "deleted": []}');

/** Adds the stream of decisions. */
export function addStreamRoute(app: FastifyInstance, deps: RouteDeps, startups: StartupStreams): void {
  app.route({ method: ['GET', 'HEAD'], url: '/v1/decisions/stream', config: { access: 'bouncer' },
    handler: (request, reply) => stream(request, reply, deps, startups) });
}

async function stream(request: FastifyRequest, reply: FastifyReply, { store }: RouteDeps,
  startups: StartupStreams): Promise<FastifyReply> {
  if (request.method === 'HEAD') return sendHead(reply);
  const now = store.now();
  const bouncer = bouncerOf(request);
  const query = queryOf(request.url);
  const filter = readStreamFilter(query);
  const wanted: Wanted = { filter, dedup: query.get('dedup') !== 'false', now,
    since: query.get('startup') === 'true' || bouncer.lastPull.isZero ? null : bouncer.lastPull };
  reply.code(200).header('content-type', 'application/json');
  const delta = wanted.since === null ? null : await store.decisions.delta(bouncer.cursor, filter, wanted.dedup);
  if (delta !== null) {
    await addSum(reply, store, wanted, delta.cursor);
    await store.bouncers.recordPull(bouncer, delta.now, delta.cursor);
    return reply.send(deltaBody(delta));
  }
  const followed = await store.decisions.inMemory();
  const shared = followed === null || wanted.since !== null ? null
    : startups.get(followed, filter, wanted.dedup, now);
  if (shared !== null) await addSum(reply, store, wanted, shared.cursor);
  return reply.send(Readable.from(shared === null ? body(store, bouncer, wanted) : startupBody(store, bouncer, wanted, shared, startups)));
}

/** Headers of ours: what a client that holds the whole set compares it with (docs/stream.md). */
async function addSum(reply: FastifyReply, store: Store, { filter, dedup }: Wanted, cursor: string): Promise<void> {
  const { range, value, idAbove } = filter;
  if (dedup || range !== undefined || value !== undefined || idAbove !== undefined) return;
  const sum = await sumAt(store, cursor, filter);
  if (sum !== null) reply.headers({ 'x-palisade-count': String(sum.count), 'x-palisade-checksum': sum.checksum });
}

/** What a bouncer asked for. `since` is null on start-up. */
interface Wanted {
  readonly filter: DecisionFilter;
  readonly dedup: boolean;
  readonly now: GoTime;
  readonly since: GoTime | null;
}

async function* startupBody(store: Store, bouncer: Bouncer, { filter, dedup, now }: Wanted, shared: StartupStream,
  startups: StartupStreams): AsyncGenerator<string | Buffer> {
  yield '{"new": [';
  let isFirst = true;
  for await (const slice of startups.slices(shared)) {
    if (!isFirst) yield ',';
    isFirst = false;
    yield slice;
  }
  yield '], "deleted": [';
  if (await store.decisions.hasEnded(now)) yield* items(store, { kind: 'deleted', now, dedup }, filter, now);
  await store.bouncers.recordPull(bouncer, shared.now, shared.cursor);
  yield ']}';
}

/** Without what start-ups share: since a pull, or from the database alone. */
async function* body(store: Store, bouncer: Bouncer, { filter, dedup, now, since }: Wanted): AsyncGenerator<string> {
  yield '{"new": [';
  const followed = await store.decisions.inMemory();
  // Taken first: what changes while a page is read is told again rather than not at all.
  const cursor = followed === null ? '' : cursorAt(followed, now);
  if (followed !== null) {
    const rows = followed.index.all().filter((row) => row.createdAt.compare(since!) > 0 && row.until.compare(now) > 0
      && passes(row, filter) && (!dedup || followed.index.isLongest(row)));
    yield itemsText(rows, now);
  } else yield* items(store, { kind: 'new', now, dedup, since: since ?? undefined }, filter, now);
  yield '], "deleted": [';
  if (since !== null || await store.decisions.hasEnded(now)) {
    yield* items(store, { kind: 'deleted', now, dedup, since: since?.add(-overlapNs) }, filter, now);
  }
  await store.bouncers.recordPull(bouncer, now, cursor);
  yield ']}';
}

function deltaBody({ added, ended, now }: DecisionDelta): Buffer {
  if (added.length === 0 && ended.length === 0) return nothingNew;
  return Buffer.from(`{"new": [${itemsText(added, now)}], "deleted": [${itemsText(ended, now)}]}`);
}

async function* items(store: Store, part: StreamPart, filter: DecisionFilter, now: GoTime): AsyncGenerator<string> {
  let idAbove = filter.idAbove ?? 0;
  let separator = '';
  for (;;) {
    const rows = await store.decisions.streamPage(part, { ...filter, idAbove });
    if (rows.length > 0) {
      yield separator + itemsText(rows, now);
      separator = ',';
      idAbove = rows[rows.length - 1].id;
    }
    if (rows.length < lapiLimits.streamPageRows) return;
  }
}
