import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseCsv } from '../../cli/csv.js';
import { unifiedDiff } from '../../cli/render/diff.js';
import { boxedList, shortNumber } from '../../cli/render/human.js';
import { json } from '../../cli/render/json.js';
import { csv } from '../../cli/render/raw.js';
import { renderTable } from '../../cli/render/table.js';
import { displayWidth, printable, wrap } from '../../cli/render/text.js';
import { yamlText } from '../../cli/render/yaml.js';
import { testSeed } from '../support/random.js';

const plain = { isRounded: false, isColoured: false };
const seed = testSeed();

/** A small generator of our own, so that a seed gives the same run everywhere. */
function randomFrom(start: number): (below: number) => number {
  let state = start | 1;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

function pick<T>(items: readonly T[], random: (below: number) => number): T {
  return items[random(items.length)];
}

test('control characters of a log line are never printed as such', () => {
  const nasty = 'a\x1b[2Jb\r\nc\td\x07\x9b31m\u202ee';
  const shown = 'a\\x1b[2Jb\\x0d\\x0ac\\x09d\\x07\\x9b31m\\u202ee';
  assert.equal(printable(nasty), shown);
  assert.ok(boxedList(['h'], [[nasty]], plain).includes(shown));
  assert.ok(csv([[nasty]]).includes(shown));
  for (const text of [json({ nasty }, ' '), yamlText({ nasty })]) assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  assert.deepEqual([JSON.parse(json({ nasty }, '')), parse(yamlText({ nasty }))], [{ nasty }, { nasty }]);
});

test('a boxed list centres its headings and wraps cells at 60 columns', () => {
  const long = 'one two three four five six seven eight nine ten eleven twelve thirteen';
  assert.equal(boxedList(['ID', 'Value'], [['1', 'short'], ['20', long]], plain, 'Title'), `+-------------------------------------------------------------------+
| Title                                                             |
+----+--------------------------------------------------------------+
| ID |                             Value                            |
+----+--------------------------------------------------------------+
| 1  | short                                                        |
| 20 | one two three four five six seven eight nine ten eleven      |
|    | twelve thirteen                                              |
+----+--------------------------------------------------------------+
`);
});

test('on a terminal tables are rounded and coloured, in a pipe with --color yes only rounded', () => {
  const table = { style: 'boxed', header: ['a'], rows: [['b']] } as const;
  assert.equal(renderTable(table, { isRounded: true, isColoured: false }), '╭───╮\n│ a │\n├───┤\n│ b │\n╰───╯\n');
  assert.match(renderTable(table, { isRounded: true, isColoured: true }), /\x1b\[90m╭───╮\x1b\[0m\n.*\x1b\[3m a \x1b\[0m/);
});

test('equal headings of a group are one cell, with no joint above it', () => {
  assert.equal(renderTable({ style: 'boxed', groupHeader: ['o', 'drop', 'drop'], header: ['', 'bytes', 'packets'], rows: [['x', '1', '2']],
    alignments: ['left', 'right', 'right'], headerAlignment: ['left', 'center', 'center'], footer: ['T', '1', '2'] }, plain),
  `+---+-----------------+
| o |       drop      |
|   | bytes | packets |
+---+-------+---------+
| x |     1 |       2 |
+---+-------+---------+
| T |     1 |       2 |
+---+-------+---------+
`);
});

test('wide and combining characters count as the columns they take', () => {
  for (const [text, width] of [['✔️', 1], ['🏠', 2], ['📦 Status', 9], ['日本', 4], ['e\u0301', 1], ['\x1b[31mred\x1b[0m', 3]] as const) {
    assert.equal(displayWidth(text), width, JSON.stringify(text));
  }
});

test('wrapped text keeps its words and never exceeds the width', () => {
  assert.deepEqual(wrap('a bb ccc dddd', 4), ['a bb', 'ccc', 'dddd']);
  assert.deepEqual(wrap('abcdefgh ij', 4), ['abcd', 'efgh', 'ij']);
});

test('numbers above a thousand are shown with a unit unless it is not wanted', () => {
  assert.deepEqual([999, 1000, 1234, 1_500_000, 2e9].map((value) => shortNumber(value, true)), ['999', '1.00k', '1.23k', '1.50M', '2.00G']);
  assert.equal(shortNumber(1234, false), '1234');
});

test(`texts of all kinds survive YAML (seed ${seed})`, () => {
  const random = randomFrom(seed);
  const pieces = ['a', '0', '1.5', ':', ': ', '#', ' #', '-', '- ', '?', 'yes', 'null', '~', '"', "'", '[', '{', '*', '&', '%', '@', '`', '\n', ' ',
    'é', '0x1f', '1e3', '2026-11-23', 'T01:02:03Z', '1:20', '=', '<<', '---', '|', '>', '\\', ','];
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random(5) }, () => pick(pieces, random)).join('');
    const value = { [`k${round}`]: text, list: [text, { inner: text }], empty: [], none: {}, number: 1.5, flag: true };
    assert.deepEqual(parse(yamlText(value, 2 + 2 * random(2)), { version: '1.1' }), value, JSON.stringify(text));
  }
});

test('strings are quoted as Go quotes them', () => {
  assert.equal(yamlText({ a: '0.9', b: 'x : y', c: '?', d: '["root"]', e: '2026-11-23T01:02:03Z', f: 'plain text', g: '', h: 'yes' }),
    'a: "0.9"\nb: \'x : y\'\nc: \'?\'\nd: \'["root"]\'\ne: "2026-11-23T01:02:03Z"\nf: plain text\ng: ""\nh: "yes"\n');
});

test(`what is written as CSV is read back (seed ${seed})`, () => {
  const random = randomFrom(seed + 1);
  const pieces = ['a', ',', '"', ' ', 'é', '""', 'b c', '\\.'];
  for (let round = 0; round < 500; round++) {
    const columns = 1 + random(3);
    const field = (): string => Array.from({ length: 1 + random(4) }, () => pick(pieces, random)).join('');
    const rows = Array.from({ length: 1 + random(4) }, () => Array.from({ length: columns }, field));
    assert.deepEqual(parseCsv(csv(rows)), rows);
  }
});

test('faulty CSV is refused in the words of Go', () => {
  for (const [text, message] of [
    ['a,b\n1\n', 'record on line 2: wrong number of fields'],
    ['a\nx"y\n', 'parse error on line 2, column 2: bare " in non-quoted field'],
    ['a\n"x"y\n', 'parse error on line 2: extraneous or missing " in quoted-field'],
    ['a\n"x\n', 'parse error on line 2: extraneous or missing " in quoted-field'],
  ]) assert.throws(() => parseCsv(text), { message });
});

test(`a difference leads from one text to the other (seed ${seed})`, () => {
  const random = randomFrom(seed + 2);
  for (let round = 0; round < 300; round++) {
    const lines = (): string => Array.from({ length: random(20) }, () => `${pick(['a', 'b', 'c', 'd'], random)}\n`).join('');
    const [from, to] = [lines(), lines()];
    assert.equal(applyDiff(from, unifiedDiff({ name: 'x', text: from }, { name: 'y', text: to })), to);
  }
});

/** Applies a unified difference the plain way: by the line numbers in its heads. */
function applyDiff(text: string, difference: string): string {
  const source = text.split('\n').slice(0, -1);
  const result: string[] = [];
  let at = 0;
  for (const line of difference.split('\n').slice(2)) {
    const head = /^@@ -(\d+)(?:,(\d+))? /.exec(line);
    if (head !== null) {
      const start = head[2] === '0' ? Number(head[1]) : Number(head[1]) - 1;
      while (at < start) result.push(source[at++]);
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else if (line.startsWith('-')) at += 1;
    else if (line.startsWith(' ')) result.push(source[at++]);
  }
  return [...result, ...source.slice(at)].map((line) => `${line}\n`).join('');
}
