// The rule files that the engine loads: what is installed below the configuration directory, with version and state.
// Cheaper than the whole hub (the hub directory is not walked); used at start and on reload.

import { existsSync } from 'node:fs';
import { statusOf, isInstalled, type HubLog, type HubPaths, type Item, type ItemStatus, type ItemType }
  from './item.js';
import { buildIndex, itemsOf, readIndex } from './index.js';
import { markInstalled } from './sync.js';

/** One installed file. */
export interface RuleFile {
  /** Path below the configuration directory, as metrics and dumps name it. */
  readonly path: string;
  /** The file itself when `path` is a link. */
  readonly realPath: string;
  /** Stage directory; only for parsers and postoverflows. */
  readonly stage?: string;
  readonly name: string;
  /** Hub version, `?` when the file was edited, '' for local files. */
  readonly version: string;
  /** Lower-case hexadecimal sha256 of the file. */
  readonly hash: string;
  readonly status: ItemStatus;
}

/** The installed files by type, each list sorted by full path: stage directory first, then file name. */
export interface InstalledItems {
  readonly parsers: readonly RuleFile[];
  readonly postoverflows: readonly RuleFile[];
  readonly scenarios: readonly RuleFile[];
  readonly contexts: readonly RuleFile[];
  readonly collections: readonly RuleFile[];
}

const silent: HubLog = { info() {}, warn() {}, error() {} };

/**
 * Lists what is installed. An index that is missing is computed from the files of the hub directory; a broken one
 * throws E_HUB. What is skipped (dangling links, a file hidden by a local one of the same name) goes to the log.
 */
export function installedItems(paths: HubPaths, log: HubLog = silent): InstalledItems {
  const items = existsSync(paths.indexPath) ? readIndex(paths.indexPath) : itemsOf(buildIndex(paths.hubDir));
  markInstalled(items, paths, log);
  const list = (type: ItemType): RuleFile[] => [...items[type].values()].filter(isInstalled).map(ruleFile)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { parsers: list('parsers'), postoverflows: list('postoverflows'), scenarios: list('scenarios'),
    contexts: list('contexts'), collections: list('collections') };
}

function ruleFile(item: Item): RuleFile {
  const { state } = item;
  const file = { path: state.localPath, realPath: state.realPath, name: item.name, version: state.localVersion,
    hash: state.localHash, status: statusOf(item) };
  return item.stage === '' ? file : { ...file, stage: item.stage };
}
