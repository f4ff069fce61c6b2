import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { ExprError } from '../../ts/expr/values.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import type { HttpAnswer } from '../../ts/expr-helpers/http.js';
import { limits } from '../../ts/limits.js';
import { parseIp, type IpAddress } from '../../ts/util/ip.js';
import { call, noonMs, testContext } from './helper-context.js';

const context = testContext();

async function withServer(run: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer((request, response) => {
    if (request.url === '/big') return void response.end(Buffer.alloc(limits.expressionHttpBodyBytesMax + 1000, 'x'));
    if (request.url === '/cut') return void response.socket?.destroy();
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => {
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'X-Two': ['1'], 'Set-Cookie': ['a=1', 'b=2'] });
      const { 'content-type': type, 'user-agent': agent, 'x-n': number } = request.headers;
      response.end(JSON.stringify({ method: request.method, body, type, agent, number }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('HTTP helpers send what they are told and give status, body and headers', () => withServer(async (url) => {
  const get = await call(context, 'HTTPGet', `${url}/`) as HttpAnswer;
  assert.equal(get.statusCode, 200);
  assert.deepEqual(JSON.parse(get.body), { method: 'GET', body: '', agent: 'palisade' });
  assert.deepEqual([get.headers['X-Two'], get.headers['Set-Cookie']], [['1'], ['a=1', 'b=2']]);
  const post = await call(context, 'HTTPPost', `${url}/`, 'text/x', 'hello') as HttpAnswer;
  assert.deepEqual(JSON.parse(post.body), { method: 'POST', body: 'hello', type: 'text/x', agent: 'palisade' });
  const put = await call(context, 'HTTPRequest', 'PUT', `${url}/missing`, { 'X-N': 1e6, 'User-Agent': 'me' }, 'b') as HttpAnswer;
  assert.equal(put.statusCode, 404);
  assert.equal(JSON.parse(put.body).number, '1e+06');
  assert.equal(JSON.parse(put.body).agent, 'me');
  assert.equal((await call(context, 'HTTPHead', `${url}/`) as HttpAnswer).body, '');
}));

test('an answer is read up to its limit', () => withServer(async (url) => {
  const answer = await call(context, 'HTTPGet', `${url}/big`) as HttpAnswer;
  assert.equal(answer.body.length, limits.expressionHttpBodyBytesMax);
}));

test('a request without an answer is an error of the expression', () => withServer(async (url) => {
  await assert.rejects(async () => call(context, 'HTTPGet', `${url}/cut`), ExprError);
  await assert.rejects(async () => call(context, 'HTTPGet', 'not a url'), ExprError);
}));

test('one DNS query serves all who wait for it, and its answer lives an hour', async () => {
  let nowMs = noonMs;
  let queries = 0;
  const dns = new DnsCache(() => nowMs, {
    reverse: () => Promise.resolve([`name${++queries}.example`]), addresses: () => Promise.reject(new Error('no')),
  });
  const both = await Promise.all([dns.reverse('1.2.3.4'), dns.reverse('1.2.3.4')]);
  assert.deepEqual(both, [['name1.example.'], ['name1.example.']]);
  assert.deepEqual(dns.knownReverse('1.2.3.4'), ['name1.example.']);
  assert.equal(dns.knownReverse('1.2.3.5'), undefined);
  nowMs += 3_599_999;
  assert.deepEqual(await dns.reverse('1.2.3.4'), ['name1.example.']);
  nowMs += 1;
  assert.deepEqual(await dns.reverse('1.2.3.4'), ['name2.example.']);
});

test('a failed DNS query is remembered for five minutes', async () => {
  let nowMs = noonMs;
  let queries = 0;
  const fail = (): Promise<string[]> => Promise.reject(new Error(`failure ${++queries}`));
  const dns = new DnsCache(() => nowMs, { reverse: fail, addresses: fail });
  assert.deepEqual(await dns.addresses('A.example.'), []);
  assert.deepEqual(await dns.addresses('a.example'), []);
  assert.equal(queries, 1);
  nowMs += 300_000;
  assert.deepEqual(await dns.addresses('a.example'), []);
  assert.equal(queries, 2);
});

test('of an address names count only when they have that address themselves', async () => {
  const dns = new DnsCache(() => noonMs, {
    reverse: () => Promise.resolve(['False.example', 'True.example', 'third.example', 'fourth.example']),
    addresses: (host) => Promise.resolve(host === 'false.example' ? ['9.9.9.9'] : ['9.9.9.8', '::ffff:1.2.3.4']),
  });
  assert.deepEqual(await dns.confirmedNames(parseIp('1.2.3.4') as IpAddress), ['true.example', 'third.example']);
});

test('LookupHost answers addresses, an address itself, and nothing on failure', async () => {
  const dns = new DnsCache(() => noonMs, {
    reverse: () => Promise.resolve([]),
    addresses: (host) => (host === 'known' ? Promise.resolve(['1.2.3.4']) : Promise.reject(new Error('no'))),
  });
  const own = testContext({ dns });
  assert.deepEqual(await call(own, 'LookupHost', 'known'), ['1.2.3.4']);
  assert.deepEqual(await call(own, 'LookupHost', '::1'), ['::1']);
  assert.deepEqual(await call(own, 'LookupHost', 'unknown'), []);
});
