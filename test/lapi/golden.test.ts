// Replays the recorded exchanges of CrowdSec's Local API in order against ours, over HTTP, and compares status, headers
// and body. Where ours answers differently on purpose, the table below says what and why.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GoTime } from '../../ts/util/go-time.js';
import { listen, type Listening } from '../../lapi/listen.js';
import type { LapiSettings } from '../../lapi/deps.js';
import type { Store } from '../../lapi/store/store.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { addBouncer, logIn, startInstance, type Instance } from './instance.js';
import { testDatabases } from './store/databases.js';

interface Exchange {
  readonly setup: string;
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly bodyEncoding?: string;
  readonly delayBefore?: number;
  readonly before?: readonly string[];
  readonly note?: string;
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  readonly volatile: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What differs, and why. A field that is absent must be as recorded. */
interface Difference {
  readonly why: string;
  readonly status?: number;
  readonly body?: string;
  /** What is left out of the recorded body. */
  readonly without?: RegExp;
  readonly headers?: false;
}

const badInput = (status: number): Difference => ({ why: 'bad input is answered 4xx', status });
const deadToken: Difference = { why: 'the token of a deleted machine is dead at once', status: 401, headers: false,
  body: '{"code":401,"message":"ent: machine not found"}' };

const toldOnce: Difference = { why: 'an end is told once, not again in the next two seconds', without: /,\{[^{}]*"value":"192\.0\.2\.50"\}/ };

const differences: Readonly<Record<string, Difference>> = {
  ...each(badInput(422), 55, 56, 59, 75),
  ...each(badInput(400), 71, 86, 97, 104, 119, 124, 139, 158, 159, 160, 162, 182, 183, 184, 226, 229, 235, 242, 243),
  ...each(badInput(404), 181, 219, 240),
  ...each(toldOnce, 193),
  ...each(deadToken, 254, 255, 256, 257),
};

function each(difference: Difference, ...numbers: number[]): Record<string, Difference> {
  return Object.fromEntries(numbers.map((number) => [`lapi-${String(number).padStart(3, '0')}`, difference]));
}

const folder = process.env['PALISADE_GOLDEN'] === undefined ? sharedPath('golden/lapi')
  : join(process.env['PALISADE_GOLDEN'], 'lapi');
const key = 'goldenbouncerkey0123456789abcdef';
const registrationToken = 'goldenregistrationtoken0123456789abcdef';

/** CrowdSec believes the headers of anybody unless it is told whose; ours has to be told. */
const everybody = ['0.0.0.0/0', '::/0'];

const settingsOf: Readonly<Record<string, Partial<LapiSettings>>> = {
  lapi: {},
  'lapi-xff': { trustedProxies: everybody, disableRemoteRegistration: true,
    autoRegistration: { token: registrationToken, allowedRanges: ['127.0.0.0/8', '10.0.0.0/8'] } },
  'lapi-autoreg': { trustedProxies: everybody,
    autoRegistration: { token: registrationToken, allowedRanges: ['127.0.0.0/8', '10.0.0.0/8'] } },
};

for (const database of testDatabases()) describe(`recorded exchanges of the Local API, ${database.name}`, { skip: database.skip || skipWithout('golden/lapi').skip }, () => {
  const clock = { ms: Date.parse('2026-11-23T01:44:56.500Z') };
  let store: Store;
  let instance: Instance;
  let listening: Listening;
  let token = '';
  let setup = '';

  before(async () => {
    await database.start();
    store = await (await database.create())(() => clock.ms);
  });
  after(async () => {
    await listening?.close();
    await store.close();
    await database.stop();
  });

  const restart = async (name: string): Promise<void> => {
    await listening?.close();
    instance = { ...await startInstance({ store, settings: settingsOf[name], nowMs: clock.ms }), clock };
    listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    if (setup === '') await addBouncer(instance, 'testb', key);
    if (setup !== 'lapi-xff') await store.machines.remove('testm');
    token = await logIn(instance);
    setup = name;
  };

  for (const exchange of readExchanges()) {
    const name = `${exchange.setup}-${String(exchange.seq).padStart(3, '0')}`;
    test(`${name} ${exchange.method} ${exchange.path} ${exchange.note ?? ''}`, async () => {
      if (exchange.setup !== setup) await restart(exchange.setup);
      for (const command of exchange.before ?? []) await runAllowlistCommand(store, command);
      clock.ms += 20 + (exchange.delayBefore ?? 0) * 1000;
      const answer = await exchangeWith(listening.port!, exchange, token);
      compare(exchange, answer, differences[name], token);
    });
  }
});

function readExchanges(): Exchange[] {
  if (folder === null) return [];
  const order = ['lapi', 'lapi-xff', 'lapi-autoreg'];
  return readdirSync(folder).filter((file) => /-\d{3}-.*\.json$/.test(file))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Exchange)
    .sort((a, b) => order.indexOf(a.setup) - order.indexOf(b.setup) || a.seq - b.seq);
}

function exchangeWith(port: number, exchange: Exchange, token: string): Promise<Answer> {
  const fill = (text: string): string => text.replaceAll('@JWT@', token).replaceAll('@KEY@', key)
    .replaceAll('@REGTOKEN@', registrationToken)
    .replace(/@REPEAT\((.),(\d+)\)@/g, (_all, character: string, count: string) => character.repeat(Number(count)));
  const headers = Object.fromEntries(Object.entries(exchange.headers).map(([name, value]) => [name, fill(value)]));
  let body: Buffer | null = exchange.body === null ? null : Buffer.from(fill(exchange.body));
  if (body !== null && exchange.bodyEncoding === 'gzip') {
    body = gzipSync(body);
    headers['Content-Encoding'] = 'gzip';
  }
  if (body !== null) headers['Content-Length'] = String(body.length);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method: exchange.method, path: exchange.path, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers,
          body: Buffer.concat(chunks).toString() }));
      });
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}

function compare(exchange: Exchange, answer: Answer, difference: Difference | undefined, token: string): void {
  const mask = (text: string): string => exchange.volatile.reduce((masked, pattern) =>
    masked.replace(new RegExp(pattern, 'g'), '~'), text.replaceAll(token, '@JWT@')
    .replace(/"token":"[^"]*"/, '"token":"@JWT@"'));
  assert.equal(answer.status, difference?.status ?? exchange.status, `status; body ${answer.body.slice(0, 500)}`);
  const recorded = difference?.without === undefined ? exchange.responseBody : exchange.responseBody.replace(difference.without, '');
  assert.equal(mask(answer.body), mask(difference?.body ?? recorded));
  if (difference?.headers === false) return;
  for (const name of ['content-type', 'allow', 'www-authenticate', 'location', 'cache-control', 'pragma', 'expires']) {
    const recorded = Object.entries(exchange.responseHeaders).find(([header]) => header.toLowerCase() === name)?.[1];
    assert.equal(answer.headers[name], recorded, `header ${name}`);
  }
}

/** The allowlist commands that the recording ran between two exchanges. */
async function runAllowlistCommand(store: Store, command: string): Promise<void> {
  const [, , verb, name, ...rest] = command.split(' ');
  const comment = rest.includes('-d') ? rest.slice(rest.indexOf('-d') + 1).join(' ') : '';
  if (verb === 'create') {
    await store.allowlists.add(name, comment);
    return;
  }
  const values = rest.includes('-d') ? rest.slice(0, rest.indexOf('-d')) : rest;
  const list = await store.allowlists.get(name, false);
  await store.allowlists.addItems(list!.id, values.map((value) => ({ value, comment, expiresAt: GoTime.zero })));
  await store.allowlists.applyToDecisions();
}

