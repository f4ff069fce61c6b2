// Our Local API with hundreds of thousands of decisions: how long lists with filters take, and the memory that a hundred
// bouncers cost that start at once. The decisions are written into its database directly: how fast an import is, lapi.ts
// measures.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openStore } from '../../lapi/store/store.js';
import { bannedAddress, benchAlert, lapiScaleCase } from '../cases/lapi.js';
import { palisadeServer, type RunningServer } from '../engines/lapi-servers.js';

const key = 'benchbouncerkey0123456789';

/** Runs the bench below `work` and tells a table row for each figure. Throws when an answer is not what it must be. */
export async function runLapiScale(work: string, tell: (line: string) => void): Promise<void> {
  tell('\n## Local API alone\n\n| | ms, or MB | goal |\n|---|---|---|');
  await withServer(join(work, 'lapi-lists'), lapiScaleCase.listDecisionCount, async (get) => {
    for (const [query, count] of lapiScaleCase.lists) {
      const times: number[] = [];
      for (let round = 0; round < 3; round++) {
        const start = performance.now();
        const rows = await (await get(`/v1/decisions?${query}`)).json() as unknown[] | null;
        times.push(performance.now() - start);
        assert.equal(rows?.length ?? 0, count, query);
      }
      tell(`| ${lapiScaleCase.listDecisionCount} decisions, ?${query} | ${Math.min(...times).toFixed(1)} | ${lapiScaleCase.listMsMax} |`);
    }
  });
  await withServer(join(work, 'lapi-starts'), lapiScaleCase.startDecisionCount, async (get, running) => {
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

async function withServer(folder: string, decisionCount: number,
  use: (get: (path: string) => Promise<Response>, running: RunningServer) => Promise<void>): Promise<void> {
  const server = palisadeServer(folder, 18_484);
  server.cscli('bouncers', 'add', 'bench', '-k', key);
  await fill(join(folder, 'data/crowdsec.db'), decisionCount);
  const running = await server.start();
  try {
    await use((path) => fetch(server.url + path, { headers: { 'x-api-key': key, 'user-agent': 'bench/v1.0' } }), running);
  } finally {
    await running.stop();
  }
}

async function fill(path: string, count: number): Promise<void> {
  const store = await openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 });
  const listSize = 20_000;
  for (let from = 0; from < count; from += listSize) {
    const decisions = Array.from({ length: listSize }, (_, index) => ({ duration: '24h', origin: 'lists', scenario: 'bench', scope: 'Ip',
      type: 'ban', value: bannedAddress(from + index) }));
    await store.alerts.add(null, [{ ...benchAlert(from), events: [], decisions } as never]);
  }
  await store.close();
}
