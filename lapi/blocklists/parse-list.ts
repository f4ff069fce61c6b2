// Reads the text of a blocklist: addresses, networks and ranges (`a-b`), one a line, or one column of a CSV table.
// Comments begin with #, ; or //. What cannot be read is counted, the first of it named.

import type { Blocklist } from '../../ts/config/protection.js';
import { parseIp, prefixOf, type IpAddress } from '../../ts/util/ip.js';
import { intervalOf, type AddressIntervals, type Interval } from './intervals.js';

/** What a list says. */
export interface ParsedList {
  readonly addresses: AddressIntervals;
  /** Lines with an address, before anything is left out. */
  readonly entryCount: number;
  readonly invalidCount: number;
  /** The first line that cannot be read, with its number; '' when there is none. */
  readonly firstInvalid: string;
  /** Networks wider than the settings allow. */
  readonly tooWideCount: number;
}

const excerptCharsMax = 60;

/** Reads a list. With more entries than `entriesMax` reading stops: `entryCount` is then one more than allowed. */
export function parseList(textOfList: string, settings: Blocklist): ParsedList {
  const v4: Interval<number>[] = [];
  const v6: Interval<bigint>[] = [];
  let [entryCount, invalidCount, tooWideCount, lineNumber] = [0, 0, 0, 0];
  let firstInvalid = '';
  const table = settings.format === 'csv' ? new CsvColumn(settings) : null;
  for (const line of linesOf(textOfList)) {
    lineNumber++;
    const value = table === null ? firstWord(line) : table.valueOf(line);
    if (value === '') continue;
    const entry = readEntry(value);
    if (entry === null) {
      if (invalidCount++ === 0) firstInvalid = `line ${lineNumber}: ${line.slice(0, excerptCharsMax)}`;
      continue;
    }
    if (++entryCount > settings.entriesMax) break;
    if (isWiderThan(entry, settings)) tooWideCount++;
    else if (entry.version === 4) v4.push(entry.interval);
    else v6.push(entry.interval);
  }
  return { addresses: { v4, v6 }, entryCount, invalidCount, firstInvalid, tooWideCount };
}

type Entry = ReturnType<typeof intervalOf>;

function readEntry(value: string): Entry | null {
  const dash = value.indexOf('-');
  if (dash > 0) return rangeEntry(address(value.slice(0, dash)), address(value.slice(dash + 1)));
  const prefix = prefixOf(value);
  return prefix === null ? null : intervalOf(prefix);
}

function address(text: string): IpAddress | null {
  const parsed = parseIp(text.trim())?.unmap() ?? null;
  return parsed === null || parsed.zone !== '' ? null : parsed;
}

function rangeEntry(first: IpAddress | null, last: IpAddress | null): Entry | null {
  if (first === null || last === null || first.version !== last.version || first.compare(last) > 0) return null;
  return first.version === 4 ? { version: 4, interval: { first: first.w3, last: last.w3 } }
    : { version: 6, interval: { first: first.toBigInt(), last: last.toBigInt() } };
}

function isWiderThan(entry: Entry, { widestIpv4, widestIpv6 }: Blocklist): boolean {
  return entry.version === 4 ? entry.interval.last - entry.interval.first >= 2 ** (32 - widestIpv4)
    : entry.interval.last - entry.interval.first >= 1n << BigInt(128 - widestIpv6);
}

function* linesOf(text: string): Generator<string> {
  // A byte order mark is no part of the first address.
  for (let from = text.charCodeAt(0) === 0xfeff ? 1 : 0; from < text.length;) {
    const found = text.indexOf('\n', from);
    const end = found < 0 ? text.length : found;
    yield text.slice(from, end);
    from = end + 1;
  }
}

/** What stands before a blank, a comma or a comment. A range may have blanks around its dash. */
function firstWord(line: string): string {
  const bare = line.replace(/(#|;|\/\/).*$/s, '').trim();
  const range = /^([\w.:]+)\s*-\s*([\w.:]+)/.exec(bare);
  return range === null ? bare.split(/[\s,]/, 1)[0] : `${range[1]}-${range[2]}`;
}

/** One column of a table whose first line may name the columns. */
class CsvColumn {
  readonly #separator: string;
  readonly #name: string;
  #index: number;

  constructor({ column, separator }: Blocklist) {
    this.#separator = separator;
    this.#name = column;
    this.#index = /^[1-9]\d*$/.test(column) ? Number(column) - 1 : -1;
  }

  /** The value in a line; '' for comments, the line of names and missing cells. */
  valueOf(line: string): string {
    if (/^\s*(#|$)/.test(line)) return '';
    const cells = this.#cells(line);
    if (this.#index < 0) {
      this.#index = cells.findIndex((cell) => cell.toLowerCase() === this.#name.toLowerCase());
      return this.#index < 0 ? line : '';
    }
    return cells[this.#index] ?? '';
  }

  #cells(line: string): string[] {
    const cells: string[] = [];
    for (let rest = line.trimEnd(); ;) {
      const quoted = /^ *"((?:[^"]|"")*)"/.exec(rest);
      const end = rest.indexOf(this.#separator, quoted?.[0].length ?? 0);
      cells.push((quoted === null ? rest.slice(0, end < 0 ? undefined : end) : quoted[1].replaceAll('""', '"')).trim());
      if (end < 0) return cells;
      rest = rest.slice(end + 1);
    }
  }
}
