// Helpers as rules use them: compiled, typed and linked. What a helper does by itself is in the other files here.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Event, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { ExprError } from '../../ts/expr/values.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { GeoReader } from '../../ts/expr-helpers/geo-reader.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { GoDuration, GoInt } from '../../ts/util/go-value.js';
import { noonMs, testContext } from './helper-context.js';

/** An address database of one entry, in the shape of the reader. */
const geo = Object.create(GeoReader.prototype, {
  canLookUp: { value: (text: string) => text === '1.2.3.4' },
  city: { value: () => ({ country: { isoCode: 'FR', names: { en: 'France' } }, location: { latitude: 1.5 } }) },
  asn: { value: () => ({ number: 64500, organization: 'Example' }) },
  range: { value: () => null },
}) as GeoReader;

function evaluate(text: string, parts: Partial<HelperContext> = {}): unknown {
  const names = newEventNames();
  const context = testContext({ geo, ...parts }, [{ type: 'string', name: 'list', lines: ['one', 'two'] }]);
  context.stash.declare({ name: 'seen', sizeMax: 10, ttlNs: 60e9, strategy: 'LRU' });
  const compiled = compile({ text, place: { file: 'rule.yaml', line: 1, column: 1 } },
    { env: logEnv, functions: helperTable, names, allowAsync: true });
  const event = new Event(names);
  event.line.raw = '{"user":"bob","n":3,"deep":{"list":["x"]}}';
  event.meta.set('ip', '1.2.3.4');
  event.parsed.set('kv', 'a=1 b="two words"');
  return link(compiled, newRuntime(helperTable, context))(event);
}

/** Expression and value, ints and durations in their boxes. */
const values: readonly (readonly [string, unknown])[] = [
  ['JsonExtract(evt.Line.Raw, "deep.list[0]")', 'x'],
  ['UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, "j") in ["", nil] && evt.Unmarshaled.j.user == "bob"', true],
  ['UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, "j") == nil ? evt.Unmarshaled.j.n + 1 : 0', 4],
  ['ParseKV(evt.Parsed.kv, evt.Unmarshaled, "kv") in ["", nil] && evt.Unmarshaled.kv.b == "two words"', true],
  ['ParseKV(evt.Parsed.kv, evt.Unmarshaled, "kv") == nil && evt.Unmarshaled.kv.missing == ""', true],
  ['any(File("list"), {# == "two"})', true],
  ['Split("a/b", "/")[1]', 'b'],
  ['Index("éa", "a")', new GoInt(2)],
  ['Sprintf("%d %v %s", 5, 1000000.0, evt.Meta.ip)', '5 1e+06 1.2.3.4'],
  ['Sprintf("%v", Split("a b", " "))', '[a b]'],
  ['MedianInterval([evt.Time, evt.Time])', new GoDuration(0)],
  ['Distinct(["a", "a", "b"])', ['a', 'b']],
  ['len(Flatten([1, [2, 3]]))', new GoInt(3)],
  ['GeoIPEnrich(evt.Meta.ip)?.Country.IsoCode', 'FR'],
  ['GeoIPEnrich(evt.Meta.ip).Location.Latitude', 1.5],
  ['GeoIPEnrich(evt.Meta.ip).Country.Names["en"]', 'France'],
  ['GeoIPASNEnrich(evt.Meta.ip).AutonomousSystemNumber == 64500', true],
  ['GeoIPRangeEnrich(evt.Meta.ip) == nil', true],
  ['SetInStash("seen", "k", "v", nil) == nil && GetFromStash("seen", "k") == "v"', true],
  ['ParseUri("/p?a=1&a=2")["a"][1]', '2'],
  ['KeyExists("x", evt.Unmarshaled)', false],
  ['IpInRange(evt.Meta.ip, "1.2.3.0/24") and not IsIPV6(evt.Meta.ip)', true],
  ['FloatApproxEqual(Atof("0.3"), 0.3)', true],
  ['ToJsonString({"b": 1, "a": [1.5, nil]})', '{"a":[1.5,null],"b":1}'],
];

for (const [text, expected] of values) {
  test(`${text} gives ${JSON.stringify(expected)}`, () => assert.deepEqual(evaluate(text), expected));
}

/** Expressions that fail while they run. */
const failures: readonly string[] = [
  'Lower(evt.Unmarshaled.missing)', 'UnmarshalJSON("{", evt.Unmarshaled, "j") == nil', 'B64Decode("*")',
  'GeoIPEnrich("nowhere").Country.IsoCode', 'Get(Split("a", ","), -1)', 'Distance(evt.Meta.ip, "", "", "") > 1',
];

for (const text of failures) {
  test(`${text} fails while it runs`, () => {
    assert.throws(() => evaluate(text), ExprError);
  });
}

/** Expressions that do not compile, and part of the reason. */
const refusals: readonly (readonly [string, RegExp])[] = [
  ['Lower(5)', /Lower/], ['Lower()', /not enough arguments/], ['Join("a", "b")', /Join/],
  ['FloatApproxEqual("a", 1.0)', /FloatApproxEqual/], ['UnmarshalJSON(evt.Line.Raw, evt.Parsed, "x") == nil', /UnmarshalJSON/],
  ['CrowdsecCTI(evt.Meta.ip)', /CrowdsecCTI is not supported/], ['LibInjectionIsSQLI("x")', /LibInjectionIsSQLI is not supported/],
  ['LibInjectionIsXSS("x")', /LibInjectionIsXSS is not supported/], ['JA4H(nil)', /JA4H is not supported/],
];

for (const [text, message] of refusals) {
  test(`${text} does not compile`, () => assert.throws(() => evaluate(text), message));
}

test('an expression with an asynchronous helper gives a promise of its value', async () => {
  const dns = new DnsCache(() => noonMs, {
    reverse: () => Promise.resolve([]), addresses: () => Promise.resolve(['5.6.7.8']),
  });
  assert.deepEqual(await evaluate('LookupHost("host")[0] + "!"', { dns }), '5.6.7.8!');
  assert.deepEqual(await evaluate('GetDecisionsCount(evt.Meta.ip) + 1'), new GoInt(1));
  assert.equal(await evaluate('MatchKnownBot(evt.Meta.ip, "", "", "none")'), false);
});
