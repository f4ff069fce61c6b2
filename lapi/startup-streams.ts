// The answers to starting bouncers: all decisions in force, serialised once and shared by every bouncer that asks the
// same while nothing changes. A thousand bouncers that start together cost one answer in time and memory.

import { setImmediate } from 'node:timers/promises';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../ts/util/go-duration.js';
import type { GoTime } from '../ts/util/go-time.js';
import { encodeJson } from './json.js';
import { lapiLimits } from './limits.js';
import { cursorAt } from './store/decision-delta.js';
import type { Followed } from './store/decision-follower.js';
import type { IndexedDecision } from './store/decision-index.js';
import { passes, type DecisionFilter } from './store/decisions.js';

/** The items of `new`, separated by commas, the instant they were in force, and the cursor that goes on from there. */
export interface StartupStream {
  readonly now: GoTime;
  readonly cursor: string;
  readonly chunks: readonly Buffer[];
}

interface Kept {
  readonly generation: number;
  readonly now: GoTime;
  readonly stream: Promise<StartupStream>;
  isBuilt: boolean;
}

/** The start-up streams of a server. */
export class StartupStreams {
  readonly #kept = new Map<string, Kept>();

  /** Returns the stream of a filter; `filter` and `dedup` are all that tells streams apart. */
  get(followed: Followed, filter: DecisionFilter, dedup: boolean, now: GoTime): Promise<StartupStream> {
    const { index } = followed;
    const key = JSON.stringify([filter, dedup], (_key, value: unknown) => typeof value === 'bigint' ? `${value}` : value);
    const kept = this.#kept.get(key);
    // One that is being built is joined however long that takes: each more would cost as much again.
    if (kept?.generation === index.generation
      && (!kept.isBuilt || now.since(kept.now) < lapiLimits.startupSharedMsMax * 1e6)) {
      return kept.stream;
    }
    // Chosen at once, so that all rows belong to one generation; serialised in slices.
    const rows = index.all().filter((row) => row.until.compare(now) > 0 && passes(row, filter)
      && (!dedup || index.isLongest(row)));
    const stream = serialize(rows, now, cursorAt(followed, now));
    this.#kept.delete(key);
    const fresh: Kept = { generation: index.generation, now, stream, isBuilt: false };
    this.#kept.set(key, fresh);
    stream.then(() => { fresh.isBuilt = true; }, () => { fresh.isBuilt = true; });
    if (this.#kept.size > lapiLimits.startupStreamsMax) this.#kept.delete(this.#kept.keys().next().value!);
    return stream;
  }
}

async function serialize(rows: readonly IndexedDecision[], now: GoTime, cursor: string): Promise<StartupStream> {
  const chunks: Buffer[] = [];
  const texts = new Map<string, string>();
  const durations = new Map<GoTime, string>();
  for (let from = 0; from < rows.length; from += lapiLimits.startupSliceRows) {
    if (from > 0) await setImmediate();
    let text = '';
    const end = Math.min(from + lapiLimits.startupSliceRows, rows.length);
    for (let index = from; index < end; index++) {
      text += `${index === 0 ? '' : ','}${encodeRow(rows[index], now, texts, durations)}`;
    }
    chunks.push(Buffer.from(text));
  }
  return { now, cursor, chunks };
}

/** The text of decisionItem in stream-items.ts; words and instants that repeat are formatted once. */
function encodeRow(row: IndexedDecision, now: GoTime, texts: Map<string, string>,
  durations: Map<GoTime, string>): string {
  const quoted = (word: string): string => {
    let text = texts.get(word);
    if (text === undefined) texts.set(word, text = encodeJson(word));
    return text;
  };
  let duration = durations.get(row.until);
  if (duration === undefined) {
    duration = formatGoDuration(roundDuration(row.until.since(now), nanosecondsPer.second));
    durations.set(row.until, duration);
  }
  return `{"duration":"${duration}","id":${row.id},"origin":${quoted(row.origin)},"scenario":${quoted(row.scenario)
  },"scope":${quoted(row.scope)},"type":${quoted(row.type)}${row.uuid === '' ? '' : `,"uuid":${plainOrEncoded(row.uuid)}`
  },"value":${plainOrEncoded(row.value)}}`;
}

/** Addresses and uuids need no escaping; asking is cheaper than escaping. */
function plainOrEncoded(word: string): string {
  return /^[0-9A-Za-z.:/-]*$/.test(word) ? `"${word}"` : encodeJson(word);
}
