import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fetchList, ListError } from '../../../lapi/blocklists/fetch-list.js';
import { blocklist } from './settings.js';

describe('a blocklist is got', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-lists-'));
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => answer(request, response));
  let url = '';
  before(async () => {
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const get = (changes = {}, known: Parameters<typeof fetchList>[1] = null) => fetchList(blocklist({ file: '', url, ...changes }), known);
  const fails = (message: RegExp, changes = {}) => assert.rejects(get(changes), (error) =>
    error instanceof ListError && message.test(error.message));

  test('with what the server says of the copy, and not again while it has not changed', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"1"' && request.headers['if-modified-since'] === 'yesterday') {
        response.writeHead(304).end();
      } else response.writeHead(200, { etag: '"1"', 'last-modified': 'yesterday' }).end('1.2.3.4\n');
    };
    const first = await get();
    assert.deepEqual(first, { text: '1.2.3.4\n', etag: '"1"', lastModified: 'yesterday' });
    assert.deepEqual(await get({}, first), { ...first, text: null });
    assert.equal((await get({}, { etag: '"0"', lastModified: '' })).text, '1.2.3.4\n');
  });

  test('through redirects, but not many, and not from https to http', async () => {
    answer = (request, response) => {
      const step = Number(/step(\d+)/.exec(request.url!)?.[1] ?? 0);
      if (step === 3) response.end('1.2.3.4\n');
      else response.writeHead(302, { location: `/step${step + 1}` }).end();
    };
    assert.equal((await get()).text, '1.2.3.4\n');
    answer = (_, response) => { response.writeHead(301, { location: '/list' }).end(); };
    await fails(/more than 5 redirects/);
    answer = (_, response) => { response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(); };
    await fails(/redirected from http:\/\/ to http:\/\/, which is not followed/, { allowsHttp: false });
    answer = (_, response) => { response.writeHead(302, { location: 'file:///etc/passwd' }).end(); };
    await fails(/to file:\/\/, which is not followed/);
  });

  test('within bounds, also when a small answer inflates', async () => {
    answer = (_, response) => { response.end('x'.repeat(2000)); };
    await fails(/more than 1000 bytes/, { bytesMax: 1000 });
    answer = (_, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(2000))); };
    await fails(/more than 1000 bytes/, { bytesMax: 1000 });
    assert.equal((await get({ bytesMax: 2000 })).text?.length, 2000);
  });

  test('or there is a reason', async () => {
    answer = (_, response) => { response.writeHead(500).end('1.2.3.4\n'); };
    await fails(/the server answered 500/);
    answer = (_, response) => { response.writeHead(304).end(); };
    await fails(/the server answered 304/);
    answer = (_, response) => { response.writeHead(200, { 'content-length': '100' }).write('1.2'); response.destroy(); };
    await fails(/./);
    await fails(/ECONNREFUSED|bad port/, { url: 'http://127.0.0.1:1/' });
  });

  test('no longer when the server shuts down', async () => {
    const stopping = new AbortController();
    answer = () => stopping.abort();
    await assert.rejects(fetchList(blocklist({ file: '', url }), null, stopping.signal), /no whole answer in time/);
    await assert.rejects(fetchList(blocklist({ file: '', url }), null, stopping.signal), ListError);
  });

  test('from a file, and not again while that has not changed', async () => {
    const file = join(folder, 'list.txt');
    const read = (known: Parameters<typeof fetchList>[1] = null) => fetchList(blocklist({ file, bytesMax: 100 }), known);
    await assert.rejects(read(), ListError);
    writeFileSync(file, '1.2.3.4\n');
    const first = await read();
    assert.equal(first.text, '1.2.3.4\n');
    assert.equal((await read(first)).text, null);
    utimesSync(file, 1, 1);
    assert.equal((await read(first)).text, '1.2.3.4\n');
    writeFileSync(file, 'x'.repeat(101));
    await assert.rejects(read(), /101 bytes, at most 100/);
  });
});
