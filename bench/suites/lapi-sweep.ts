// Every filter of both lists at half a million decisions: alone, in pairs and in larger combinations, each answer compared with a plain
// reading of all rows, on the database that is asked for. Answers of more rows than a page are compared and not timed: they take
// as long as their text.

import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
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
export async function sweepLists(of: string, world: readonly WorldAlert[], server: SweptServer,
  tell: (line: string) => void): Promise<void> {
  const random = randomFrom(sweepCase.seed);
  const idsFrom = (places: readonly number[]): number[] => places.map((place) => place + 1);
  await sweep({ of: `${of}, /v1/alerts`, path: '/v1/alerts?with_decisions=false&', queries: combinations(alertFilters, random, sweepCase.moreCount),
    wanted: (query) => idsFrom(listAlerts(world, query)), count: (all) => all.length, server }, tell);
  await sweep({ of: `${of}, /v1/decisions`, path: '/v1/decisions?', queries: combinations(decisionFilters, random, sweepCase.moreCount),
    wanted: (query) => idsFrom(listDecisions(world, query)), count: (all, query) => Math.max(0,
      Math.min(all.length - Number(query.get('offset') ?? 0), Number(query.get('limit') ?? Infinity))), server }, tell);
}

/** A server of the world. */
export interface SweptServer {
  get(path: string): Promise<Response>;
  /** Processor time so far. */
  cpuMs(): number;
}

interface Sweep {
  readonly of: string;
  readonly path: string;
  readonly queries: readonly string[];
  /** Ids that pass, the whole answer or what it is a page of. */
  wanted(query: URLSearchParams): readonly number[];
  /** How many of them the answer has. */
  count(wanted: readonly number[], query: URLSearchParams): number;
  readonly server: SweptServer;
}

/** The shortest of a few times of each query: the others waited for something else on this machine. Where none is short, processor time tells. */
async function sweep({ of, path, queries, wanted, count: countOf, server }: Sweep, tell: (line: string) => void): Promise<void> {
  const times: { readonly ms: number; readonly cpuMs: number; readonly text: string }[] = [];
  for (const text of queries) {
    // Many are only read here; meanwhile the server may have closed the connection.
    await setImmediate();
    const query = new URLSearchParams(text);
    const all = wanted(query);
    const count = countOf(all, query);
    // Longer answers take as long as their text, and are the matter of imports and start-ups.
    if (count > sweepCase.pageMax) continue;
    let [ms, cpuMs] = [Infinity, Infinity];
    for (let round = 0; round < sweepCase.roundsMax && ms > sweepCase.fastMs; round++) {
      const [start, cpuStart] = [performance.now(), server.cpuMs()];
      const answer = await (await server.get(path + text)).text();
      ms = Math.min(ms, performance.now() - start);
      cpuMs = Math.min(cpuMs, server.cpuMs() - cpuStart);
      if (round > 0) continue;
      const ids = (JSON.parse(answer) as { id: number }[] | null ?? []).map(({ id }) => id);
      const passing = new Set(all);
      assert.ok(ids.length === count && ids.every((id) => passing.delete(id)), `${path}${text}: ${answer.slice(0, 200)}`);
    }
    times.push({ ms, cpuMs, text });
  }
  const slow = times.filter(({ ms }) => ms > sweepCase.msMax).sort((a, b) => b.cpuMs - a.cpuMs);
  for (const [clock, all] of [['by the clock', times.map(({ ms }) => ms)], ['processor time', times.map(({ cpuMs }) => cpuMs)]] as const) {
    tell(`| ${of}, ${times.length} queries, ${clock}: median, 99 of 100, longest | ${quantile(all, 0.5).toFixed(1)}, ${quantile(all, 0.99).toFixed(1)}, ${
      Math.max(...all).toFixed(1)} | ${sweepCase.msMax} |`);
  }
  for (const { ms, cpuMs, text } of slow) tell(`| ?${text} | ${ms.toFixed(1)}, processor ${cpuMs.toFixed(1)} | ${sweepCase.msMax} |`);
}
