import assert from 'node:assert/strict';
import test from 'node:test';
import { ExprError } from '../../ts/expr/values.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { GoTime } from '../../ts/util/go-time.js';
import { GoDuration, GoInt } from '../../ts/util/go-value.js';
import { call, noonMs, testContext } from './helper-context.js';

// Helpers that show local time show it in this zone.
process.env['TZ'] = 'UTC';

const context = testContext();

const missing = ['CrowdsecCTI', 'JA4H', 'LibInjectionIsSQLI', 'LibInjectionIsXSS'];
const asynchronous = ['GetActiveDecisionsCount', 'GetActiveDecisionsTimeLeft', 'GetDecisionsCount',
  'GetDecisionsSinceCount', 'HTTPGet', 'HTTPHead', 'HTTPPost', 'HTTPRequest', 'LookupHost', 'MatchKnownBot'];

test('the table has the 83 helpers of CrowdSec, four of them marked as not there', () => {
  assert.equal(Object.keys(helperTable).length, 83);
  const marked = Object.keys(helperTable).filter((name) => helperTable[name].unsupported !== undefined);
  assert.deepEqual(marked.sort(), missing);
});

test('helpers that wait for an answer, that change something and that touch stashes are marked', () => {
  const withFlag = (flag: 'isAsync' | 'hasEffects' | 'usesStash'): string[] =>
    Object.keys(helperTable).filter((name) => helperTable[name][flag] === true).sort();
  assert.deepEqual(withFlag('isAsync'), asynchronous);
  assert.deepEqual(withFlag('usesStash'), ['GetFromStash', 'SetInStash']);
  assert.deepEqual(withFlag('hasEffects').filter((name) => !name.startsWith('HTTP')),
    ['LogInfo', 'ParseKV', 'ParseKVLax', 'SetInStash', 'UnmarshalJSON']);
});

const time = (seconds: number): GoTime => new GoTime(seconds, 0);

/** Helper, arguments, result. */
const answers: readonly (readonly [string, readonly unknown[], unknown])[] = [
  ['Upper', ['abcé'], 'ABCÉ'], ['Lower', ['ABCÉ'], 'abcé'], ['TrimSpace', [' \u00a0x\t'], 'x'],
  ['Split', ['a,b', ','], ['a', 'b']], ['SplitN', ['a,b,c', ',', 2], ['a', 'b,c']], ['Fields', [' a  b '], ['a', 'b']],
  ['SplitAfter', ['a,b', ','], ['a,', 'b']], ['SplitAfterN', ['a,b,c', ',', 2], ['a,', 'b,c']],
  ['Join', [['a', 'b'], '-'], 'a-b'], ['Index', ['éa', 'a'], 2], ['IndexAny', ['éa', 'xa'], 2],
  ['Replace', ['aaa', 'a', 'b', 2], 'bba'], ['ReplaceAll', ['aaa', 'a', 'b'], 'bbb'],
  ['Trim', ['xxaxx', 'x'], 'a'], ['TrimLeft', ['xxaxx', 'x'], 'axx'], ['TrimRight', ['xxaxx', 'x'], 'xxa'],
  ['TrimPrefix', ['abc', 'ab'], 'c'], ['TrimPrefix', ['abc', 'x'], 'abc'], ['TrimSuffix', ['abc', 'bc'], 'a'],
  ['Get', [['a', 'b'], 1], 'b'], ['Get', [['a'], 5], ''], ['ToString', ['x'], 'x'], ['ToString', [5], ''],
  ['ToString', [null], ''], ['Sprintf', ['%s-%d-%v', 'a', new GoInt(5), 1e6], 'a-5-1e+06'],
  ['Match', ['a*c', 'abbc'], true], ['Match', ['', ''], true], ['Match', ['a?', 'aé'], false],
  ['IsIP', ['::1'], true], ['IsIP', ['x'], false], ['IsIPV4', ['::ffff:1.2.3.4'], true], ['IsIPV6', ['1.2.3.4'], false],
  ['IsIPV6', ['::ffff:1.2.3.4'], false], ['IsIPV6', ['2001:db8::1'], true],
  ['IpInRange', ['1.2.3.4', '1.2.3.0/24'], true], ['IpInRange', ['1.2.4.4', '1.2.3.0/24'], false],
  ['IpInRange', ['x', '1.2.3.0/24'], false], ['IpInRange', ['1.2.3.4', 'x'], false],
  ['IpToRange', ['192.168.1.77', '/16'], '192.168.0.0/16'], ['IpToRange', ['2001:db8::1', '64'], '2001:db8::/64'],
  ['IpToRange', ['1.2.3.4', '/33'], ''], ['IpToRange', ['x', '/8'], ''], ['IpToRange', ['fe80::1%eth0', '/64'], 'fe80::/64'],
  ['Atof', ['1.5'], 1.5], ['Atof', ['x'], 0], ['Atof', ['1e999'], Infinity], ['Atof', [''], 0],
  ['FloatApproxEqual', [1, 1.0000001], true], ['FloatApproxEqual', [1, 1.1], false],
  ['Distance', ['0', '0', '51.5', '0.1'], 0], ['Distance', ['51.1', '1.0', '51.1', '1.0'], 0],
  ['TimeNow', [], '2026-11-23T12:00:00Z'], ['ParseUnix', ['1700000000.123'], '2023-11-14T22:13:20Z'],
  ['ParseUnix', ['0'], ''], ['ParseUnix', ['x'], ''],
  ['AverageInterval', [[time(10), time(0), time(4)]], 5e9], ['MedianInterval', [[time(0), time(1), time(5), time(6)]], 1e9],
  ['MedianInterval', [[time(0), time(1), time(4)]], 2e9],
  ['KeyExists', ['a', { a: null }], true], ['KeyExists', ['b', { a: 1 }], false], ['KeyExists', ['a', null], false],
  ['Flatten', [1, [2, [3, []]]], [1, 2, 3]], ['FlattenDistinct', ['a', ['a', 'b']], ['a', 'b']],
  ['Distinct', [[1, new GoInt(1), 1, 'a', 'a', null, null]], [1, new GoInt(1), 'a', null]], ['Distinct', ['x'], null],
  ['Distinct', [[new GoDuration(1), new GoDuration(1)]], [new GoDuration(1)]],
  ['QueryEscape', ['a b/'], 'a+b%2F'], ['PathEscape', ['a b/'], 'a%20b%2F'], ['QueryUnescape', ['a+b%2'], 'a+b%2'],
  ['QueryUnescape', ['a+b%21'], 'a b!'], ['PathUnescape', ['a+b%21'], 'a+b!'], ['PathUnescape', ['%zz'], '%zz'],
  ['ExtractQueryParam', ['/p?a=1&b=2&a=3?', 'a'], ['1', '3?']], ['ExtractQueryParam', ['/p', 'a'], []],
  ['B64Decode', ['aGk='], 'hi'], ['B64Decode', ['aG\nk='], 'hi'], ['B64Decode', [''], ''],
  ['ToJsonString', [{ b: 1.5, a: [new GoInt(2), null, '<'] }], '{"a":[2,null,"\\u003c"],"b":1.5}'],
  ['ToJsonString', [NaN], ''],
  ['JsonExtractSlice', ['{"a":[1,"x",{"y":null}]}', 'a'], [1, 'x', Object.assign(Object.create(null), { y: null })]],
  ['JsonExtractSlice', ['{"a":1}', 'a'], null], ['JsonExtractObject', ['{"a":1}', 'b'], null],
  ['JsonExtractObject', ['{"a":{"b":1}}', 'a'], Object.assign(Object.create(null), { b: 1 })],
  ['JsonExtractLib', ['{"a":{"b":"c"}}', 'a', 'b'], 'c'],
  ['LogInfo', ['%s', 'x'], true],
];

for (const [name, args, expected] of answers) {
  test(`${name}(${JSON.stringify(args).slice(1, -1)}) is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(call(context, name, ...args), expected);
  });
}

/** Helper and arguments of calls that are errors of the expression. */
const failures: readonly (readonly [string, readonly unknown[]])[] = [
  ['Get', [['a'], -1]], ['Distance', ['', '0', '0', '0']], ['Distance', ['x', '0', '0', '0']],
  ['AverageInterval', [[time(1)]]], ['MedianInterval', [[time(1), 'x']]], ['B64Decode', ['aGk']], ['B64Decode', ['*']],
  ['B64Decode', ['aGk=aGk=']], ['Distinct', [[{}]]], ['Distinct', []], ['JsonExtractUnescape', ['{}']],
  ['UnmarshalJSON', ['{', {}, 'k']], ['ParseKV', ['nothing', {}, 'k']], ['ParseKVLax', ['nothing', {}, 'k']],
  ['ParseKV', ['a=b', { k: 'taken' }, 'k']],
];

for (const [name, args] of failures) {
  test(`${name}(${JSON.stringify(args).slice(1, -1)}) is an error of the expression`, () => {
    assert.throws(() => call(context, name, ...args), ExprError);
  });
}

test('the distance of two cities is that of a sphere of 6371 km', () => {
  const km = call(context, 'Distance', '48.8566', '2.3522', '51.5074', '-0.1278') as number;
  assert.ok(Math.abs(km - 343.556) < 0.001, String(km));
});

test('LogInfo writes its line and Hostname gives a name', () => {
  const own = testContext();
  call(own, 'LogInfo', 'seen %d', new GoInt(3));
  assert.deepEqual(own.lines, ['info: seen 3']);
  assert.equal(typeof call(own, 'Hostname'), 'string');
});

test('stashes are read and written by name, and expire by the clock', () => {
  let nowMs = noonMs;
  const own = testContext({}, [], () => nowMs);
  own.stash.declare({ name: 's', sizeMax: 2, ttlNs: 1e9, strategy: 'LRU' });
  own.stash.declare({ name: 's', sizeMax: 9, ttlNs: 60e9, strategy: 'LRU' });
  assert.equal(call(own, 'SetInStash', 's', 'k', 'v', null), null);
  assert.equal(call(own, 'GetFromStash', 's', 'k'), 'v');
  assert.equal(call(own, 'GetFromStash', 's', 'x'), '');
  assert.equal(call(own, 'GetFromStash', 'unknown', 'k'), '');
  assert.deepEqual(own.stash.sizes().map(({ size }) => size), [1, 1]);
  nowMs += 1000;
  assert.equal(call(own, 'GetFromStash', 's', 'k'), '', 'reads see the first of two stashes of a name');
  call(own, 'SetInStash', 's', 'long', 'v', 5e9);
  nowMs += 4999;
  assert.equal(call(own, 'GetFromStash', 's', 'long'), 'v');
});

test('counts of decisions are 0 without a database and ask it otherwise', async () => {
  assert.equal(await call(context, 'GetDecisionsCount', '1.2.3.4'), 0);
  assert.equal(await call(context, 'GetActiveDecisionsTimeLeft', '1.2.3.4'), 0);
  const asked: unknown[] = [];
  const own = testContext({ decisions: {
    count: (value, since) => Promise.resolve(asked.push([value, since?.toRfc3339() ?? null])),
    activeCount: () => Promise.reject(new Error('gone')), activeTimeLeftNs: () => Promise.resolve(60e9),
  } });
  assert.equal(await call(own, 'GetDecisionsCount', 'a'), 1);
  assert.equal(await call(own, 'GetDecisionsSinceCount', 'b', '1d12h'), 2);
  assert.equal(await call(own, 'GetDecisionsSinceCount', 'b', 'soon'), 0);
  assert.deepEqual(asked, [['a', null], ['b', '2026-11-22T00:00:00Z']]);
  assert.equal(await call(own, 'GetActiveDecisionsTimeLeft', 'a'), 60e9);
  await assert.rejects(async () => call(own, 'GetActiveDecisionsCount', 'a'), ExprError);
});
