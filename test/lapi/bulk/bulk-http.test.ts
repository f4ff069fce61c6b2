import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { lapiLimits } from '../../../lapi/limits.js';
import { startLapi, type RunningLapi } from '../../../lapi/run.js';
import { silentLog } from '../../../ts/config/log.js';
import { alertBody } from '../instance.js';

const registrationToken = 'r'.repeat(lapiLimits.registrationTokenCharsMin);

describe('long requests over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-bulk-http-'));
  after(() => rmSync(folder, { recursive: true }));
  const profilesPath = join(folder, 'profiles.yaml');
  writeFileSync(profilesPath, "name: none\nfilters: ['false']\ndecisions: [{type: ban, duration: 1h}]\n");

  for (const path of [join(folder, 'crowdsec.db'), ':memory:']) {
    test(`are answered however their body comes, on ${path === ':memory:' ? path : 'a file'}`, async () => {
      const lapi = await start(path);
      const authorization = `Bearer ${await register(lapi)}`;
      const body = Buffer.from(JSON.stringify([importOf(lapiLimits.foundInMemoryMax)]));
      assert.ok(body.length > lapiLimits.inlineBodyBytesMax);
      const inPieces = [body.subarray(0, 100_000), body.subarray(100_000)];
      for (const [headers, pieces] of [[{ 'content-length': body.length }, inPieces], [{}, inPieces],
        [{ 'content-encoding': 'gzip' }, [gzipSync(body)]]] as const) {
        const { status, text } = await ask(lapi, 'POST', '/v1/alerts', { authorization, ...headers }, pieces);
        assert.equal(status, 201, text);
        assert.match(text, /^\["\d+"\]$/);
      }
      const bomb = gzipSync(Buffer.alloc(lapiLimits.authenticatedBodyBytesMax + 1, 32));
      const refused = await ask(lapi, 'POST', '/v1/alerts', { authorization, 'content-encoding': 'gzip' }, [bomb]);
      assert.deepEqual([refused.status, refused.text], [400, '{"message":"http: request body too large"}']);
      const list = await ask(lapi, 'GET', '/v1/alerts?limit=0', { authorization });
      assert.deepEqual((JSON.parse(list.text) as { decisions: object[] }[]).map(({ decisions }) => decisions.length),
        [lapiLimits.foundInMemoryMax, lapiLimits.foundInMemoryMax, lapiLimits.foundInMemoryMax]);
      await lapi.close();
    });
  }

  test('leave nothing behind when their client goes', async () => {
    const lapi = await start(join(folder, 'left.db'));
    const authorization = `Bearer ${await register(lapi)}`;
    const body = Buffer.from(JSON.stringify([importOf(60_000)]));
    assert.equal((await ask(lapi, 'POST', '/v1/alerts', { authorization }, [body])).status, 201);
    // More than sockets hold: the list cannot have been sent whole.
    for (let round = 0; round < 3; round++) {
      const answer = await begin(lapi, 'GET', '/v1/alerts?limit=0', { authorization });
      await new Promise((resolve) => answer.once('data', resolve));
      answer.destroy();
    }
    const posting = request({ port: lapi.port!, method: 'POST', path: '/v1/alerts', headers: { authorization } });
    posting.on('error', () => {});
    await new Promise<void>((resolve) => { posting.write(body.subarray(0, 500_000), () => resolve()); });
    posting.destroy();
    // It ends only when all that was begun has ended.
    await lapi.close();
  });

  function start(path: string): Promise<RunningLapi> {
    return startLapi({ dataDir: folder, clockOffsetMs: 0,
      database: { type: 'sqlite', path, useWal: null, user: '', password: '', name: '', host: '', port: 0, bulkSize: 1000, flush: null },
      server: { enabled: true, listenUri: '127.0.0.1:0', listenSocket: '', profilesPath, logLevel: 'info', useForwardedForHeaders: false,
        trustedProxies: [], trustedIps: [], disableRemoteRegistration: false, tls: null,
        autoRegistration: { token: registrationToken, allowedRanges: ['127.0.0.1/32'] } } }, silentLog);
  }
});

/** A machine of its own; returns its token. */
async function register(lapi: RunningLapi): Promise<string> {
  const machine = { machine_id: 'm', password: 'p' };
  const registered = await ask(lapi, 'POST', '/v1/watchers', {},
    [Buffer.from(JSON.stringify({ ...machine, registration_token: registrationToken }))]);
  assert.equal(registered.status, 202, registered.text);
  const { text } = await ask(lapi, 'POST', '/v1/watchers/login', { 'user-agent': 'crowdsec/1' }, [Buffer.from(JSON.stringify(machine))]);
  return (JSON.parse(text) as { token: string }).token;
}

type Headers = Readonly<Record<string, string | number>>;

async function ask(lapi: RunningLapi, method: string, path: string, headers: Headers,
  pieces: readonly Buffer[] = []): Promise<{ status: number; text: string }> {
  const answer = await begin(lapi, method, path, headers, pieces);
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  return { status: answer.statusCode!, text: Buffer.concat(parts).toString() };
}

/** The head of an answer. Without a content-length the body is chunked. */
function begin(lapi: RunningLapi, method: string, path: string, headers: Headers, pieces: readonly Buffer[] = []): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sending = request({ port: lapi.port!, method, path, headers }, resolve);
    // One who is refused may not have sent everything.
    sending.on('error', reject);
    for (const piece of pieces) sending.write(piece);
    sending.end();
  });
}

function importOf(count: number): object {
  const now = new Date().toISOString();
  return alertBody({ start_at: now, stop_at: now, decisions: Array.from({ length: count }, (_all, index) => ({ origin: 'cscli-import',
    type: 'ban', scope: 'Ip', value: `10.${index >> 16}.${index >> 8 & 255}.${index & 255}`, scenario: 'import', duration: '4h' })) });
}
