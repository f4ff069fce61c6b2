// A whole Local API with a list: what the list says reaches bouncers, whoever refreshes it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { ListCache } from '../../../lapi/blocklists/list-cache.js';
import { refreshList } from '../../../lapi/blocklists/refresh.js';
import { startLapi, type LapiOptions, type RunningLapi } from '../../../lapi/run.js';
import { hashApiKey } from '../../../lapi/store/credentials.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { silentLog } from '../../../ts/config/log.js';
import { defaultProtection } from '../../../ts/config/protection.js';
import { blocklist } from './settings.js';

interface Row {
  readonly value: string;
  readonly origin: string;
  readonly scenario: string;
}

const waitMsMax = 120_000;

describe('a Local API with a blocklist', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-served-'));
  const list = blocklist({ name: 'served', file: join(folder, 'list.txt') });
  const database: LapiOptions['database'] = { type: 'sqlite', path: join(folder, 'crowdsec.db'), useWal: null, user: '', password: '', name: '',
    host: '', port: 0, bulkSize: 1000, flush: null };
  let api: RunningLapi;
  let other: Store;
  before(async () => {
    writeFileSync(list.file, '20.0.0.1\n20.0.1.0/24\n');
    writeFileSync(join(folder, 'profiles.yaml'), "name: none\nfilters: ['false']\ndecisions: [{type: ban, duration: 1h}]\n");
    other = await openStore(database);
    await other.bouncers.add({ name: 'b', keyHash: hashApiKey('key'), ipAddress: '', isAutoCreated: false });
    api = await startLapi({ database, dataDir: folder, clockOffsetMs: 0, protection: { ...defaultProtection, blocklists: [list] },
      server: { enabled: true, listenUri: '127.0.0.1:0', listenSocket: '', profilesPath: join(folder, 'profiles.yaml'), logLevel: 'info',
        useForwardedForHeaders: false, trustedProxies: [], trustedIps: [], disableRemoteRegistration: false, autoRegistration: null, tls: null } },
    silentLog);
  });
  after(async () => {
    await api.close();
    await other.close();
    rmSync(folder, { recursive: true });
  });

  const ask = async <T>(path: string): Promise<T> => (await fetch(`http://127.0.0.1:${api.port}/v1/${path}`,
    { headers: { 'x-api-key': 'key', 'user-agent': 'test/v1' } })).json() as Promise<T>;
  /** Asks until the answer is as wanted. */
  const until = async <T>(path: string, isWanted: (answer: T) => boolean): Promise<T> => {
    for (const deadline = performance.now() + waitMsMax; ; await sleep(20)) {
      const answer = await ask<T>(path);
      if (isWanted(answer)) return answer;
      assert.ok(performance.now() < deadline, `waited in vain, the answer is ${JSON.stringify(answer)}`);
    }
  };

  test('serves it from the start, to single questions and to streams', async () => {
    const found = await until<Row[] | null>('decisions?ip=20.0.1.77', (answer) => answer !== null);
    assert.deepEqual(found?.map(({ value, origin, scenario }) => ({ value, origin, scenario })),
      [{ value: '20.0.1.0/24', origin: 'lists', scenario: 'served' }]);
    const { new: rows } = await ask<{ new: Row[] }>('decisions/stream?startup=true&origins=lists');
    assert.deepEqual(rows.map(({ value }) => value).sort(), ['20.0.0.1', '20.0.1.0/24']);
  });

  test('and what another process makes of it', async () => {
    writeFileSync(list.file, '20.0.0.1\n20.0.0.3\n');
    await refreshList(list, { store: other, cache: new ListCache(folder), nowMs: Date.now, never: () => [] });
    const seen = { new: new Set<string>(), deleted: new Set<string>() };
    await until<{ new: Row[]; deleted: Row[] }>('decisions/stream', (answer) => {
      for (const { value } of answer.new) seen.new.add(value);
      for (const { value } of answer.deleted) seen.deleted.add(value);
      return seen.new.has('20.0.0.3') && seen.deleted.has('20.0.1.0/24');
    });
    assert.deepEqual([[...seen.new], [...seen.deleted]], [['20.0.0.3'], ['20.0.1.0/24']]);
    assert.equal(await ask('decisions?ip=20.0.1.77'), null);
  });
});
