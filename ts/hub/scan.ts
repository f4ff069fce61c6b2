// Finds the item files below a hub directory or a configuration directory. Knows what counts as one (YAML files,
// no hidden directories, links followed to their end) and where its type and stage stand; does not read the files.

import { lstatSync, readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { itemTypes, hasStages, type HubLog, type ItemType } from './item.js';

/** An item file on disk. */
export interface FoundFile {
  readonly path: string;
  /** What `path` leads to when it is a link, else the same. */
  readonly realPath: string;
  /** Path below the directory that was searched. */
  readonly inRoot: string;
  readonly type: ItemType;
  readonly stage: string;
  /** Path below the type (and stage) directory. */
  readonly below: string;
}

const linksMax = 10;

/**
 * The item files below `root`, type by type, each directory in name order. What cannot be used (a dangling link, a
 * parser outside a stage directory) is told to the log and left out.
 */
export function findFiles(root: string, log: HubLog): FoundFile[] {
  const found: FoundFile[] = [];
  for (const type of itemTypes) {
    for (const entry of yamlFilesBelow(resolve(root, type), '')) {
      const file = describe(entry, type, log);
      if (file !== undefined) found.push(file);
    }
  }
  return found;
}

/** Path of `path` relative to `directory`, or undefined when it lies elsewhere. */
export function pathInside(path: string, directory: string): string | undefined {
  const inside = relative(resolve(directory), resolve(path));
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? undefined : inside;
}

function describe({ path, below, isLink }: YamlFile, type: ItemType, log: HubLog): FoundFile | undefined {
  let realPath = path;
  try {
    if (isLink) realPath = followLinks(path);
  } catch (error) {
    log.warn(`Ignoring file ${path}: ${(error as Error).message}`);
    return undefined;
  }
  const inRoot = `${type}/${below}`;
  if (!hasStages(type)) return { path, realPath, inRoot, type, stage: '', below };
  const slash = below.indexOf('/');
  if (slash < 0) {
    log.warn(`Ignoring file ${path}: files of type ${type} belong in a stage directory`);
    return undefined;
  }
  return { path, realPath, inRoot, type, stage: below.slice(0, slash), below: below.slice(slash + 1) };
}

interface YamlFile {
  readonly path: string;
  readonly below: string;
  readonly isLink: boolean;
}

function yamlFilesBelow(top: string, below: string): YamlFile[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(`${top}/${below}`, { withFileTypes: true });
  } catch {
    return []; // missing or not ours to read: nothing is installed there
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: YamlFile[] = [];
  for (const entry of entries) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      // A dot hides a directory from users, two dots are how Kubernetes mounts config maps.
      if (!entry.name.startsWith('.')) files.push(...yamlFilesBelow(top, name));
    } else if (/\.ya?ml$/.test(entry.name)) {
      files.push({ path: `${top}/${name}`, below: name, isLink: entry.isSymbolicLink() });
    }
  }
  return files;
}

function followLinks(link: string): string {
  let current = link;
  for (let links = 0; links < linksMax; links++) {
    const target = readlinkSync(current);
    current = isAbsolute(target) ? target : resolve(dirname(current), target);
    let isLink: boolean;
    try {
      isLink = lstatSync(current).isSymbolicLink();
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw new Error(missing ? `lstat ${current}: no such file or directory` : (error as Error).message);
    }
    if (!isLink) return current;
  }
  throw new Error('too many levels of symbolic links');
}
