// Arranges the installed items as a forest: collections with what they bring, then what belongs to none.

import type { Hub } from './hub.js';
import { isInstalled, itemTypes, type Item } from './item.js';

/** An installed item and the installed items it brings. Only collections have children. */
export interface ItemNode {
  readonly item: Item;
  readonly children: readonly ItemNode[];
}

/** The items that no installed collection brings, collections first. Each installed item stands in one place only. */
export function installedForest(hub: Hub): ItemNode[] {
  const placed = new Set<Item>();
  const grow = (item: Item): ItemNode => {
    placed.add(item);
    const children: ItemNode[] = [];
    for (const member of hub.members(hub.currentDependencies(item))) {
      if (!isInstalled(member) || placed.has(member)) continue;
      children.push(grow(member));
    }
    return { item, children };
  };
  const isRoot = (item: Item): boolean => hub.installedParents(item).length === 0;
  const forest = hub.installed('collections').filter(isRoot).map(grow);
  for (const type of itemTypes) {
    if (type === 'collections') continue;
    for (const item of hub.installed(type)) if (isRoot(item) && !placed.has(item)) forest.push(grow(item));
  }
  return forest;
}

/** All items of a forest. */
export function itemsIn(forest: readonly ItemNode[]): Set<Item> {
  return new Set(forest.flatMap((node) => [node.item, ...itemsIn(node.children)]));
}
