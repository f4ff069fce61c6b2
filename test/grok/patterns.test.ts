import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { expand } from '../../ts/grok/expand.js';
import { embeddedPatternsDir, PatternLibrary } from '../../ts/grok/patterns.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { fieldsOf } from './batch.js';

const place = { file: 'rules.yaml', line: 1, column: 1 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'palisade-patterns-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, ...lines: string[]): void {
  writeFileSync(join(folder, name), lines.join('\n'));
}

function read(library: PatternLibrary, pattern: string, text: string): Record<string, string> | null {
  return fieldsOf(new GrokProgram(expand(pattern, library, place)), text);
}

test('a new library has the built-in patterns', () => {
  const library = new PatternLibrary();
  assert.equal(library.names.length, 88);
  assert.deepEqual(read(library, '%{IP:ip}', 'from 2001:db8::1 to'), { ip: '2001:db8::1' });
});

test('the embedded folder adds the 309 names of the pattern files', () => {
  const library = new PatternLibrary();
  assert.equal(library.loadFolder(embeddedPatternsDir), 309);
  assert.equal(library.has('SSHD_FAIL'), true);
});

test('every embedded pattern expands and is accepted', () => {
  const library = new PatternLibrary();
  library.loadFolder(embeddedPatternsDir);
  for (const name of library.names) assert.doesNotThrow(() => expand(`%{${name}:whole}`, library, place), name);
});

test('the first definition of a name counts', () => {
  const library = new PatternLibrary();
  assert.equal(library.define('STAMP', 'a', place), true);
  assert.equal(library.define('STAMP', 'b', place), false);
  assert.equal(library.define('INT', 'x', place), false);
  assert.deepEqual(read(library, '%{STAMP:s}', 'ba'), { s: 'a' });
});

test('files load in the order of their names, and see the names of earlier ones', () => {
  write('b', 'LATER <%{EARLIER}>');
  write('a', 'EARLIER \\d+');
  const library = new PatternLibrary();
  assert.equal(library.loadFolder(folder), 2);
  assert.deepEqual(read(library, '%{LATER:l}', 'x<12>'), { l: '<12>' });
});

test('capital names come before small ones and underscores between them', () => {
  write('_m', 'SECOND_NAME %{FIRST_NAME}');
  write('Z', 'FIRST_NAME x');
  write('a', 'THIRD_NAME %{SECOND_NAME}');
  assert.equal(new PatternLibrary().loadFolder(folder), 3);
});

test('files with a dot in the name and folders are passed over', () => {
  write('own.txt', 'DOTTED x');
  write('.hidden', 'HIDDEN x');
  mkdirSync(join(folder, 'sub'));
  assert.equal(new PatternLibrary().loadFolder(folder), 0);
});

test('a line is a name, blanks and the rest, trailing blanks included; other lines are ignored', () => {
  write('own', '# COMMENT x', '', 'TRAIL \t x ', ' INDENTED x', 'ALONE', 'BAD-NAME x', 'LAST y\r');
  const library = new PatternLibrary();
  assert.equal(library.loadFolder(folder), 2);
  assert.equal(library.textOf('TRAIL', place), 'x ');
  assert.equal(library.textOf('LAST', place), 'y');
});

test('an absent or empty pattern folder gives the embedded patterns, one with patterns only its own', () => {
  const embedded = new PatternLibrary();
  embedded.loadFolderOrEmbedded(undefined);
  const empty = new PatternLibrary();
  empty.loadFolderOrEmbedded(folder);
  write('own', 'MINE x');
  const own = new PatternLibrary();
  own.loadFolderOrEmbedded(folder);
  assert.deepEqual([embedded.has('NGINXACCESS'), empty.has('NGINXACCESS'), own.has('NGINXACCESS'), own.has('MINE')], [true, true, false, true]);
});

test('what is defined in one library is in no other, and not in a copy made before', () => {
  const first = new PatternLibrary();
  first.loadFolderOrEmbedded(undefined);
  const copy = first.copy();
  first.define('MINE', '%{NGINXACCESS} x', place);
  const second = new PatternLibrary();
  second.loadFolderOrEmbedded(undefined);
  assert.deepEqual([first, copy, second].map((library) => library.has('MINE')), [true, false, false]);
  copy.define('MINE', 'y', place);
  assert.deepEqual([first.composed('MINE', place).regex.endsWith(' x'), copy.composed('MINE', place).regex], [true, 'y']);
  assert.throws(() => { second.loadFolderOrEmbedded(undefined); }, { code: 'E_PATTERN' });
});

test('a pattern folder that does not exist is an E_FILE', () => {
  assert.throws(() => new PatternLibrary().loadFolder(join(folder, 'absent')), (error: PalisadeError) => error.code === 'E_FILE');
});

const faults: readonly { readonly what: string; readonly lines: string[]; readonly at: string; readonly message: RegExp }[] = [
  { what: 'a reference to a name further down', lines: ['UP %{DOWN}', 'DOWN x'], at: '1:4', message: /no grok pattern DOWN/ },
  { what: 'a pattern that refers to itself', lines: ['ROUND (%{ROUND})'], at: '1:7', message: /ROUND refers to itself/ },
  { what: 'a name defined twice', lines: ['TWICE x', '', 'TWICE x'], at: '3:7', message: /TWICE is defined already, at .*own:1/ },
  { what: 'a built-in name', lines: ['INT x'], at: '1:5', message: /INT is defined already/ },
  { what: 'no regular expression', lines: ['BROKEN   a(%{INT}'], at: '1:10', message: /missing \)/ },
];

for (const { what, lines, at, message } of faults) {
  test(`${what} in a pattern file is refused with file, line and column`, () => {
    write('own', ...lines);
    assert.throws(() => new PatternLibrary().loadFolder(folder), (error: PalisadeError) => error.code === 'E_PATTERN'
      && message.test(error.message) && error.message.startsWith(`${join(folder, 'own')}:${at}: `));
  });
}

test('a definition needs a plain name and a text', () => {
  const library = new PatternLibrary();
  assert.throws(() => library.define('A-B', 'x', place), /"A-B" is no name/);
  assert.throws(() => library.define('EMPTY', '', place), /EMPTY is empty/);
});
