import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromColumn, parseRfc3339, rfc3339Millis, toColumn } from '../../../lapi/store/columns.js';
import { GoTime } from '../../../ts/util/go-time.js';

describe('time columns', () => {
  const written: [iso: string, column: string][] = [
    ['2026-11-23T01:44:56Z', '2026-11-23 01:44:56+00:00'],
    ['2026-11-23T01:44:56.5Z', '2026-11-23 01:44:56.5+00:00'],
    ['2026-11-23T03:44:56.000000001+02:00', '2026-11-23 01:44:56.000000001+00:00'],
  ];
  for (const [iso, column] of written) {
    test(`${iso} is written as ${column} and read back`, () => {
      const time = parseRfc3339(iso)!;
      assert.equal(toColumn(time), column);
      assert.deepEqual(fromColumn(column), time);
    });
  }

  const read: [column: string | null, iso: string][] = [
    ['2026-11-23 01:44:56.25 +0000 UTC', '2026-11-23T01:44:56.25Z'],
    ['2026-11-23T01:44:56Z', '2026-11-23T01:44:56Z'],
    ['2026-11-23 03:44:56+02:00', '2026-11-23T01:44:56Z'],
    [null, GoTime.zero.toRfc3339()],
    ['nonsense', GoTime.zero.toRfc3339()],
  ];
  for (const [column, iso] of read) {
    test(`${column} is read as ${iso}`, () => assert.equal(fromColumn(column).toRfc3339Nano(), iso));
  }

  test('their text sorts like the instants', () => {
    const times = [0, 1, 999_999_999, 500_000_000, 50_000_000].flatMap((nanos) => [new GoTime(1_800_000_000, nanos),
      new GoTime(1_800_000_001, nanos)]);
    const byTime = [...times].sort((a, b) => a.compare(b)).map(toColumn);
    assert.deepEqual(byTime.toSorted(), byTime);
  });

  test('an end beyond the year 9999 is cut to it', () => {
    assert.equal(toColumn(new GoTime(1e12, 0)), '9999-12-31 23:59:59+00:00');
  });

  test('allowlists show milliseconds, and the zero time', () => {
    assert.equal(rfc3339Millis(GoTime.fromMs(1_700_000_000_007)), '2023-11-14T22:13:20.007Z');
    assert.equal(rfc3339Millis(GoTime.zero), '0001-01-01T00:00:00.000Z');
  });
});
