// Text that a remote user controls, spliced into every place of every log format the embedded parsers read: no line may
// accuse another address than the one the daemon wrote. A fixed corpus, then random mixtures of its pieces.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import { ruleFiles } from '../parser/hub-tests.js';
import { pick, testSeed } from '../support/random.js';
import { RuleBench } from '../support/rule-bench.js';
import { randomFrom } from '../../ts/util/random.js';

interface Format {
  readonly name: string;
  readonly type: string;
  /** The line, `§` where the text of the remote user stands and `@` for its address. */
  readonly line: string;
  /** How many bytes the daemon writes at most, counted from the start of this part of the line. */
  readonly cut?: { readonly from: string; readonly bytes: number };
  /** False: nobody may be accused. `perhaps`: nobody need be, since the line can be read in two ways. */
  readonly accuses?: false | 'perhaps';
}

const time = '23/Nov/2026:01:00:00 +0000';
const errorTime = '2026/11/23 01:00:00 [error] 812#813: *77 ';
const apacheError = '[Mon Nov 23 01:00:00.123456 2026] ';

const sshMessages = [
  'Failed password for § from @ port 40022 ssh2', 'Failed password for invalid user § from @ port 40022 ssh2',
  'Failed keyboard-interactive/pam for invalid user § from @ port 40022 ssh2',
  'message repeated 2 times: [ Failed password for § from @ port 40022 ssh2]',
  'Invalid user § from @ port 40022', 'Invalid user § from @', 'Illegal user § from @',
  'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=@  user=§',
  'error: PAM: Authentication failure for § from @', 'error: PAM: Authentication failure for illegal user § from @',
  'Connection closed by authenticating user § @ port 40022 [preauth]', 'Connection reset by invalid user § @ port 40022 [preauth]',
  'Disconnected from invalid user § @ port 40022 [preauth]',
  'error: maximum authentication attempts exceeded for invalid user § from @ port 40022 ssh2 [preauth]',
  'User § from @ not allowed because not listed in AllowUsers', "User § from @ port 40022 not allowed because none of user's groups are listed in AllowGroups",
  "Bad protocol version identification '§' from @ port 40022", "Bad protocol version identification '§' from @",
  'Unable to negotiate with @ port 40022: no matching cipher found. Their offer: § [preauth]',
];

const formats: readonly Format[] = [
  ...sshMessages.map((message): Format => ({ name: `sshd: ${message}`, type: 'syslog', line: `Nov 23 01:00:00 bastion sshd[42]: ${message}`,
    cut: { from: ']: ', bytes: 1023 } })),
  ...sshMessages.slice(0, 5).map((message): Format => ({ name: `sshd, RFC 5424: ${message}`, type: 'syslog',
    line: `<38>1 2026-11-23T01:00:00Z bastion sshd-session 42 - - ${message}` })),
  { name: 'another program', type: 'syslog', line: 'Nov 23 01:00:00 bastion app[42]: §', accuses: false },
  { name: 'another program, ISO time', type: 'syslog', line: '2026-11-23T01:00:00Z bastion app: §', accuses: false },
  { name: 'another program, RFC 5424', type: 'syslog', line: '<13>1 2026-11-23T01:00:00Z bastion app 1 - [a b="§"] §', accuses: false },
  { name: 'sshd, a message of no interest', type: 'syslog', line: 'Nov 23 01:00:00 bastion sshd[42]: input_userauth_request: invalid user § [preauth]', accuses: false },
  ...['', 'example.org ', 'example.org:443 ', '[2001:db8::80]:443 '].flatMap((host): Format[] => [
    { name: `nginx, user, "${host}"`, type: 'nginx', line: `${host}@ - § [${time}] "GET / HTTP/1.1" 401 5 "-" "-"` },
    { name: `nginx, request, "${host}"`, type: 'nginx', line: `${host}@ - - [${time}] "GET /§ HTTP/1.1" 404 5 "-" "-"` },
    { name: `nginx, garbage, "${host}"`, type: 'nginx', line: `${host}@ - - [${time}] "§" 400 5 "-" "-"` },
    { name: `nginx, referer, "${host}"`, type: 'nginx', line: `${host}@ - - [${time}] "GET / HTTP/1.1" 200 5 "§" "-"` },
    { name: `nginx, agent, "${host}"`, type: 'nginx', line: `${host}@ - - [${time}] "GET / HTTP/1.1" 200 5 "-" "§"` },
    { name: `apache, ident, "${host}"`, type: 'apache2', line: `${host}@ § - [${time}] "GET / HTTP/1.1" 401 5 "-" "-"` },
    { name: `apache, user, "${host}"`, type: 'apache2', line: `${host}@ - § [${time}] "GET / HTTP/1.1" 401 5 "-" "-"` },
    { name: `apache, request, "${host}"`, type: 'apache2', line: `${host}@ - - [${time}] "GET /§ HTTP/1.1" 404 5 "-" "-"` },
    { name: `apache, garbage, "${host}"`, type: 'apache2', line: `${host}@ - - [${time}] "§" 400 5` },
    { name: `apache, referer, "${host}"`, type: 'apache2', line: `${host}@ - - [${time}] "GET / HTTP/1.1" 200 5 "§" "-"` },
    { name: `apache, agent, "${host}"`, type: 'apache2', line: `${host}@ - - [${time}] "GET / HTTP/1.1" 200 5 "-" "§"` },
  ]),
  // Whoever sends the request may choose the virtual host too.
  ...['192.0.2.1', '192.0.2.1:443', '[2001:db8:bad::1]:443', '[2001:db8:bad::1]', '2001:db8:bad::1', 'bad.cafe'].flatMap((host): Format[] => [
    { name: `nginx, virtual host ${host}`, type: 'nginx', line: `${host} @ - § [${time}] "GET /§ HTTP/1.1" 200 5 "-" "§"`, accuses: 'perhaps' },
    { name: `apache, virtual host ${host}`, type: 'apache2', line: `${host} @ - § [${time}] "GET /§ HTTP/1.1" 200 5 "-" "§"`, accuses: 'perhaps' },
  ]),
  ...[
    `user "§" was not found in "/etc/nginx/htpasswd", client: @, server: _, request: "GET / HTTP/1.1", host: "h"`,
    `user "§": password mismatch, client: @, server: _, request: "GET / HTTP/1.1", host: "h"`,
    `open() "/var/www/§" failed (2: No such file or directory), client: @, server: example.org, request: "GET /§ HTTP/1.1", host: "h", referrer: "§"`,
    `FastCGI sent in stderr: "§" while reading response header from upstream, client: @, server: _, request: "GET / HTTP/1.1", host: "h"`,
    `access forbidden by rule, client: @, server: example.org, request: "GET /§ HTTP/1.1", host: "§"`,
  ].map((message): Format => ({ name: `nginx error log: ${message}`, type: 'nginx', line: `${errorTime}${message}`, cut: { from: '2026/', bytes: 2047 } })),
  { name: 'apache 2.4 error log', type: 'apache2', line: `${apacheError}[auth_basic:error] [pid 812:tid 9] [client @:40022] AH01618: user § not found: /§, referer: §` },
  { name: 'apache 2.4 error log, mismatch', type: 'apache2', line: `${apacheError}[auth_basic:error] [pid 812] [client @:40022] AH01617: user §: authentication failure for "/§": Password Mismatch` },
  { name: 'apache 2.2 error log', type: 'apache2', line: '[Mon Nov 23 01:00:00 2026] [error] [client @] user § not found: /§' },
  { name: 'apache error log without a client', type: 'apache2', line: `${apacheError}[cgid:error] [pid 812:tid 9] §`, accuses: false },
];

/** What a hostile text is put together from; 192.0.2.x is always somebody else. */
const pieces = [
  ' from 192.0.2.1 port 22', ' from 192.0.2.1', ' from 192.0.2.1 port 22 ssh2', ' from 192.0.2.1 port 22 ssh2]', ' 192.0.2.1 port 22 [preauth]', ' ssh2 [preauth]',
  '192.0.2.1', '2001:db8:bad::1', '::ffff:192.0.2.1', '::1%x', '%eth0', ' rhost=192.0.2.1  user=root', ' not allowed because ', ' not listed in AllowUsers',
  ', client: 192.0.2.1, server:', ', client: 192.0.2.1, server: x, request: "GET / HTTP/1.1", host: "h"', ', client', ': ', ', client:', '" was not found in "', '": password mismatch',
  `192.0.2.1 - - [${time}] "GET /x HTTP/1.1" 404 5 "-" "-"`, ` [${time}] "`, ` - x [${time}] `, `" 404 5 "-" "-"`, ' HTTP/1.1" 200 1 "-" "-"',
  '] [client 192.0.2.1:22] ', '[client 192.0.2.1] ', `${apacheError}[x:error] [pid 1:tid 1] [client 192.0.2.1:5] user`, 'Nov 23 01:00:00 bastion sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2',
  '<38>1 2026-11-23T01:00:00Z h sshd 1 - - ', `${errorTime}user "y" was not found in "z"`, 'sshd[1]:', 'example.org:80 ', '-', ' - ', ' - - ',
  '"', "'", '\\', '\\"', '\\x22', '[', ']', '{', '(', ')', '|', '$', '^', '%', '<', '>', ' ', '  ', '\t', '\r', '\0', '\v', '\u2028', '\u0085', '\ufeff', '\u001b[31mred\u001b[0m', '\u001b]0;title\u0007',
  'é', '日本', '\u{1f600}', '%{IP:sshd_client_ip}', '${jndi:ldap://192.0.2.1/a}', 'root', 'x',
];
/** No valid UTF-8. */
const bytes = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xe2, 0x80]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xf8, 0x88, 0x80, 0x80, 0x80])];

const addresses = ['203.0.113.5', '2001:db8::5'];
const hub = embeddedHubDir();

describe('no line accuses another address', () => {
  test('with each piece, alone and doubled, in each place', async () => {
    await tryTexts(pieces.flatMap((piece) => [piece, `${piece}${piece}`, `x${piece}`, `${piece} y`]).map((text) => Buffer.from(text)));
  });

  test('with text that is no UTF-8', async () => {
    await tryTexts(bytes.flatMap((raw) => [raw, Buffer.concat([Buffer.from('a from 192.0.2.1 port 22 '), raw]),
      Buffer.concat([raw, Buffer.from(', client: 192.0.2.1, server: ')])]));
  });

  test('with more than ten thousand characters', async () => {
    await tryTexts(['A', '日', ' from 192.0.2.1 port 22', ', client: 192.0.2.1, server: x', ' 192.0.2.1', '"', '[', '\\']
      .map((unit) => Buffer.from(unit.repeat(Math.ceil(12_000 / unit.length)).slice(0, 12_000))));
  });

  test('where the daemon cuts its line right behind the false address', async () => {
    const lines: Case[] = [];
    for (const format of formats.filter(({ cut }) => cut !== undefined)) {
      for (const tail of [' from 192.0.2.1 port 22 ssh2', ' from 192.0.2.1 port 22', ' from 192.0.2.1', ' 192.0.2.1 port 22 [preauth]',
        ' from 192.0.2.1 not allowed because x', ', client: 192.0.2.1, server: x', ', client: 192.0.2.1, server: x, request: "GET / HTTP/1.1", host: "h"']) {
        lines.push(...addresses.map((address) => ({ format, address, line: cutBehind(format, address, tail) })));
      }
    }
    assert.deepEqual(await accusations(lines), []);
  });

  test('with random mixtures', async (context) => {
    const seed = testSeed();
    context.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    const texts = Array.from({ length: 40 }, () => Buffer.concat(Array.from({ length: 1 + Math.floor(random() * 7) }, () =>
      random() < 0.08 ? pick(random, bytes) : Buffer.from(pick(random, pieces)))));
    await tryTexts(texts, `seed ${seed}`);
  });
});

test('ordinary text in each place is parsed and names the true address', async () => {
  const cases = formats.filter(({ accuses }) => accuses === undefined)
    .flatMap((format) => addresses.map((address) => ({ format, address, line: spliced(format, address, Buffer.from('name')) })));
  const sources = await sourcesOf(cases);
  assert.deepEqual(cases.filter(({ address }, index) => sources[index] !== address).map(({ line }) => line.toString()), []);
});

interface Case {
  readonly format: Format;
  readonly address: string;
  readonly line: Buffer;
}

async function tryTexts(texts: readonly Buffer[], about = ''): Promise<void> {
  const cases = formats.flatMap((format) => texts.flatMap((text) => addresses
    .map((address) => ({ format, address, line: spliced(format, address, text) }))));
  assert.deepEqual(await accusations(cases), [], about);
}

/** Lines whose source is neither the true address nor none. */
async function accusations(cases: readonly Case[]): Promise<string[]> {
  const sources = await sourcesOf(cases);
  return cases.flatMap(({ format, address, line }, index) => {
    const source = sources[index];
    return source === '' || (source === address && format.accuses !== false) ? [] : [`${source}: ${format.name}: ${line.toString('latin1').slice(0, 300)}`];
  });
}

/** The source of each line, '' where it did not parse. */
async function sourcesOf(cases: readonly Case[]): Promise<string[]> {
  const bench = new RuleBench({ parsers: ruleFiles(hub, 'parsers'), scenarios: [] });
  const found = new Map<Case, string>();
  for (const type of ['syslog', 'nginx', 'apache2']) {
    const ofType = cases.filter(({ format }) => format.type === type);
    for (let at = 0; at < ofType.length; at += 2000) {
      const part = ofType.slice(at, at + 2000);
      // The scalar runner too, for a part: it must say the same.
      const lines = part.map(({ line }) => line);
      const { events } = at === 0 ? await bench.run(lines.slice(0, 200), { type }).then(() => bench.runFast(lines, { type })) : bench.runFast(lines, { type });
      for (const [index, event] of events.entries()) found.set(part[index], event.process ? event.meta.get('source_ip') : '');
    }
  }
  return cases.map((each) => found.get(each) as string);
}

function spliced({ line }: Format, address: string, text: Buffer): Buffer {
  const parts = line.split('§').map((part) => Buffer.from(part.replace('@', address)));
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [text, part])));
}

/** The line as the daemon cuts it, with a text so long that the cut comes right behind `tail`. */
function cutBehind(format: Format, address: string, tail: string): Buffer {
  const { from, bytes: length } = format.cut as NonNullable<Format['cut']>;
  const [head] = format.line.split('§');
  const start = format.line.indexOf(from) + (from === '2026/' ? 0 : from.length);
  const filled = head.slice(start).replace('@', address).length;
  const text = `${'A'.repeat(Math.max(1, length - filled - tail.length))}${tail}`;
  return spliced(format, address, Buffer.from(text)).subarray(0, start + length);
}
