// Where the reference material (hub, logs, recorded answers) lies: a folder `shared` beside the clone, or
// PALISADE_SHARED. A clone without it still passes; tests that need it are skipped by name.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own folder, whether running from source or from dist/. */
export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** Path of a file or folder of the reference material, or null when it is not here. */
export function sharedPath(name: string): string | null {
  const path = join(process.env['PALISADE_SHARED'] ?? join(projectRoot, '..', 'shared'), name);
  return existsSync(path) ? path : null;
}

/** Test options that skip, saying what is missing, when a part of the reference material is not here. */
export function skipWithout(name: string): { skip: string | false } {
  return { skip: sharedPath(name) === null ? `needs the reference material "${name}" (PALISADE_SHARED)` : false };
}
