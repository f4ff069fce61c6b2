// The hub of one instance: the index joined with what lies in the hub directory and in the configuration directory.
// Answers questions (what is installed, what belongs to what, what is tainted); plan.ts changes it.

import { readFileSync } from 'node:fs';
import { anything, decode, parseDocuments } from '../config/document.js';
import { PalisadeError } from '../errors.js';
import { compareNames, fullName, isInstalled, itemTypes, type Dependencies, type HubLog, type HubPaths, type Item,
  type ItemType } from './item.js';
import { dependenciesOf, readIndex, type Items } from './index.js';
import { markDownloaded, markInstalled } from './sync.js';
import { compareVersions } from './version.js';

/** The hub of one instance as it was when it was loaded; plan execution keeps the states of its items true. */
export class Hub {
  readonly paths: HubPaths;
  readonly items: Items;
  /** What is odd about the installed collections, for the user. */
  readonly warnings: readonly string[];

  constructor(paths: HubPaths, items: Items, log: HubLog) {
    this.paths = paths;
    this.items = items;
    for (const collection of items.collections.values()) this.#noteMembership(collection);
    for (const type of itemTypes) for (const item of items[type].values()) this.#checkEntry(item, log);
    const warnings = this.installed('collections').flatMap((collection) => this.#checkCollection(collection));
    this.warnings = [...new Set(warnings)];
  }

  get(type: ItemType, name: string): Item | undefined {
    return this.items[type].get(name);
  }

  /** All items of a type, by name. */
  all(type: ItemType): Item[] {
    return [...this.items[type].values()].sort((a, b) => compareNames(a.name, b.name));
  }

  /** The installed items of a type, by name. */
  installed(type: ItemType): Item[] {
    return this.all(type).filter(isInstalled);
  }

  /** What the installed version of a collection names: its file where that differs from the index. */
  currentDependencies(item: Item): Dependencies {
    if (item.type !== 'collections') return {};
    if (item.state.isUpToDate && !item.state.isLocal) return item.dependencies;
    if (!isInstalled(item)) return item.dependencies;
    try {
      const [first] = parseDocuments(item.state.localPath, readFileSync(item.state.localPath, 'utf8'));
      return first === undefined ? {} : dependenciesOf(decode(first, anything()) as Record<string, unknown>);
    } catch {
      return item.dependencies; // being edited: the index knows the last good list
    }
  }

  /** The items that a dependency list names, without those the hub does not know. */
  members(dependencies: Dependencies): Item[] {
    const members: Item[] = [];
    for (const type of itemTypes) {
      for (const name of dependencies[type] ?? []) {
        const item = this.get(type, name);
        if (item !== undefined) members.push(item);
      }
    }
    return members;
  }

  /** The collections that need an item, directly or not. */
  parents(item: Item): Item[] {
    return item.state.belongsTo.flatMap((name) => this.get('collections', name) ?? []);
  }

  installedParents(item: Item): Item[] {
    return this.parents(item).filter(isInstalled);
  }

  /** Everything a collection needs, directly or not; twice what it needs twice. Throws on a circle. */
  descendants(collection: Item): Item[] {
    const seen = new Set<Item>();
    const found: Item[] = [];
    const visit = (item: Item): void => {
      if (seen.has(item)) return;
      seen.add(item);
      for (const member of this.members(this.currentDependencies(item))) {
        if (member === collection) {
          throw new PalisadeError('E_HUB', `circular dependency detected: ${item.name} depends on ${collection.name}`);
        }
        found.push(member);
        visit(member);
      }
    };
    visit(collection);
    return found;
  }

  /** The members that nothing else installed needs, so that they can go with the collection. */
  removableMembers(item: Item): Item[] {
    const family = new Set([item, ...this.descendants(item), ...this.parents(item)]);
    return this.members(this.currentDependencies(item))
      .filter((member) => this.installedParents(member).every((parent) => family.has(parent)));
  }

  /** Tells of an index entry that names what is not there. */
  #checkEntry(item: Item, log: HubLog): void {
    if (!item.state.isLocal && item.versions[item.version] === undefined) {
      log.error(`invalid hub item ${fullName(item)}: latest version missing from index`);
    }
    for (const [type, names] of Object.entries(item.dependencies)) {
      for (const name of names) {
        if (this.get(type as ItemType, name) !== undefined) continue;
        log.error(`can't find ${type}:${name}, required by ${item.name}`);
      }
    }
  }

  #noteMembership(collection: Item): void {
    for (const member of this.descendants(collection)) {
      const { belongsTo } = member.state;
      const at = belongsTo.findIndex((name) => compareNames(name, collection.name) >= 0);
      belongsTo.splice(at < 0 ? belongsTo.length : at, 0, collection.name);
    }
  }

  #checkCollection(collection: Item): string[] {
    const { state, version, name } = collection;
    const order = compareVersions(state.localVersion, version);
    if (order === undefined) {
      return state.isLocal ? [] : [`collection ${name} is tainted by local changes (latest:${version})`];
    }
    if (order < 0) {
      return [`update for collection ${name} available (currently:${state.localVersion}, latest:${version})`];
    }
    if (order > 0) {
      return [`collection ${name} is in the future (currently:${state.localVersion}, latest:${version})`];
    }
    return this.#checkMembers(collection);
  }

  /** Hands taint and age of the members on to their collection, and says so. */
  #checkMembers(collection: Item): string[] {
    if (collection.type !== 'collections' || !isInstalled(collection)) return [];
    if (compareVersions(collection.state.localVersion, collection.version) !== 0) return [];
    const warnings: string[] = [];
    for (const member of this.members(this.currentDependencies(collection))) {
      warnings.push(...this.#checkMembers(member));
      if (member.state.isTainted) {
        this.#taint(collection, member);
        warnings.push(`${collection.name} is tainted by ${fullName(member)}`);
      } else if (!isInstalled(member)) {
        this.#taint(collection, member);
        warnings.push(`${collection.name} is tainted by missing ${fullName(member)}`);
      } else if (!member.state.isUpToDate) {
        collection.state.isUpToDate = false;
        warnings.push(`${collection.name} is outdated because of ${fullName(member)}`);
      }
    }
    return warnings;
  }

  #taint(item: Item, cause: Item): void {
    if (!isInstalled(item)) return;
    item.state.isTainted = true;
    const name = fullName(cause);
    if (item.state.taintedBy.includes(name)) return;
    item.state.taintedBy.push(name);
    item.state.taintedBy.sort();
    for (const parent of this.parents(item)) this.#taint(parent, cause);
  }
}

/** Reads the index, then looks at both directories. Throws E_HUB when the index cannot be used. */
export function loadHub(paths: HubPaths, log: HubLog): Hub {
  const items = readIndex(paths.indexPath);
  markDownloaded(items, paths, log);
  markInstalled(items, paths, log);
  return new Hub(paths, items, log);
}

/** `Loaded: 4 parsers, …` and, where there are any, the count of local and tainted items. */
export function hubStatistics(hub: Hub): string[] {
  const counts = itemTypes.map((type) => [hub.items[type].size, type] as const).filter(([count]) => count > 0);
  const loaded = counts.map(([count, type]) => `${count} ${type}`).join(', ');
  const items = itemTypes.flatMap((type) => [...hub.items[type].values()]);
  const local = items.filter((item) => item.state.isLocal).length;
  const tainted = items.filter((item) => item.state.isTainted).length;
  const lines = [`Loaded: ${loaded === '' ? '0 items' : loaded}`];
  if (local > 0 || tainted > 0) lines.push(`Unmanaged items: ${local} local, ${tainted} tainted`);
  return lines;
}
