// File patterns of native/ingest: Go's filepath.Glob.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadIngestAddon } from '../../native/index.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-glob-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('patterns match as in Go', () => {
  const { globMatches } = loadIngestAddon();
  const cases: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
    ['/var/log/*.log', '/var/log/a.log', true], ['/var/log/*.log', '/var/log/x/a.log', false], ['/var/*/a', '/var/b/a', true],
    ['/var/log/*.log', '/var/log/.a.log', true], ['/a/[a-c]?', '/a/bz', true], ['/a/[^a-c]?', '/a/bz', false],
    ['/a/\\*', '/a/*', true], ['/a/\\*', '/a/b', false], ['/a/**', '/a/b/c', false], ['/a/é?', '/a/éü', true],
    ['/a/*a*b*c', '/a/xxaxxbxxc', true], ['/a/*a*b*c', '/a/xxaxxbxxcx', false],
  ];
  for (const [pattern, path, matches] of cases) assert.equal(globMatches(pattern, path), matches, `${pattern} ${path}`);
});

test('bad patterns are refused', () => {
  const { glob } = loadIngestAddon();
  for (const pattern of ['/a/[', '/a/[a', '/a/[]', '/a/[-x]', '/a/[x-]', 'a\\']) {
    assert.throws(() => glob(pattern), /syntax error in pattern/, pattern);
  }
});

test('existing paths are found in order, hidden ones and dangling links too', () => {
  for (const name of ['a/one.log', 'a/two.log', 'b/one.log', 'b/.hidden.log', 'b/other', 'c[1]/x.log']) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), '');
  }
  symlinkSync('nowhere', join(dir, 'a/zz.log'));
  const cases: readonly (readonly [pattern: string, found: readonly string[]])[] = [
    ['a/*.log', ['a/one.log', 'a/two.log', 'a/zz.log']], ['*/one.log', ['a/one.log', 'b/one.log']],
    ['b/*', ['b/.hidden.log', 'b/one.log', 'b/other']], ['b/other', ['b/other']], ['b/missing', []], ['d/*', []],
    ['c\\[1\\]/*', ['c[1]/x.log']], ['b/other/*', []],
  ];
  for (const [pattern, found] of cases) {
    assert.deepEqual(loadIngestAddon().glob(join(dir, pattern)), found.map((name) => join(dir, name)), pattern);
  }
});
