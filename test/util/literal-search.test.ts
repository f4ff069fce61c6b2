import assert from 'node:assert/strict';
import test from 'node:test';
import { limits } from '../../ts/limits.js';
import { LiteralSearch } from '../../ts/util/literal-search.js';
import { randomFrom } from '../../ts/util/random.js';
import { testSeed } from '../support/random.js';

/** The same by looking for each literal in turn. */
function naiveFirst(literals: readonly string[], text: string): number {
  let best = -1;
  let bestStart = Infinity;
  literals.forEach((literal, index) => {
    const start = text.indexOf(literal);
    if (start >= 0 && start < bestStart) {
      best = index;
      bestStart = start;
    }
  });
  return best;
}

test('the leftmost literal wins, the earlier in the list where several begin there', () => {
  const cases: [string[], string, number][] = [
    [['bc', 'abcd'], 'xabcd', 1], [['ab', 'abcd'], 'abcd', 0], [['abcd', 'ab'], 'abcd', 0], [['x'], 'abc', -1],
    [[], 'abc', -1], [['', 'a'], 'a', 0], [['b', 'é😀'], 'aé😀b', 1],
  ];
  for (const [literals, text, expected] of cases) assert.equal(new LiteralSearch(literals).first(text), expected);
});

test('one pass finds what many passes find', () => {
  const seed = testSeed();
  const next = randomFrom(seed);
  const random = (below: number): number => Math.floor(next() * below);
  const word = (length: number): string => Array.from({ length }, () => 'ab'[random(2)]).join('');
  for (let i = 0; i < 2000; i++) {
    const literals = Array.from({ length: random(6) }, () => word(1 + random(5)));
    const text = word(random(12));
    const search = new LiteralSearch(literals);
    const about = `seed ${seed}: ${JSON.stringify([literals, text])}`;
    assert.equal(search.first(text), naiveFirst(literals, text), about);
    assert.equal(search.occurs(text), naiveFirst(literals, text) >= 0, about);
    const found = new Set<number>();
    search.each(text, (index) => found.add(index));
    assert.deepEqual([...found].sort(), [...literals.keys()].filter((index) => text.includes(literals[index])), about);
    const long = `${'-'.repeat(limits.quickSearchCharsMax)}${text}`;
    assert.equal(search.occurs(long), naiveFirst(literals, long) >= 0, about);
  }
});

test('lists of hundreds with common beginnings, doubles and any unit are found like few', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const below = (end: number): number => Math.floor(random() * end);
  const units = Array.from({ length: 40 }, () => String.fromCharCode(below(2) === 0 ? below(128) : below(0x10000)));
  for (let i = 0; i < 20; i++) {
    const literals: string[] = [];
    for (let count = 1 + below(400); count > 0; count--) {
      const head = below(2) === 0 || literals.length === 0 ? '' : literals[below(literals.length)].slice(0, below(8));
      literals.push(head + Array.from({ length: below(4) + (head === '' ? 1 : 0) }, () => units[below(units.length)]).join(''));
    }
    const search = new LiteralSearch(literals);
    for (let k = 0; k < 50; k++) {
      const text = Array.from({ length: below(30) }, () => (below(4) === 0 ? literals[below(literals.length)] : units[below(units.length)])).join('');
      const about = `seed ${seed}: ${JSON.stringify([literals, text])}`;
      assert.equal(search.first(text), naiveFirst(literals, text), about);
      assert.equal(search.occurs(text), naiveFirst(literals, text) >= 0, about);
      const found = new Set<number>();
      search.each(text, (index) => found.add(index));
      assert.deepEqual([...found].sort(), [...literals.keys()].filter((index) => text.includes(literals[index])).sort(), about);
    }
  }
});

test('literals are no patterns, whatever stands in them', () => {
  const literals = ['a.c', '(x', '[y]', '\\d', 'q{2}', '^s', '$', 'a|b', '/*', '\n', '\u2028', '-]', '\ud83d'];
  for (const literal of literals) {
    const search = new LiteralSearch(['never', literal]);
    assert.equal(search.occurs(`<${literal}>`), true, literal);
    for (const text of ['abc', 'x', 'y', '5', 'qq', 's', 'a', 'b', '*', 'n', ']']) assert.equal(search.occurs(text), false, literal);
  }
  assert.equal(new LiteralSearch([]).occurs('x'), false);
  assert.equal(new LiteralSearch(['']).occurs(''), true);
});
