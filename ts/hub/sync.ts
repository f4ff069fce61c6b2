// Matches the files on this host with the items of the index: by path, then by digest. Fills the states of known
// items and adds the local ones, which no index knows.

import { basename } from 'node:path';
import { PalisadeError } from '../errors.js';
import { anything, decode, readDocuments } from '../config/document.js';
import { emptyState, fullName, isInstalled, type HubLog, type HubPaths, type Item } from './item.js';
import { sha256OfFile, type Items } from './index.js';
import { findFiles, pathInside, type FoundFile } from './scan.js';
import { newestFirst } from './version.js';

/** Marks the items whose file is in the hub directory. */
export function markDownloaded(items: Items, paths: HubPaths, log: HubLog): void {
  const byPath = itemsByPath(items);
  for (const file of findFiles(paths.hubDir, log)) {
    const item = itemAt(byPath, file.inRoot, file);
    if (item === undefined || `${item.name}.yaml` !== file.below.replace(/\.yml$/, '.yaml')) {
      log.warn(`Ignoring file ${file.path} of type ${file.type}`);
      continue;
    }
    item.state.downloadPath = file.path;
    setVersion(item, file.path);
  }
}

/** Marks the items that the configuration directory links to, and adds local items. */
export function markInstalled(items: Items, paths: HubPaths, log: HubLog): void {
  const byPath = itemsByPath(items);
  const files = findFiles(paths.configDir, log);
  const inHub = new Map(files.map((file) => [file, pathInside(file.realPath, paths.hubDir)]));
  // Hub items first: a local one of the same name then takes their place, whatever the file names.
  for (const [file, path] of inHub) {
    if (path === undefined) continue;
    const item = itemAt(byPath, path, file);
    if (item === undefined) {
      log.warn(`Ignoring file ${file.path} of type ${file.type}`);
      continue;
    }
    item.state.localPath = file.path;
    item.state.realPath = file.realPath;
    setVersion(item, file.path);
  }
  for (const file of files.filter((each) => inHub.get(each) === undefined)) {
    const item = localItem(file);
    const other = items[file.type].get(item.name);
    if (other !== undefined && isInstalled(other)) {
      log.warn(`multiple ${file.type} named ${item.name}: ignoring ${other.state.localPath}`);
    }
    items[file.type].set(item.name, item);
  }
}

function itemsByPath(items: Items): Map<string, Item> {
  const byPath = new Map<string, Item>();
  for (const ofType of Object.values(items)) for (const item of ofType.values()) byPath.set(item.path, item);
  return byPath;
}

function itemAt(byPath: Map<string, Item>, inHub: string, file: FoundFile): Item | undefined {
  const item = byPath.get(inHub);
  return item !== undefined && item.type === file.type && item.stage === file.stage ? item : undefined;
}

/** The version is the one whose digest the file has; the newest of several, as digests repeat in the index. */
function setVersion(item: Item, path: string): void {
  const { state } = item;
  state.localHash = sha256OfFile(path);
  const version = versionsOf(item).find((each) => item.versions[each].digest === state.localHash);
  state.localVersion = version ?? '?';
  state.isUpToDate = version !== undefined && version === item.version;
  state.isTainted = version === undefined && isInstalled(item);
  state.taintedBy = state.isTainted ? [fullName(item)] : [];
}

function versionsOf(item: Item): string[] {
  try {
    return newestFirst(Object.keys(item.versions));
  } catch (error) {
    throw new PalisadeError('E_HUB', `while syncing ${item.type} ${item.fileName}: ${(error as Error).message}`);
  }
}

/** A file of the user's own. Its name is the one it declares, else its path below the type or stage directory. */
function localItem(file: FoundFile): Item {
  const [first] = readDocuments(file.path);
  const content = first === undefined ? undefined : decode(first, anything());
  const declared = typeof content === 'object' && content !== null ? (content as { name?: unknown }).name : undefined;
  const name = declared === undefined || declared === null || declared === '' ? file.below : String(declared);
  return { type: file.type, name, stage: file.stage, fileName: basename(file.path), description: '', references: [],
    path: '', version: '', versions: {}, content: '', dependencies: {},
    state: { ...emptyState(), localPath: file.path, realPath: file.realPath, localHash: sha256OfFile(file.path),
      isLocal: true, isUpToDate: true } };
}
