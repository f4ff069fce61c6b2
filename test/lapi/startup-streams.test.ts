import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lapiLimits } from '../../lapi/limits.js';
import { StartupStreams } from '../../lapi/startup-streams.js';
import { itemsText } from '../../lapi/stream-items.js';
import { DecisionIndex, type IndexedDecision } from '../../lapi/store/decision-index.js';
import { DecisionJournal } from '../../lapi/store/decision-journal.js';
import { GoTime } from '../../ts/util/go-time.js';

const everything = { contains: true, withSimulated: true } as const;
const now = GoTime.fromMs(Date.parse('2026-11-23T01:44:56Z'));

const decision = (id: number): IndexedDecision => ({ id, value: `10.${id >> 16}.${id >> 8 & 255}.${id & 255}`, scope: 'Ip', until: now.add(3600e9),
  scenario: 's<1>', type: 'ban', origin: 'lists', uuid: `u-${id}`, simulated: false, createdAt: now });

test('start-up streams: however many read at whatever pace, each reads all of its generation, and no more than the bound is kept', async () => {
  const seed = Date.now() % 1e9;
  const random = seeded(seed);
  const index = new DecisionIndex();
  let id = 1;
  while (id <= 10 * lapiLimits.startupSliceRows + 7) index.put(decision(id++));
  const followed = { index, journal: new DecisionJournal({ next: 1, open: [] }, now.seconds) };
  const bytesMax = 1_000_000;
  const streams = new StartupStreams(bytesMax);
  const readers: { readonly slices: AsyncGenerator<Buffer>; readonly wanted: string; text: string }[] = [];
  let longest = 0;
  let doneCount = 0;
  for (let started = 0; doneCount < 30;) {
    if (started < 30 && random() < 0.2) {
      if (random() < 0.3) index.put(decision(id++));
      const stream = streams.get(followed, everything, false, now);
      readers.push({ slices: streams.slices(stream), wanted: itemsText(index.all(), now), text: '' });
      started++;
    }
    // Those in front are quicker.
    const place = Math.floor(random() ** 2 * readers.length);
    const reader = readers[place];
    if (reader === undefined) continue;
    const { value, done } = await reader.slices.next();
    if (done !== true) reader.text += `${reader.text === '' ? '' : ','}${value.toString()}`;
    else {
      assert.ok(reader.text === reader.wanted, `seed ${seed}`);
      readers.splice(place, 1);
      doneCount++;
    }
    longest = Math.max(longest, streams.bytes);
  }
  assert.ok(longest > bytesMax / 2 && longest <= bytesMax, `${longest} bytes`);
});

test('start-up streams: one that is read by many is serialised once, and again when something changed or time went by', async () => {
  const index = new DecisionIndex();
  for (let id = 1; id <= 3 * lapiLimits.startupSliceRows; id++) index.put(decision(id));
  const followed = { index, journal: new DecisionJournal({ next: 1, open: [] }, now.seconds) };
  const streams = new StartupStreams();
  const read = async (at: GoTime): Promise<Buffer[]> => {
    const slices: Buffer[] = [];
    for await (const slice of streams.slices(streams.get(followed, everything, true, at))) slices.push(slice);
    return slices;
  };
  const first = await read(now);
  assert.equal(first.length, 3);
  // The same memory, not only the same text.
  for (const [place, slice] of (await read(now.add(1e9))).entries()) assert.equal(slice, first[place]);
  const later = await read(now.add(lapiLimits.startupSharedMsMax * 1e6));
  assert.notEqual(later[0], first[0]);
  index.put(decision(7_000_000));
  assert.equal((await read(now.add(lapiLimits.startupSharedMsMax * 1e6))).length, 4);
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
