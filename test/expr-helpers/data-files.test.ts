import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { DataFiles, type DataFileType, loadDataFile } from '../../ts/expr-helpers/data-files.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { call, listLog, noonMs, testContext } from './helper-context.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-data-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

test('a file of strings has its lines but empty ones and comments, untrimmed', () => {
  const content = loadDataFile(folder, file('list.txt', '# no\n one \r\n\n#no\ntwo'), 'string');
  const context = testContext({}, [content, { type: 'string', name: 'list.txt', lines: ['later'] }]);
  assert.deepEqual(call(context, 'File', 'list.txt'), [' one ', 'two']);
  assert.deepEqual(call(context, 'File', 'missing'), []);
  assert.deepEqual(call(context, 'File', 'missing'), []);
  assert.deepEqual(context.lines, ["error: data file 'missing' (type string) is not loaded"]);
});

test('a file of expressions matches when any of them does', () => {
  const content = loadDataFile(folder, file('rx.txt', '^bad\n(?i)worse$\n#^#\nx{2,3}y'), 'regexp');
  const context = testContext({}, [content]);
  const verdicts: [string, boolean][] = [['badly', true], ['not bad', false], ['even WORSE', true], ['axxyb', true],
    ['axyb', false], ['', false], ['é xxxxy', true]];
  for (const [text, expected] of verdicts) assert.equal(call(context, 'RegexpInFile', text, 'rx.txt'), expected, text);
  assert.equal(call(context, 'RegexpInFile', 'bad', 'other'), false);
});

test('results of a file of expressions are remembered as far as its cache goes', () => {
  let nowMs = noonMs;
  const content = loadDataFile(folder, file('rx2.txt', 'a'), 'regexp', { strategy: 'LRU', sizeMax: 2, ttlNs: 1e9 });
  const files = new DataFiles([content], listLog([]), () => nowMs);
  for (const text of ['a', 'b', 'c', 'a', 'a']) assert.equal(files.matchesAny(text, 'rx2.txt'), text === 'a');
  assert.deepEqual(files.cacheSizes(), [{ name: 'rx2.txt', size: 2 }]);
  nowMs += 2000;
  assert.equal(files.matchesAny('a', 'rx2.txt'), true);
});

test('a file of tags answers equal before contained before matching', () => {
  const rows = [['/a', 'first', 'equals'], ['/a', 'last', 'equals'], ['bc', 'inner', 'contains'], ['b', 'b', 'contains'],
    ['/b', 'left', 'contains'], ['(', 'broken', 'regex'], ['^/z+$', 'zs', 'regex'], ['z', 'z', 'regex']];
  const text = rows.map(([pattern, tag, type]) => JSON.stringify({ pattern, tag, type, note: 'n' })).join('\n');
  const context = testContext({}, [loadDataFile(folder, file('map.json', text), 'map')]);
  const cases: [string, string][] = [['/a', 'last'], ['/bc', 'left'], ['xbc', 'inner'], ['xb', 'b'], ['/zz', 'zs'],
    ['/zx', 'z'], ['nothing', '']];
  for (const [subject, tag] of cases) assert.equal(call(context, 'LookupFile', subject, 'map.json'), tag, subject);
  assert.equal((call(context, 'FileMap', 'map.json') as { note: string }[])[0].note, 'n');
  assert.equal(call(context, 'LookupFile', '/a', 'missing'), '');
  assert.ok(context.lines.some((line) => line.includes("data file 'map.json'")), 'the broken pattern is told of');
});

const bots = [
  { name: 'by-ip', user_agent: 'good', ips: ['1.2.3.4', '::ffff:9.9.9.9'] },
  { name: 'by-range', paths: ['^/robots'], ranges: ['10.1.2.3/8', '2001:db8::/32'] },
  { name: 'by-name', user_agent: 'crawler', rdns: ['(^|\\.)crawl\\.example$'] },
].map((bot) => JSON.stringify(bot)).join('\n');

const knownBotCases: readonly (readonly [string, string, string, boolean])[] = [
  ['1.2.3.4', 'a Good one', '/', true], ['1.2.3.4:443', 'good', '/', true], ['1.2.3.4', 'bad', '/', false],
  ['9.9.9.9', 'good', '/', true], ['10.200.0.1', '', '/ROBOTS.txt', true], ['10.200.0.1', '', '/', false],
  ['[2001:db8::7%eth0]:80', '', '/robots', true], ['5.5.5.5', 'crawler', '/', true], ['6.6.6.6', 'crawler', '/', false],
  ['5.5.5.5', 'other', '/', false], ['nonsense', 'good', '/', false],
];

test('a known bot is told by address, network or a name confirmed in both directions', async () => {
  const queries: string[] = [];
  const dns = new DnsCache(() => noonMs, {
    reverse: (address) => {
      queries.push(address);
      return Promise.resolve(address === '5.5.5.5' ? ['A.crawl.example'] : ['a.crawl.example']);
    },
    addresses: () => Promise.resolve(['5.5.5.5']),
  });
  const context = testContext({ dns }, [loadDataFile(folder, file('bots.json', bots), 'bots')]);
  for (const [source, agent, path, expected] of knownBotCases) {
    const verdict = await call(context, 'MatchKnownBot', source, agent, path, 'missing', 'bots.json');
    assert.equal(verdict, expected, `${source} ${agent} ${path}`);
  }
  assert.deepEqual(queries, ['5.5.5.5', '6.6.6.6'], 'names are asked for only where no address tells');
  assert.equal(await call(context, 'MatchKnownBot', '1.2.3.4', 'good', '/'), false);
});

/** Type, line, part of the message. */
const badLines: readonly (readonly [DataFileType, string, RegExp])[] = [
  ['regexp', 'a(', /RE2 refuses/], ['map', '{', /not JSON/], ['map', '[]', /object of strings/],
  ['map', '{"pattern":"a","tag":"b"}', /'type' is missing/], ['map', '{"pattern":"a","tag":"b","type":"c"}', /not one of/],
  ['bots', '{"name":"a"}', /at least one of/], ['bots', '{"ips":["1.2.3.4"]}', /'name' is missing/],
  ['bots', '{"name":"a","ip":[]}', /unknown key 'ip'/], ['bots', '{"name":"a","ips":["x"]}', /not an address/],
  ['bots', '{"name":"a","ranges":["1.2.3.4"]}', /not a network/], ['bots', '{"name":"a","rdns":[""]}', /empty rdns/],
  ['bots', '{"name":"a","rdns":["("]}', /RE2 refuses/],
];

for (const [type, line, message] of badLines) {
  test(`a file of ${type} with the line ${line} is refused with its place`, () => {
    file('bad', `# comment\n${line}\n`);
    assert.throws(() => loadDataFile(folder, 'bad', type), (error) => {
      assert.ok(error instanceof PalisadeError);
      assert.match(error.message, message);
      assert.equal(error.place?.line, 2);
      return true;
    });
  });
}

test('a file that is not there is an error of its own kind', () => {
  assert.throws(() => loadDataFile(folder, 'nowhere', 'string'), { code: 'E_FILE' });
});

test('a hundred expressions of a file give the verdict of each tried in turn', skipWithout('hub'), () => {
  const path = join(sharedPath('hub') as string, 'data');
  const content = loadDataFile(path, 'bad_user_agents.regex.txt', 'regexp');
  assert.ok(content.type === 'regexp' && content.lines.length > 100);
  const files = new DataFiles([content], listLog([]), () => noonMs);
  const agents = ['Mozilla/5.0 (X11; Linux x86_64)', 'sqlmap/1.7', 'Nikto', 'curl/8.0', 'masscan/1.3', ''];
  const oracle = content.lines.map((line) => testContext().regex(line));
  for (const agent of agents) {
    assert.equal(files.matchesAny(agent, content.name), oracle.some((regex) => regex.test(agent)), agent);
  }
});
