// The lists of hub items in all formats, shared by `hub` and by the commands of each item type.

import type { Context } from '../context.js';
import { itemTypes, statusOf, statusSign, statusText, type Item, type ItemType } from '../../ts/hub/item.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import { lightList } from '../render/human.js';

/** The words that `--status` takes. */
export const statusWords = ['installed', 'not-installed', 'up-to-date', 'outdated', 'tainted', 'local'] as const;

/** Throws on a word that is no status. */
export function checkStatuses(statuses: readonly string[]): void {
  const wrong = statuses.find((word) => !(statusWords as readonly string[]).includes(word));
  if (wrong === undefined) return;
  throw new Error(`invalid status "${wrong}" (valid values: ${statusWords.join(', ')})`);
}

/** True when the item has one of the statuses, or none is asked for. */
export function hasStatus(item: Item, statuses: readonly string[]): boolean {
  const status = statusOf(item);
  return statuses.length === 0 || statuses.includes(status)
    || (statuses.includes('installed') && status !== 'not-installed');
}

/** Prints items in json or raw form, or as one light table a type. */
export function printItems(context: Context, lists: ReadonlyMap<ItemType, readonly Item[]>, withType: boolean): void {
  if (context.output === 'json') {
    const types = [...lists.keys()].sort();
    const object = Object.fromEntries(types.map((type) => [type, lists.get(type)!.map(jsonItem)]));
    context.io.stdout.write(json(object, ' '));
  } else if (context.output === 'raw') {
    context.io.stdout.write(csv(rawRows(lists, withType)));
  } else {
    for (const [type, items] of lists) {
      const rows = items.map((item) => [item.name, `${statusSign(item)}  ${statusText(item)}`, item.state.localVersion,
        item.state.localPath]);
      const table = lightList(['Name', '\u{1F4E6} Status', 'Version', 'Local Path'], rows, context.look,
        type.toUpperCase());
      context.io.stdout.write(table);
    }
  }
}

function jsonItem(item: Item): object {
  return { name: item.name, local_version: item.state.localVersion, local_path: item.state.localPath,
    description: item.description.trim(), utf8_status: `${statusSign(item)}  ${statusText(item)}`,
    status: statusText(item) };
}

function rawRows(lists: ReadonlyMap<ItemType, readonly Item[]>, withType: boolean): string[][] {
  const rows = [['name', 'status', 'version', 'description', ...(withType ? ['type'] : [])]];
  for (const type of itemTypes) {
    for (const item of lists.get(type) ?? []) {
      const { state, name, description } = item;
      rows.push([name, statusText(item), state.localVersion, description.trim(), ...(withType ? [type] : [])]);
    }
  }
  return rows;
}
