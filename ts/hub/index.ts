// The hub index: which items exist, in which versions with which digests. Read from .index.json, or computed from
// the item files of a hub folder that has none (the embedded hub). Says nothing about what is installed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PalisadeError } from '../errors.js';
import { anything, decode, readDocuments } from '../config/document.js';
import { goJsonError } from '../util/go-json.js';
import { emptyState, hasStages, itemTypes, type Dependencies, type Item, type ItemType, type ItemVersion }
  from './item.js';
import { findFiles } from './scan.js';

/** Items by type and name. */
export type Items = { readonly [K in ItemType]: Map<string, Item> };

/** One item as .index.json holds it. */
export interface IndexEntry {
  path: string;
  stage?: string;
  version: string;
  versions: { [version: string]: ItemVersion };
  description?: string;
  author?: string;
  references?: string[];
  content?: string;
  [dependencies: string]: unknown;
}

/** The shape of .index.json. */
export type IndexFile = { [K in ItemType]?: { [name: string]: IndexEntry } };

const refresh = "Run 'sudo cscli hub update' to download the index again";

/** Reads .index.json. Throws E_HUB with CrowdSec's wording when it is missing, broken or incomplete. */
export function readIndex(indexPath: string): Items {
  let text: string;
  try {
    // A text of megabytes comes out of a buffer in half the time.
    text = readFileSync(indexPath).toString();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory'
      : (error as Error).message;
    throw unusable(`unable to read index file: open ${indexPath}: ${reason}`, error);
  }
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw unusable(`failed to parse index: ${goJsonError(text)}`, error);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw unusable('failed to parse index: it must be an object');
  }
  return itemsOf(file as IndexFile);
}

/** The items of an index, nothing of them on this host yet. */
export function itemsOf(file: IndexFile): Items {
  const items = emptyItems();
  for (const type of itemTypes) {
    for (const [name, entry] of Object.entries(file[type] ?? {})) items[type].set(name, toItem(type, name, entry));
  }
  return items;
}

/** Computes an index from the item files of a hub folder. Every item has one version, `0.1` unless told otherwise. */
export function buildIndex(hubDir: string, version = '0.1'): IndexFile {
  const index: Required<IndexFile> = { parsers: {}, postoverflows: {}, scenarios: {}, contexts: {},
    'appsec-configs': {}, 'appsec-rules': {}, collections: {} };
  const log = { info() {}, warn(text: string) { throw new PalisadeError('E_HUB', text); }, error() {} };
  for (const file of findFiles(hubDir, log)) {
    const name = file.below.replace(/\.ya?ml$/, '');
    index[file.type][name] = entryOf(file.path, file.inRoot, file.stage, file.type, version);
  }
  return index;
}

/** Lower-case hexadecimal sha256 of a file. */
export function sha256OfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** The dependency lists among the keys of a collection or index entry. */
export function dependenciesOf(entry: { readonly [key: string]: unknown }): Dependencies {
  const dependencies: { [K in ItemType]?: readonly string[] } = {};
  for (const type of itemTypes) {
    const names = entry[type];
    if (Array.isArray(names)) dependencies[type] = names.map(String);
  }
  return dependencies;
}

function emptyItems(): Items {
  return { parsers: new Map(), postoverflows: new Map(), scenarios: new Map(), contexts: new Map(),
    'appsec-configs': new Map(), 'appsec-rules': new Map(), collections: new Map() };
}

function toItem(type: ItemType, name: string, entry: IndexEntry | null): Item {
  if (entry === null || typeof entry !== 'object') throw unusable(`${type}:${name} has no index metadata`);
  if (typeof entry.path !== 'string' || entry.path === '') throw unusable(`${type}:${name} has no download path`);
  const stage = typeof entry.stage === 'string' ? entry.stage : '';
  if (hasStages(type) && stage === '') throw unusable(`${type}:${name} has no stage`);
  return { type, name, stage, path: entry.path, fileName: basename(entry.path), description: entry.description ?? '',
    references: entry.references ?? [], version: entry.version ?? '', versions: entry.versions ?? {},
    content: entry.content ?? '', dependencies: dependenciesOf(entry), state: emptyState() };
}

function entryOf(path: string, inHub: string, stage: string, type: ItemType, version: string): IndexEntry {
  const [first] = readDocuments(path);
  const content = (first === undefined ? {} : decode(first, anything())) as Record<string, unknown>;
  const entry: IndexEntry = { path: inHub, version, versions: { [version]: { digest: sha256OfFile(path) } } };
  if (stage !== '') entry.stage = stage;
  if (typeof content['description'] === 'string') entry.description = content['description'];
  if (typeof content['author'] === 'string') entry.author = content['author'];
  if (Array.isArray(content['references'])) entry.references = content['references'].map(String);
  return type === 'collections' ? { ...entry, ...dependenciesOf(content) } : entry;
}

function unusable(detail: string, cause?: unknown): PalisadeError {
  return new PalisadeError('E_HUB', `invalid hub index: ${detail}. ${refresh}`, undefined, { cause });
}
