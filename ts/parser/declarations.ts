// What rules declare beside their nodes: stashes and data files, checked and with CrowdSec's defaults.

import { PalisadeError, type Place } from '../errors.js';
import type { Located } from '../config/document.js';
import { type DataFileType, type ResultCacheSpec, resultCacheSizeDefault } from '../expr-helpers/data-files.js';
import type { StashSpec } from '../expr-helpers/stash.js';
import type { CacheStrategy } from '../util/cache.js';
import { parseGoDuration } from '../util/go-duration.js';
import type { DataText, Placed, StashText } from './node-shape.js';
import type { DataFileSpec } from './spec.js';

/** Entries of a stash whose rule names no size: what CrowdSec documents (and applies too late). */
const stashSizeDefault = 100;

/** Returns the declaration of a `stash` entry that has a name and a ttl. */
export function stashOf(text: StashText, place: Place): StashSpec {
  const { size = 0 } = text;
  if (size < 0) throw new PalisadeError('E_RULE', '"size" of a stash must not be negative', place);
  return { name: text.name as string, sizeMax: size === 0 ? stashSizeDefault : size, strategy: strategyOf(text.strategy),
    ttlNs: durationOf(text.ttl as Located) };
}

/** Returns what a `data` entry asks to be loaded; null for one without type (a file that something else opens). */
export function dataFileOf({ value: text, place }: Placed<DataText>, warnings: string[]): DataFileSpec | null {
  if (!text.type) return null;
  const type = Object.hasOwn(dataTypes, text.type) ? dataTypes[text.type] : undefined;
  if (type === undefined || !text.dest_file) {
    warnings.push(warningAt(place, type === undefined
      ? `there is no data type "${text.type}" (string, regexp, map, bots): the file is not loaded`
      : 'a data file without "dest_file" is not loaded'));
    return null;
  }
  return { name: text.dest_file, type, cache: text.type === 'regexp' ? cacheOf(text) : null };
}

const dataTypes: Readonly<Record<string, DataFileType | undefined>> = {
  string: 'string', regexp: 'regexp', regex: 'regexp', map: 'map', bots: 'bots',
};

/** A warning as a sentence with its place. */
export function warningAt(place: Place, text: string): string {
  return `${place.file}:${place.line}:${place.column}: ${text}`;
}

function cacheOf(text: DataText): ResultCacheSpec | null {
  if (text.cache === false || (!text.strategy && !text.size && !text.ttl?.text)) return null;
  return { strategy: strategyOf(text.strategy), sizeMax: text.size || resultCacheSizeDefault,
    ttlNs: text.ttl?.text ? durationOf(text.ttl) : null };
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
