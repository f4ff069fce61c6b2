// Items of CrowdSec's hub as the reference material has it: those that guard an ordinary web server, or all there are.

import { join } from 'node:path';
import { readIndex } from '../../ts/hub/index.js';
import type { Item, ItemType } from '../../ts/hub/item.js';
import { sharedPath } from '../../test/support/shared.js';
import type { ReplayEngine } from '../replay-engine.js';

/** What a web server with sshd installs. */
const usualCollections = ['nginx', 'base-http-scenarios', 'http-cve', 'linux', 'sshd', 'whitelist-good-actors'];

/** It asks for the name of each overflow's address: a bench would measure the name server. */
const namesLookedUp = 'crowdsecurity/rdns';

/** A hub with the usual items, or with all parsers and scenarios besides. Null without the reference material. */
export function referenceHub(which: 'usual' | 'all'): ReplayEngine['hub'] | null {
  const dir = sharedPath('hub');
  if (dir === null) return null;
  const items = readIndex(join(dir, '.index.json'));
  const paths = new Set<string>();
  for (const name of usualCollections) collect(items, 'collections', `crowdsecurity/${name}`, paths);
  if (which === 'all') for (const type of ['parsers', 'scenarios'] as const) for (const item of items[type].values()) paths.add(item.path);
  return { dir, data: join(dir, 'data'), items: [...paths] };
}

function collect(items: Readonly<Record<ItemType, ReadonlyMap<string, Item>>>, type: ItemType, name: string, paths: Set<string>): void {
  const item = items[type].get(name);
  if (item === undefined) throw new Error(`the reference hub has no ${type} ${name}`);
  if (type !== 'collections' && item.name !== namesLookedUp) paths.add(item.path);
  for (const [inner, names] of Object.entries(item.dependencies) as [ItemType, readonly string[]][]) {
    for (const each of names) collect(items, inner, each, paths);
  }
}
