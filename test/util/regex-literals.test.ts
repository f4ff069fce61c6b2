// Required literals: by hand, and against RE2 on random expressions.

import assert from 'node:assert/strict';
import test from 'node:test';
import RE2 from 're2';
import { requiredLiterals } from '../../ts/util/regex-literals.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

test('the longest sure text is what an expression requires', () => {
  const cases: readonly (readonly [string, readonly string[] | null])[] = [
    ['abc', ['abc']], ['^/wp-login\\.php$', ['/wp-login.php']], ['ab+cde', ['cde']], ['ab?', ['a']], ['ab*', ['a']], ['ab{0,3}', ['a']],
    ['ab{2}c', ['ab']], ['foo|barr', ['foo', 'barr']], ['x(foo|barr)y', ['foo', 'barr']], ['(foo)?', null], ['(?:a|)', null],
    ['^http[s]?://', ['http']], ['poller_id=.*(;|%3b)', ['poller_id=']], ['(?i)abc', null], ['(?P<name>abc)+', ['abc']],
    ['[[:alpha:]]xy', ['xy']], ['[]a]xy', ['xy']], ['[^]|]xy', ['xy']], ['\\d+ms', ['ms']], ['\\x41b', null], ['é', null],
    ['aéb', ['a']], ['a{,3}', ['a{,3}']], ['(a', null], ['a)', null], ['', null], ['a+?b', ['b']], ['\\Qa.b\\E', null], ['.', null],
  ];
  for (const [regex, required] of cases) assert.deepEqual(requiredLiterals(regex), required, regex);
});

test('whatever RE2 matches has one of the required literals', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)];
  const piece = (depth: number): string => {
    if (depth > 0 && random() < 0.25) return `${pick(['(', '(?:', '(?P<g>'])}${regexOf(depth - 1)})`;
    return pick(['a', 'b', 'c', 'ab', 'é', '.', '^', '$', '\\b', '\\.', '\\d', '[ab]', '[^a]', '[]c]', '{', '\\n']);
  };
  const regexOf = (depth: number): string => Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    Array.from({ length: Math.floor(random() * 4) }, () =>
      piece(depth) + pick(['', '', '', '*', '+', '?', '{0,1}', '{1,2}', '{2}', '+?', '??'])).join('')).join('|').replaceAll('(?P<g>', '(');
  let matches = 0;
  for (let i = 0; i < 4000; i++) {
    const regex = random() < 0.5 ? regexOf(2) : regexOf(2).split('|')[0].replaceAll(/[()]/g, '');
    const required = requiredLiterals(regex);
    const compiled = compiledOrNull(regex);
    if (required === null || compiled === null) continue;
    for (let n = 0; n < 10; n++) {
      const text = Array.from({ length: Math.floor(random() * 6) }, () => pick(['a', 'b', 'c', 'é', '.', '1', '\n', '{', '\ud800'])).join('');
      if (!compiled.test(text)) continue;
      matches++;
      assert.ok(required.some((literal) => text.includes(literal)), `${regex} on ${JSON.stringify(text)}: ${required.join()}`);
    }
  }
  assert.ok(matches > 500, `${matches} matches`);
});

function compiledOrNull(regex: string): RE2 | null {
  try {
    return new RE2(regex);
  } catch {
    return null;
  }
}
