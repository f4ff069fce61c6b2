// The hub that ships with Palisade: the project's own `hub` folder. An instance gets a copy with an index of its own,
// so that from then on it looks and works like any hub directory.

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIndex, type IndexFile } from './index.js';
import { itemTypes, type HubPaths } from './item.js';

/** The folder of the embedded hub. */
export function embeddedHubDir(): string {
  return fileURLToPath(new URL('../../../hub', import.meta.url));
}

/** The index of the embedded hub, with the files themselves inside it. */
export function embeddedIndex(hubDir = embeddedHubDir()): IndexFile {
  const index = buildIndex(hubDir);
  for (const type of itemTypes) {
    for (const entry of Object.values(index[type] ?? {})) {
      entry.content = readFileSync(join(hubDir, entry.path)).toString('base64');
    }
  }
  return index;
}

/**
 * Copies the embedded hub (items and data files) into the hub directory of an instance and writes its index. Throws
 * when the instance has an index already: that one is its owner's.
 */
export function copyEmbeddedHub(paths: HubPaths, source = embeddedHubDir()): void {
  if (existsSync(paths.indexPath)) throw new Error(`${paths.indexPath} is already there`);
  for (const folder of [...itemTypes, 'data']) {
    const from = join(source, folder);
    if (existsSync(from)) cpSync(from, join(paths.hubDir, folder), { recursive: true });
  }
  mkdirSync(dirname(paths.indexPath), { recursive: true });
  writeFileSync(paths.indexPath, `${JSON.stringify(embeddedIndex(source), null, 1)}\n`);
}
