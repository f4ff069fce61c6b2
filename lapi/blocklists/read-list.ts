// The text of a blocklist made into the networks to ban: read, united, freed of whom it may not hit. A long list is
// read in a thread of its own, so that the Local API answers meanwhile.

import { Worker } from 'node:worker_threads';
import type { Blocklist } from '../../ts/config/protection.js';
import { entryUrl } from '../../ts/entry.js';
import { prefixOf } from '../../ts/util/ip.js';
import { lapiLimits } from '../limits.js';
import { intervalOf, networksOf, united, without, type AddressIntervals, type Interval } from './intervals.js';
import { parseList, type ParsedList } from './parse-list.js';

/** What came of reading a list. */
export interface ReadList extends Omit<ParsedList, 'addresses'> {
  /** Addresses and networks, one a line, each address once. One text, which a thread hands over at once. */
  readonly networks: string;
}

/** A list to read. Plain data. */
export interface ListToRead {
  readonly text: string;
  readonly settings: Blocklist;
  readonly exempt: readonly string[];
}

/** No public list has any business with these: RFC 6890 and its likes. */
const specialNetworks = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12',
  '192.0.0.0/24', '192.168.0.0/16', '224.0.0.0/3', '::/127', 'fc00::/7', 'fe80::/10', 'ff00::/8'];

/** Reads a list; addresses in `exempt` are left out. */
export async function readList(text: string, settings: Blocklist, exempt: readonly string[]): Promise<ReadList> {
  const work: ListToRead = { text, settings, exempt };
  if (text.length <= lapiLimits.blocklistInlineCharsMax) return readHere(work);
  const thread = new Worker(entryUrl('lapi/blocklists/read-thread'), { workerData: work });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    // After a message this changes nothing any more.
    thread.once('exit', (code) => reject(new Error(`the thread that reads the list ended with ${code}`)));
  });
}

/** As readList, at once in this thread. */
export function readHere({ text, settings, exempt }: ListToRead): ReadList {
  const { addresses, ...parsed } = parseList(text, settings);
  const spared = intervalsOf([...exempt, ...settings.withPrivate ? [] : specialNetworks]);
  const wanted = without(united(addresses, settings.aggregates), united(spared, true));
  return { ...parsed, networks: [...networksOf(wanted)].join('\n') };
}

function intervalsOf(texts: readonly string[]): AddressIntervals {
  const v4: Interval<number>[] = [];
  const v6: Interval<bigint>[] = [];
  for (const text of texts) {
    const prefix = prefixOf(text);
    if (prefix === null) continue;
    const entry = intervalOf(prefix);
    if (entry.version === 4) v4.push(entry.interval);
    else v6.push(entry.interval);
  }
  return { v4, v6 };
}
