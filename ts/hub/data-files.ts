// The data files that rules name under `data:` (word lists, address lists). Copied from the `data` folder of the hub
// directory where it has them; nothing is fetched over the network.

import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PalisadeError } from '../errors.js';
import { anything, decode, readDocuments } from '../config/document.js';
import { pathInside } from './scan.js';

/** What happened to the data files of one item. */
export interface DataFileResult {
  /** Names of the files that were copied. */
  readonly copied: readonly string[];
  /** Names of the files that are neither in the data directory nor in the hub. */
  readonly missing: readonly string[];
}

/** Puts the data files of one rule file into the data directory; a file that is there already stays. */
export function copyDataFiles(ruleFile: string, hubDir: string, dataDir: string, force: boolean): DataFileResult {
  const copied: string[] = [];
  const missing: string[] = [];
  for (const name of dataFileNames(ruleFile)) {
    const target = join(dataDir, name);
    if (pathInside(target, dataDir) === undefined) {
      throw new PalisadeError('E_HUB', `${ruleFile}: data file "${name}" would lie outside ${resolve(dataDir)}`);
    }
    const source = join(hubDir, 'data', name);
    if (existsSync(target) && !(force && existsSync(source))) continue;
    if (!existsSync(source)) {
      missing.push(name);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
    copied.push(name);
  }
  return { copied, missing };
}

/** The `dest_file` names of a rule file, all its documents together. */
export function dataFileNames(ruleFile: string): string[] {
  const names = readDocuments(ruleFile).flatMap((document) => {
    const content = decode(document, anything());
    const data = typeof content === 'object' && content !== null ? (content as { data?: unknown }).data : undefined;
    return Array.isArray(data) ? data : [];
  }).map((entry: unknown) => (entry as { dest_file?: unknown } | null)?.dest_file);
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))];
}
