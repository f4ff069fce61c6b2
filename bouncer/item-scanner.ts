// Reads decisions out of JSON as our Local API and CrowdSec's write them: keys in one order, texts without escapes, most of
// them those of the decision before. Anything else is left to JSON.parse, with which this agrees in all that a WireDecision has, and
// which takes 1.7 times as long (bench/record, firewall). Simple version: JSON.parse.

import type { WireDecision } from './decision.js';

const beforeNew = '{"new":[';
const beforeDeleted = '],"deleted":[';
const [head, beforeId, beforeValue, end] = ['{"duration":"', '","id":', ',"value":"', '"}'].map((each) => Buffer.from(each));
/** What stands between the id and the value of most decisions. */
const middle = /,"origin":"[^"\\\x00-\x1f]*","scenario":"[^"\\\x00-\x1f]*","scope":"[^"\\\x00-\x1f]*","type":"[^"\\\x00-\x1f]*"/y;
const uuid = /,"uuid":"[^"\\\x00-\x1f]*"/y;
const durationChars = /[0-9a-z.-]*/y;
const [quote, backslash, comma, digit0] = Buffer.from('"\\,0');
/** Beyond so many digits an id may not be exact. */
const idDigitsMax = 15;

/** Items one behind the other with commas between them and nothing else; null when one is written otherwise. */
export function scanItems(bytes: Buffer): WireDecision[] | null {
  const scan = new Scan(bytes);
  const items = scan.items(0);
  return scan.end === bytes.length ? items : null;
}

/** The two lists of an event of our stream of changes; null when it is written otherwise. */
export function scanLists(bytes: Buffer): { readonly new: WireDecision[]; readonly deleted: WireDecision[] } | null {
  const scan = new Scan(bytes);
  if (!scan.text.startsWith(beforeNew)) return null;
  const added = scan.list(beforeNew.length);
  if (added === null || !scan.text.startsWith(beforeDeleted, scan.end)) return null;
  const deleted = scan.list(scan.end + beforeDeleted.length);
  return deleted === null || scan.text.slice(scan.end) !== ']}' ? null : { new: added, deleted };
}

/** One text that is read from its beginning to its end. */
class Scan {
  /** A sign for each byte. */
  readonly text: string;
  readonly #bytes: Buffer;
  /** Behind what was read last. */
  end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.text = bytes.toString('latin1');
  }

  /** Items up to the bracket behind them. */
  list(from: number): WireDecision[] | null {
    this.end = from;
    return this.text[from] === ']' ? [] : this.items(from);
  }

  items(from: number): WireDecision[] | null {
    const bytes = this.#bytes;
    const items: WireDecision[] = [];
    // Of the item before: bytes as they stand there, and what they mean. That is no slice of the text, which would live on for as
    // long as somebody remembers a word of it.
    let durationBytes: Buffer | null = null;
    let middleBytes: Buffer | null = null;
    let duration = '';
    let words = { origin: '', scenario: '', scope: '', type: '' };
    for (let at = from; ; at++) {
      if (!isAt(bytes, head, at)) return null;
      at += head.length;
      if (durationBytes === null || !isAt(bytes, durationBytes, at)) {
        const length = lengthAt(durationChars, this.text, at);
        duration = bytes.toString('latin1', at, at + length);
        durationBytes = bytes.subarray(at, at + length + beforeId.length);
        if (!isAt(bytes, beforeId, at + length)) return null;
      }
      at += durationBytes.length;
      const idFrom = at;
      let id = 0;
      for (let digit; (digit = bytes[at] - digit0) >= 0 && digit <= 9; at++) id = 10 * id + digit;
      if (at === idFrom || at - idFrom > idDigitsMax || (bytes[idFrom] === digit0 && at - idFrom > 1)) return null;
      if (middleBytes === null || !isAt(bytes, middleBytes, at)) {
        const length = lengthAt(middle, this.text, at);
        if (length === 0) return null;
        middleBytes = bytes.subarray(at, at + length);
        words = JSON.parse(`{${middleBytes.toString('utf8', 1)}}`) as typeof words;
      }
      at += middleBytes.length;
      if (!isAt(bytes, beforeValue, at)) {
        at += lengthAt(uuid, this.text, at);
        if (!isAt(bytes, beforeValue, at)) return null;
      }
      at += beforeValue.length;
      const valueEnd = asciiEnd(bytes, at);
      if (!isAt(bytes, end, valueEnd)) return null;
      const { origin, scenario, scope, type } = words;
      items.push({ duration, id, origin, scenario, scope, type, value: this.text.slice(at, valueEnd) });
      at = valueEnd + end.length;
      if (bytes[at] === comma) continue;
      this.end = at;
      return items;
    }
  }
}

function isAt(bytes: Buffer, part: Buffer, at: number): boolean {
  for (let index = 0; index < part.length; index++) if (bytes[at + index] !== part[index]) return false;
  return true;
}

/** How much a sticky pattern matches at a place. */
function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** Where plain ASCII ends: at a quote, if it is a text without escapes. */
function asciiEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte; (byte = bytes[at]) !== quote && byte !== backslash && byte >= 0x20 && byte < 0x80; at++);
  return at;
}
