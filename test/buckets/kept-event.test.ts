// Kept events: what is written comes back the same, whatever the letters; what is not needed is not kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keptBytesMax } from '../../engine-wasm/abi.js';
import { decodeEvent, keptId } from '../../ts/buckets/decode.js';
import { encodingBytesMax, EventEncoder } from '../../ts/buckets/encode.js';
import { KeptFieldsTable, planOf } from '../../ts/buckets/kept-fields.js';
import { Event, type EventNames, EventType, newEventNames } from '../../ts/event/event.js';
import { NodeSet } from '../../ts/event/node-set.js';
import type { FieldReads } from '../../ts/expr/compiled.js';
import { limits } from '../../ts/limits.js';
import { GoTime } from '../../ts/util/go-time.js';
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

function roundTrip(event: Event, reads: readonly FieldReads[], names: EventNames, keepsOrigin = false): Event {
  const bytes = Buffer.alloc(encodingBytesMax + 64);
  const length = new EventEncoder(bytes).encode(event, planOf(reads, names, keepsOrigin), 12_345_678_901, 16);
  assert.equal(keptId(bytes, 16), 12_345_678_901);
  return decodeEvent(bytes, 16, length, new Event(names));
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
    event.okNodes = new NodeSet(2000);
    for (const id of ids) event.okNodes.add(id);
    const { line, origin } = roundTrip(event, [], names, true);
    assert.deepEqual(origin, { src: event.line.src, lineHead: event.line.raw.slice(0, limits.provenanceLineCharsMax + 1),
      nodes: String.fromCharCode(...ids.sort((a, b) => a - b)) });
    assert.deepEqual([line.src, line.raw], ['', ''], 'expressions see no more for it');
    assert.equal(roundTrip(event, [], names).origin, null);
  }), { seed, numRuns: 200 });
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
  const encoder = new EventEncoder(bytes);
  const length = encoder.encode(event, planOf([], names), 1, 0);
  assert.equal(encoder.leftOut, 1);
  assert.ok(length <= keptBytesMax);
  const kept = decodeEvent(bytes, 0, length, new Event(names));
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
