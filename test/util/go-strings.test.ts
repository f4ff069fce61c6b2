import assert from 'node:assert/strict';
import test from 'node:test';
import * as go from '../../ts/util/go-strings.js';
import { pathEscape, pathUnescape, queryEscape, queryUnescape } from '../../ts/util/go-url.js';
import { parseQueryLenient, parseQueryStrict, rawQueryOf } from '../../ts/util/go-url-parse.js';
import { recorded } from './recorded.js';

const functions: Record<string, (...args: never[]) => unknown> = {
  fields: go.goFields, trimSpace: go.goTrimSpace,
  split: (text: string, by: string) => go.goSplit(text, by),
  splitAfter: (text: string, by: string) => go.goSplit(text, by, -1, true),
  splitN: (text: string, by: string, count: number) => go.goSplit(text, by, count),
  splitAfterN: (text: string, by: string, count: number) => go.goSplit(text, by, count, true),
  index: go.goIndex, indexAny: go.goIndexAny,
  trim: (text: string, cutset: string) => go.goTrim(text, cutset, 'both'),
  trimLeft: (text: string, cutset: string) => go.goTrim(text, cutset, 'left'),
  trimRight: (text: string, cutset: string) => go.goTrim(text, cutset, 'right'),
  replace: go.goReplace, replaceAll: go.goReplace,
};

test('string functions answer as those of Go', () => {
  for (const [name, args, expected] of recorded<[string, unknown[], unknown]>('util/recorded/go-strings.json')) {
    assert.deepEqual(functions[name](...args as never[]), expected, `${name} of ${JSON.stringify(args)}`);
  }
});

test('letters change case one by one, as in Go', () => {
  for (const [code, upper, lower] of recorded<[number, number, number][]>('util/recorded/go-case.json').flat()) {
    const char = String.fromCodePoint(code);
    assert.equal(go.goToUpper(char).codePointAt(0), upper, `upper U+${code.toString(16)}`);
    assert.equal(go.goToLower(char).codePointAt(0), lower, `lower U+${code.toString(16)}`);
  }
  assert.equal(go.goToLower('ΌΣ Σ'), 'όσ σ');
  assert.equal(go.goToUpper('straße'), 'STRAßE');
});

test('URL escapes go both ways as in Go', () => {
  type Row = [string, string, string, string | null, string | null];
  for (const [text, query, path, unquery, unpath] of recorded<Row>('util/recorded/go-url-escapes.json')) {
    assert.equal(queryEscape(text), query);
    assert.equal(pathEscape(text), path);
    assert.equal(queryUnescape(text), unquery, text);
    assert.equal(pathUnescape(text), unpath, text);
  }
});

test('a URL that Go refuses has no parameters', () => {
  for (const [uri, expected] of recorded<[string, Record<string, string[]>]>('util/recorded/go-uris.json')) {
    const query = rawQueryOf(uri);
    const values = query === null ? null : parseQueryStrict(query);
    assert.deepEqual({ ...values }, expected, uri);
  }
});

test('a lenient query keeps what it cannot decode', () => {
  const cases: [string, Record<string, string[]>][] = [
    ['', {}], ['a=1&a=2&b', { a: ['1', '2'], b: [''] }], ['a=%zz%41%', { a: ['%zzA%'] }], ['a;b=c;d', { 'a;b': ['c;d'] }],
    ['x=a+b%2Bc', { x: ['a b+c'] }], ['&&=v', { '': ['v'] }], ['a=%4', { a: ['%4'] }],
  ];
  for (const [query, expected] of cases) assert.deepEqual({ ...parseQueryLenient(query) }, expected, query);
});
