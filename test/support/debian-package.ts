// Programs of Debian as peers: a package downloaded by apt and unpacked in a folder, once. Nothing is installed on the
// host and no script of the package runs. Not the configuration that a peer needs.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './shared.js';

/** An unpacked package. */
export interface DebianPackage {
  /** Where its files lie as they would below `/`. */
  readonly root: string;
  /** Its control files: postinst and the like. */
  readonly control: string;
}

/** Returns the package, from `folder` when it is there already. Null when apt cannot get it. */
export function debianPackage(name: string, folder = join(projectRoot, 'var/packages', name)): DebianPackage | null {
  const found = { root: join(folder, 'root'), control: join(folder, 'control') };
  if (existsSync(found.root)) return found;
  mkdirSync(folder, { recursive: true });
  // Made whole before it gets its name: two tests may want it at the same time.
  const work = mkdtempSync(join(folder, '.new-'));
  try {
    execFileSync('apt-get', ['download', name], { cwd: work, stdio: 'pipe' });
    const file = readdirSync(work).find((each) => each.endsWith('.deb'));
    if (file === undefined) return null;
    execFileSync('dpkg', ['-e', file, 'control'], { cwd: work });
    execFileSync('dpkg', ['-x', file, 'root'], { cwd: work });
    if (!existsSync(found.control)) renameSync(join(work, 'control'), found.control);
    if (!existsSync(found.root)) renameSync(join(work, 'root'), found.root);
    return found;
  } catch {
    return existsSync(found.root) ? found : null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Test options that skip, saying why, when apt cannot get the package. */
export function skipWithoutPackage(name: string): { skip: string | false } {
  return { skip: debianPackage(name) === null ? `needs Debian's package ${name}, which apt-get cannot download` : false };
}
