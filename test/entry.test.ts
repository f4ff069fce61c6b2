// Bundles: that they run as the modules do, that V8 takes what was kept of compiling them, that none of another build starts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildId } from '../ts/entry.js';
import { boundFlags, startFlags } from '../ts/pipeline/heap-limits.js';
import { projectRoot } from './support/shared.js';

const parent = 'bundles-of-a-test';
const folder = join(projectRoot, 'dist', parent);

let laterThreads: readonly string[] = [];

before(async () => {
  const made = await import(pathToFileURL(join(projectRoot, 'scripts/bundle.mjs')).href) as { bundle(parent: string): Promise<void>; laterThreads: string[] };
  await made.bundle(parent);
  laterThreads = made.laterThreads.map((name) => name.replaceAll('/', '-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('V8 takes the kept code of every bundle under the flags that it runs with', () => {
  const names = readdirSync(join(folder, buildId())).filter((name) => name.endsWith('.code')).map((name) => name.slice(0, -'.code'.length));
  assert.ok(names.includes('ts-main') && names.includes('lapi-main'));
  for (const name of names) assert.equal(isTaken(name, laterThreads.includes(name) ? boundFlags : startFlags), 'true', name);
});

test('a warm-up keeps what was compiled while a program ran, and V8 takes it under the flags that programs start with', () => {
  const bundles = join(folder, buildId());
  const bytes = (): number => statSync(join(bundles, 'ts-main.code')).size;
  const before = bytes();
  const { status, stderr } = spawnSync(process.execPath, ['--require', join(projectRoot, 'scripts/keep-code.cjs'), '-e',
    `require('./ts-main.cjs').main(['-help']); require('node:v8').setFlagsFromString('${boundFlags}')`],
  { cwd: bundles, encoding: 'utf8', env: { ...process.env, PALISADE_START_FLAGS: startFlags } });
  assert.equal(status, 0, stderr);
  assert.ok(bytes() > before, `${bytes()} bytes after ${before}`);
  assert.equal(isTaken('ts-main', startFlags), 'true');
  assert.equal(isTaken('ts-main', boundFlags), 'false');
});

/** Whether V8 takes the kept code of a bundle under some flags. */
function isTaken(name: string, flags: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', `
    require('node:v8').setFlagsFromString('${flags}');
    const { wrapped } = require('./load-bundle.cjs');
    const script = new (require('node:vm').Script)(wrapped('./${name}.js'), { cachedData: require('node:fs').readFileSync('./${name}.code') });
    console.log(!script.cachedDataRejected);`], { cwd: join(folder, buildId()), encoding: 'utf8' });
  return `${stdout.trim()}${stderr}`;
}

test('a bundle says what the modules say', () => {
  const said = (start: string): string => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', `${start}\nawait main(['-help']);`], { encoding: 'utf8' });
    return `${status} ${stdout} ${stderr}`;
  };
  const modules = said(`import { main } from ${JSON.stringify(pathToFileURL(join(projectRoot, 'dist/ts/main.js')).href)};`);
  const bundled = said(`import { createRequire } from 'node:module';
    const { main } = createRequire('/')(${JSON.stringify(join(folder, buildId(), 'ts-main.cjs'))});`);
  assert.equal(bundled, modules);
  assert.match(bundled, /^0 .*-dsn/s);
});

test('a bundle starts only what it was made of: after another compilation the module starts', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'palisade-'));
  context.after(() => rmSync(root, { recursive: true }));
  for (const name of ['dist/ts', 'dist/bundles', 'node_modules']) mkdirSync(join(root, name), { recursive: true });
  const lists = [join(root, 'dist/tsbuildinfo'), join(root, 'node_modules/.package-lock.json')];
  for (const list of lists) writeFileSync(list, 'one');
  writeFileSync(join(root, 'dist/ts/package.json'), '{"type":"module"}');
  let copies = 0;
  const entry = async (): Promise<typeof import('../ts/entry.js')> => {
    const copy = join(root, `dist/ts/entry-${++copies}.js`);
    copyFileSync(join(projectRoot, 'dist/ts/entry.js'), copy);
    return import(pathToFileURL(copy).href) as Promise<typeof import('../ts/entry.js')>;
  };
  const bundles = join(root, 'dist/bundles', (await entry()).buildId());
  mkdirSync(bundles);
  writeFileSync(join(bundles, 'ts-pipeline-worker.cjs'), '');
  assert.match((await entry()).entryUrl('ts/pipeline/worker').pathname, /ts-pipeline-worker\.cjs$/);
  assert.match((await entry()).entryUrl('ts/main').pathname, /dist\/ts\/main\.js$/, 'one that is not bundled');
  for (const list of lists) {
    writeFileSync(list, 'another');
    assert.match((await entry()).entryUrl('ts/pipeline/worker').pathname, /dist\/ts\/pipeline\/worker\.js$/);
    writeFileSync(list, 'one');
  }
  rmSync(lists[0]);
  assert.match((await entry()).entryUrl('ts/pipeline/worker').pathname, /dist\/ts\/pipeline\/worker\.js$/);
});
