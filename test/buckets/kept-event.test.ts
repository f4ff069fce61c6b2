// Kept events: what is written comes back the same, whatever the letters; what is not needed is not kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keptBytesMax, textsMax } from '../../engine-wasm/abi.js';
import { decodeEvent, keptId } from '../../ts/buckets/decode.js';
import { encodingBytesMax, EventEncoder } from '../../ts/buckets/encode.js';
import { KeptFieldsTable, planOf } from '../../ts/buckets/kept-fields.js';
import { KeptTexts } from '../../ts/buckets/kept-texts.js';
import { BucketEngine, createBuckets } from '../../ts/buckets/memory.js';
import { noNumber, SharedTexts } from '../../ts/buckets/shared-texts.js';
import { Event, type EventNames, EventType, newEventNames } from '../../ts/event/event.js';
import { NodeSet } from '../../ts/event/node-set.js';
import type { FieldReads } from '../../ts/expr/compiled.js';
import { limits } from '../../ts/limits.js';
import { GoTime } from '../../ts/util/go-time.js';
import { randomFrom } from '../../ts/util/random.js';
import { handMade, scenario } from './random-log.js';
import { testSeed } from '../support/random.js';

const nothing: FieldReads = { all: false, parsed: [], meta: [], enriched: [], unmarshaled: false, lineRaw: false, other: [] };
const everything = { ...nothing, all: true };
const seed = testSeed();

function namesWith(...keys: string[]): EventNames {
  const names = newEventNames();
  for (const map of [names.meta, names.parsed, names.enriched]) for (const key of keys) map.declare(key);
  return names;
}

const scratch = new BucketEngine(createBuckets([], { workerCount: 2, slotsMax: 64, arenaBytesMax: 1 << 20 }));
const texts = new SharedTexts(scratch, 0);

function roundTrip(event: Event, reads: readonly FieldReads[], names: EventNames, keepsOrigin = false): Event {
  const bytes = Buffer.alloc(encodingBytesMax + 64);
  const length = new EventEncoder(bytes, texts).encode(event, planOf(reads, names, keepsOrigin), 12_345_678_901, 16);
  assert.equal(keptId(bytes, 16), 12_345_678_901);
  // Read by another worker than the one that wrote it.
  return decodeEvent(bytes, 16, length, new SharedTexts(scratch, 1), new Event(names));
}

/** All that an expression can see, as plain data. */
function visible(event: Event): unknown {
  const { line, time } = event;
  return { type: event.type, expectMode: event.expectMode, whitelisted: event.whitelisted, whitelistReason: event.whitelistReason,
    stage: event.stage, meta: event.meta.toObject(), parsed: event.parsed.toObject(), enriched: event.enriched.toObject(),
    unmarshaled: event.unmarshaled, strTime: event.strTime, strTimeFormat: event.strTimeFormat, marshaledTime: event.marshaledTime,
    process: event.process, time: [time.seconds, time.nanos, time.offsetSeconds, time.zone], overflow: event.overflow,
    line: [line.raw, line.src, line.module, line.labels, line.process, line.readAtMs] };
}

test('an event kept whole comes back the same', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('', '\ud800', 'é', '€', 'zoë', '\u0000', 'a'.repeat(300)));
  const map = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'source_ip'), text), text, { maxKeys: 8 });
  const arbitrary = fc.record({ meta: map, parsed: map, enriched: map, unmarshaled: fc.dictionary(text, fc.jsonValue()),
    raw: text, src: text, labels: map, marshaledTime: text, stage: text, strTime: text, seconds: fc.integer({ min: -1e10, max: 1e10 }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }), offset: fc.constantFrom(0, 3600, -12_600), live: fc.boolean() });
  fc.assert(fc.property(arbitrary, (draft) => {
    const names = namesWith('a', 'b', 'source_ip');
    const event = new Event(names);
    for (const name of ['meta', 'parsed', 'enriched'] as const) {
      for (const [key, value] of Object.entries(draft[name])) event[name].set(key, value);
    }
    // The line itself is bytes: a lone surrogate is no line.
    event.line.raw = Buffer.from(draft.raw).toString();
    event.line.src = draft.src;
    event.line.labels = JSON.parse(JSON.stringify(draft.labels)) as Record<string, string>;
    event.line.readAtMs = 1_700_000_000_123;
    event.unmarshaled = nullPrototype(draft.unmarshaled) as Record<string, unknown>;
    Object.assign(event, { marshaledTime: draft.marshaledTime, stage: draft.stage, strTime: draft.strTime, process: true,
      expectMode: draft.live ? 0 : 1, time: new GoTime(draft.seconds, draft.nanos, draft.offset, draft.offset === 0 ? 'UTC' : '') });
    assert.deepEqual(visible(roundTrip(event, [everything], names)), visible(event));
  }), { seed, numRuns: 300 });
});

test('an event keeps all of meta, what sources need, and what expressions name', () => {
  const names = namesWith('source_ip', 'IsoCode', 'wanted', 'other');
  const event = new Event(names);
  for (const name of ['meta', 'parsed', 'enriched'] as const) {
    for (const key of ['source_ip', 'IsoCode', 'wanted', 'other']) event[name].set(key, `${name} ${key}`);
  }
  event.meta.set('only in data', 'x');
  event.line.raw = 'the line';
  event.unmarshaled['key'] = 1;
  const kept = roundTrip(event, [{ ...nothing, parsed: ['wanted'] }], names);
  assert.deepEqual(kept.meta.keys(), ['source_ip', 'IsoCode', 'wanted', 'other', 'only in data']);
  assert.deepEqual(kept.parsed.keys(), ['wanted']);
  assert.deepEqual(kept.enriched.keys(), ['IsoCode']);
  assert.deepEqual([kept.line.raw, kept.unmarshaled], ['', Object.create(null)]);
  assert.equal(roundTrip(event, [{ ...nothing, lineRaw: true }], names).line.raw, 'the line');
  assert.deepEqual({ ...roundTrip(event, [{ ...nothing, unmarshaled: true }], names).unmarshaled }, { key: 1 });
});

test('where an event came from is kept where alerts tell it: file, head of the line, nodes', () => {
  const names = namesWith();
  fc.assert(fc.property(fc.uniqueArray(fc.nat(1999)), fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom(0, 1000, 5000), (ids, text, padding) => {
    const event = new Event(names);
    Object.assign(event.line, { raw: text + 'x'.repeat(padding), src: '/var/log/long/enough/for/one/native/call.log', labels: { type: 'a' } });
    event.okNodes = [...ids, ...ids.slice(0, 2)].reduce((set, id) => set.with(id), NodeSet.empty);
    const { line, origin } = roundTrip(event, [], names, true);
    assert.deepEqual(origin, { src: event.line.src, lineHead: event.line.raw.slice(0, limits.provenanceLineCharsMax + 1),
      nodes: String.fromCharCode(...ids.sort((a, b) => a - b)) });
    assert.deepEqual([line.src, line.raw], ['', ''], 'expressions see no more for it');
    assert.equal(roundTrip(event, [], names).origin, null);
  }), { seed, numRuns: 200 });
});

test('fields that are byte ranges of the line, its time or its file come back the same beside an origin', () => {
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
  const names = namesWith(...keys);
  const value = fc.oneof(fc.constantFrom('', '/var/log/a.log', '2026-05-28T20:26:40Z', 'other'), fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.record({ start: fc.nat(5000), length: fc.nat(5000) }));
  const fields = fc.array(fc.tuple(fc.nat(keys.length - 1), value), { maxLength: 12 });
  const letter = fc.constantFrom('a', 'b', '/', '"', 'é', '€');
  fc.assert(fc.property(fields, fields, fields, fc.array(letter, { maxLength: 60 }), fc.constantFrom(1, 20, 60), fc.boolean(), (meta, parsed, enriched, letters, times, reads) => {
    const [written, wanted] = [new Event(names), new Event(names)];
    const raw = letters.join('').repeat(times);
    const bytes = Buffer.from(`before${raw}`);
    for (const event of [written, wanted]) {
      event.line.text.point(bytes, 6, bytes.length, bytes.length === 6 + raw.length);
      Object.assign(event, { marshaledTime: '2026-05-28T20:26:40Z' });
      event.line.src = '/var/log/a.log';
    }
    for (const [map, list] of [['meta', meta], ['parsed', parsed], ['enriched', enriched]] as const) {
      for (const [slot, text] of list) {
        if (typeof text === 'string') written[map].setAt(slot, text);
        else {
          const start = Math.min(text.start, bytes.length - 6);
          written[map].setRangeAt(slot, start, Math.min(start + text.length, bytes.length - 6));
          if (text.length % 2 === 0) written[map].at(slot);
        }
        wanted[map].setAt(slot, written[map].at(slot));
      }
    }
    const kept = roundTrip(written, reads ? [{ ...nothing, parsed: keys, enriched: keys }] : [], names, true);
    assert.deepEqual(kept.meta.toObject(), wanted.meta.toObject());
    assert.deepEqual(kept.parsed.toObject(), reads ? wanted.parsed.toObject() : Object.create(null));
    if (reads) assert.deepEqual(kept.enriched.toObject(), wanted.enriched.toObject());
    assert.deepEqual(kept.origin, { src: '/var/log/a.log', lineHead: raw.slice(0, limits.provenanceLineCharsMax + 1), nodes: '' });
  }), { seed, numRuns: 300 });
});

test('the time and a few texts of a kept event are those of the whole, of events that stay too', () => {
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
  const names = namesWith(...keys);
  const random = randomFrom(seed);
  const some = (): string[] => keys.filter(() => random() < 0.05);
  const reads = [{ ...nothing, meta: some(), parsed: some() }, { ...nothing, meta: some(), enriched: some(), other: ['Time'] }];
  const bytes = Buffer.alloc(64 * 1024);
  const kept = new KeptTexts(bytes, new SharedTexts(scratch, 1), reads, names);
  const seen = { same: 0, anew: 0 };
  for (let round = 0; round < 200; round++) {
    // Ids of two events are 2,048 apart, so the one takes the place of the other between questions and not within one.
    const written = Array.from({ length: 4 }, (_, index) => randomEvent(names, random, 1000 + (index < 2 ? 0 : 2048) + (index % 2)));
    const encoder = new EventEncoder(bytes, texts);
    let at = 16;
    const places = written.map(({ event, id }) => {
      const length = encoder.encode(event, planOf(random() < 0.5 ? [everything] : reads, names, random() < 0.7), id + 4 * 2048 * round, at);
      at += length;
      return { at: at - length, length };
    });
    for (let question = 0; question < 3; question++) {
      kept.begin();
      const asked = places.filter(() => random() < 0.7);
      const events = asked.map((place) => kept.event(place.at, place.length));
      assert.equal(new Set(events).size, asked.length, 'different events');
      for (const [index, event] of events.entries()) {
        const whole = decodeEvent(bytes, asked[index].at, asked[index].length, texts, new Event(names));
        assert.deepEqual({ ...event.time }, { ...whole.time });
        for (const map of ['meta', 'parsed', 'enriched'] as const) {
          const of = (each: Event): unknown => reads.flatMap((read) => read[map].map((key) => [key, each[map].has(key), each[map].get(key)]));
          assert.deepEqual(of(event), of(whole), `seed ${seed}, round ${round}`);
        }
        seen[kept.event(asked[index].at, asked[index].length) === event ? 'same' : 'anew']++;
      }
    }
  }
  assert.ok(seen.same > 500 && seen.anew > 50);
});

/** An event with texts, and ranges of its line, in a few of its fields. */
function randomEvent(names: EventNames, random: () => number, id: number): { readonly event: Event; readonly id: number } {
  const event = new Event(names);
  const letters = Array.from({ length: Math.floor(random() * 300) }, () => (random() < 0.002 ? '€' : 'abc/'[Math.floor(random() * 4)])).join('');
  const line = Buffer.from(letters);
  event.line.text.point(line, 0, line.length, line.length === letters.length);
  event.line.src = '/var/log/a.log';
  event.marshaledTime = random() < 0.5 ? '2026-05-28T20:26:40Z' : '';
  event.time = new GoTime(Math.floor(random() * 1e9), random() < 0.5 ? 0 : 5, random() < 0.8 ? 0 : 3600, random() < 0.8 ? 'UTC' : 'CET');
  for (const map of ['meta', 'parsed', 'enriched'] as const) {
    for (let count = Math.floor(random() * 60); count > 0; count--) {
      const slot = Math.floor(random() * 300);
      const start = Math.floor(random() * line.length);
      if (random() < 0.5) event[map].setRangeAt(slot, start, Math.min(start + Math.floor(random() * 20), line.length));
      else event[map].setAt(slot, ['', 'short', 'é€', 'x'.repeat(140), event.marshaledTime, event.line.src][Math.floor(random() * 6)]);
    }
    event[map].set('only in data', 'x');
  }
  return { event, id };
}

test('a range in the head of the line takes fewer bytes than its text', () => {
  const names = namesWith('a');
  const bytes = Buffer.alloc(encodingBytesMax + 64);
  const line = Buffer.from('x'.repeat(200));
  const encoded = [true, false].map((isRange) => {
    const event = new Event(names);
    event.line.text.point(line, 0, line.length, true);
    if (isRange) event.meta.setRangeAt(0, 0, 150);
    else event.meta.setAt(0, line.toString('latin1', 0, 150));
    return new EventEncoder(bytes, texts).encode(event, planOf([], names, true), 1, 0);
  });
  assert.equal(encoded[1] - encoded[0], 4 + 150 - 3, 'a length and letters, against where they are');
});

test('texts of many events are kept once, read by every worker, found again by one that starts anew; the rest stays with its event', () => {
  const engine = new BucketEngine(createBuckets([], { workerCount: 2, slotsMax: 64, arenaBytesMax: 1 << 20 }));
  const [first, second] = [new SharedTexts(engine, 0), new SharedTexts(engine, 1)];
  const list = ['/var/log/a.log', '', '\0\xff', '€ wide', 'zoë'];
  const numbers = list.map((text) => first.numberOf(text));
  assert.equal(new Set(numbers).size, list.length);
  assert.deepEqual(list.map((text) => first.numberOf(text)), numbers, 'once each');
  assert.deepEqual(numbers.map((number) => second.text(number)), list);
  assert.ok(!numbers.includes(second.numberOf('€ wide')), 'each worker writes to its own list');
  const again = new SharedTexts(engine, 0);
  assert.deepEqual(list.map((text) => again.numberOf(text)), numbers);
  let count = list.length;
  while (again.numberOf(`text ${count}`) !== noNumber) count++;
  assert.equal(count, textsMax);
  assert.equal(second.text(again.numberOf(`text ${count - 1}`)), `text ${count - 1}`);
  assert.equal(second.numberOf('x'.repeat(100_000)), noNumber, 'no room for its letters');

  const event = new Event(namesWith());
  event.line.raw = 'line';
  event.line.src = 'one more';
  const bytes = Buffer.alloc(encodingBytesMax + 64);
  const length = new EventEncoder(bytes, again).encode(event, planOf([], namesWith(), true), 1, 0);
  assert.equal(again.numberOf('one more'), noNumber);
  assert.deepEqual(decodeEvent(bytes, 0, length, second, new Event(namesWith())).origin, { src: 'one more', lineHead: 'line', nodes: '' });
});

test('an overflow keeps its sources, and its events only where an expression reads overflows', () => {
  const names = namesWith();
  const event = new Event(names);
  const alert = { scenario: 'a/b', events: [{ timestamp: 't', meta: [] }, { timestamp: 'u', meta: [] }], source: { scope: 'Ip', value: '1.2.3.4' } };
  event.resetToOverflow({ mapkey: 'k', bucketId: 'b', whitelisted: false, reprocess: true,
    sources: { '1.2.3.4': { scope: 'Ip', value: '1.2.3.4' } }, alert: alert as never, apiAlerts: [alert as never] }, GoTime.fromMs(1000));
  const short = roundTrip(event, [], names);
  assert.equal(short.type, EventType.overflow);
  assert.deepEqual({ ...short.overflow!.sources }, { '1.2.3.4': { scope: 'Ip', value: '1.2.3.4' } });
  assert.equal(short.overflow!.alert!.events, null);
  assert.equal(short.overflow!.alert, short.overflow!.apiAlerts[0], 'the alert is the first of the list');
  assert.equal(roundTrip(event, [{ ...nothing, other: ['Overflow'] }], names).overflow!.alert!.events!.length, 2);
  assert.deepEqual(roundTrip(event, [], names, true).overflow!.alert!.events, [{ timestamp: 'u', meta: [] }], 'the last says where it came from');
});

test('what does not fit any more is left out and counted, the rest is whole', () => {
  const names = namesWith('source_ip', 'large', 'larger', 'last');
  const event = new Event(names);
  event.meta.set('source_ip', '1.2.3.4');
  event.meta.set('large', 'x'.repeat(100_000));
  event.meta.set('larger', '€'.repeat(100_000));
  event.meta.set('last', 'z');
  const bytes = Buffer.alloc(encodingBytesMax + 64);
  const encoder = new EventEncoder(bytes, texts);
  const length = encoder.encode(event, planOf([], names), 1, 0);
  assert.equal(encoder.leftOut, 1);
  assert.ok(length <= keptBytesMax);
  const kept = decodeEvent(bytes, 0, length, texts, new Event(names));
  assert.deepEqual(kept.meta.keys(), ['source_ip', 'large', 'last']);
});

test('scenarios that need the same share a plan, and an event of two scenarios is kept by the joint one', () => {
  const names = namesWith('a', 'b');
  const plain = scenario('plain', handMade('() => true'), {});
  const needs = (key: string): ReturnType<typeof scenario> => scenario(key, handMade('() => true'),
    { condition: handMade('() => true', { reads: { ...nothing, parsed: [key] } }) });
  const table = new KeptFieldsTable([plain, needs('a'), needs('b'), plain, needs('a')], [], names);
  assert.deepEqual(table.ofScenario, [0, 1, 2, 0, 1]);
  const joint = table.plans[table.join(1, 2)];
  assert.deepEqual([...joint.parsed], [1, 1]);
  assert.equal(table.join(2, 1), table.join(1, 2));
  assert.equal(table.join(0, 1), 1);
});

function nullPrototype(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullPrototype);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const object = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) object[key] = nullPrototype((value as Record<string, unknown>)[key]);
  return object;
}
