import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { expand } from '../../ts/grok/expand.js';
import { GrokSet } from '../../ts/grok/prefilter.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { skipWithout } from '../support/shared.js';
import { batchOf } from './batch.js';
import { hubGroks, hubTexts } from './hub-groks.js';

const place = { file: 'rules.yaml', line: 1, column: 1 };

/** The numbers of the expressions that a set reports, text by text. */
function candidates(set: GrokSet, texts: readonly string[]): number[][] {
  const batch = batchOf(texts);
  const masks = set.match(batch.bytes, batch.spans, batch.count);
  return texts.map((_, row) => Array.from({ length: set.size }, (__, index) => index)
    .filter((index) => (masks[row * set.words + (index >>> 5)] >>> (index & 31)) & 1));
}

test('a set says which expressions match each text', () => {
  const set = new GrokSet(['\\d', '^a', 'z$', 'never']);
  assert.deepEqual(candidates(set, ['a1z', 'b', '', 'az']), [[0, 1, 2], [], [], [1, 2]]);
  assert.equal(set.exhausted, 0);
});

test('a set of more than 32 expressions takes more than one word', () => {
  const set = new GrokSet(Array.from({ length: 70 }, (_, index) => `\\b${index}\\b`));
  assert.equal(set.words, 3);
  assert.deepEqual(candidates(set, ['0 31 32 63 64 69', '70']), [[0, 31, 32, 63, 64, 69], []]);
});

test('an empty set reports nothing', () => {
  assert.deepEqual(candidates(new GrokSet([]), ['a']), [[]]);
});

const thirty = [...'abcdefghijklmnopqrstuvwxyz0123'].map((letter) => `${letter}x`);
const budgets: readonly [what: string, memoryBytes: number, exhausted: boolean][] = [
  ['not even the program fits', 2_000, true],
  ['the program fits, the automaton does not', 13_000, true],
  ['both fit', 64_000, false],
];

for (const [what, memoryBytes, exhausted] of budgets) {
  test(`where ${what}, a set reports ${exhausted ? 'every expression and counts the texts' : 'what matches'}`, () => {
    const set = new GrokSet(thirty, memoryBytes);
    const found = candidates(set, ['ax', '', 'cx bx']);
    const all = thirty.map((_, index) => index);
    assert.deepEqual(found, exhausted ? [all, all, all] : [[0], [], [1, 2]]);
    assert.equal(set.exhausted, exhausted ? 3 : 0);
  });
}

test('a set that must throw its automaton away in the middle of a text still answers rightly', () => {
  // Which of the last 14 letters were an `a` is a state each: thousands of them, far beyond this memory.
  const regexes = ['a[ab]{13}c', 'z'];
  const wild = Array.from({ length: 20_000 }, (_, index) => ((Math.imul(index, 2654435761) >>> 13) & 1 ? 'a' : 'b')).join('');
  const texts = [wild, `${wild}a${'b'.repeat(13)}c`, 'z', `${wild}z`];
  assert.deepEqual(candidates(new GrokSet(regexes, 48 * 1024), texts), [[], [0], [1], [1]]);
});

test('a refused expression is an E_PATTERN', () => {
  assert.throws(() => new GrokSet(['a', '(']), (error: PalisadeError) => error.code === 'E_PATTERN' && /missing \)/.test(error.message));
});

test('on the lines of the hub a set of all its groks agrees with each program', skipWithout('hub'), () => {
  const { library, groks } = hubGroks();
  const specs = groks.map(({ text }) => expand(text, library, place)).filter((spec) => spec.fields.length > 0).slice(0, 48);
  const batch = batchOf(hubTexts().filter((_, index) => index % 5 === 0));
  const set = new GrokSet(specs.map((spec) => spec.regex));
  const masks = set.match(batch.bytes, batch.spans, batch.count);
  for (const [index, spec] of specs.entries()) {
    const program = new GrokProgram(spec);
    const rows = program.exec(batch.bytes, batch.spans, batch.count);
    for (let row = 0; row < batch.count; row++) {
      const candidate = (masks[row * set.words + (index >>> 5)] >>> (index & 31)) & 1;
      if (rows[row * program.stride] === 1) assert.equal(candidate, 1, groks[index].id);
      else if (set.exhausted === 0) assert.equal(candidate, 0, groks[index].id);
    }
  }
});
