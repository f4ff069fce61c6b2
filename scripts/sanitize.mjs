// Builds the nftables addon under AddressSanitizer and UndefinedBehaviorSanitizer, apart from the usual one, and runs on it
// what reaches all of it: the mutated messages and dumps, the same tests on the kernel, the random run. A report is a failure.
// Plain JavaScript because it builds; needs `npm run setup` before. Usage: node scripts/sanitize.mjs
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = join(root, 'var/sanitize');
const folder = join(work, 'native/nftables');
const tests = ['native/nftables.test.js', 'native/nftables-kernel.test.js', 'bouncer/kernel-faults.test.js', 'bouncer/ipset.test.js',
  'bouncer/random-run.test.js'];

/** Runs a program to its end; when it fails, shows its output and ends this one. */
function run(program, args, options = {}) {
  const child = spawnSync(program, args, { encoding: 'utf8', cwd: root, maxBuffer: 2 ** 28, ...options });
  if (child.status === 0) return;
  process.stderr.write(`${child.stdout}${child.stderr}\nfailed: ${program} ${args.join(' ')}\n`);
  process.exit(1);
}

/** The file of a compiler's library, by its own word. */
function library(name) {
  return spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
}

mkdirSync(folder, { recursive: true });
cpSync(join(root, 'native/nftables'), folder, { recursive: true, preserveTimestamps: true, filter: (path) => !path.includes('/build') });
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
run(process.execPath, [join(root, 'node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build', '--release', '-j', 'max', ...headers],
  { cwd: folder, env: { ...process.env, sanitize: '1' } });
rmSync(join(work, 'build'), { recursive: true, force: true });
cpSync(join(folder, 'build/Release/nftables.node'), join(work, 'build/nftables.node'));
// Node itself is not built with the sanitizer and keeps memory to its end: leaks of the addon cannot be told from that.
const env = { ...process.env, PALISADE_NATIVE: join(work, 'build'), PALISADE_FUZZ_ROUNDS: process.env.PALISADE_FUZZ_ROUNDS ?? '200000',
  LD_PRELOAD: `${library('libasan.so')} ${library('libstdc++.so.6')}`, ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1', UBSAN_OPTIONS: 'print_stacktrace=1' };
for (const test of tests) {
  run(process.execPath, ['--test', join(root, 'dist/test', test)], { env });
  process.stdout.write(`${test}: no report of a sanitizer\n`);
}
