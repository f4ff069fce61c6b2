// What installed collections name and the host does not have. The engine runs without it and says so once at start:
// a missing parser is a log that nobody reads.

import { readDocuments } from '../config/document.js';
import type { MapNode, ScalarNode } from '../config/yaml-node.js';
import type { InstalledItems, RuleFile } from './installed.js';

const kinds = ['parsers', 'postoverflows', 'scenarios', 'contexts', 'collections'] as const;

/** One sentence for each member of an installed collection that is not installed, with its place. */
export function missingMembers(installed: InstalledItems): string[] {
  return installed.collections.flatMap((collection) => readDocuments(collection.realPath).flatMap((document) => {
    const { root } = document;
    if (root.kind !== 'map') return [];
    return kinds.flatMap((kind) => {
      const names = new Set(installed[kind].map(({ name }: RuleFile) => name));
      return membersOf(root, kind).filter(({ name }) => !names.has(name)).map(({ name, node }) => {
        const { file, line, column } = document.placeOf(node);
        return `${file}:${line}:${column}: the collection ${collection.name} names ${name} of ${kind}, which is not installed`;
      });
    });
  }));
}

function membersOf({ pairs }: MapNode, kind: string): { name: string; node: ScalarNode }[] {
  const list = pairs.find(([key]) => key.kind === 'scalar' && key.text === kind)?.[1];
  return list?.kind === 'seq' ? list.items.filter((node) => node.kind === 'scalar').map((node) => ({ name: node.text, node })) : [];
}
