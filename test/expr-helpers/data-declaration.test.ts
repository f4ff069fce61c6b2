import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, parseDocuments, placed } from '../../ts/config/document.js';
import { dataFileOf, dataShape } from '../../ts/expr-helpers/data-declaration.js';

function declare(yaml: string): { file: ReturnType<typeof dataFileOf>; warnings: string[] } {
  const warnings: string[] = [];
  return { file: dataFileOf(decode(parseDocuments('rule.yaml', yaml)[0], placed(dataShape)), warnings), warnings };
}

test('an entry names its file, its type and how results are remembered', () => {
  assert.deepEqual(declare('{dest_file: a.txt, type: string}').file, { name: 'a.txt', type: 'string', cache: null });
  assert.deepEqual(declare('{dest_file: a.txt, type: regex, strategy: LRU}').file, { name: 'a.txt', type: 'regexp', cache: null });
  assert.deepEqual(declare('{dest_file: a.txt, type: regexp, strategy: ARC, size: 7, ttl: 10s}').file,
    { name: 'a.txt', type: 'regexp', cache: { strategy: 'ARC', sizeMax: 7, ttlNs: 1e10 } });
  assert.equal(declare('{dest_file: a.txt, type: regexp, size: 7, cache: false}').file?.cache, null);
});

test('an entry without type is a file that something else opens', () => {
  assert.deepEqual(declare('{dest_file: a.mmdb}'), { file: null, warnings: [] });
});

test('what cannot be loaded is a warning with its place', () => {
  assert.match(declare('{dest_file: a, type: lines}').warnings[0], /^rule\.yaml:1:1: there is no data type "lines"/);
  assert.match(declare('{type: string}').warnings[0], /^rule\.yaml:1:1: a data file without "dest_file"/);
});

test('a ttl that is no duration is an error at its place', () => {
  assert.throws(() => declare('{dest_file: a, type: regexp, ttl: soon}'), /rule\.yaml:1:\d+: "soon" is not a duration/);
});
