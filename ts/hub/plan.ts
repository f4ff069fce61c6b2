// Works out what installing, upgrading or removing items takes, as a list of actions in order of execution. Nothing
// on disk changes here: execute.ts does that, after the plan was shown.

import { fullName, isDownloaded, isInstalled, itemTypes, type HubLog, type Item, type ItemType } from './item.js';
import type { Hub } from './hub.js';

export type Operation = 'download' | 'enable' | 'disable' | 'purge' | 'refresh';

/** One step. `item` is missing only where the step is about all installed items. */
export interface Action {
  readonly operation: Operation;
  readonly item?: Item;
  /** What the plan shows: the name, with versions for downloads. */
  readonly detail: string;
}

const headings: { readonly [K in Operation]: string } = {
  download: '\u{1F4E5} download',
  enable: '\u2705 enable',
  disable: '\u274C disable',
  purge: '\u{1F5D1} purge (delete source)',
  refresh: '\u{1F504} check & update data files',
};

/** Collects actions; each is kept once, after those it needs. */
export class Plan {
  readonly hub: Hub;
  readonly #actions: Action[] = [];
  readonly #known = new Set<string>();
  readonly #log: HubLog;
  readonly #force: boolean;

  constructor(hub: Hub, log: HubLog, force: boolean) {
    this.hub = hub;
    this.#log = log;
    this.#force = force;
  }

  get actions(): readonly Action[] {
    return this.#actions;
  }

  /** The newest file of an item and of all it needs, where they are not here. */
  download(item: Item): void {
    const { hub } = this;
    if (item.state.isLocal) {
      this.#log.info(`${fullName(item)} - not downloading local item`);
      return;
    }
    if (item.state.isTainted && !this.#force) {
      this.#log.warn(`${fullName(item)} is tainted, use '--force' to overwrite`);
      return;
    }
    const newest = hub.members(item.dependencies);
    for (const member of newest) {
      this.download(member);
      if (isInstalled(item)) this.enable(member);
    }
    if (isInstalled(item)) {
      const dropped = hub.members(hub.currentDependencies(item)).filter((member) => !newest.includes(member));
      for (const member of dropped) this.disable(member);
    }
    if (isDownloaded(item) && item.state.isUpToDate) return;
    const versions = isDownloaded(item) ? `${item.state.localVersion} -> ${item.version}` : item.version;
    this.#add({ operation: 'download', item, detail: `${item.name} (${versions})` });
  }

  /** Links for an item and all it needs. */
  enable(item: Item): void {
    for (const member of this.hub.members(this.hub.currentDependencies(item))) this.enable(member);
    if (!isInstalled(item)) this.#add({ operation: 'enable', item, detail: item.name });
  }

  /** Takes away the link of an item, and of what only it needs. Throws when it is tainted and force is off. */
  disable(item: Item): void {
    if (item.state.isLocal) {
      this.#log.warn(`${fullName(item)} is a local item, please delete manually`);
      return;
    }
    this.#refuseTainted(item);
    if (!isInstalled(item)) return;
    for (const member of this.hub.removableMembers(item)) if (isInstalled(member)) this.disable(member);
    this.#add({ operation: 'disable', item, detail: item.name });
  }

  /** Deletes the hub file of an item, and of what only it needs. */
  purge(item: Item): void {
    if (item.state.isLocal) return;
    this.#refuseTainted(item);
    for (const member of this.hub.removableMembers(item)) this.purge(member);
    if (isDownloaded(item)) this.#add({ operation: 'purge', item, detail: item.name });
  }

  /** The data files of everything installed. */
  refreshData(): void {
    this.#add({ operation: 'refresh', detail: '' });
  }

  #refuseTainted(item: Item): void {
    if (item.state.isTainted && !this.#force) throw new Error(`${item.name} is tainted, use '--force' to remove`);
  }

  #add(action: Action): void {
    const key = `${action.operation}:${action.item?.type}:${action.detail}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#actions.push(action);
  }
}

/** Plans the installation of items; with `downloadOnly` they are fetched and not linked. */
export function planInstall(plan: Plan, items: readonly Item[], downloadOnly: boolean): void {
  for (const item of items) {
    plan.download(item);
    if (!downloadOnly) plan.enable(item);
  }
}

/** Plans the removal of items; with `purge` their hub files go too. */
export function planRemoval(plan: Plan, items: readonly Item[], purge: boolean): void {
  for (const item of items) {
    plan.disable(item);
    if (purge) plan.purge(item);
  }
}

/** The plan as text: grouped by operation and type, or (`verbose`) one line an action in order of execution. */
export function describePlan(actions: readonly Action[], verbose: boolean): string {
  if (verbose) {
    return actions.map(({ operation, item, detail }) =>
      `${headings[operation]} ${item?.type ?? ''}:${detail}\n`).join('');
  }
  return (Object.keys(headings) as Operation[]).map((operation) => {
    const chosen = actions.filter((action) => action.operation === operation);
    return chosen.length === 0 ? '' : `${headings[operation]}\n${[...itemTypes].reverse()
      .map((type) => detailsLine(chosen, type)).join('')}`;
  }).join('');
}

function detailsLine(actions: readonly Action[], type: ItemType): string {
  const details = actions.filter(({ item }) => item?.type === type).map(({ detail }) => detail).sort();
  return details.length === 0 ? '' : ` ${type}: ${details.join(', ')}\n`;
}
