// `cscli explain`: the furthest stop of patterns, the false part of filters, and the command on embedded rules.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import RE2 from 're2';
import { termsOf, pathsIn } from '../../cli/explain-filter.js';
import { furthest } from '../../cli/explain-furthest.js';
import { runCli } from '../../cli/main.js';
import { PatternLibrary } from '../../ts/grok/patterns.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import { randomFrom } from '../../ts/util/random.js';
import { piecesOf } from '../../ts/lint/pattern-pieces.js';
import { makeInstance, type Instance } from './instance.js';
import { testSeed } from '../support/random.js';

let instance: Instance;
const sshd = 'Dec 10 06:55:46 host sshd[24200]: ';
const run = (...argv: string[]) => instance.run(['-c', instance.configFile, ...argv]);

before(async () => {
  instance = makeInstance(null, { port: 1 });
  assert.equal((await run('hub', 'update')).exit, 0);
  assert.equal((await run('collections', 'install', 'palisade/linux', 'palisade/sshd', 'palisade/nginx')).exit, 0);
});
after(() => instance.remove());

test('the stop of a pattern is the end of its longest prefix that matches', () => {
  const library = new PatternLibrary();
  const regexes = new SinglePatterns();
  const cases: readonly (readonly [pattern: string, text: string, at: number, wanted: string])[] = [
    ['^Failed for %{USERNAME:user} from %{IP:ip}', 'Failed for root from here', 21, '%{IP:ip}'],
    ['^Failed for %{USERNAME:user} from %{IP:ip}', 'Failure for root', 4, 'ed for '],
    ['^a(b|cd)e', 'acx', 2, '(b|cd) > d'],
    ['%{INT:n} x', 'no number', 0, '%{INT:n}'],
    ['^user %{DATA:user} from %{IP:ip}$', 'user bob at 1.2.3.4', 9, 'from '],
    ['^(?:x )?y', 'z', 0, 'y'],
    ['^(?i)FAILED %{INT:n}', 'failed at', 7, '%{INT:n}'],
    ['^ab$', 'abc', 2, '$'],
    ['^\\[%{INT:n}\\]', '[12', 3, '\\]'],
    ['^%{WORD:a} %{IPORHOST:h}:%{INT:p}', 'x 1.2.3.4', 9, ':'],
  ];
  for (const [pattern, text, at, wanted] of cases) {
    const stop = furthest(pattern, text, library, regexes);
    assert.deepEqual([stop.at, stop.wanted.join(' > ')], [at, wanted], `${pattern} on ${text}`);
  }
});

test('on seeded random patterns the stop is that of trying every prefix', (context) => {
  const seed = testSeed();
  context.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const library = new PatternLibrary();
  const regexes = new SinglePatterns();
  const pieces = ['a', 'b', '\\d', '[ab]', ' ', 'b+', 'a?', '\\b', '1{2}', '(?i)B'];
  for (let round = 0; round < 2000; round++) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 7) }, () => pick(pieces));
    const text = Array.from({ length: Math.floor(random() * 9) }, () => pick(['a', 'b', 'B', '1', ' '])).join('');
    const pattern = (random() < 0.5 ? '^' : '') + parts.join('');
    const row = piecesOf(pattern)[0].map(({ source }) => source);
    const ends = row.map((_, index) => new RE2(row.slice(0, index + 1).join('')).exec(text));
    if (ends.at(-1) !== null) continue;
    const last = ends.findLastIndex((match) => match !== null);
    const naive = last < 0 ? [0, 0] : [ends[last]!.index, ends[last]!.index + ends[last]![0].length];
    const { from, at } = furthest(pattern, text, library, regexes);
    assert.deepEqual([from, at], naive, `${pattern} on ${JSON.stringify(text)}`);
  }
});

test('a filter is taken apart at its outermost and, where that is the outermost operation', () => {
  const cases: readonly (readonly [filter: string, terms: readonly string[]])[] = [
    ['a && b and c', ['a', 'b', 'c']],
    ['(a && b)', ['a', 'b']],
    ['(a && b) || c', ['(a && b) || c']],
    ['a && (b || c)', ['a', '(b || c)']],
    ['a ? b && c : d', ['a ? b && c : d']],
    ['any(x, { # == 1 && true }) && evt.A == "&&"', ['any(x, { # == 1 && true })', 'evt.A == "&&"']],
    ['let x = a; x && b', ['let x = a; x && b']],
  ];
  for (const [filter, terms] of cases) assert.deepEqual(termsOf(filter), terms, filter);
  assert.deepEqual(pathsIn('evt.Meta.a == "evt.Meta.b" && evt.Unmarshaled?.x.y.foo() in [evt.Meta.a]'),
    ['evt.Meta.a', 'evt.Unmarshaled?.x.y']);
});

test('--why shows where each pattern stopped, under the text it read', async () => {
  const { stdout, exit } = await run('explain', '--why', '--type', 'syslog', '-l',
    `${sshd}Failed password for root from not-an-ip port 38926 ssh2`);
  assert.equal(exit, 0);
  assert.match(stdout, /parser failure 🔴\n\n\twhy: the patterns of s01-parse whose filter held/);
  assert.match(stdout, /evt\.Parsed\.program = "sshd"/);
  assert.match(stdout, /is not found at column 31 of evt\.Parsed\.message\n\t {6}Failed password for root from not-an-ip.*\n\t {36}\^\n/);
});

test('--why shows the part of a filter that is false, with the values in it', async () => {
  const { stdout } = await run('explain', '--why', '--type', 'nginx', '-l',
    '192.0.2.9 - - [17/May/2025:10:05:03 +0000] "GET / HTTP/1.1" 200 10 "-" "curl"');
  assert.match(stdout, /why not: the part of each other scenario's filter that is false\n/);
  assert.match(stdout, /evt\.Meta\.http_status.*\(\d parts? before it held\)\n\t {4}evt\.Meta\.http_status = "200"\n/);
});

test('--why counts the patterns that came less far, with -v it shows them', async () => {
  const argv = ['explain', '--why', '--type', 'syslog', '-l', `${sshd}xyzzy`];
  const placesIn = (text: string): number => text.match(/^\t {2}\S+ \(\S+\.yaml:\d+\)$/gm)?.length ?? 0;
  const [close, all] = [(await run(...argv)).stdout, (await run(...argv, '-v')).stdout];
  const leftOut = Number(/and (\d+) patterns more that came less far \(-v shows them\)/.exec(close)?.[1]);
  assert.ok(placesIn(close) >= 3 && leftOut > 0, close);
  assert.equal(placesIn(all), placesIn(close) + leftOut);
  assert.doesNotMatch(all, /patterns more/);
});

test('--why says so when no filter held, and never moves the cursor', async () => {
  const { stdout } = await run('explain', '--why', '--type', 'nothing-known', '-l', 'a\x1b[2Jb');
  assert.match(stdout, /why: no node of s01-parse took the line/);
  assert.doesNotMatch(stdout, /\x1b/);
});

test('a file, a compressed file, a DSN with a pattern and standard input are explained alike', async () => {
  const lines = [`${sshd}Failed password for root from 192.0.2.9 port 1 ssh2`, '', `${sshd}nothing of interest`];
  writeFileSync(join(instance.directory, 'a.log'), `${lines.join('\r\n')}\n`);
  writeFileSync(join(instance.directory, 'b.log.gz'), gzipSync(`${lines.join('\n')}\n`));
  const text = (await run('explain', '--type', 'syslog', '-f', 'a.log')).stdout;
  assert.equal(text.match(/^line: /gm)?.length, 2);
  assert.equal((await run('explain', '--type', 'syslog', '-f', 'b.log.gz')).stdout, text);
  assert.equal((await run('explain', '--type', 'syslog', '-d', `file://${instance.directory}/a.l*`)).stdout, text);
  assert.equal((await instance.run(['-c', instance.configFile, 'explain', '--type', 'syslog', '-f', '-'], lines.join('\n'))).stdout, text);
  const failures = (await run('explain', '--failures', '--only-successful-parsers', '--type', 'syslog', '-f', 'a.log')).stdout;
  assert.match(failures, /^line: .*nothing of interest\n/);
  assert.doesNotMatch(failures, /Failed password|├ 🔴|└ 🔴 /);
});

test('the output of a long input comes while the input is still being read', async () => {
  let written = 0;
  let writtenAtHalf = 0;
  async function* chunks(): AsyncGenerator<string> {
    for (let index = 0; index < 40; index++) {
      if (index === 20) writtenAtHalf = written;
      yield `${sshd}line ${index} of some\n`.repeat(50);
    }
  }
  const exit = await explainChunks(chunks, (text) => { written += text.split('line: ').length - 1; });
  assert.deepEqual([exit, written], [0, 2000]);
  assert.ok(writtenAtHalf >= 900, `${writtenAtHalf} lines at half time`);
});

test('what is held in memory of a long input does not grow with it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held: number[] = [];
  async function* chunks(): AsyncGenerator<string> {
    for (let index = 0; index < 160; index++) {
      if (index === 40 || index === 159) {
        collect();
        held.push(process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
      }
      yield Array.from({ length: 25 }, (_, line) => `${sshd}Failed password for user${index}${'x'.repeat(4000)} from 192.0.2.${line} port 1 ssh2\n`).join('');
    }
  }
  assert.equal(await explainChunks(chunks, () => {}), 0);
  // Were its lines kept, or what became of them, each of the 3,000 between would hold 4 KB and more.
  assert.ok(held[1] - held[0] < 4e6, `${held[0]} bytes, then ${held[1]}`);
});

/** Explains what standard input gives. */
function explainChunks(stdinChunks: () => AsyncGenerator<string>, write: (text: string) => void): Promise<number> {
  return runCli(['-c', instance.configFile, 'explain', '--type', 'syslog', '-f', '-'], {
    stdout: { write }, stderr: { write() {} },
    env: {}, cwd: instance.directory, isStdinTty: false, now: () => new Date(), readLine: async () => '',
    readStdin: async () => { throw new Error('asked for all of it'); }, stdinChunks });
}
