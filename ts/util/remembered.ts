// Remembers what was made of texts that come again and again: layouts, paths and networks of rules; durations and origins
// of decisions. Not for texts of the log itself, of which there is no end; for those see cache.ts.

import { limits } from '../limits.js';

/** Returns `make` with a memory for `textsMax` texts. A full one starts anew: what it is for hardly ever fills it. */
export function remembered<V>(make: (text: string) => V, textsMax: number = limits.ruleTextsMax): (text: string) => V {
  const known = new Map<string, V>();
  return (text) => {
    const value = known.get(text);
    if (value !== undefined) return value;
    const made = make(text);
    if (known.size >= textsMax) known.clear();
    known.set(text, made);
    return made;
  };
}
