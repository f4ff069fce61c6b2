// Lets the programs of the bundles run once, on an instance of the embedded rules in a folder that is gone afterwards, and keeps
// what V8 compiled while they ran (keep-code.cjs): the functions that every start needs are then there without compiling them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attackSample } from '../dist/ts/instance/attack-sample.js';
import { createInstance, instancePaths } from '../dist/ts/instance/create.js';
import { startFlags } from '../dist/ts/pipeline/heap-limits.js';

const keepCode = fileURLToPath(new URL('keep-code.cjs', import.meta.url));
const bin = fileURLToPath(new URL('../bin/', import.meta.url));

/** Runs the daemon over the attack sample, so that it starts, reads, parses, bans and ends, then a command. */
export function warmUp() {
  return onInstance(async (paths) => {
    // A socket in the folder: no port is taken from anybody.
    const socket = join(paths.home, 'api.sock');
    writeFileSync(`${paths.config}.local`, JSON.stringify({ api: { server: { listen_uri: '', listen_socket: socket } }, prometheus: { enabled: false } }));
    writeFileSync(join(paths.etc, 'local_api_credentials.yaml.local'), JSON.stringify({ url: socket }));
    writeFileSync(join(paths.etc, 'acquis.yaml'), attackSample(Date.now()).map(({ name, type, lines }) => {
      const file = join(paths.home, name);
      writeFileSync(file, `${lines.join('\n')}\n`);
      return `source: file\nmode: cat\nfilename: ${file}\nlabels: {type: ${type}}\n`;
    }).join('---\n'));
    await runKept(join(bin, 'palisade'), ['-c', paths.config]);
    await runKept(join(bin, 'cscli'), ['-c', paths.config, 'version']);
  });
}

/** Makes an instance of the embedded rules, hands it to `use` and removes it. */
export async function onInstance(use) {
  const home = mkdtempSync(join(tmpdir(), 'palisade-warm-up-'));
  try {
    const paths = instancePaths(home);
    await createInstance(paths, []);
    await use(paths);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs a program to its end and keeps the code of its bundles. */
export function runKept(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', keepCode, program, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PALISADE_START_FLAGS: startFlags } });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${Buffer.concat(output)}\nfailed (${code ?? signal}): ${program} ${args.join(' ')}`));
    });
  });
}
