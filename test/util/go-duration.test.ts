import assert from 'node:assert/strict';
import test from 'node:test';
import { formatGoDuration, parseDurationWithDays, parseGoDuration, roundDuration, truncateDuration }
  from '../../ts/util/go-duration.js';
import { recorded } from './recorded.js';

type Outcome = [value: number | null, text: string];

function outcomeOf(parse: () => number): Outcome {
  try {
    const value = parse();
    return [value, formatGoDuration(value)];
  } catch (error) {
    return [null, (error as Error).message];
  }
}

test('durations parse, print and fail as in Go', () => {
  for (const [text, ns, expected] of recorded<[string, string | null, string]>('util/recorded/go-durations.json')) {
    const [value, printed] = outcomeOf(() => parseGoDuration(text));
    assert.equal(value, ns === null ? null : Number(ns), text);
    // Beyond 2^53 ns a number cannot hold each nanosecond that Go prints.
    if (ns === null || Number.isSafeInteger(Number(ns))) assert.equal(printed, expected, text);
  }
});

const hour = 3600e9;

const dayCases: readonly [string, number | string][] = [
  ['1d', 24 * hour], ['1d2h', 26 * hour], ['-2d', -48 * hour], ['+1d', 24 * hour], ['2h', 2 * hour], ['0d', 0],
  ['10d1h1m1s', 241 * hour + 61e9],
  ['', 'empty duration string'],
  ['1 day', 'invalid day value in duration "1 day"'],
  ['d', 'invalid day value in duration "d"'],
  ['1.5d', 'invalid day value in duration "1.5d"'],
  ['1h2d', 'invalid duration "1h2d": \'d\' can appear only as the first unit'],
  ['1d2d', 'invalid duration "1d2d": \'d\' can appear only as the first unit'],
  ['1d-2h', 'misplaced negative sign in duration "1d-2h"'],
  ['x', 'time: invalid duration "x"'],
  ['2x', 'time: unknown unit "x" in duration "2x"'],
  ['5', 'time: missing unit in duration "5"'],
];

for (const [text, expected] of dayCases) {
  test(`a duration with days reads ${JSON.stringify(text)} as ${expected}`, () => {
    const [value, message] = outcomeOf(() => parseDurationWithDays(text));
    assert.equal(typeof expected === 'number' ? value : message, expected);
  });
}

test('rounding goes to the nearest, truncating towards zero', () => {
  assert.equal(roundDuration(1.5e9, 1e9), 2e9);
  assert.equal(roundDuration(-1.5e9, 1e9), -2e9);
  assert.equal(roundDuration(0.4e9, 1e9), 0);
  assert.equal(truncateDuration(-1.9e9, 1e9), -1e9);
  assert.ok(Object.is(truncateDuration(-0.5e9, 1e9), 0));
});
