// The bouncer on the stream of changes of a real Local API, over each way there is to it: bans, unbans and allowlists
// arrive at once although it polls once an hour; a connection that is lost is taken up where it was; and what was decided
// while the Local API was away is not missed.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DryRunBackend } from '../../bouncer/backends/dry-run.js';
import { readConfig } from '../../bouncer/config.js';
import { startBouncer, type RunningBouncer } from '../../bouncer/run.js';
import { listen, type Listening } from '../../lapi/listen.js';
import type { Store } from '../../lapi/store/store.js';
import { readTlsSettings } from '../../lapi/tls-settings.js';
import { silentLog } from '../../ts/config/log.js';
import { GoTime } from '../../ts/util/go-time.js';
import { skipWithoutOpenssl, TestAuthority } from '../lapi/certificates.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from '../lapi/instance.js';
import { waitFor } from './wait-for.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-push-'));
after(() => rmSync(folder, { recursive: true }));

async function ban(instance: Instance, token: string, ...values: readonly string[]): Promise<void> {
  const decisions = values.map((value) => ({ duration: '1h', origin: 'cscli', scenario: 's', type: 'ban', value,
    scope: value.includes('/') ? 'Range' : 'Ip' }));
  const response = await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${token}` },
    payload: JSON.stringify([alertBody({ decisions, start_at: new Date().toISOString(), stop_at: new Date().toISOString() })]) });
  assert.equal(response.statusCode, 201, response.body);
}

async function unban(instance: Instance, token: string, value: string): Promise<void> {
  const response = await instance.app.inject({ method: 'DELETE', url: `/v1/decisions?value=${value}`,
    headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.statusCode, 200, response.body);
}

/** Certificates of one authority, made when the first way wants them. */
class Certificates {
  readonly root = new TestAuthority(join(folder, 'root'));
  readonly server = this.root.issue('server', '/CN=localhost');
  readonly bouncer = this.root.issue('bouncer', '/OU=bouncer-ou/CN=fw');
}
let certificates: Certificates | null = null;

/** A Local API that is reached in one way, goes away and comes back, and remembers what it was asked for. */
class Served {
  instance!: Instance;
  /** Queries for the stream of changes. */
  readonly asked: string[] = [];
  port = 0;
  #listening: Listening | null = null;
  #cut = (): void => {};
  readonly #isTls: boolean;
  readonly #socket: string;
  #store: Store | undefined;

  constructor(isTls: boolean, socket = '') {
    this.#isTls = isTls;
    this.#socket = socket;
  }

  async start(): Promise<void> {
    const now = Date.now();
    const tls = this.#isTls ? readTlsSettings({ cert_file: certificates!.server.certFile, key_file: certificates!.server.keyFile,
      ca_cert_path: certificates!.root.caFile, bouncers_allowed_ou: ['bouncer-ou'] }, () => Date.now(), silentLog) : null;
    this.instance = await startInstance({ nowMs: now, store: this.#store, changeBeatMs: 50, certificates: tls?.certificates ?? undefined });
    this.#store = this.instance.store;
    this.instance.app.addHook('onRequest', async (request, reply) => {
      if (!request.url.startsWith('/v1/decisions/changes')) return;
      this.asked.push(new URL(request.url, 'http://lapi').search);
      this.#cut = () => void reply.raw.destroy();
    });
    this.#listening = await listen(this.instance.app, { listenUri: this.#socket === '' ? `127.0.0.1:${this.port}` : '',
      listenSocket: this.#socket, tls });
    this.port = this.#listening.port ?? 0;
  }

  /** Breaks off the open stream. */
  cut(): void {
    this.#cut();
  }

  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = null;
  }
}

/** A proxy that speaks HTTP/1.1 to the bouncer and HTTP/2 to the Local API. */
function startProxy(port: number): Promise<{ readonly server: Server; close(): void }> {
  let session: ClientHttp2Session | null = null;
  const server = createServer((request, response) => {
    if (session === null || session.closed || session.destroyed) {
      session = connectHttp2(`https://127.0.0.1:${port}`, { ca: certificates!.server.cert });
      session.on('error', () => {});
    }
    const { 'user-agent': agent, 'x-api-key': key, accept } = request.headers;
    const stream = session.request({ ':method': request.method, ':path': request.url,
      ...Object.fromEntries(Object.entries({ 'user-agent': agent, 'x-api-key': key, accept }).filter(([, value]) => value !== undefined)) },
    { endStream: request.method === 'GET' });
    stream.on('response', (headers) => {
      response.writeHead(headers[':status']!, { 'content-type': headers['content-type'] });
      response.flushHeaders();
      stream.pipe(response);
    }).on('error', () => response.destroy()).on('aborted', () => response.destroy());
    response.on('close', () => stream.close());
    if (request.method !== 'GET') request.pipe(stream);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, close: () => {
    server.close();
    server.closeAllConnections();
    session?.destroy();
  } })));
}

interface Way {
  readonly name: string;
  readonly isTls: boolean;
  readonly isSocket?: boolean;
  readonly isProxied?: boolean;
  /** What the bouncer says of itself. */
  readonly access: (key: string) => string;
}

const byKey = (key: string): string => `api_key: ${key}`;
const ways: readonly Way[] = [
  { name: 'a unix socket', isTls: false, isSocket: true, access: byKey },
  { name: 'plain HTTP', isTls: false, access: byKey },
  { name: 'TLS with a CA and an API key', isTls: true, access: (key) => `api_key: ${key}\nca_cert_path: ${certificates!.root.caFile}` },
  { name: 'TLS with a client certificate', isTls: true, access: () => `ca_cert_path: ${certificates!.root.caFile}\n`
    + `cert_path: ${certificates!.bouncer.certFile}\nkey_path: ${certificates!.bouncer.keyFile}` },
  { name: 'a proxy that speaks HTTP/2', isTls: true, isProxied: true, access: byKey },
];

for (const [index, way] of ways.entries()) {
  const skip = way.isTls ? skipWithoutOpenssl : false;
  test(`over ${way.name}: what changes arrives at once, also after a lost connection and a restart`, { skip }, async () => {
    if (way.isTls) certificates ??= new Certificates();
    const served = new Served(way.isTls, way.isSocket === true ? join(folder, 'lapi.sock') : '');
    await served.start();
    const timer = setInterval(() => { served.instance.clock.ms = Date.now(); }, 5);
    const { store } = served.instance;
    const token = await logIn(served.instance);
    const proxy = way.isProxied === true ? await startProxy(served.port) : null;
    const port = proxy === null ? served.port : (proxy.server.address() as AddressInfo).port;
    const url = way.isSocket === true ? join(folder, 'lapi.sock') : `${way.isTls && proxy === null ? 'https' : 'http'}://127.0.0.1:${port}/`;
    const file = join(folder, `bouncer-${index}.yaml`);
    writeFileSync(file, `mode: nftables\napi_url: ${url}\nupdate_frequency: 1h\n${way.access(await addBouncer(served.instance))}\n`);
    const backend = new DryRunBackend();
    const held = (set: string): string[] => [...backend.sets.get(set)?.keys() ?? []].sort();
    await ban(served.instance, token, '192.0.2.1', '198.51.100.0/24');
    let bouncer: RunningBouncer | null = null;
    try {
      bouncer = await startBouncer(readConfig(file), backend, silentLog);
      await bouncer.ready;
      assert.deepEqual([held('4/address/cscli'), held('4/range/cscli')], [['192.0.2.1'], ['198.51.100.0-198.51.100.255']]);
      await ban(served.instance, token, '192.0.2.2', '2001:db8::1');
      await waitFor('the bans', () => held('4/address/cscli').includes('192.0.2.2') && held('6/address/cscli').includes('2001:db8::1'));
      await unban(served.instance, token, '192.0.2.1');
      await waitFor('the unban', () => !held('4/address/cscli').includes('192.0.2.1'));

      const streams = served.asked.length;
      served.cut();
      await ban(served.instance, token, '192.0.2.4');
      await waitFor('what happened around the cut', () => held('4/address/cscli').join() === '192.0.2.2,192.0.2.4');
      assert.match(served.asked[streams], /^\?(.*&)?after=[^&]+/, 'from where it broke off');

      await served.stop();
      await served.start();
      await ban(served.instance, token, '192.0.2.3');
      await unban(served.instance, token, '192.0.2.2');
      await waitFor('what happened after the restart', () => held('4/address/cscli').join() === '192.0.2.3,192.0.2.4');

      await store.allowlists.add('friends', 'whom we trust');
      const { id } = (await store.allowlists.get('friends', false))!;
      await store.allowlists.addItems(id, [{ value: '203.0.113.0/24', comment: '', expiresAt: GoTime.zero }]);
      await waitFor('the allowlist', () => held('4/never/').includes('203.0.113.0-203.0.113.255'));
      assert.ok(served.asked.slice(1).every((query) => query.includes('after=')), served.asked.join(' '));
    } finally {
      await bouncer?.stop();
      clearInterval(timer);
      proxy?.close();
      await served.stop();
      await store.close();
    }
  });
}

test('a Local API whose certificate nobody vouches for is not believed, and bans stay', { skip: skipWithoutOpenssl }, async () => {
  certificates ??= new Certificates();
  const served = new Served(true);
  await served.start();
  const file = join(folder, 'stranger.yaml');
  const errors: string[] = [];
  try {
    const other = new TestAuthority(join(folder, 'other'));
    writeFileSync(file, `mode: nftables\napi_url: https://127.0.0.1:${served.port}/\nca_cert_path: ${other.caFile}\n`
      + `${byKey(await addBouncer(served.instance))}\n`);
    const backend = new DryRunBackend();
    const bouncer = await startBouncer(readConfig(file), backend, { ...silentLog, error: (text: string) => errors.push(text) });
    await waitFor('it was tried', () => bouncer.feedCounts.failures > 1);
    await bouncer.stop();
    assert.deepEqual([served.asked, errors.length], [[], 1], errors.join('\n'));
    assert.match(errors[0], /bans stay as they are until it answers/);
  } finally {
    await served.stop();
    await served.instance.store.close();
  }
});
