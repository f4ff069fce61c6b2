// Remembers what was made of texts that come from rules and come again with every line: layouts, paths, networks.
// Not for texts of the log itself, of which there is no end; for those see cache.ts.

import { limits } from '../limits.js';

/** Returns `make` with a memory. When the memory is full it starts anew, since rules alone never fill it. */
export function remembered<V>(make: (text: string) => V): (text: string) => V {
  const known = new Map<string, V>();
  return (text) => {
    const value = known.get(text);
    if (value !== undefined) return value;
    const made = make(text);
    if (known.size >= limits.ruleTextsMax) known.clear();
    known.set(text, made);
    return made;
  };
}
