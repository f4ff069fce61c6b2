import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { listen, type Listening } from '../../lapi/listen.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from './instance.js';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

describe('one port for HTTP/1.1 and HTTP/2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-protocols-'));
  const socketPath = join(folder, 'lapi.sock');
  const sessions: ClientHttp2Session[] = [];
  let instance: Instance;
  let listening: Listening;
  let token: string;
  let key: string;
  before(async () => {
    instance = await startInstance({ changeBeatMs: 50 });
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: socketPath, tls: null });
    token = await logIn(instance);
    key = await addBouncer(instance);
  });
  after(async () => {
    for (const session of sessions) session.destroy();
    await listening.close();
    await instance.store.close();
    rmSync(folder, { recursive: true });
  });

  const openSession = (connection?: Socket): ClientHttp2Session => {
    const session = connectHttp2(`http://127.0.0.1:${listening.port}`, connection === undefined ? {} : { createConnection: () => connection });
    session.on('error', () => {});
    sessions.push(session);
    return session;
  };
  const ask = (session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer): Promise<{ status: unknown; body: string; headers: IncomingHttpHeaders }> =>
    new Promise((resolve, reject) => {
      const call = session.request({ 'user-agent': 'crowdsec/v1', ...headers });
      let answer: IncomingHttpHeaders & { ':status'?: number } = {};
      let text = '';
      call.setEncoding('utf8');
      call.on('response', (received) => { answer = received; });
      call.on('data', (chunk: string) => { text += chunk; });
      call.on('end', () => resolve({ status: answer[':status'], body: text, headers: answer }));
      call.on('error', reject);
      call.end(body);
    });
  /** What a server says to raw bytes, sent in pieces, until it closes the connection. */
  const converse = (pieces: readonly string[]): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect(listening.port!, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk; });
    socket.on('error', reject).on('close', () => resolve(text));
    const next = (index: number): void => {
      if (index < pieces.length) socket.write(pieces[index], () => setImmediate(next, index + 1));
    };
    next(0);
  });

  test('HTTP/2 in clear text serves machines and bouncers like HTTP/1.1', async () => {
    const session = openSession();
    assert.equal((await ask(session, { ':path': '/health' })).body, '{"status":"up"}');
    const payload = gzipSync(JSON.stringify([alertBody()]));
    const posted = await ask(session, { ':path': '/v1/alerts', ':method': 'POST', authorization: `Bearer ${token}`, 'content-encoding': 'gzip' }, payload);
    assert.deepEqual([posted.status, posted.body], [201, '["1"]']);
    const stream = await ask(session, { ':path': '/v1/decisions/stream?startup=true', 'x-api-key': key });
    assert.equal((JSON.parse(stream.body) as { new: unknown[] }).new.length, 1);
    assert.equal((await instance.store.bouncers.list())[0].ipAddress, '127.0.0.1');
    const refused = await ask(session, { ':path': '/v1/alerts', ':method': 'POST' }, Buffer.alloc(200_000, 'x'));
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'JWT realm=Crowdsec API local']);
    assert.equal((await ask(session, { ':path': '/nowhere' })).status, 404);
    assert.equal((await ask(session, { ':path': '/health', ':method': 'DELETE' })).status, 405);
    assert.equal((await ask(session, { ':path': '/v1/alerts/?a=b', ':method': 'GET' })).status, 301);
  });

  test('on the unix socket too', async () => {
    const session = openSession(connect(socketPath));
    assert.equal((await ask(session, { ':path': '/v1/decisions', 'x-api-key': key })).status, 200);
  });

  test('the open stream of changes goes over HTTP/2 and ends with its request', async () => {
    const session = openSession();
    const call = session.request({ ':path': '/v1/decisions/changes', 'x-api-key': key, 'user-agent': 'test/v1' });
    call.setEncoding('utf8');
    let text = '';
    await new Promise<void>((resolve) => {
      call.on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('event: state') && text.includes('\n:\n')) resolve();
      });
    });
    call.close();
    await new Promise((resolve) => { call.once('close', resolve); });
    assert.equal((await ask(session, { ':path': '/health' })).status, 200);
  });

  test('the protocol is told by the first bytes, however they arrive', async () => {
    const request = 'GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
    for (const pieces of [[request], [...request], ['G', request.slice(1)]]) assert.match(await converse(pieces), /^HTTP\/1\.1 200 OK\r\n[^]*\{"status":"up"\}$/);
    const settings = '\x00\x00\x00\x04\x00\x00\x00\x00\x00';
    const goAway = '\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00';
    for (const pieces of [[preface + settings + goAway], [...preface, settings, goAway]]) {
      // Its own settings are the first frame of a server.
      assert.equal((await converse(pieces)).charCodeAt(3), 4);
    }
  });

  test('what begins like HTTP/2 and is none is refused as HTTP/1.1', async () => {
    for (const start of ['PRI * HTTP/1.1\r\nhost: x\r\n\r\n', 'PRINT / HTTP/1.1\r\n\r\n', `${preface.slice(0, 20)}XX\r\n\r\n`, '\x16\x03\x01\x02\x00']) {
      assert.match(await converse([start]), /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(start));
    }
  });

  test('requests sent ahead on one connection are all answered, in order', async () => {
    const text = await converse(['GET /health HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3) + 'GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n']);
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404']);
  });

  test('a client that leaves before its first byte is no matter', async () => {
    for (const bytes of ['', 'PRI', 'G']) {
      await new Promise<void>((resolve) => {
        const socket = connect(listening.port!, '127.0.0.1', () => socket.write(bytes, () => socket.destroy()));
        socket.on('close', () => resolve());
      });
    }
    assert.equal((await ask(openSession(), { ':path': '/health' })).status, 200);
  });
});
