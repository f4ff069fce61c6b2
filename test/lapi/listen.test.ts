import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { listen } from '../../lapi/listen.js';
import { addBouncer, startInstance } from './instance.js';

describe('listening', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-listen-'));
  after(() => rmSync(folder, { recursive: true }));

  test('on a unix socket and an address at once; callers on the socket are this host', async () => {
    const instance = await startInstance();
    const socketPath = join(folder, 'lapi.sock');
    writeFileSync(socketPath, 'left behind');
    const listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: socketPath, tls: null });
    assert.deepEqual(listening.addresses, [`127.0.0.1:${listening.port}`, `Unix socket ${socketPath}`]);
    const key = await addBouncer(instance);
    assert.equal(await statusOf({ socketPath, path: '/v1/decisions', headers: { 'x-api-key': key } }), 200);
    assert.equal((await instance.store.bouncers.list())[0].ipAddress, '127.0.0.1');
    assert.equal(await statusOf({ port: listening.port, host: '127.0.0.1', path: '/health' }), 200);
    await listening.close();
    assert.ok(!existsSync(socketPath));
    await instance.store.close();
  });

  test('on a port in use fails, naming the address, and lets go of the socket it had', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const uri = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const instance = await startInstance();
    await assert.rejects(listen(instance.app, { listenUri: uri, listenSocket: '', tls: null }), { code: 'E_LAPI',
      message: `local API server stopped with error: listening on ${uri}: listen tcp ${uri}: bind: address already in use` });
    other.close();
    await instance.store.close();
  });

  test('ends although clients hold connections open, idle or half-way through a request', async () => {
    const instance = await startInstance();
    const listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    const agent = new Agent({ keepAlive: true });
    await statusOf({ port: listening.port, host: '127.0.0.1', path: '/health', agent });
    const half = connect(listening.port!, '127.0.0.1');
    half.on('error', () => {});
    await new Promise<void>((resolve) => half.write('POST /v1/watchers HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{', () => resolve()));
    await listening.close();
    agent.destroy();
    await instance.store.close();
  });

  const refused: [uri: string, socket: string, message: RegExp][] = [
    ['', '', /^no listen_uri or listen_socket specified$/],
    ['127.0.0.1:-80', '', /listen tcp: address -80: invalid port$/],
    ['127.0.0.1:99999', '', /listen tcp: address 99999: invalid port$/],
    ['127.0.0.1', '', /missing port in address$/],
    ['', `/tmp/${'x'.repeat(120)}`, /path length exceeds system limit/],
    ['192.0.2.77:0', '', /bind: cannot assign requested address$/],
    ['', '/no/such/folder/x.sock', /no such file or directory|permission denied/],
  ];
  for (const [listenUri, listenSocket, message] of refused) {
    test(`on "${listenUri || listenSocket.slice(0, 30)}" is refused`, async () => {
      const instance = await startInstance();
      await assert.rejects(listen(instance.app, { listenUri, listenSocket, tls: null }), { message });
      await instance.close();
    });
  }
});

function statusOf(options: object): Promise<number> {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    }).on('error', reject).end();
  });
}
