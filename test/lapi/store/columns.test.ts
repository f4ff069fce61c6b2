import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromColumn, parseRfc3339, rfc3339Millis, rfc3339ToColumn, toColumn } from '../../../lapi/store/columns.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { testSeed } from '../../support/random.js';

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

  test('of a text, its column is the same whether it is taken apart or read as a time', () => {
    const seed = testSeed();
    let state = seed;
    const pick = (items: readonly string[]): string => items[(state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % 65_521 % items.length];
    for (let round = 0; round < 20_000; round++) {
      const text = `${pick(['2026', '0001', '9999', '26', '1969'])}-${pick(['01', '02', '04', '12', '13', '00'])}-${
        pick(['01', '28', '29', '30', '31', '32', '00', '9'])}${pick(['T', 'T', 'T', ' ', 't'])}${pick(['00', '23', '24', '7'])}:${
        pick(['00', '59', '60'])}:${pick(['00', '59', '60'])}${
        pick(['', '.5', '.000000001', '.100', '.0', '.000', '.1234567891', ',5', '.'])}${pick(['Z', 'Z', 'Z', '+02:00', '-00:30', '', 'z'])}`;
      const time = parseRfc3339(text);
      assert.equal(rfc3339ToColumn(text), time === null ? null : toColumn(time), `${text}, seed ${seed}`);
    }
  });

  test('allowlists show milliseconds, and the zero time', () => {
    assert.equal(rfc3339Millis(GoTime.fromMs(1_700_000_000_007)), '2023-11-14T22:13:20.007Z');
    assert.equal(rfc3339Millis(GoTime.zero), '0001-01-01T00:00:00.000Z');
  });
});
