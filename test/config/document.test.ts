import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isScalar, isSeq, parseAllDocuments, type Document, type Node, type YAMLMap } from 'yaml';
import { anything, boolean, decode, integer, list, located, mapOf, parseDocuments, record, text, type Shape } from '../../ts/config/document.js';
import { parseYaml, type Node as OurNode } from '../../ts/config/yaml.js';
import { PalisadeError } from '../../ts/errors.js';

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
  ['bad syntax', 'name: [a\n', /^rule\.yaml:2:1: deficient indentation: a bracket/],
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
  assert.deepEqual({ ...value.rule }, { name: 'mine', more: ['12', '12', 12, null, '~', '0o7', 8, 1000, true], debug: true });
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

test('nodes know where they stand, as another reader of YAML tells it', () => {
  const source = '# rule\nname: "a # b" # c\nlist:\n  - {x: 1, y: }\n  - [a, [b ,\n     c] ]\nblock: >- # folded\n\n   one\n   two\nlast: plain\n   text\n---\n- é𝄞: z\n';
  const expected = (parseAllDocuments(source, { version: '1.1' }) as Document[]).map(({ contents }) => spansOf(contents as Node | null));
  assert.deepEqual(parseYaml(source).map(spans), expected);
});

function spans(node: OurNode): unknown {
  if (node.kind === 'scalar') return node.value === null ? null : [node.text, node.start, node.end];
  if (node.kind === 'seq') return { start: node.start, items: node.items.map(spans) };
  return { start: node.start, pairs: node.pairs.map((pair) => pair.map(spans)) };
}

function spansOf(node: Node | null): unknown {
  if (isScalar(node)) return node.value === null ? null : [node.source, node.range![0], node.range![1]];
  if (isSeq(node)) return { start: node.range![0], items: (node.items as Node[]).map(spansOf) };
  const map = node as YAMLMap<Node, Node | null>;
  return { start: map.range![0], pairs: map.items.map(({ key, value }) => [spansOf(key), spansOf(value)]) };
}

test('keys named like object internals stay data', () => {
  const value = read('name: a\nlabels:\n  __proto__: x\n  constructor: y\n', rule);
  assert.deepEqual([...value.labels ?? []], [['__proto__', 'x'], ['constructor', 'y']]);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});
