import assert from 'node:assert/strict';
import test from 'node:test';
import { scanLaxPairs, scanPairs } from '../../ts/expr-helpers/kv.js';
import { isStringMap } from '../../ts/expr/values.js';
import { limits } from '../../ts/limits.js';
import { recorded } from '../util/recorded.js';
import { call, testContext } from './helper-context.js';

const context = testContext();

/** The regular expression that ParseKV stands for, as an oracle. */
const pairPattern = /([^=\t\n\f\r ]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^=\t\n\f\r ]+)|[\t\n\f\r ]*)/g;

test('key=value text is split as by the regular expressions of Go', () => {
  for (const [text, pairs, lax] of recorded<[string, string[][], string[][]]>('expr-helpers/recorded/kv.json')) {
    assert.deepEqual(scanPairs(text), pairs, JSON.stringify(text));
    assert.deepEqual(scanLaxPairs(text), lax, JSON.stringify(text));
  }
});

test('the scanner finds what the pattern finds in any text', () => {
  const seed = Date.now() >>> 0;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: random(20) }, () => 'ab== ""\\\n\t'[random(10)]).join('');
    const expected = [...text.matchAll(pairPattern)].map(([, key, quoted, plain]) => [key, quoted || plain || '']);
    assert.deepEqual(scanPairs(text), expected, `seed ${seed}: ${JSON.stringify(text)}`);
  }
});

test('hostile text costs time in proportion to its length', () => {
  const texts = ['a'.repeat(200_000), 'a="'.repeat(60_000), '="\\'.repeat(60_000), `${'\\'.repeat(200_000)}"`,
    '"='.repeat(100_000), 'a=\\"'.repeat(50_000)];
  for (const text of texts) {
    const start = process.hrtime.bigint();
    scanPairs(text);
    scanLaxPairs(text);
    call(context, 'JsonExtract', text, 'a.b');
    call(context, 'JsonExtract', `{"x":"${text}`, 'a.b');
    assert.ok(process.hrtime.bigint() - start < 2_000_000_000n, text.slice(0, 10));
  }
});

test('ParseKV and ParseKVLax fill a map of strings and answer nil', () => {
  const target: Record<string, unknown> = Object.create(null);
  assert.equal(call(context, 'ParseKV', 'a=1 __proto__="x y" b=', target, 'kv'), null);
  assert.equal(call(context, 'ParseKVLax', 'c=two words d=3', target, 'kv'), null);
  const map = target['kv'] as Record<string, string>;
  assert.ok(isStringMap(map));
  assert.deepEqual(Object.entries(map), [['a', '1'], ['__proto__', 'x y'], ['b', ''], ['c', 'two words'], ['d', '3']]);
});

test('UnmarshalJSON answers nil, and objects of the data have no prototype', () => {
  const target: Record<string, unknown> = Object.create(null);
  assert.equal(call(context, 'UnmarshalJSON', '{"a":{"__proto__":{"polluted":true}},"b":[{"n":1e3}]}', target, 'j'), null);
  const value = target['j'] as { a: Record<string, unknown>; b: { n: number }[] };
  assert.deepEqual(Object.keys(value.a), ['__proto__']);
  assert.equal(Object.getPrototypeOf(value.b[0]), null);
  assert.equal(value.b[0].n, 1000);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['malformed JSON', '{"a":}', /invalid character '}' looking for beginning of value/],
  ['JSON nested too deep', '['.repeat(limits.jsonDepthMax + 1) + ']'.repeat(limits.jsonDepthMax + 1), /exceeded max depth/],
  ['a number beyond float64', '[1e999]', /cannot unmarshal number/],
];

for (const [what, json, message] of refused) {
  test(`UnmarshalJSON refuses ${what} and leaves the key untouched`, () => {
    const target: Record<string, unknown> = { k: 'before' };
    assert.throws(() => call(context, 'UnmarshalJSON', json, target, 'k'), message);
    assert.equal(target['k'], 'before');
  });
}

test('JsonExtract and JsonExtractUnescape find what the Go library finds', () => {
  for (const [json, path, raw, unescaped] of recorded<string[]>('expr-helpers/recorded/json-extract.json')) {
    assert.equal(call(context, 'JsonExtract', json, path), raw, `${json} at ${path}`);
    assert.equal(call(context, 'JsonExtractUnescape', json, path), unescaped, `${json} at ${path}, unescaped`);
  }
});

test('JsonExtract agrees with parsing the whole on well-formed documents', () => {
  const seed = Date.now() >>> 0;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const value = (depth: number): unknown => {
    switch (random(depth > 3 ? 4 : 6)) {
      case 0: return random(100) / 4;
      case 1: return ['x', 'a"b', '{}[]', 'é\\'][random(4)];
      case 2: return random(2) === 0;
      case 3: return null;
      case 4: return Array.from({ length: random(4) }, () => value(depth + 1));
      default: return Object.fromEntries(['a', 'b', 'c"d'].slice(random(3)).map((key) => [key, value(depth + 1)]));
    }
  };
  for (let i = 0; i < 2000; i++) {
    const document = { top: value(0) };
    const json = JSON.stringify(document, null, random(3));
    const steps = ['top', ...Array.from({ length: random(4) }, () => ['a', 'b', 'c"d', '[0]', '[2]'][random(5)])];
    let found: unknown = document;
    for (const step of steps) {
      const isIndex = step.startsWith('[');
      const fits = typeof found === 'object' && found !== null && Array.isArray(found) === isIndex;
      found = fits ? (found as Record<string, unknown>)[isIndex ? step.slice(1, -1) : step] : undefined;
    }
    const path = steps.join('.').replaceAll('.[', '[');
    const text = call(context, 'JsonExtract', json, path) as string;
    const about = `seed ${seed}: ${json} at ${path}`;
    if (found === undefined) assert.equal(text, '', about);
    else if (typeof found === 'string') assert.equal(text, JSON.stringify(found).slice(1, -1), about);
    else assert.deepEqual(JSON.parse(text), found, about);
  }
});

test('JsonExtract finds in lines of a data file what it finds in the same texts elsewhere, however often it is asked', () => {
  const lines = ['{"cve":"CVE-1","uri":"/a"}', '{"cve":"CVE-2","uri":"/b\\"c"}', '{"uri":"","list":[1,{"x":"y"}]}', '[{"x":1}]', '{broken', 'no JSON'];
  const holding = testContext({}, [{ type: 'string', name: 'lines.json', lines }]);
  for (let round = 0; round < 3; round++) {
    for (const path of ['cve', 'uri', 'list[1].x', '[0].x', '', 'none']) {
      for (const line of lines) assert.equal(call(holding, 'JsonExtract', line, path), call(context, 'JsonExtract', line, path), `${line} at ${path}`);
    }
  }
});

test('globs match as in CrowdSec, byte by byte', () => {
  for (const [pattern, text, expected] of recorded<[string, string, boolean]>('expr-helpers/recorded/globs.json')) {
    assert.equal(call(context, 'Match', pattern, text), expected, `${pattern} on ${text}`);
  }
});

test('XML elements and attributes are found as by the Go library', () => {
  for (const [xml, path, text, attributes] of recorded<[string, string, string, string[]]>('expr-helpers/recorded/xml.json')) {
    assert.equal(call(context, 'XMLGetNodeValue', xml, path), text, `${xml} at ${path}`);
    const found = ['Name', 'k', 'n:k', 'Guid'].map((name) => call(context, 'XMLGetAttributeValue', xml, path, name));
    assert.deepEqual(found, attributes, `${xml} at ${path}`);
  }
});

test('XML nested without end is no document', () => {
  const xml = '<a>'.repeat(100_000) + '</a>'.repeat(100_000);
  assert.equal(call(context, 'XMLGetNodeValue', xml, '/a'), '');
});
