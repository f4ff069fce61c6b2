// The only loader of the native addons. Each is loaded at its first use, so a command that needs none starts without.
// Declares their types; checks and words nothing.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Regular expressions over batches of lines (native/grok). */
export interface GrokAddon {
  /** Throws an Error with RE2's reason when it refuses the expression or the memory does not suffice. */
  readonly Pattern: new (regex: string, memoryBytes: number) => NativePattern;
  /** Throws an Error with RE2's reason and the property `index` when it refuses one of the expressions. */
  readonly PatternSet: new (regexes: readonly string[], memoryBytes: number) => NativePatternSet;
}

export interface NativePattern {
  readonly groupCount: number;
  /**
   * Searches `count` spans (pairs of start and end in `bytes`). Writes for each 1 + 2 * groups.length numbers to `out`:
   * matched or not, then start and end of each wanted group from the span's start, -1 for one that took no part.
   * Returns the number of spans that matched.
   */
  exec(bytes: Uint8Array, spans: Uint32Array, count: number, groups: Uint32Array, out: Int32Array): number;
}

export interface NativePatternSet {
  /**
   * Searches `count` spans. Writes for each ceil(regexes / 32) words of bits to `masks`, all set where memory ran out.
   * Returns the number of spans where it did.
   */
  match(bytes: Uint8Array, spans: Uint32Array, count: number, masks: Uint32Array): number;
}

let grok: GrokAddon | undefined;

/** Returns the grok addon. Throws when it is not built (npm run setup). */
export function loadGrokAddon(): GrokAddon {
  return (grok ??= require('../../native/grok/build/Release/grok.node') as GrokAddon);
}
