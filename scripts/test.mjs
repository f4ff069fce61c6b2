// `npm test [-- PATH…]`: sets up, then runs the tests; with paths (source or test files, or folders below test/) only those.
// Ends with one line `N passed, N failed, N skipped`. Plain JavaScript because it also compiles what it runs.
import { run } from 'node:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Fast parts first; what starts processes, servers and namespaces last. */
const order = ['tidy', 'util', 'config', 'event', 'model', 'expr', 'grok', 'native', 'expr-helpers', 'enrich', 'parser', 'engine-wasm',
  'buckets', 'alert', 'acquisition', 'profile', 'client', 'hub', 'pipeline', 'lapi', 'cli', 'bouncer', 'bench', 'conformance', 'issues', 'e2e'];
const verbose = process.argv.includes('--verbose');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

try {
  await setup();
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}
const files = testFiles(join(root, 'dist/test')).filter((file) => wanted.length === 0 || wanted.some((path) => isWanted(file, path)));
if (files.length === 0) {
  process.stderr.write(`no test matches ${wanted.join(' ')}\n`);
  process.exit(1);
}
const counts = await runAll(files);
if (wanted.length === 0) runCargo(counts);
for (const line of counts.skippedNames) process.stdout.write(`skipped: ${line}\n`);
for (const line of counts.failedNames) process.stdout.write(`failed: ${line}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);

/** Compiled test files, in the order of `order`. A compiled file whose source is gone is left out. */
function testFiles(folder) {
  const found = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) found.push(...testFiles(path));
    else if (name.endsWith('.test.js') && existsSync(sourceOf(path))) found.push(path);
  }
  const rank = (path) => {
    const at = order.findIndex((name) => path.startsWith(join(root, 'dist/test', name)));
    return at < 0 ? order.length : at;
  };
  return found.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function sourceOf(compiled) {
  return join(root, compiled.slice(join(root, 'dist/').length)).replace(/\.js$/, '.ts');
}

function isWanted(file, path) {
  const name = sourceOf(file).slice(root.length + 1);
  return name === path || name.startsWith(`${path.replace(/\/$/, '')}/`) || name === `test/${path}` || name.startsWith(`test/${path.replace(/\/$/, '')}/`)
    || name === `test/${path.replace(/^ts\//, '').replace(/\.ts$/, '.test.ts')}`;
}

function runAll(paths) {
  return new Promise((resolve) => {
    const counts = { passed: 0, failed: 0, skipped: 0, skippedNames: [], failedNames: [] };
    const place = (data) => `${data.file ? sourceOf(data.file).slice(root.length + 1) : ''}: ${data.name}`;
    const stream = run({ files: paths, concurrency: 2, timeout: 1_200_000 });
    stream.on('test:pass', (data) => {
      if (data.details?.type === 'suite') return;
      if (data.skip !== undefined) {
        counts.skipped++;
        counts.skippedNames.push(`${place(data)}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}`);
      } else counts.passed++;
      if (verbose) process.stdout.write(`ok ${place(data)}\n`);
    });
    stream.on('test:fail', (data) => {
      if (data.details?.type === 'suite' && data.details.error?.failureType === 'subtestsFailed') return;
      counts.failed++;
      counts.failedNames.push(place(data));
      const error = data.details?.error;
      process.stdout.write(`\nFAILED ${place(data)}\n${error?.cause?.stack ?? error?.cause ?? error?.stack ?? error}\n`);
    });
    stream.on('test:stderr', (data) => process.stderr.write(data.message));
    stream.on('test:stdout', (data) => { if (verbose) process.stdout.write(data.message); });
    stream.on('end', () => resolve(counts));
    stream.resume();
  });
}

/** The Rust crate's own unit tests count as well. */
function runCargo(counts) {
  const result = spawnSync('cargo', ['test', '--release', '--locked'], { cwd: join(root, 'native/ingest'), encoding: 'utf8' });
  for (const [, passed, failed] of result.stdout.matchAll(/(\d+) passed; (\d+) failed/g)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
  }
  if (result.status !== 0) {
    counts.failed += 1;
    counts.failedNames.push('native/ingest: cargo test');
    process.stdout.write(result.stdout + result.stderr);
  }
}
