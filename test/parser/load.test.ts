// Loading: what is refused and where the message points, what is only warned of, and which names end up where.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { newEventNames } from '../../ts/event/event.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { embeddedPatternsDir, PatternLibrary } from '../../ts/grok/patterns.js';
import { loadParsers } from '../../ts/parser/load.js';
import type { ParserSpec, World } from '../../ts/parser/spec.js';
import { writeRules } from './three-ways.js';

function load(rules: Record<string, string>, world: World = 'parsers'): ParserSpec {
  const library = new PatternLibrary();
  library.loadFolder(embeddedPatternsDir);
  return loadParsers(writeRules(rules), { world, names: newEventNames(), functions: helperTable, library });
}

const mistakes: { name: string; text: string; line: number; column: number; says: RegExp }[] = [
  { name: 'an unknown key', text: 'name: a\nstatic: []\n', line: 2, column: 1, says: /unknown key "static".*"statics"/ },
  { name: 'a key given twice', text: 'name: a\nname: b\n', line: 2, column: 1, says: /the key "name" stands here twice/ },
  { name: 'an onsuccess that is none', text: 'name: a\nonsuccess: next\nstatics: [{ meta: a, value: b }]\n', line: 2, column: 12, says: /next_stage/ },
  { name: 'an empty node', text: 'name: a\nfilter: "true"\n', line: 1, column: 1, says: /empty/ },
  { name: 'an empty child', text: 'name: a\nnodes:\n  - filter: "true"\n', line: 3, column: 5, says: /empty/ },
  { name: 'a filter with a type error', text: 'name: a\nfilter: evt.Parsed.x == 5\nstatics: [{ meta: a, value: b }]\n', line: 2, column: 22, says: /mismatched|==/ },
  { name: 'a filter with an unknown name', text: 'name: a\nfilter: event.x == 5\nstatics: [{ meta: a, value: b }]\n', line: 2, column: 9, says: /unknown name/i },
  { name: 'a static without a target', text: 'name: a\nstatics:\n  - value: x\n', line: 3, column: 5, says: /parsed/ },
  { name: 'a static that is only enriched', text: 'name: a\nstatics:\n  - { enriched: x, value: y }\n', line: 3, column: 5, says: /needs one of/ },
  { name: 'a static without a value', text: 'name: a\nstatics:\n  - meta: x\n', line: 3, column: 5, says: /value/ },
  { name: 'a method without an expression', text: 'name: a\nstatics:\n  - { method: GeoIpCity, value: x }\n', line: 3, column: 5, says: /expression/ },
  { name: 'a grok without a subject', text: 'name: a\ngrok:\n  pattern: x\n', line: 3, column: 3, says: /apply_on/ },
  { name: 'a grok without a pattern', text: 'name: a\ngrok:\n  apply_on: message\n', line: 3, column: 3, says: /pattern/ },
  { name: 'a grok of an unknown name', text: 'name: a\ngrok:\n  name: NOSUCH\n  apply_on: message\n', line: 3, column: 9, says: /NOSUCH/ },
  { name: 'a pattern that refers to a later one', text: 'name: a\npattern_syntax:\n  A: "%{B}"\n  B: x\nstatics: [{ meta: a, value: b }]\n', line: 3, column: 7, says: /B/ },
  { name: 'a pattern that RE2 refuses', text: 'name: a\ngrok:\n  pattern: "(?=x)%{INT:a}"\n  apply_on: message\n', line: 3, column: 13, says: /RE2/ },
  { name: 'a whitelist of no address', text: 'name: a\nwhitelist:\n  reason: r\n  ip: [ 10.0.0.300 ]\n', line: 4, column: 9, says: /10\.0\.0\.300/ },
  { name: 'a whitelist of no network', text: 'name: a\nwhitelist:\n  cidr:\n    - 10.0.0.0/33\n', line: 4, column: 7, says: /10\.0\.0\.0\/33/ },
  { name: 'a stash without a ttl', text: 'name: a\nstatics: [{ meta: a, value: b }]\nstash:\n  - { name: s, key: evt.Line.Raw, value: evt.Line.Raw }\n', line: 4, column: 5, says: /ttl/ },
  { name: 'a ttl that is none', text: 'name: a\nstatics: [{ meta: a, value: b }]\nstash:\n  - { name: s, key: evt.Line.Raw, value: evt.Line.Raw, ttl: 5 }\n', line: 4, column: 61, says: /duration/ },
  { name: 'a lookup in a parser', text: 'name: a\nstatics:\n  - meta: a\n    expression: LookupHost("x")\n', line: 4, column: 17, says: /waits/ },
  { name: 'a method that looks something up in a parser', text: 'name: a\nstatics:\n  - { method: reverse_dns, expression: evt.Meta.source_ip }\n', line: 3, column: 5, says: /postoverflows/ },
];

for (const { name, text, line, column, says } of mistakes) {
  test(`${name} is refused at its place`, () => {
    assert.throws(() => load({ 's01-parse/rule.yaml': text }), (error: unknown) => {
      assert.ok(error instanceof PalisadeError, String(error));
      assert.match(error.detail, says);
      assert.deepEqual([error.place?.line, error.place?.column], [line, column], error.message);
      assert.match(error.place?.file ?? '', /rule\.yaml$/);
      return true;
    });
  });
}

test('stages are the directories that own a node, in the order of their names', () => {
  const rule = 'name: x\nstage: s09-ignored\nstatics: [{ meta: a, value: b }]\n';
  const spec = load({ 's02-b/a.yaml': rule, 's00-a/a.yaml': rule, 's01-none/a.yaml': '# nothing\n' });
  assert.deepEqual(spec.stages, ['s00-a', 's02-b']);
});

test('documents without name, description and author, and of another format, are skipped with a warning', () => {
  const spec = load({ 's00-a/a.yaml': 'statics: [{ meta: a, value: b }]\n---\nformat: 4.0\nname: later\nstatics: [{ meta: a, value: b }]\n---\nformat: 3.0\ndescription: kept\nstatics: [{ meta: a, value: b }]\n' });
  assert.equal(spec.nodes.length, 1);
  assert.equal(spec.nodes[0].name, '');
  assert.match(spec.warnings.join('\n'), /a\.yaml:1:1: skipped: a node needs a name[^]*a\.yaml:3:9: skipped: format 4\.0/);
});

test('children without a name are called after their parent', () => {
  const [node] = load({ 's00-a/a.yaml': 'name: top\nnodes:\n  - { nodes: [{ statics: [{ meta: a, value: b }] }] }\n' }).nodes;
  assert.equal(node.children[0].name, 'child-top');
  assert.equal(node.children[0].children[0].name, 'child-child-top');
});

test('the first definition of a pattern counts everywhere, and the second is a warning', () => {
  const spec = load({
    's00-a/a.yaml': 'name: a\npattern_syntax: { MINE: "a+" }\ngrok: { pattern: "%{MINE:x}", apply_on: Line.Raw }\n',
    's00-a/b.yaml': 'name: b\npattern_syntax: { MINE: "b+" }\ngrok: { pattern: "%{MINE:x}", apply_on: Line.Raw }\n',
  });
  assert.equal(spec.nodes[0].grok?.grok.regex, spec.nodes[1].grok?.grok.regex);
  assert.match(spec.warnings.join('\n'), /b\.yaml:2:\d+: the grok pattern MINE exists already/);
});

test('a pattern of a child is unknown to its parent and known to what comes after', () => {
  const child = 'nodes:\n  - { pattern_syntax: { CHILDS: "c+" }, grok: { pattern: "%{CHILDS:x}", apply_on: message } }\n';
  assert.throws(() => load({ 's00-a/a.yaml': `name: a\ngrok: { pattern: "%{CHILDS:x}", apply_on: message }\n${child}` }), /CHILDS/);
  load({ 's00-a/a.yaml': `name: a\n${child}`, 's01-b/b.yaml': 'name: b\ngrok: { pattern: "%{CHILDS:y}", apply_on: message }\n' });
});

test('scalars in text fields keep the text they are written with', () => {
  const [node] = load({ 's00-a/a.yaml': 'name: a\nstatics: [{ meta: a, value: 2.50 }, { meta: b, value: yes }, { meta: c, value: 010 }]\n' }).nodes;
  assert.deepEqual(node.statics.map(({ source }) => source.kind === 'value' && source.text), ['2.50', 'yes', '010']);
});

test('an unknown method and a target that names nothing are warnings', () => {
  const { warnings } = load({ 's00-a/a.yaml': 'name: a\nstatics:\n  - { method: NoSuch, expression: evt.Line.Raw }\n  - { target: source_ip, value: x }\n' });
  assert.match(warnings.join('\n'), /a\.yaml:3:5: .*NoSuch[^]*a\.yaml:4:5: .*source_ip/);
});

test('stashes have a size by default, data files a type or are left alone', () => {
  const spec = load({ 's00-a/a.yaml': `name: a
stash: [{ name: s, key: evt.Line.Raw, value: evt.Line.Raw, ttl: 1m }]
statics: [{ meta: a, value: b }]
data:
  - { source_url: "https://example.org/x", dest_file: x.txt, type: string }
  - { source_url: "https://example.org/y", dest_file: y.mmdb }
  - { source_url: "https://example.org/z", dest_file: z.txt, type: regexp, strategy: LRU, size: 40 }
` });
  assert.deepEqual(spec.stashes, [{ name: 's', sizeMax: 100, ttlNs: 60e9, strategy: 'LRU' }]);
  assert.deepEqual(spec.dataFiles, [{ name: 'x.txt', type: 'string', cache: null },
    { name: 'z.txt', type: 'regexp', cache: { strategy: 'LRU', sizeMax: 40, ttlNs: null } }]);
});

test('a loaded world is plain data', () => {
  const spec = load({ 's00-a/a.yaml': 'name: a\nfilter: evt.Line.Raw != ""\ngrok: { pattern: "%{INT:i}", apply_on: Line.Raw }\nstatics: [{ meta: i, expression: evt.Parsed.i }]\n' });
  assert.deepEqual(structuredClone(spec), spec);
});
