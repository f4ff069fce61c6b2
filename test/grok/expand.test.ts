import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { expand, expandName, type GrokSpec } from '../../ts/grok/expand.js';
import { PatternLibrary } from '../../ts/grok/patterns.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { limits } from '../../ts/limits.js';
import { batchOf, fieldsOf, rangesOf } from './batch.js';
import { compileNaive, naiveExpand, naiveMatch } from './naive.js';
import { pick, testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const place = { file: 'rules.yaml', line: 3, column: 1 };

function libraryOf(definitions: Readonly<Record<string, string>>): PatternLibrary {
  const library = new PatternLibrary();
  for (const [name, text] of Object.entries(definitions)) assert.equal(library.define(name, text, place), true, name);
  return library;
}

function run(definitions: Readonly<Record<string, string>>, pattern: string, text: string): Record<string, string> | null {
  return fieldsOf(new GrokProgram(expand(pattern, libraryOf(definitions), place)), text);
}

const pair = { ONE: '\\d', PAIR: '%{ONE:left}-%{ONE:right}' };

const rules: readonly {
  readonly rule: string;
  readonly definitions?: Readonly<Record<string, string>>;
  readonly pattern: string;
  readonly text: string;
  readonly fields: Record<string, string> | null;
}[] = [
  { rule: 'a reference reads into its field', pattern: 'id=%{INT:id}', text: 'x id=-7;', fields: { id: '-7' } },
  { rule: 'fields of patterns below come along', definitions: pair, pattern: '<%{PAIR}>', text: '<1-2>', fields: { left: '1', right: '2' } },
  { rule: 'a field at this level hides one from below, before it', definitions: pair, pattern: '%{ONE:left} %{PAIR}', text: '9 1-2', fields: { left: '9', right: '2' } },
  { rule: 'a field at this level hides one from below, after it', definitions: pair, pattern: '%{PAIR} %{ONE:left}', text: '1-2 9', fields: { left: '9', right: '2' } },
  { rule: 'of a field named twice at one level the last counts', pattern: '%{INT:n},%{INT:n}', text: '1,2', fields: { n: '2' } },
  { rule: 'the last counts even where it took no part', pattern: 'a%{INT:n}|b%{INT:n}', text: 'a1', fields: { n: '' } },
  { rule: 'of a field from two references the later brings it', definitions: pair, pattern: '%{PAIR:p},%{PAIR:q}', text: '1-2,3-4', fields: { p: '1-2', q: '3-4', left: '3', right: '4' } },
  { rule: 'a group that took no part reads as empty', pattern: '%{WORD:a}(?: %{INT:b})?', text: 'hello', fields: { a: 'hello', b: '' } },
  { rule: 'a group of the rule itself is passed over', pattern: '(a|(b))+%{INT:n}', text: 'ab5', fields: { n: '5' } },
  { rule: 'an escaped parenthesis is none', pattern: '\\(%{INT:a}\\)\\\\(x)%{INT:b}', text: '(1)\\x2', fields: { a: '1', b: '2' } },
  { rule: 'a parenthesis in a class is none', pattern: '[(]%{INT:a}[^](]%{INT:b}[[:alpha:](]%{INT:c}', text: '(1-2(3', fields: { a: '1', b: '2', c: '3' } },
  { rule: 'a parenthesis in quotes is none', pattern: '\\Q(a(\\E%{INT:n}', text: '(a(4', fields: { n: '4' } },
  { rule: 'flags and groups that do not capture are not counted', pattern: '(?i)(?:x)(?s:y)(?i-s)%{INT:n}', text: 'XY1', fields: { n: '1' } },
  { rule: 'named groups are not exported', pattern: '(?P<user>\\w+)=(?P<v>x)%{INT:n}', text: 'a=x3', fields: { n: '3' } },
  { rule: 'a flag inside a definition ends with it', definitions: { LOGIN: '(?i)login' }, pattern: '%{LOGIN:l} ok', text: 'LoGiN OK', fields: null },
  { rule: 'an alternation inside a definition stays inside', definitions: { AB: 'a|b' }, pattern: 'x%{AB:v}y', text: 'xby', fields: { v: 'b' } },
  { rule: 'a type suffix makes the token plain text', pattern: '%{INT:n} %{INT:m:int}', text: '1 %{INT:m:int}', fields: { n: '1' } },
  { rule: 'a field name with a dash makes the token plain text', pattern: '%{INT:n} %{INT:a-b}', text: '1 %{INT:a-b}', fields: { n: '1' } },
  { rule: 'without any field nothing matches', pattern: '%{INT} %{WORD}', text: '1 a', fields: null },
  { rule: 'the leftmost match wins', pattern: '%{INT:n}', text: 'a 10 200', fields: { n: '10' } },
  { rule: 'the first alternative wins, not the longest', pattern: '%{MONTHNUM:m}', text: '12', fields: { m: '1' } },
  { rule: 'a repeated group reads its last round', pattern: '(?:%{INT:n},)+', text: '1,2,3,', fields: { n: '3' } },
  { rule: 'a dot stops at a line feed', pattern: '%{GREEDYDATA:all}', text: 'a\nb', fields: { all: 'a' } },
];

for (const { rule, definitions = {}, pattern, text, fields } of rules) {
  test(`grok expansion: ${rule}`, () => {
    assert.deepEqual(run(definitions, pattern, text), fields);
  });
}

test('only groups that belong to a field capture', () => {
  const spec = expand('(a)(?P<x>b)%{IPORHOST:host} (?<y>c)', new PatternLibrary(), place);
  const native = new GrokProgram(spec);
  assert.deepEqual(spec.fields, [{ name: 'host', group: 1 }]);
  assert.equal(native.stride, 3);
  assert.equal(/\((?!\?)/.exec(spec.regex.replaceAll('\\(', ''))?.index, spec.regex.indexOf('((?:') );
});

test('a spec is plain data', () => {
  const spec = expand('%{COMMONAPACHELOG}', new PatternLibrary(), place);
  assert.deepEqual(structuredClone(spec), spec);
});

test('a pattern found by name is the pattern of that text', () => {
  const library = libraryOf(pair);
  assert.deepEqual(expandName('PAIR', library, place), expand(pair.PAIR, library, place));
});

const refusals: readonly { readonly what: string; readonly pattern: string; readonly message: RegExp }[] = [
  { what: 'an empty pattern', pattern: '', message: /empty/ },
  { what: 'an unknown name', pattern: 'a %{NO_SUCH:x}', message: /rules\.yaml:3:\d+: there is no grok pattern NO_SUCH/ },
  { what: 'a lookahead', pattern: '(?=a)%{INT:n}', message: /rules\.yaml:3:1: RE2 refuses this pattern: invalid perl operator: \(\?=/ },
  { what: 'a missing parenthesis', pattern: '(%{INT:n}', message: /missing \)/ },
  { what: 'a field inside a character class', pattern: '[%{INT:n}]+', message: /the field n stands where nothing can be captured/ },
  { what: 'more repetitions than RE2 allows', pattern: '%{INT:n}{1001}', message: /invalid repetition size/ },
];

for (const { what, pattern, message } of refusals) {
  test(`${what} is refused with its place`, () => {
    assert.throws(() => expand(pattern, new PatternLibrary(), place),
      (error: PalisadeError) => error instanceof PalisadeError && error.code === 'E_PATTERN' && message.test(error.message));
  });
}

test('the caret stands under the unknown name when the text stands in its line', () => {
  const excerpt = '      pattern: "%{INT:a} %{NO_SUCH:x}"';
  assert.throws(() => expand('%{INT:a} %{NO_SUCH:x}', new PatternLibrary(), { file: 'f', line: 1, column: 16, excerpt }),
    (error: PalisadeError) => error.place?.column === excerpt.indexOf('%{NO_SUCH') + 1);
});

test('a pattern that doubles at each level is refused before it fills the memory', () => {
  const library = libraryOf({ D0: 'abcdefgh' });
  for (let level = 1; level <= 40; level++) library.define(`D${level}`, `%{D${level - 1}}%{D${level - 1}}`, place);
  assert.throws(() => expand('%{D40:x}', library, place), /longer than \d+ characters/);
});

test('a pattern deeper than the limit is refused, one at the limit is not', () => {
  const library = libraryOf({ L0: 'x' });
  for (let level = 1; level <= limits.patternDepthMax; level++) library.define(`L${level}`, `%{L${level - 1}}`, place);
  assert.deepEqual(fieldsOf(new GrokProgram(expand(`%{L${limits.patternDepthMax}:v}`, library, place)), 'x'), { v: 'x' });
  assert.throws(() => library.define('TOO_DEEP', `%{L${limits.patternDepthMax}}`, place), /deep/);
});

/** A random regular expression over a, b, blanks and parentheses that may refer to the names given. */
function randomText(random: () => number, names: readonly string[], depth: number): string {
  const atoms = ['a', 'b', ' ', '[ab]', '\\(', '[)(]', '.', '\\w', '\\Q(\\E', 'a*?', 'b+', '(?:a|b)', '(?i)A',
    '^', '$', '\\b', '\\B', '(?m:^)', '(?m:$)', '(?:a*)*', '(?:\\b|a)*', 'a{1,20}', '[^a]', '(?s:.)', 'é', '\\xff'];
  const fields = ['f', 'g', 'h'];
  const one = (): string => {
    const way = random();
    if (names.length > 0 && way < 0.35) {
      return `%{${pick(random, names)}${random() < 0.6 ? `:${pick(random, fields)}` : ''}}${pick(random, ['', '', '?', '*'])}`;
    }
    if (depth > 0 && way < 0.55) return `(${randomText(random, names, depth - 1)})${pick(random, ['', '?', '+'])}`;
    if (depth > 0 && way < 0.65) return `(?:${randomText(random, names, depth - 1)}|${randomText(random, names, depth - 1)})`;
    return pick(random, atoms);
  };
  return Array.from({ length: 1 + Math.floor(random() * 4) }, one).join('');
}

/** The program in about the least memory that RE2 takes for it, so that its automata keep running out. */
function inLittleMemory(spec: GrokSpec): GrokProgram {
  for (let memoryBytes = 16 * 1024; ; memoryBytes *= 2) {
    try {
      return new GrokProgram(spec, memoryBytes);
    } catch (error) {
      if (memoryBytes > limits.patternMemoryBytesMax) throw error;
    }
  }
}

test('random patterns read what the naive expansion reads', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  for (let round = 0; round < 150; round++) {
    const patterns = new Map<string, string>();
    const library = new PatternLibrary();
    for (const name of ['A', 'B', 'C', 'D']) {
      const text = randomText(random, [...patterns.keys()], 2);
      patterns.set(name, text);
      library.define(name, text, place);
    }
    const text = randomText(random, [...patterns.keys()], 2);
    const texts = Array.from({ length: 20 }, () => Array.from({ length: Math.floor(random() * 12) }, () => pick(random, ['a', 'b', ' ', '(', ')', 'A', '\n', 'é'])).join(''));
    const naive = naiveExpand(text, patterns);
    const compiled = compileNaive(naive);
    const spec = expand(text, library, place);
    const found = rangesOf(new GrokProgram(spec), batchOf(texts));
    assert.deepEqual(rangesOf(inLittleMemory(spec), batchOf(texts)), found, `seed ${seed}: ${text} in little memory`);
    for (const [index, subject] of texts.entries()) {
      const expected = naiveMatch(naive, compiled, Buffer.from(subject));
      assert.deepEqual(found[index], expected, `seed ${seed}: ${text} with ${JSON.stringify([...patterns])} on "${subject}"`);
    }
  }
});
