// Every expression that stands in the rules of a hub, read off their YAML by key.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const keys = new Set(['filter', 'groupby', 'distinct', 'cancel_on', 'condition', 'overflow_filter', 'expression']);

/** The different expressions of a hub's parsers, postoverflows, scenarios and contexts. */
export function hubExpressions(hub: string): string[] {
  const found = new Set<string>();
  for (const type of ['parsers', 'postoverflows', 'scenarios', 'contexts']) {
    for (const name of readdirSync(join(hub, type), { recursive: true, encoding: 'utf8' }).filter((path) => /\.ya?ml$/.test(path)).sort()) {
      for (const document of parseAllDocuments(readFileSync(join(hub, type, name), 'utf8'), { version: '1.1' })) collect(document.toJS(), '', found);
    }
  }
  return [...found];
}

function collect(value: unknown, key: string, found: Set<string>): void {
  if (typeof value === 'string') {
    if (keys.has(key) && value.trim() !== '') found.add(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, key, found);
  } else if (typeof value === 'object' && value !== null) {
    // A stash names its expressions key and value, a context lists some under any name.
    const { stash, context, ...rest } = value as Record<string, unknown>;
    for (const each of Array.isArray(stash) ? stash as Record<string, unknown>[] : []) for (const part of ['key', 'value']) collect(each[part], 'expression', found);
    for (const list of Object.values(context ?? {})) collect(list, 'expression', found);
    for (const [name, item] of Object.entries(rest)) collect(item, name, found);
  }
}
