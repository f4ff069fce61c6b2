// Our Local API with hundreds of thousands of decisions: how long lists with filters take, and the memory that a hundred
// bouncers cost that start at once. The decisions are written into its database directly: how fast an import is, lapi.ts
// measures.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openStore, type Store, type StoreOptions } from '../../lapi/store/store.js';
import type { WorldAlert } from '../../test/support/alert-world.js';
import { testDatabases, type TestDatabase } from '../../test/lapi/store/databases.js';
import { attackerAddress, bannedAddress, benchAlert, lapiScaleCase } from '../cases/lapi.js';
import { palisadeServer, type RunningServer } from '../engines/lapi-servers.js';
import { fillSweep, sweepLists } from './lapi-sweep.js';

const key = 'benchbouncerkey0123456789';

/** Runs the bench below `work` and tells a table row for each figure. Throws when an answer is not what it must be. */
export async function runLapiScale(work: string, tell: (line: string) => void): Promise<void> {
  tell('\n## Local API alone\n\n| | ms, or MB | goal |\n|---|---|---|');
  const { alertCount, listDecisionCount, startDecisionCount } = lapiScaleCase;
  await withServer(join(work, 'lapi-lists'), fillLists(listDecisionCount), (get) =>
    timeLists(tell, `${listDecisionCount} decisions`, lapiScaleCase.lists, (query) => get(`/v1/decisions?${query}`)));
  await withServer(join(work, 'lapi-alerts'), async (store) => {
    await fillLists(listDecisionCount - alertCount)(store);
    await fillAlerts(store);
  }, (get) => timeLists(tell, `${listDecisionCount} decisions, ${alertCount} alerts`, lapiScaleCase.alertLists, (query) => get(`/v1/alerts?${query}`)));
  for (const database of testDatabases()) await sweepDatabase(work, database, tell);
  await withServer(join(work, 'lapi-starts'), fillLists(startDecisionCount), async (get, running) => {
    const path = '/v1/decisions/stream?startup=true';
    // Read as they come, for this process has no room for all of them. Durations may differ by a digit.
    const counts = await Promise.all(Array.from({ length: lapiScaleCase.startCount }, async () => {
      let count = 0;
      for await (const chunk of (await get(path)).body!) count += (Buffer.from(chunk).toString('latin1').match(/"value"/g) ?? []).length;
      return count;
    }));
    // A word may be cut in two by the end of a chunk.
    for (const count of counts) assert.ok(count > lapiScaleCase.startDecisionCount * 0.99, `${count} decisions`);
    tell(`| ${lapiScaleCase.startCount} starts at once, ${lapiScaleCase.startDecisionCount} decisions, peak MB | ${
      (running.peakBytes() / 2 ** 20).toFixed(0)} | ${lapiScaleCase.startMegabytesMax} |`);
  });
}

/** All filters of both lists on one database; nothing where it is not installed. */
export async function sweepDatabase(work: string, database: TestDatabase, tell: (line: string) => void): Promise<void> {
  if (database.skip !== false) return;
  await database.start();
  try {
    await database.create();
    const clock = { ms: Date.now() };
    let world: readonly WorldAlert[] = [];
    await withServer(join(work, 'lapi-sweep'), async (store) => {
      world = await fillSweep(store, clock);
      // As servers do by themselves after a minute or two; without it they guess how to go about a query.
      if (database.server !== null) await database.run([database.name === 'PostgreSQL' ? 'analyze' : 'analyze table alerts, decisions']);
    }, (get, { cpuMs }) =>
      sweepLists(database.name, world, { get, cpuMs }, tell), { options: database.options, nowMs: () => clock.ms });
  } finally {
    await database.stop();
  }
}

/** The shortest of three times of each query. */
async function timeLists(tell: (line: string) => void, of: string, lists: readonly (readonly [query: string, count: number])[],
  ask: (query: string) => Promise<Response>): Promise<void> {
  for (const [query, count] of lists) {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      const rows = await (await ask(query)).json() as unknown[] | null;
      times.push(performance.now() - start);
      assert.equal(rows?.length ?? 0, count, query);
    }
    tell(`| ${of}, ?${query} | ${Math.min(...times).toFixed(1)} | ${lapiScaleCase.listMsMax} |`);
  }
}

/** Decisions are asked for as a bouncer, alerts as a machine. */
async function withServer(folder: string, fill: (store: Store) => Promise<void>,
  use: (get: (path: string) => Promise<Response>, running: RunningServer) => Promise<void>,
  { options, nowMs }: { options?: StoreOptions; nowMs?: () => number } = {}): Promise<void> {
  const server = palisadeServer(folder, 18_484, options && `type: ${options.type}, db_path: ${options.path}, user: ${options.user ?? ''}, db_name: ${options.name ?? ''}`);
  server.cscli('bouncers', 'add', 'bench', '-k', key);
  server.cscli('machines', 'add', 'bench', '-p', 'bench', '--force', '-u', server.url);
  const store = await openStore(options ?? { type: 'sqlite', path: join(folder, 'data/crowdsec.db'), useWal: true, bulkSize: 1000 }, nowMs);
  await fill(store);
  await store.close();
  const running = await server.start();
  try {
    const agent = { 'user-agent': 'crowdsec/v1.0-bench' };
    const login = await fetch(`${server.url}/v1/watchers/login`, { method: 'POST', headers: agent,
      body: JSON.stringify({ machine_id: 'bench', password: 'bench' }) });
    const { token } = await login.json() as { token: string };
    await use((path) => fetch(server.url + path, { headers: path.startsWith('/v1/alerts') ? { ...agent, authorization: `Bearer ${token}` }
      : { 'x-api-key': key, 'user-agent': 'bench/v1.0' } }), running);
  } finally {
    await running.stop();
  }
}

function fillLists(count: number): (store: Store) => Promise<void> {
  const listSize = 20_000;
  return async (store) => {
    for (let from = 0; from < count; from += listSize) {
      const decisions = Array.from({ length: listSize }, (_, index) => ({ duration: '24h', origin: 'lists', scenario: 'bench', scope: 'Ip',
        type: 'ban', value: bannedAddress(from + index) }));
      await store.alerts.add(null, [{ ...benchAlert(from), events: [], decisions } as never]);
    }
  };
}

/** Each with a decision of its own. */
async function fillAlerts(store: Store): Promise<void> {
  const { alertCount, rareEvery } = lapiScaleCase;
  for (let from = 0; from < alertCount; from += 5000) {
    await store.alerts.add(null, Array.from({ length: 5000 }, (_, place) => {
      const index = from + place;
      const isRare = index % rareEvery === 0;
      const value = attackerAddress(index);
      const scenario = isRare ? 'bench/rare' : 'bench/scenario';
      return { ...benchAlert(index), scenario, source: { scope: 'Ip', value, ip: value }, events: [], decisions: [{ duration: '24h', scope: 'Ip', value, scenario,
        origin: isRare ? 'rare' : 'crowdsec', type: isRare ? 'captcha' : 'ban' }] } as never;
    }));
  }
}
