import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from '../../ts/grok/expand.js';
import { PatternLibrary } from '../../ts/grok/patterns.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { limits } from '../../ts/limits.js';
import { skipWithout } from '../support/shared.js';
import { batchOf, fieldsOf, rangesOf } from './batch.js';
import { hubGroks, hubTexts } from './hub-groks.js';
import { compileNaive, naiveExpand, naiveMatch } from './naive.js';
import { mutate, pick, testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const place = { file: 'rules.yaml', line: 1, column: 1 };

function programOf(pattern: string): GrokProgram {
  return new GrokProgram(expand(pattern, new PatternLibrary(), place));
}

test('each span is a text of its own: anchors and word bounds see nothing around it', () => {
  const batch = batchOf(['a1', '', '22', 'x 3']);
  assert.deepEqual(rangesOf(programOf('^%{INT:n}$'), batch), [null, null, { n: '0-2' }, null]);
  assert.deepEqual(rangesOf(programOf('\\b%{INT:n}\\b'), batch), [null, null, { n: '0-2' }, { n: '2-3' }]);
});

test('spans may overlap, repeat and come in any order', () => {
  const bytes = Buffer.from('abc123');
  const rows = programOf('%{INT:n}').exec(bytes, Uint32Array.of(3, 6, 0, 4, 3, 6, 0, 3), 4);
  assert.deepEqual([...rows.subarray(0, 12)], [1, 0, 3, 1, 3, 4, 1, 0, 3, 0, -1, -1]);
});

test('an empty text matches what matches nothing, with empty fields', () => {
  assert.deepEqual(fieldsOf(programOf('^%{DATA:a}%{GREEDYDATA:b}$'), ''), { a: '', b: '' });
  const rows = programOf('^%{DATA:a}$').exec(new Uint8Array(0), Uint32Array.of(0, 0), 1);
  assert.deepEqual([...rows.subarray(0, 3)], [1, 0, 0]);
});

test('no span at all gives no row', () => {
  assert.doesNotThrow(() => programOf('%{INT:n}').exec(Buffer.from('1'), new Uint32Array(0), 0));
});

test('invalid UTF-8 is matched by no dot and by no negated class, but may stand around a match', () => {
  const bad = Buffer.from([0x61, 0xff, 0xfe, 0x20, 0x35]);
  assert.deepEqual(rangesOf(programOf('^%{GREEDYDATA:all}'), batchOf([bad])), [{ all: '0-1' }]);
  assert.deepEqual(rangesOf(programOf('%{INT:n}$'), batchOf([bad])), [{ n: '4-5' }]);
  assert.deepEqual(rangesOf(programOf('^%{NOTSPACE:word} '), batchOf([bad])), [null]);
});

test('offsets count bytes, not characters', () => {
  assert.deepEqual(rangesOf(programOf('%{INT:n}'), batchOf(['Mär 7'])), [{ n: '5-6' }]);
});

test('NUL and carriage return are bytes like others', () => {
  assert.deepEqual(fieldsOf(programOf('^%{GREEDYDATA:all}$'), 'a\u0000b\r'), { all: 'a\u0000b\r' });
});

test('a huge line is matched, in time that grows with its length', () => {
  const long = Buffer.alloc(4 * limits.lineBytesMax, 'a1.:-"[]');
  const batch = batchOf([long, `${'x'.repeat(100_000)} 10.0.0.1 "${'y'.repeat(100_000)}"`]);
  const [first, second] = rangesOf(programOf('%{IP:ip} %{QS:text}'), batch);
  assert.equal(first, null);
  assert.deepEqual(second, { ip: '100001-100009', text: '100010-200012' });
});

test('nested repeats, the ruin of backtracking engines, stay linear', () => {
  const hostile = batchOf(['a'.repeat(60_000), `"${'\\\\'.repeat(20_000)}`]);
  assert.deepEqual(rangesOf(programOf('(?:(?:a+)+)+%{INT:n}'), hostile), [null, null]);
  assert.deepEqual(rangesOf(programOf('^%{QS:text}$'), hostile), [null, null]);
});

test('with memory too small for the automaton the answer is the same', () => {
  const spec = expand('%{IPORHOST:host}.*%{INT:n}\\[%{WORD:w}\\]', new PatternLibrary(), place);
  const batch = batchOf(['h.example.org and 17[x]', 'nothing here', 'a 1[b] 2[c]']);
  const roomy = rangesOf(new GrokProgram(spec), batch);
  assert.deepEqual(rangesOf(new GrokProgram(spec, 512 * 1024), batch), roomy);
  assert.throws(() => new GrokProgram(spec, 1024), /RE2 refuses this pattern: pattern too large/);
});

test('every grok of the hub reads on every line of its tests what the re2 package reads', skipWithout('hub'), () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const { library, groks } = hubGroks();
  const texts = new Map(library.names.map((name) => [name, library.textOf(name, place)]));
  // A third of the lines, another third with another seed.
  const lines = hubTexts().filter((_, index) => index % 3 === seed % 3);
  const subjects = [...lines, ...Array.from({ length: 1500 }, () => mutate(random, pick(random, lines)))];
  const batch = batchOf(subjects);
  for (const { id, text } of groks) {
    const found = rangesOf(new GrokProgram(expand(text, library, place)), batch);
    const naive = naiveExpand(text, texts);
    const compiled = compileNaive(naive);
    // The package needs some microseconds a text: take what matched here, and of the rest a random part.
    const matched = found.flatMap((row, index) => (row === null ? [] : [index]));
    const chosen = [...Array.from({ length: Math.min(12, matched.length) }, () => pick(random, matched)),
      ...Array.from({ length: 25 }, () => Math.floor(random() * subjects.length))];
    for (const index of chosen) {
      assert.deepEqual(found[index], naiveMatch(naive, compiled, subjects[index]), `seed ${seed}: ${id} on ${subjects[index]}`);
    }
  }
});
