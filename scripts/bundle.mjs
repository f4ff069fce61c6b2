// Puts every program and thread into one file each, with what V8 makes of compiling it: a start that loads hundreds of modules
// costs seven times as much. Made of the compiled files under dist/; dist/ts/entry.js says which bundles belong to them.
import { build, stop } from 'esbuild';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { buildId } from '../dist/ts/entry.js';
import { boundFlags, startFlags } from '../dist/ts/pipeline/heap-limits.js';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const loader = fileURLToPath(new URL('load-bundle.cjs', import.meta.url));
const { wrapped } = createRequire(import.meta.url)(loader);

/**
 * Modules that a process and its threads start with, then threads that start when the heaps are bounded: V8 keeps code for the
 * flags it was made under.
 */
const programs = ['ts/start', 'ts/main', 'ts/pipeline/worker', 'lapi/main', 'ts/hubtest/tester-thread', 'cli/main', 'bouncer/main'];
export const laterThreads = ['lapi/bulk/bulk-thread', 'lapi/blocklists/read-thread'];
/** Addons find their libraries by the place of their own files; clients of database servers and the lenient reader of YAML are
    for few, and load when one is used. */
const external = ['re2', 'better-sqlite3', 'mysql2', 'pg', 'yaml'];

/** In a bundle a module no longer stands where it was compiled; what it finds by its own place is told that place. */
const ownPlace = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', `__urlOf(${JSON.stringify(relative(dist, path))})`) };
    });
  },
};

/** Writes the bundles of this build into a folder of dist/ and drops all others there. */
export async function bundle(parent = 'bundles') {
  const all = join(dist, parent);
  const folder = join(all, 'new');
  rmSync(all, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(loader, join(folder, 'load-bundle.cjs'));
  for (const entry of programs) await bundleEntry(entry, folder);
  setFlagsFromString(boundFlags);
  for (const entry of laterThreads) await bundleEntry(entry, folder);
  setFlagsFromString(startFlags);
  // Its process would stay as long as ours, which under npm start is the daemon.
  await stop();
  // Under its name only when all of it is there.
  renameSync(folder, join(all, buildId()));
}

/** Writes the bundle of a compiled module, with its kept code and the file that starts it, whose path comes back. */
export async function bundleEntry(entry, folder) {
  const name = entry.replaceAll('/', '-');
  const file = join(folder, `${name}.js`);
  const start = join(folder, `${name}.cjs`);
  const { warnings } = await build({ entryPoints: [join(dist, `${entry}.js`)], outfile: file, bundle: true, platform: 'node',
    target: 'node20', format: 'cjs', legalComments: 'none', logLevel: 'silent', external, plugins: [ownPlace],
    // A script of node:vm cannot import(): what is outside is required when its turn comes.
    supported: { 'dynamic-import': false } });
  if (warnings.length > 0) throw new Error(`${entry}: ${warnings.map(({ text }) => text).join('; ')}`);
  writeFileSync(file, ascii(readFileSync(file, 'utf8')));
  writeFileSync(join(folder, `${name}.code`), new Script(wrapped(file), { filename: file }).createCachedData());
  writeFileSync(start, `'use strict';\nmodule.exports = require('./load-bundle.cjs').run('${name}');\n`);
  return start;
}

/** esbuild leaves other characters in comments and regular expressions only, where an escape means the same. */
function ascii(text) {
  return text.replaceAll(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
