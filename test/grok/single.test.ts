import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { compileSingle, SinglePatterns } from '../../ts/grok/single.js';

const cases: readonly [pattern: string, text: string, matches: boolean, why: string][] = [
  ['b', 'abc', true, 'is searched anywhere'],
  ['^abc$', 'abc\n', false, 'ends only at the end of the text'],
  ['a.c', 'a\nc', false, 'has no dot for a line feed'],
  ['a.c', 'a\rc', true, 'has a dot for other line ends'],
  ['(?i)ABC', 'xabc', true, 'may start with flags'],
  ['x((?i)y)z', 'xYz', true, 'may have flags in the middle'],
  ['(?P<name>a)', 'a', true, 'may name groups as Go does'],
  ['^[[:alpha:]]+\\z', 'abc', true, 'knows POSIX classes and \\z'],
  ['\\Qa.b\\E', 'axb', false, 'knows quoted text'],
  ['^\\w$', 'é', false, 'has ASCII word characters'],
  ['^.$', '😀', true, 'counts characters, not code units'],
];

for (const [pattern, text, matches, why] of cases) {
  test(`a single expression ${why}`, () => {
    assert.equal(compileSingle(pattern).test(text), matches);
  });
}

test('a refused expression is an E_PATTERN with its place', () => {
  const place = { file: 'list.regex', line: 4, column: 1 };
  assert.throws(() => compileSingle('a(?=b)', place),
    (error: PalisadeError) => error.code === 'E_PATTERN' && error.message.startsWith('list.regex:4:1: RE2 refuses'));
});

test('expressions made at run time are kept, the most recently used ones', () => {
  const patterns = new SinglePatterns(2);
  const first = patterns.get('a');
  const second = patterns.get('b');
  assert.equal(patterns.get('a'), first);
  patterns.get('c');
  assert.equal(patterns.size, 2);
  assert.equal(patterns.get('a'), first);
  assert.notEqual(patterns.get('b'), second);
});

test('a refused expression takes no place among the kept ones', () => {
  const patterns = new SinglePatterns(1);
  const kept = patterns.get('a');
  assert.throws(() => patterns.get('('), PalisadeError);
  assert.equal(patterns.get('a'), kept);
});
