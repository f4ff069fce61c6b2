// A Local API that is away, slow, wrong or cut short, in random order: nothing that it last told is ever missing from the
// kernel, and each whole answer is there exactly. PALISADE_SEED repeats a run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NftablesBackend } from '../../bouncer/backends/nftables.js';
import { readConfig } from '../../bouncer/config.js';
import { textsOf } from '../../bouncer/element-list.js';
import { startBouncer, type RunningBouncer } from '../../bouncer/run.js';
import { silentLog } from '../../ts/config/log.js';
import { inNetworkNamespace } from '../support/network-namespace.js';
import { randomBelow } from './naive-bans.js';
import { waitFor } from './wait-for.js';
import { testSeed } from '../support/random.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-faults-'));
after(() => rmSync(folder, { recursive: true }));
const seed = testSeed();
const rounds = Number(process.env['PALISADE_FAULT_ROUNDS'] ?? 80);

type Fault = (response: ServerResponse, answer: Buffer, random: (below: number) => number) => void | Promise<void>;

/** What a server can do instead of answering. */
const faults: Readonly<Record<string, Fault>> = {
  'answers 500': (response) => void response.writeHead(500).end(),
  'answers 504': (response) => void response.writeHead(504).end('<html>'),
  'answers 403': (response) => void response.writeHead(403).end('{"message":"access forbidden"}'),
  'answers null': (response) => void response.end('null'),
  'answers nothing': (response) => void response.end(),
  'answers an empty page': (response) => void response.end('<html></html>'),
  'closes without an answer': (response) => void response.destroy(),
  'closes amid the answer': (response, answer, random) => {
    response.writeHead(200, { 'content-length': answer.length }).write(answer.subarray(0, random(answer.length)));
    response.destroy();
  },
  'ends amid the answer': (response, answer, random) => void response.end(answer.subarray(0, random(answer.length))),
};

/** A Local API that fails as it likes, and knows what the kernel must and may hold meanwhile. */
class FaultyLapi {
  readonly server: Server;
  /** What the kernel must hold, and all it may hold. */
  sure = new Set<string>();
  possible = new Set<string>();
  rounds = 0;
  readonly history: string[] = [];
  failure: Error | null = null;
  /** Called before each answer, when the last one has been taken in. */
  check: (() => Promise<void>) | null = null;
  readonly #random = randomBelow(seed);
  readonly #wanted = new Set<string>();

  constructor() {
    this.server = createServer((request, response) => {
      if (!request.url!.startsWith('/v1/decisions/stream')) return void response.writeHead(404).end();
      this.#serve(request.url!.includes('startup=true'), response).catch((error: Error) => {
        this.failure ??= error;
        response.destroy();
      });
    });
  }

  async #serve(isStartup: boolean, response: ServerResponse): Promise<void> {
    await this.check?.();
    this.rounds++;
    for (let edits = this.#random(6); edits > 0; edits--) toggle(this.#wanted, 1 + this.#random(40));
    const [added, deleted] = isStartup ? [[...this.#wanted], []] : [difference(this.#wanted, this.sure), difference(this.sure, this.#wanted)];
    const answer = Buffer.from(JSON.stringify({ new: added.map(decision), deleted: deleted.map(decision) }));
    // What is read of a broken answer may be taken in, and need not; also of one that the end of the server breaks.
    for (const value of added) this.possible.add(value);
    for (const value of deleted) this.sure.delete(value);
    const isGood = this.rounds === 1 || this.#random(3) === 0;
    if (!isGood) {
      const [name, fault] = Object.entries(faults)[this.#random(Object.keys(faults).length)];
      this.history.push(name);
      return fault(response, answer, this.#random);
    }
    this.history.push(`tells ${isStartup ? 'all' : 'changes'}`);
    const cut = this.#random(answer.length);
    response.write(answer.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, this.#random(20)));
    await new Promise<void>((resolve) => response.end(answer.subarray(cut), resolve));
    this.sure = new Set(this.#wanted);
    this.possible = new Set(this.#wanted);
  }
}

function toggle(values: Set<string>, number: number): void {
  const value = number % 4 === 0 ? `198.51.${number}.0/24` : `192.0.2.${number}`;
  if (!values.delete(value)) values.add(value);
}

function difference(from: ReadonlySet<string>, without: ReadonlySet<string>): string[] {
  return [...from].filter((value) => !without.has(value));
}

function decision(value: string): object {
  return { id: Number(value.split('.')[value.includes('/') ? 2 : 3]), duration: '1h', origin: 'cscli', scenario: 's',
    scope: value.includes('/') ? 'Range' : 'Ip', type: 'ban', value };
}

/** What the kernel bans, as the server names it. */
async function held(bouncer: RunningBouncer, backend: NftablesBackend): Promise<string[]> {
  const values: string[] = [];
  for (const set of await bouncer.enforcer.ask(() => backend.list())) {
    const list = await bouncer.enforcer.ask(() => backend.dump(set, Date.now()));
    values.push(...[...textsOf(set.family, list).keys()].map((text) => text.replace(/-.*$/, '/24')));
  }
  return values;
}

inNetworkNamespace(import.meta.url, ['nft'], () => {
  test('whatever the Local API does, what it last told is in force', async (context) => {
    context.diagnostic(`seed ${seed}`);
    const lapi = new FaultyLapi();
    await new Promise<void>((resolve) => lapi.server.listen(0, '127.0.0.1', resolve));
    const { port } = lapi.server.address() as AddressInfo;
    const file = join(folder, 'bouncer.yaml');
    writeFileSync(file, `mode: nftables\napi_url: http://127.0.0.1:${port}/\napi_key: k\nupdate_frequency: 2ms\n`);
    const config = readConfig(file);
    const backend = new NftablesBackend({ families: config.nftables, hooks: config.hooks, deny: { isReject: false, logPrefix: null } });
    const bouncer = await startBouncer(config, backend, silentLog);
    await bouncer.ready;
    const check = async (): Promise<void> => {
      await bouncer.enforcer.settled();
      const values = new Set(await held(bouncer, backend));
      assert.deepEqual({ missing: difference(lapi.sure, values), wrong: difference(values, lapi.possible) }, { missing: [], wrong: [] },
        `seed ${seed}: ${lapi.history.slice(-4).join(', ')}`);
    };
    lapi.check = check;
    try {
      await waitFor('the rounds are over', () => lapi.rounds >= rounds || lapi.failure !== null);
      if (lapi.failure !== null) throw lapi.failure;
      // Away for some requests, then back at the same place.
      lapi.check = null;
      lapi.server.close();
      lapi.server.closeAllConnections();
      const failures = bouncer.feedCounts.failures;
      await waitFor('some requests find nobody', () => bouncer.feedCounts.failures > failures + 3);
      await check();
      await new Promise<void>((resolve) => lapi.server.listen(port, '127.0.0.1', resolve));
      lapi.check = check;
      const again = lapi.rounds;
      await waitFor('it is asked again', () => lapi.rounds > again + 5 || lapi.failure !== null);
      if (lapi.failure !== null) throw lapi.failure;
    } finally {
      await bouncer.stop();
      lapi.server.close();
      lapi.server.closeAllConnections();
    }
  });
});
