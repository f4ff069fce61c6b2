// What rules declare beside their nodes: stashes, checked and with CrowdSec's defaults.

import { PalisadeError, type Place } from '../errors.js';
import type { Located } from '../config/document.js';
import type { StashSpec } from '../expr-helpers/stash.js';
import type { CacheStrategy } from '../util/cache.js';
import { parseGoDuration } from '../util/go-duration.js';
import type { StashText } from './node-shape.js';

/** Entries of a stash whose rule names no size: what CrowdSec documents (and applies too late). */
const stashSizeDefault = 100;

/** Returns the declaration of a `stash` entry that has a name and a ttl. */
export function stashOf(text: StashText, place: Place): StashSpec {
  const { size = 0 } = text;
  if (size < 0) throw new PalisadeError('E_RULE', '"size" of a stash must not be negative', place);
  return { name: text.name as string, sizeMax: size === 0 ? stashSizeDefault : size, strategy: strategyOf(text.strategy),
    ttlNs: durationOf(text.ttl as Located) };
}

/** A warning as a sentence with its place. */
export function warningAt(place: Place, text: string): string {
  return `${place.file}:${place.line}:${place.column}: ${text}`;
}

function strategyOf(text: string | undefined): CacheStrategy {
  return text === 'LFU' || text === 'ARC' ? text : 'LRU';
}

function durationOf(text: Located): number {
  try {
    return parseGoDuration(text.text);
  } catch (error) {
    throw new PalisadeError('E_RULE', `"${text.text}" is not a duration such as 30s or 1h30m`, text.place, { cause: error });
  }
}
