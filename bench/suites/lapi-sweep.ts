// Every filter of both lists at half a million decisions: alone, in pairs and in larger combinations, each answer compared with a plain
// reading of all rows, on the database that is asked for. Answers of more rows than a page are compared and not timed: they take
// as long as their text.

import assert from 'node:assert/strict';
import type { Store } from '../../lapi/store/store.js';
import { randomFrom } from '../../ts/util/random.js';
import { alertFilters, combinations, decisionFilters } from '../../test/support/alert-queries.js';
import { alertWorld, fillWorld, listAlerts, listDecisions, type WorldAlert } from '../../test/support/alert-world.js';
import { quantile } from '../quantile.js';

/** The world, and what is asked of it. */
const sweepCase = {
  /** Of half a million decisions three fifths are blocklists'. */
  world: { alertCount: 220_000, listCount: 15, listSize: 20_000 },
  seed: 1,
  /** Combinations of three and four. */
  moreCount: 300,
  /** Milliseconds that each query may take, and those after which it is not asked again. */
  msMax: 100,
  fastMs: 50,
  roundsMax: 3,
  /** Rows of an answer that is a page; longer ones are not asked for. */
  pageMax: 1_000,
} as const;

/** Fills the empty database of a server that has not been started. Returns what it holds. */
export async function fillSweep(store: Store, clock: { ms: number }): Promise<readonly WorldAlert[]> {
  const world = alertWorld(sweepCase.world, randomFrom(sweepCase.seed));
  await fillWorld(store, clock, world, clock.ms);
  return world;
}

/** Asks a server of this world everything. Tells a row for each list, and those queries that took too long. */
export async function sweepLists(of: string, world: readonly WorldAlert[], get: (path: string) => Promise<Response>,
  tell: (line: string) => void): Promise<void> {
  const random = randomFrom(sweepCase.seed);
  const idsFrom = (places: readonly number[]): number[] => places.map((place) => place + 1);
  await sweep({ of: `${of}, /v1/alerts`, path: '/v1/alerts?with_decisions=false&', queries: combinations(alertFilters, random, sweepCase.moreCount),
    wanted: (query) => idsFrom(listAlerts(world, query)), count: (all) => all.length, get }, tell);
  await sweep({ of: `${of}, /v1/decisions`, path: '/v1/decisions?', queries: combinations(decisionFilters, random, sweepCase.moreCount),
    wanted: (query) => idsFrom(listDecisions(world, query)), count: (all, query) => Math.max(0,
      Math.min(all.length - Number(query.get('offset') ?? 0), Number(query.get('limit') ?? Infinity))), get }, tell);
}

interface Sweep {
  readonly of: string;
  readonly path: string;
  readonly queries: readonly string[];
  /** Ids that pass, the whole answer or what it is a page of. */
  wanted(query: URLSearchParams): readonly number[];
  /** How many of them the answer has. */
  count(wanted: readonly number[], query: URLSearchParams): number;
  get(path: string): Promise<Response>;
}

/** The shortest of a few times of each query: the others waited for something else on this machine. */
async function sweep({ of, path, queries, wanted, count: countOf, get }: Sweep, tell: (line: string) => void): Promise<void> {
  const times: [ms: number, text: string][] = [];
  for (const text of queries) {
    const query = new URLSearchParams(text);
    const all = wanted(query);
    const count = countOf(all, query);
    // Longer answers take as long as their text, and are the matter of imports and start-ups.
    if (count > sweepCase.pageMax) continue;
    let best = Infinity;
    for (let round = 0; round < sweepCase.roundsMax && best > sweepCase.fastMs; round++) {
      const start = performance.now();
      const answer = await (await get(path + text)).text();
      best = Math.min(best, performance.now() - start);
      if (round > 0) continue;
      const ids = (JSON.parse(answer) as { id: number }[] | null ?? []).map(({ id }) => id);
      const passing = new Set(all);
      assert.ok(ids.length === count && ids.every((id) => passing.delete(id)), `${path}${text}: ${answer.slice(0, 200)}`);
    }
    times.push([best, text]);
  }
  const slow = times.filter(([ms]) => ms > sweepCase.msMax).sort(([a], [b]) => b - a);
  const ms = times.map(([time]) => time);
  tell(`| ${of}, ${times.length} queries: median, 99 of 100, longest | ${quantile(ms, 0.5).toFixed(1)}, ${quantile(ms, 0.99).toFixed(1)}, ${
    Math.max(...ms).toFixed(1)} | ${sweepCase.msMax} |`);
  for (const [time, text] of slow) tell(`| ?${text} | ${time.toFixed(1)} | ${sweepCase.msMax} |`);
}
