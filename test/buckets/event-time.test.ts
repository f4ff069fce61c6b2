// The times buckets follow: strict RFC 3339, as Go reads it, compared with the general parser of layouts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventTimeReader } from '../../ts/buckets/event-time.js';
import { parseGoTime } from '../../ts/util/go-layout.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

test('random times are read as the layout parser reads them', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const digits = (count: number): string => String(Math.floor(random() * 10 ** count)).padStart(count, '0');
  const reader = new EventTimeReader();
  for (let i = 0; i < 3000; i++) {
    const two = (max: number): string => String(Math.floor(random() * (max + 1))).padStart(2, '0');
    const text = `${digits(4)}-${two(13)}-${two(32)}T${two(24)}:${two(60)}:${two(60)}${
      ['', `.${digits(3)}`, `.${digits(9)}`, '.', `.${digits(11)}`][Math.floor(random() * 5)]}${
      ['Z', '+02:00', '-11:30', 'z', ''][Math.floor(random() * 5)]}`;
    const expected = parseGoTime('2006-01-02T15:04:05Z07:00', text);
    const known = reader.read(text);
    assert.equal(known, expected !== null, `seed ${seed}: ${text}`);
    if (expected !== null) {
      assert.deepEqual([reader.seconds, reader.nanos, reader.offsetSeconds], [expected.seconds, expected.nanos, expected.offsetSeconds], text);
    }
  }
});

for (const [text, why] of [['2026-11-23T01:02:03,5Z', 'a comma'], ['2026-11-23 01:02:03Z', 'a space'], ['2026-02-29T01:02:03Z', 'no leap year'],
  ['2026-11-23T01:02:03+0200', 'a zone without colon'], ['', 'nothing'], ['2026-11-23T1:02:03.00Z', 'one digit'], ['2026-11-23T01:02:03Z ', 'a tail']]) {
  test(`a time with ${why} is none`, () => assert.equal(new EventTimeReader().read(text), false));
}

test('the answer for a text is remembered only for that text', () => {
  const reader = new EventTimeReader();
  assert.equal(reader.read('nonsense'), false);
  assert.equal(reader.read('1970-01-01T00:01:00Z'), true);
  assert.equal(reader.seconds, 60);
  assert.equal(reader.read('nonsense'), false);
  assert.equal(reader.read('1970-01-01T00:02:00.5-01:00'), true);
  assert.deepEqual([reader.seconds, reader.nanos, reader.offsetSeconds], [3720, 500_000_000, -3600]);
});
