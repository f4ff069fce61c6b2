// Where a program or thread of Palisade starts: at its bundle, where one belongs to the compiled files that are here, else
// at its module. A bundle (scripts/bundle.mjs) loads in a quarter of the time that 200 modules take.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const dist = new URL('../', import.meta.url);
let folder: URL | undefined;

/** The file that starts a part, named by its module below dist/, e.g. `ts/pipeline/worker`. */
export function entryUrl(module: string): URL {
  folder ??= new URL(`bundles/${buildId()}/`, dist);
  const bundle = new URL(`${module.replaceAll('/', '-')}.cjs`, folder);
  return existsSync(bundle) ? bundle : new URL(`${module}.js`, dist);
}

/** What a part exports, once it has run. */
export async function loadEntry(module: string): Promise<unknown> {
  const url = entryUrl(module);
  return url.pathname.endsWith('.cjs') ? createRequire(import.meta.url)(fileURLToPath(url)) : import(url.href);
}

/**
 * Names the compiled files and packages that are here by their contents: tsc notes the digest of every source in its build
 * information, npm that of every package in its list. So bundles of another build have another name. '' when there is none.
 */
export function buildId(): string {
  const hash = createHash('sha256');
  try {
    for (const file of ['tsbuildinfo', '../node_modules/.package-lock.json']) hash.update(readFileSync(new URL(file, dist)));
  } catch {
    return '';
  }
  return hash.digest('hex').slice(0, 16);
}
