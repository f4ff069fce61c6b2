// Carries out the actions of a plan: writes hub files, makes and removes links, copies data files. Keeps the states
// of the items true as it goes, so a failure leaves them as the disk is.

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { PalisadeError } from '../errors.js';
import { copyDataFiles } from './data-files.js';
import type { Hub } from './hub.js';
import { fullName, isDownloaded, isInstalled, itemTypes, type HubLog, type Item } from './item.js';
import type { Action } from './plan.js';
import { pathInside } from './scan.js';

export interface ExecutionOptions {
  readonly dataDir: string;
  /** Overwrite data files that are there. */
  readonly force: boolean;
  readonly log: HubLog;
  /** Takes a line for each step. */
  readonly tell: (line: string) => void;
}

/** Carries out the actions in order; the first that fails throws. True when the engine must reload. */
export function executePlan(hub: Hub, actions: readonly Action[], options: ExecutionOptions): boolean {
  let needsReload = false;
  for (const { operation, item } of actions) {
    if (operation === 'refresh') needsReload = refreshData(hub, options) || needsReload;
    if (item === undefined) continue;
    if (operation === 'download') download(hub, item, options);
    if (operation === 'enable') enable(hub, item, options);
    if (operation === 'disable') disable(item, options);
    if (operation === 'purge') purge(item, options);
    needsReload ||= operation !== 'purge';
  }
  return needsReload;
}

/** The newest file of an item, checked against its digest. Throws E_HUB when the index does not carry it. */
export function newestContent(item: Item): Buffer {
  if (item.content === '') {
    throw new PalisadeError('E_HUB', `${fullName(item)}: its file is not in the index, and downloads are not built`);
  }
  const content = Buffer.from(item.content, 'base64');
  const digest = createHash('sha256').update(content).digest('hex');
  if (digest !== item.versions[item.version]?.digest) {
    throw new PalisadeError('E_HUB', `${fullName(item)}: the file in the index does not have the digest it should have`);
  }
  return content;
}

function download(hub: Hub, item: Item, options: ExecutionOptions): void {
  options.tell(`downloading ${fullName(item)}`);
  const content = newestContent(item);
  const path = safePath(hub.paths.hubDir, item.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  item.state.downloadPath = path;
  item.state.isTainted = false;
  item.state.isUpToDate = true;
  item.state.localVersion = item.version;
  bringData(hub, item, options, true);
}

function enable(hub: Hub, item: Item, options: ExecutionOptions): void {
  options.tell(`enabling ${fullName(item)}`);
  if (!isDownloaded(item)) throw new PalisadeError('E_HUB', `can't enable ${fullName(item)}: not downloaded`);
  const path = safePath(hub.paths.configDir, join(item.type, item.stage, item.fileName));
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return; // never replace what the user put there
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(item.state.downloadPath, path);
  item.state.localPath = path;
  item.state.isTainted = false;
  // What is missing was told when the item came here, and the engine tells it when it loads.
  bringData(hub, item, options, false);
}

function disable(item: Item, { tell }: ExecutionOptions): void {
  tell(`disabling ${fullName(item)}`);
  const { localPath, downloadPath } = item.state;
  const isOurs = lstatSync(localPath).isSymbolicLink()
    && resolve(dirname(localPath), readlinkSync(localPath)) === downloadPath;
  if (!isOurs) throw new PalisadeError('E_HUB', `while disabling ${fullName(item)}: ${item.name} isn't managed by hub`);
  rmSync(localPath);
  item.state.localPath = '';
  item.state.isTainted = false;
}

function purge(item: Item, { tell }: ExecutionOptions): void {
  tell(`purging ${fullName(item)}`);
  rmSync(item.state.downloadPath, { force: true });
  item.state.downloadPath = '';
  item.state.isTainted = false;
  item.state.isUpToDate = false;
}

function refreshData(hub: Hub, options: ExecutionOptions): boolean {
  const items = itemTypes.flatMap((type) => hub.installed(type));
  return items.map((item) => bringData(hub, item, options, true)).some(Boolean);
}

/** True when a data file is new. */
function bringData(hub: Hub, item: Item, { dataDir, force, log }: ExecutionOptions, warns: boolean): boolean {
  const path = isInstalled(item) ? item.state.localPath : item.state.downloadPath;
  const { copied, missing } = copyDataFiles(path, hub.paths.hubDir, dataDir, force);
  for (const name of warns ? missing : []) {
    log.warn(`${fullName(item)} needs ${join(dataDir, name)}, which the hub does not have; downloads are not built`);
  }
  return copied.length > 0;
}

function safePath(base: string, below: string): string {
  const path = resolve(base, below);
  if (isAbsolute(below) || pathInside(path, base) === undefined) {
    throw new PalisadeError('E_HUB', `"${below}": path escapes base directory "${base}"`);
  }
  return path;
}
