// The `data` entries of scenarios: which files of the data directory they need, read how.

import { PalisadeError, type Place } from '../errors.js';
import { type DataFileType, type ResultCacheSpec, resultCacheSizeDefault } from '../expr-helpers/data-files.js';
import { parseGoDuration } from '../util/go-duration.js';
import type { ScenarioDataFile } from './scenario.js';
import type { DataText } from './scenario-shape.js';

const types: ReadonlyMap<string, DataFileType> = new Map([['string', 'string'], ['regexp', 'regexp'],
  ['regex', 'regexp'], ['map', 'map'], ['bots', 'bots']]);

/** Returns what an entry asks to be loaded; null for one without type (a file that something else opens). */
export function dataFileOf(text: DataText, place: Place): ScenarioDataFile | null {
  if (!text.type) return null;
  const type = types.get(text.type);
  if (type === undefined) {
    throw new PalisadeError('E_RULE', `there is no data type "${text.type}": use string, regexp, map or bots`, place);
  }
  if (!text.dest_file) throw new PalisadeError('E_RULE', 'a data file needs "dest_file"', place);
  return { name: text.dest_file, type, cache: text.type === 'regexp' ? cacheOf(text) : null };
}

/** Results are remembered only for files of type `regexp` that say how. */
function cacheOf(text: DataText): ResultCacheSpec | null {
  if (text.cache === false || (!text.strategy && !text.size && !text.ttl?.text)) return null;
  const strategy = text.strategy === 'LFU' || text.strategy === 'ARC' ? text.strategy : 'LRU';
  return { strategy, sizeMax: text.size || resultCacheSizeDefault, ttlNs: text.ttl?.text ? ttlOf(text) : null };
}

function ttlOf(text: DataText): number {
  try {
    return parseGoDuration(text.ttl?.text ?? '');
  } catch (error) {
    throw new PalisadeError('E_RULE', `"${text.ttl?.text}" is not a duration such as 30s or 1h30m`, text.ttl?.place,
      { cause: error });
  }
}
