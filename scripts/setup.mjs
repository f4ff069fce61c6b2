// Sets up everything a clone needs: npm packages, native addons, the WASM module, the compiled TypeScript.
// Plain JavaScript because it runs before anything is compiled. Idempotent: each step keeps a stamp (a hash of its
// inputs) under .setup/ and runs only when the stamp or its output is gone or differs.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync,
  statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampDir = join(root, '.setup');
const nodeKey = `${process.platform}-${process.arch}-abi${process.versions.modules}`;
const tty = process.stderr.isTTY === true;

/** Tools a step needs, each with the Debian package that has it. */
const tools = [
  { command: 'npm', args: ['--version'], debian: 'npm' },
  { command: 'g++', args: ['--version'], debian: 'g++' },
  { command: 'make', args: ['--version'], debian: 'make' },
  { command: 'python3', args: ['--version'], debian: 'python3' },
  { command: 'cargo', args: ['--version'], debian: 'cargo-web and rustc-web (Rust 1.88 or newer)' },
];

/** Steps in order; those of one `wave` run side by side. `inputs` are files or folders below the project. */
const steps = [
  { name: 'packages', wave: 0, inputs: ['package.json', 'package-lock.json', '.npmrc'], output: 'node_modules/typescript',
    run: () => command('npm', ['ci', '--ignore-scripts', '--no-progress']) },
  { name: 're2', wave: 1, inputs: ['node_modules/re2/package.json'],
    output: 'node_modules/re2/build/Release/re2.node', run: () => gyp('node_modules/re2', 'rebuild') },
  { name: 'sqlite', wave: 1, inputs: ['node_modules/better-sqlite3/package.json'],
    output: 'node_modules/better-sqlite3/build/Release/better_sqlite3.node', run: () => gyp('node_modules/better-sqlite3', 'rebuild') },
  { name: 'ingest', wave: 2, inputs: ['native/ingest'], output: 'native/build/ingest.node', run: () => cargo('native/ingest', 'ingest') },
  { name: 'grok', wave: 2, inputs: ['native/grok', 'node_modules/re2/package.json'],
    output: 'native/build/grok.node', run: () => addon('native/grok', 'grok') },
  { name: 'nftables', wave: 2, inputs: ['native/nftables'], output: 'native/build/nftables.node',
    run: () => addon('native/nftables', 'nftables') },
  { name: 'wasm', wave: 2, inputs: ['engine-wasm', 'asconfig.json'], output: 'dist/engine-wasm/engine.wasm', run: () =>
    command(process.execPath, [join(root, 'node_modules/assemblyscript/bin/asc.js'), 'engine-wasm/index.ts', '--config', 'asconfig.json']) },
  { name: 'typescript', wave: 2, inputs: ['tsconfig.json', 'ts', 'lapi', 'cli', 'bouncer', 'bench', 'test', 'native/index.ts'],
    output: 'dist/ts/errors.js', run: () => command(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']) },
  { name: 'bundles', wave: 3, output: 'dist/bundles', run: bundles,
    // What their name is made of (`buildId` in ts/entry.ts), so that bundles of other compiled files never count as these.
    inputs: ['dist/tsbuildinfo', 'node_modules/.package-lock.json',
      ...['bundle.mjs', 'load-bundle.cjs', 'warm-up.mjs', 'keep-code.cjs'].map((name) => `scripts/${name}`)] },
];

/** Runs what is not up to date. Throws an Error whose message is for the user. */
export async function setup({ only = null, quiet = false } = {}) {
  mkdirSync(stampDir, { recursive: true });
  const unlock = lock();
  try {
    let checked = false;
    for (const wave of [0, 1, 2, 3]) {
      const due = steps.filter((step) => step.wave === wave && (only === null || only.includes(step.name)))
        .map((step) => ({ step, hash: hashOf(step.inputs) }))
        .filter(({ step, hash }) => existsInputs(step) && !isFresh(step, hash));
      if (due.length > 0 && !checked) {
        checkTools();
        checked = true;
      }
      const line = progress(due.map(({ step }) => step.name), quiet);
      await settleAll(due.map(async ({ step, hash }) => {
        await step.run();
        writeFileSync(join(stampDir, step.name), hash);
        line.done(step.name);
      }));
    }
  } finally {
    unlock();
  }
}

/** Waits for every promise, so no compiler outlives a failure beside it, then throws the first error. */
async function settleAll(promises) {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** A part whose folder is absent (a partial checkout) is not built. */
function existsInputs(step) {
  return existsSync(join(root, step.inputs[0]));
}

function isFresh(step, hash) {
  const stamp = join(stampDir, step.name);
  return existsSync(join(root, step.output)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

function hashOf(inputs) {
  const hash = createHash('sha256').update(nodeKey);
  for (const input of inputs) addToHash(hash, join(root, input));
  return hash.digest('hex');
}

function addToHash(hash, path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) {
      if (!['build', 'target', 'node_modules', 'record'].includes(name)) addToHash(hash, join(path, name));
    }
    return;
  }
  hash.update(relative(root, path)).update('\0').update(readFileSync(path));
}

/** The oldest Rust that the ingest crate's dependencies take. */
const rustMinor = 88;

function checkTools() {
  const missing = tools.filter(({ command, args }) => spawnSync(command, args).status !== 0);
  const rust = /^cargo 1\.(\d+)/.exec(spawnSync('cargo', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  if (rust !== null && Number(rust[1]) < rustMinor) {
    throw new Error(`Palisade needs Rust 1.${rustMinor} or newer and finds ${rust[0]}: Debian has it as cargo-web and rustc-web`);
  }
  if (missing.length === 0) return;
  const names = missing.map((tool) => `  ${tool.command.padEnd(8)} Debian package: ${tool.debian}`);
  throw new Error(`Palisade builds its native parts here and needs tools this machine lacks:\n${names.join('\n')}`);
}

function gyp(folder, ...commands) {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  return command(process.execPath,
    [join(root, 'node_modules/node-gyp/bin/node-gyp.js'), ...commands, '--release', '-j', 'max', ...headers], join(root, folder));
}

/** An addon of ours: compiles what changed. */
async function addon(folder, name) {
  await gyp(folder, 'configure', 'build');
  install(join(root, folder, `build/Release/${name}.node`), name);
}

async function cargo(folder, name) {
  await command('cargo', ['build', '--release', '--locked'], join(root, folder));
  install(join(root, folder, `target/release/libpalisade_${name}.so`), name);
}

/** Written beside and renamed into place: a running process keeps the library it has mapped. */
function install(from, name) {
  const to = join(root, `native/build/${name}.node`);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/** Everything else is built: the programs can run. */
async function bundles() {
  await (await import('./bundle.mjs')).bundle();
  await (await import('./warm-up.mjs')).warmUp();
}

/** Runs a program; its output is shown only when it fails. */
function command(program, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, npm_config_ignore_scripts: 'true' } });
    const output = [];
    child.stdout.on('data', (data) => output.push(data));
    child.stderr.on('data', (data) => output.push(data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${Buffer.concat(output)}\nfailed (${code}): ${program} ${args.join(' ')}\n  in ${cwd}`));
    });
  });
}

/** One status line on a terminal, one line a step in a pipe. */
function progress(names, quiet) {
  const open = new Set(names);
  const started = Date.now();
  const show = () => process.stderr.write(`\r\x1b[Kbuilding ${[...open].join(', ')} … ${Math.round((Date.now() - started) / 1000)} s`);
  const timer = tty && !quiet && names.length > 0 ? setInterval(show, 500) : null;
  if (!tty && !quiet) for (const name of names) process.stderr.write(`building ${name}\n`);
  return {
    done(name) {
      open.delete(name);
      if (open.size > 0 || timer === null) return;
      clearInterval(timer);
      process.stderr.write('\r\x1b[K');
    },
  };
}

/** Two set-ups of one clone take turns. The lock names its process, so a killed one does not block the next. */
function lock() {
  const path = join(stampDir, 'lock');
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeFileSync(file, String(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isAlive(Number(readFileSync(path, 'utf8') || process.pid))) rmSync(path, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--only');
  try {
    await setup({ only: at < 0 ? null : process.argv[at + 1].split(',') });
  } catch (error) {
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}
