import assert from 'node:assert/strict';
import test from 'node:test';
import { formatGoTime, parseGoTime } from '../../ts/util/go-layout.js';
import { civilFromDays, daysFromCivil, GoTime } from '../../ts/util/go-time.js';
import { recorded } from './recorded.js';

// Go recorded these in UTC, and which offset is "the local one" shows in a time's text.
process.env['TZ'] = 'UTC';

test('texts parse along a layout as Go parses them', () => {
  for (const [layout, text, expected] of recorded<[string, string, string | null]>('util/recorded/go-time-parse.json')) {
    assert.equal(parseGoTime(layout, text)?.toString() ?? null, expected, `${layout} of ${JSON.stringify(text)}`);
  }
});

test('times print along a layout as Go prints them', () => {
  type Row = [number, number, [string, number], string, string];
  for (const [seconds, nanos, [zone, offset], layout, expected] of recorded<Row>('util/recorded/go-time-format.json')) {
    assert.equal(formatGoTime(new GoTime(seconds, nanos, offset, zone), layout), expected, layout);
  }
});

test('RFC 3339 keeps nanoseconds and offset, cuts trailing zeros and shows offset zero as Z', () => {
  const cases: [GoTime, string, string][] = [
    [GoTime.zero, '0001-01-01T00:00:00Z', '0001-01-01 00:00:00 +0000 UTC'],
    [new GoTime(1_700_000_000, 120_000_000), '2023-11-14T22:13:20.12Z', '2023-11-14 22:13:20.12 +0000 UTC'],
    [new GoTime(1_700_000_000, 1, 7200, ''), '2023-11-15T00:13:20.000000001+02:00',
      '2023-11-15 00:13:20.000000001 +0200 +0200'],
    [new GoTime(1_700_000_000, 0, -12_600, 'NST'), '2023-11-14T18:43:20-03:30', '2023-11-14 18:43:20 -0330 NST'],
    [new GoTime(-1, 999_999_999), '1969-12-31T23:59:59.999999999Z', '1969-12-31 23:59:59.999999999 +0000 UTC'],
  ];
  for (const [time, rfc3339, text] of cases) {
    assert.equal(time.toRfc3339Nano(), rfc3339);
    assert.equal(time.toString(), text);
  }
});

test('calendar days agree with JavaScript dates over five thousand years', () => {
  for (let days = -800_000; days < 1_000_000; days += 37) {
    const date = new Date(days * 86_400_000);
    const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    assert.deepEqual(civilFromDays(days), expected);
    assert.equal(daysFromCivil(expected.year, expected.month, expected.day), days);
    assert.equal(new GoTime(days * 86_400, 0).weekday, date.getUTCDay());
  }
});

test('months and days out of range carry over', () => {
  assert.deepEqual(GoTime.civil({ year: 2023, month: 2, day: 29 }).date, { year: 2023, month: 3, day: 1 });
  assert.deepEqual(GoTime.civil({ year: 2023, month: 14, day: 0 }).date, { year: 2024, month: 1, day: 31 });
});

test('adding and comparing work to the nanosecond', () => {
  const time = new GoTime(100, 999_999_999);
  assert.deepEqual(time.add(2), new GoTime(101, 1));
  assert.deepEqual(time.add(-1_000_000_000), new GoTime(99, 999_999_999));
  assert.equal(time.add(2).since(time), 2);
  assert.ok(time.compare(time.add(1)) < 0);
  assert.equal(time.compare(new GoTime(100, 999_999_999, 3600, 'X')), 0);
});
