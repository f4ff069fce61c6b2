// The `data` entries of rules: which files of the data directory they need, read how. Parsers and scenarios share it.

import { boolean, integer, located, type Located, record, type Shape, text } from '../config/document.js';
import { PalisadeError, type Place } from '../errors.js';
import { parseGoDuration } from '../util/go-duration.js';
import { type DataFileType, type ResultCacheSpec, resultCacheSizeDefault } from './data-files.js';

/** One entry as a rule writes it. */
export interface DataText {
  readonly source_url?: string;
  readonly dest_file?: string;
  readonly type?: string;
  readonly cache?: boolean;
  readonly strategy?: string;
  readonly size?: number;
  readonly ttl?: Located;
}

/** A data file that a rule names; read from data_dir by whoever starts the engine. */
export interface DataFileSpec {
  readonly name: string;
  readonly type: DataFileType;
  /** Only for files of regular expressions that ask for one. */
  readonly cache: ResultCacheSpec | null;
}

/** The YAML form of an entry. */
export const dataShape: Shape<DataText> = record({
  source_url: text(), dest_file: text(), type: text(), cache: boolean(), strategy: text(), size: integer(), ttl: located(),
});

const types: ReadonlyMap<string, DataFileType> = new Map([['string', 'string'], ['regexp', 'regexp'],
  ['regex', 'regexp'], ['map', 'map'], ['bots', 'bots']]);

/**
 * Returns what an entry asks to be loaded; null for one without type (a file that something else opens), and for one that
 * cannot be loaded: that is a warning, as in CrowdSec. Throws E_RULE for a ttl that is no duration.
 */
export function dataFileOf({ value: entry, place }: { value: DataText; place: Place }, warnings: string[]): DataFileSpec | null {
  if (!entry.type) return null;
  const type = types.get(entry.type);
  if (type === undefined || !entry.dest_file) {
    warnings.push(`${place.file}:${place.line}:${place.column}: ${type === undefined
      ? `there is no data type "${entry.type}" (string, regexp, map, bots): the file is not loaded`
      : 'a data file without "dest_file" is not loaded'}`);
    return null;
  }
  return { name: entry.dest_file, type, cache: entry.type === 'regexp' ? cacheOf(entry) : null };
}

/** Results are remembered only for files of type `regexp` that say how. */
function cacheOf({ cache, strategy, size, ttl }: DataText): ResultCacheSpec | null {
  if (cache === false || (!strategy && !size && !ttl?.text)) return null;
  return { strategy: strategy === 'LFU' || strategy === 'ARC' ? strategy : 'LRU', sizeMax: size || resultCacheSizeDefault,
    ttlNs: ttl?.text ? durationOf(ttl) : null };
}

function durationOf({ text: duration, place }: Located): number {
  try {
    return parseGoDuration(duration);
  } catch (error) {
    throw new PalisadeError('E_RULE', `"${duration}" is not a duration such as 30s or 1h30m`, place, { cause: error });
  }
}
