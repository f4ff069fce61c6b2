import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anything, boolean, decode, integer, list, located, mapOf, parseDocuments, record, text, type Shape } from '../../ts/config/document.js';
import { parseYaml } from '../../ts/config/yaml.js';
import { parseLeniently } from '../../ts/config/yaml-lenient.js';
import { isNull, type Node, type ScalarNode } from '../../ts/config/yaml-node.js';
import { PalisadeError } from '../../ts/errors.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const rule = record({ name: text(), filter: located(), capacity: integer(), debug: boolean(), labels: mapOf(text()),
  nodes: list(text()) }, ['name']);

function read<T>(source: string, shape: Shape<T>): T {
  return decode(parseDocuments('rule.yaml', source)[0], shape);
}

test('a record gives its keys, scalars in text fields keep their source text', () => {
  const value = read('name: 2.50\ncapacity: 5\ndebug: yes\nlabels: {a: 010, b: no}\nnodes: [x, y]\n', rule);
  assert.deepEqual([value.name, value.capacity, value.debug, value.nodes], ['2.50', 5, true, ['x', 'y']]);
  assert.deepEqual([...value.labels ?? []], [['a', '010'], ['b', 'no']]);
});

test('several documents are read one by one and empty ones are left out', () => {
  const documents = parseDocuments('f.yaml', '---\n# only a comment\n---\nname: a\n---\nname: b\n');
  assert.deepEqual(documents.map((document) => decode(document, rule).name), ['a', 'b']);
});

test('aliases are followed', () => {
  assert.deepEqual(read('name: &n abc\nnodes: [*n, x]\n', rule).nodes, ['abc', 'x']);
});

const faults: [string, string, RegExp][] = [
  ['an unknown key with a suggestion', 'name: a\nfiltr: b\n', /^rule\.yaml:2:1: unknown key "filtr", did you mean "filter"\?\n  2 \| filtr: b\n    \| \^$/],
  ['a wrong kind', 'name: a\ncapacity: five\n', /^rule\.yaml:2:11: "capacity" must be a whole number/],
  ['a mapping where a text belongs', 'name: {a: b}\n', /^rule\.yaml:1:7: "name" must be a text/],
  ['a missing key', 'capacity: 1\n', /^rule\.yaml:1:1: missing key "name"/],
  ['a duplicate key', 'name: a\nname: b\n', /^rule\.yaml:2:1: the key "name" stands here twice/],
  ['bad syntax', 'name: [a\n', /^rule\.yaml:2:1: Flow sequence/],
];
for (const [what, source, message] of faults) {
  test(`${what} is an error with file, line, column and caret`, () => {
    assert.throws(() => read(source, rule), (error) => error instanceof PalisadeError && message.test(error.message)
      || assert.fail(`unexpected: ${String(error)}`));
  });
}

test('a located text knows its place, also inside quotes and blocks', () => {
  const plain = read('name: a\nfilter: evt.x == 1\n', rule).filter;
  assert.deepEqual([plain?.place.line, plain?.place.column], [2, 9]);
  const quoted = read('name: a\nfilter: "evt.x"\n', rule).filter;
  assert.deepEqual([quoted?.place.line, quoted?.place.column], [2, 10]);
  const block = read('name: a\nfilter: |\n  evt.x\n', rule).filter;
  assert.deepEqual([block?.text, block?.place.line, block?.place.column, block?.indent], ['evt.x\n', 3, 3, 2]);
});

test('a merge key adds what is not there, and a tag decides what a scalar is', () => {
  const source = 'base: &b {name: base, debug: yes}\nrule:\n  <<: *b\n  name: mine\n  more: [!!str 12, !own 12, 12, ~, "~", 0o7, 010, 1_000, on]\n';
  const value = read(source, anything()) as Record<string, Record<string, unknown>>;
  assert.deepEqual({ ...value.rule }, { name: 'mine', more: ['12', '12', 12, null, '~', 7, 8, 1000, true], debug: true });
  assert.throws(() => read('<<: 5\n', anything()), /^Error: rule\.yaml:1:5: a merge key|a merge key/);
});

test('aliases that multiply are bounded, and an alias knows only what stands before it', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...[...'bcdefgh'].map((name, index) => {
    const before = 'abcdefgh'[index];
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
  })];
  assert.throws(() => read(lines.join('\n'), anything()), /rule\.yaml:5:\d+: aliases stand for more than 100000 values/);
  assert.throws(() => read('a: *b\n', anything()), /rule\.yaml:1:4: the alias \*b names no anchor/);
  assert.throws(() => read('a: &a [*a]\n', anything()), /rule\.yaml:1:8: the alias \*a names no anchor/);
});

/** Forms that either reader takes, with what they mean. */
const forms: [source: string, value: unknown][] = [
  ['# rule\nname: "a # b" # c\nlist:\n  - {x: 1, y: }\n  - [a, [b ,\n     c] ]\nlast: plain\n   text\n', { name: 'a # b', list: [{ x: 1, y: null }, ['a', ['b', 'c']]], last: 'plain text' }],
  ['block: >- # folded\n\n   one\n   two\nlit: |\n  a\n\n  b\n', { block: '\none two', lit: 'a\n\nb\n' }],
  ['- é𝄞: z\n- "\\u00e9\\t"\n- \'it\'\'s\'\n- # nothing\n- ~\n', [{ 'é𝄞': 'z' }, 'é\t', "it's", null, null]],
  ['- &a [x, {}]\n- *a\n- &b\n- [&c , *b]\n', [['x', {}], ['x', {}], null, [null, null]]],
  ['base: &b {name: base, debug: yes}\nrule: {<<: *b, name: mine}\n', { base: { name: 'base', debug: true }, rule: { name: 'mine', debug: true } }],
  ['[010, 0o7, 08, 0x1F, 0b11, 1_000, -0, +5, 1e3, 1e-3, .5, 5., 1.5E+3, 1:30, 0.1_0, 12e, _1]', [8, 7, 8, 31, 3, 1000, -0, 5, 1000, 0.001, 0.5, 5, 1500, '1:30', 0.1, '12e', '_1']],
  ['[yes, No, on, y, True, null, ~, .inf, -.Inf, .nan, "yes", \'1\', !!str 12, !own 12, !!int 12, "12", tRue]',
    [true, false, true, true, true, null, null, Infinity, -Infinity, NaN, 'yes', '1', '12', '12', 12, '12', 'tRue']],
  ['a: [x, # # # # # # # # # # # # # # # # # # # # # # # # #\n &b ]\n', { a: ['x', null] }],
  ['---\n...\n', null], ['', undefined],
];
for (const [source, value] of forms) {
  test(`both readers of YAML read alike: ${JSON.stringify(source).slice(0, 60)}`, () => {
    const [fast, lenient] = [parseYaml(source), parseLeniently(source)];
    assert.deepEqual(fast.length === 0 ? undefined : plainOf(fast[0]), value);
    assert.deepEqual(lenient.filter((node) => !isNull(node)).map(spans), fast.filter((node) => !isNull(node)).map(spans));
  });
}

test('a bracket may end a line of its own as far left as its key, as in files that CrowdSec reads', () => {
  for (const source of ['filenames: [\n  a.log,\n  b.log\n]\n', 'filenames: [ a.log, # first\n  b.log\n]\n']) {
    assert.deepEqual(plainOf(parseYaml(source)[0]), { filenames: ['a.log', 'b.log'] });
  }
  const labels = parseYaml('x: &x 1\nlabels: {\n  type: *x, y: [\n  010]\n}\n')[0];
  assert.deepEqual(plainOf(labels), { x: 1, labels: { type: 1, y: [8] } });
});

test('both readers agree on every YAML file of the hub', skipWithout('hub'), () => {
  const hub = sharedPath('hub') as string;
  const files = readdirSync(hub, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name));
  assert.ok(files.length > 1000);
  for (const file of files) {
    const source = readFileSync(join(hub, file), 'utf8');
    assert.deepEqual(outcomeOf(() => parseYaml(source)), outcomeOf(() => parseLeniently(source)), file);
  }
});

function outcomeOf(read: () => Node[]): unknown {
  try {
    return read().filter((node) => !isNull(node)).map(spans);
  } catch (error) {
    return (error as Error).message;
  }
}

/** What a node is and where; a missing value stands anywhere, and a block text ends before or after its blank lines. */
function spans(node: Node): unknown {
  const { start, end } = node;
  if (node.kind === 'scalar') return [node.text, node.value, node.style, ...(node.value === null ? [] : [start, node.style === 'block' ? '' : end])];
  const isFlow = node.kind === 'seq' ? node.items.length === 0 : node.pairs.length === 0;
  const children = node.kind === 'seq' ? node.items.map(spans) : node.pairs.map((pair) => pair.map(spans));
  return [node.kind, start, ...(isFlow ? [end] : []), children];
}

function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'seq') return node.items.map(plainOf);
  return Object.fromEntries(node.pairs.map(([key, value]) => [(key as ScalarNode).text, plainOf(value)]));
}

test('keys named like object internals stay data', () => {
  const value = read('name: a\nlabels:\n  __proto__: x\n  constructor: y\n', rule);
  assert.deepEqual([...value.labels ?? []], [['__proto__', 'x'], ['constructor', 'y']]);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});
