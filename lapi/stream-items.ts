// Decisions as streams send them, polled and open ones alike. Hot: each bouncer that starts is told all of them, each that listens
// every change (bench/suites/lapi.ts). Simple version: encodeJson of an object with the same keys.

import type { GoTime } from '../ts/util/go-time.js';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../ts/util/go-duration.js';
import { encodeJson } from './json.js';
import type { DecisionRow } from './store/decisions.js';

/** The items of a list as of an instant, in JSON and separated by commas, keys in CrowdSec's order. Words and instants that repeat are formatted once. */
export function itemsText(rows: readonly DecisionRow[], now: GoTime): string {
  const texts = new Map<string, string>();
  const durations = new Map<GoTime, string>();
  const quoted = (word: string): string => {
    let text = texts.get(word);
    if (text === undefined) texts.set(word, text = encodeJson(word));
    return text;
  };
  const durationOf = (until: GoTime): string => {
    let text = durations.get(until);
    if (text === undefined) durations.set(until, text = formatGoDuration(roundDuration(until.since(now), nanosecondsPer.second)));
    return text;
  };
  let text = '';
  for (const row of rows) {
    text += `${text === '' ? '' : ','}{"duration":"${durationOf(row.until)}","id":${row.id},"origin":${quoted(row.origin)
    },"scenario":${quoted(row.scenario)},"scope":${quoted(row.scope)},"type":${quoted(row.type)
    }${row.uuid === '' ? '' : `,"uuid":${plainOrEncoded(row.uuid)}`},"value":${plainOrEncoded(row.value)}}`;
  }
  return text;
}

/** Addresses and uuids need no escaping; asking is cheaper than escaping. */
function plainOrEncoded(word: string): string {
  return /^[0-9A-Za-z.:/-]*$/.test(word) ? `"${word}"` : encodeJson(word);
}
