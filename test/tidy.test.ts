// The shape of the source tree: imports go down only, no unused file, no undocumented export, nothing left undone.
// Prints the longest files and functions, for the eye.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from './support/shared.js';

const folders = ['ts', 'lapi', 'cli', 'bouncer', 'bench', 'native', 'engine-wasm', 'test', 'scripts'];
const skipped = new Set(['node_modules', 'dist', 'build', 'target', 'record']);
const sources = folders.flatMap((folder) => filesBelow(join(projectRoot, folder)))
  .filter((path) => /\.(ts|mjs|rs|cc|h)$/.test(path)).map((path) => relative(projectRoot, path));
const typescript = sources.filter((path) => path.endsWith('.ts') && !path.startsWith('engine-wasm/'));

/** Rank of each part: a file imports only from its own rank's folder or from lower ranks. */
const ranks: readonly (readonly string[])[] = [
  ['ts/errors.ts', 'ts/limits.ts', 'ts/version.ts', 'ts/entry.ts', 'native', 'engine-wasm'],
  ['ts/util'],
  ['ts/model'],
  ['ts/config', 'ts/metrics', 'ts/event'],
  ['ts/grok'],
  ['ts/expr'],
  ['ts/expr-helpers', 'ts/acquisition'],
  ['ts/enrich'],
  ['ts/parser', 'ts/buckets'],
  ['ts/alert', 'ts/profile', 'ts/hub', 'ts/client'],
  ['ts/pipeline', 'ts/lint'],
  ['ts/hubtest'],
  ['lapi', 'cli', 'bouncer'],
  ['ts/lapi-thread.ts', 'ts/flags.ts', 'ts/instance'],
  ['ts/daemon.ts'],
  ['ts/main.ts', 'ts/start.ts'],
  ['bench', 'test'],
];
/** Sideways or upward imports that the design allows, each for a reason. */
const allowed: readonly (readonly [from: string, to: string, why: string])[] = [
  ['cli/', 'lapi/store/', 'cscli edits machines, bouncers and allowlists on the database itself'],
  ['cli/', 'lapi/', 'cscli hashes passwords and keys as the Local API does'],
  ['cli/', 'ts/pipeline/', 'explain runs the parser stages in-process'],
  ['ts/', 'ts/errors.ts', 'errors are for everybody'],
  ['test/', '', 'tests see everything'],
  ['bench/', '', 'benches see everything'],
];

test('imports go down only, and apps do not import each other', () => {
  const wrong: string[] = [];
  for (const path of typescript) {
    for (const target of importsOf(path)) {
      const from = part(path);
      const to = part(target);
      if (from === to || allowed.some(([a, b]) => path.startsWith(a) && target.startsWith(b))) continue;
      if (rank(path) <= rank(target)) wrong.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every source file is imported, run or a test', () => {
  const imported = new Set(typescript.flatMap(importsOf));
  const texts = ['bin/palisade', 'bin/cscli', 'bin/palisade-firewall-bouncer', 'package.json', ...sources]
    .filter((path) => existsSync(join(projectRoot, path))).map((path) => [path, read(path)] as const);
  const unused = typescript.filter((path) => !imported.has(path) && !path.endsWith('.test.ts') && !path.endsWith('.d.ts')
    && !texts.some(([other, text]) => other !== path
      && (text.includes(path.split('/').slice(-1)[0].replace(/\.ts$/, '.js')) || text.includes(`'${path.replace(/\.ts$/, '')}'`))));
  assert.deepEqual(unused, []);
});

test('every export has a docstring', () => {
  const bare: string[] = [];
  for (const path of typescript.filter((name) => !name.startsWith('test/'))) {
    const lines = read(path).split('\n');
    for (const [index, line] of lines.entries()) {
      if (!/^export (async |abstract )?(function|class|const)\b/.test(line)) continue;
      const above = lines.slice(0, index).reverse().find((text) => !text.startsWith('@'));
      // A group of one-line constants or overloads shares the comment above it.
      const grouped = above !== undefined && /^export (function.*;|const .*;)$/.test(above);
      if (!grouped && !/(\*\/|^\/\/|^ \*)/.test(above?.trim() ?? '')) bare.push(`${path}:${index + 1} ${line.slice(0, 70)}`);
    }
  }
  assert.deepEqual(bare, []);
});

test('nothing is left undone and no test is switched off', () => {
  const found: string[] = [];
  const undone = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b|${'not implemented ' + 'yet'}|\\b(it|test|describe)\\.(only|todo)\\b`);
  for (const path of sources) {
    for (const [index, line] of read(path).split('\n').entries()) {
      if (undone.test(line)) found.push(`${path}:${index + 1} ${line.trim().slice(0, 80)}`);
    }
  }
  assert.deepEqual(found, []);
});

test('every file begins with a header that says what it is', () => {
  const without = sources.filter((path) => !path.endsWith('.test.ts') && !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)));
  assert.deepEqual(without, []);
});

test('the longest files and functions, for the eye', (context) => {
  const files = sources.map((path) => [read(path).split('\n').length, path] as const)
    .filter(([, path]) => !path.startsWith('test/')).sort((a, b) => b[0] - a[0]).slice(0, 10);
  for (const [count, path] of files) context.diagnostic(`${count} lines: ${path}`);
  const functions = typescript.filter((path) => !path.startsWith('test/')).flatMap(functionsOf)
    .sort((a, b) => b[0] - a[0]).slice(0, 10);
  for (const [count, name] of functions) context.diagnostic(`${count} lines: ${name}`);
  assert.equal(files.length, 10);
});

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => !skipped.has(name)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, target]) => relative(projectRoot, resolve(projectRoot, dirname(path), target)).replace(/\.js$/, '.ts'));
}

function part(path: string): string {
  const [top, second] = path.split('/');
  return top === 'ts' ? `ts/${second}` : top;
}

function rank(path: string): number {
  const found = ranks.findIndex((group) => group.some((name) => path === name || path.startsWith(`${name}/`)));
  assert.notEqual(found, -1, `${path} belongs to no known part`);
  return found;
}

/** Top-level functions and methods with their lengths, by indentation: the closing brace stands under the opening line. */
function functionsOf(path: string): [number, string][] {
  const lines = read(path).split('\n');
  const found: [number, string][] = [];
  for (const [index, line] of lines.entries()) {
    const head = /^(\s{0,2})(?:export )?(?:async )?(?:static )?(?:function\*? )?(#?\w+)\(.*\{$/.exec(line);
    if (head === null || /^(if|for|while|switch|catch|return)$/.test(head[2])) continue;
    const end = lines.findIndex((text, at) => at > index && text === `${head[1]}}`);
    if (end > 0) found.push([end - index + 1, `${path} ${head[2]}`]);
  }
  return found;
}
