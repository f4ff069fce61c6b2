import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, decode, integer, list, located, mapOf, parseDocuments, record, text, type Shape } from '../../ts/config/document.js';
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
  ['a duplicate key', 'name: a\nname: b\n', /^rule\.yaml:2:1: Map keys must be unique/],
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

test('keys named like object internals stay data', () => {
  const value = read('name: a\nlabels:\n  __proto__: x\n  constructor: y\n', rule);
  assert.deepEqual([...value.labels ?? []], [['__proto__', 'x'], ['constructor', 'y']]);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});
