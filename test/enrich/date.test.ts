import assert from 'node:assert/strict';
import test from 'node:test';
import { Event, newEventNames } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { readCommonShape } from '../../ts/enrich/date-shapes.js';
import { dateLayouts, parseDate } from '../../ts/enrich/date.js';
import { linkEnrichers, type Enricher } from '../../ts/enrich/table.js';
import { formatGoTime, parseGoTime } from '../../ts/util/go-layout.js';
import { GoTime } from '../../ts/util/go-time.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { recorded } from '../util/recorded.js';

process.env['TZ'] = 'UTC';

const now = (): GoTime => new GoTime(Date.UTC(2026, 10, 23, 12) / 1000, 5);

test('dates are understood as a Go program with the same layouts understands them', () => {
  for (const [text, layout, expected] of recorded<[string, string, [string, number] | null]>('enrich/recorded-dates.json')) {
    const date = parseDate(text, layout, now);
    assert.deepEqual(date === null ? null : [date.marshaled, date.time.seconds], expected, JSON.stringify([text, layout]));
  }
});

type Row = readonly [text: string, layout: string, marshaled: string | null];
const sentences: Readonly<Record<string, readonly Row[]>> = {
  'each known layout reads its own spelling': [
    ['2024-05-06T07:08:09+02:00', '', '2024-05-06T07:08:09+02:00'],
    ['06/May/2024:07:08:09 -0730', '', '2024-05-06T07:08:09-07:30'],
    ['Mon May 6 07:08:09 2024', '', '2024-05-06T07:08:09Z'],
    ['06-May-2024 07:08:09 europe/paris', '', '2024-05-06T07:08:09Z'],
    ['05/06/2024 07:08:09', '', '2024-05-06T07:08:09Z'],
    ['2024-05-06 07:08:09.123456789 +0200 CEST', '', '2024-05-06T07:08:09.123456789+02:00'],
    ['May  6 07:08:09', '', '2026-05-06T07:08:09Z'],
    ['Mon May 06 07:08:09.123456 2024', '', '2024-05-06T07:08:09.123456Z'],
    ['2024/05/06', '', '2024-05-06T00:00:00Z'],
    ['2024/05/06 07:08', '', '2024-05-06T07:08:00Z'],
    ['2024-05-06', '', '2024-05-06T00:00:00Z'],
    ['2024-05-06 07:08', '', '2024-05-06T07:08:00Z'],
    ['2024/05/06 07:08:09', '', '2024-05-06T07:08:09Z'],
    ['2024-05-06 07:08:09', '', '2024-05-06T07:08:09Z'],
    ['2024-05-06T07:08:09', '', '2024-05-06T07:08:09Z'],
  ],
  'the layout of the event comes before the known ones, which come before Unix seconds': [
    ['05/06/2024 07:08:09', '02/01/2006 15:04:05', '2024-06-05T07:08:09Z'],
    ['2024-05-06 07:08:09', '02/01/2006 15:04:05', '2024-05-06T07:08:09Z'],
    ['1700000000', '02/01/2006 15:04:05', '2023-11-14T22:13:20Z'],
    ['20240506', '20060102', '2024-05-06T00:00:00Z'],
    ['20240506', '', '1970-08-23T06:21:46Z'],
  ],
  'a fraction with a point or a comma may follow the seconds of any layout, to the nanosecond': [
    ['2024-05-06T07:08:09.123456789Z', '', '2024-05-06T07:08:09.123456789Z'],
    ['2024-05-06T07:08:09,000000001Z', '', '2024-05-06T07:08:09.000000001Z'],
    ['2024/05/06 07:08:09,25', '', '2024-05-06T07:08:09.25Z'],
    ['May 16 07:08:09.999999999', '', '2026-05-16T07:08:09.999999999Z'],
    ['06/May/2024:07:08:09.5 +0100', '', '2024-05-06T07:08:09.5+01:00'],
    ['05/06/2024 07:08:09.123456', '', '2024-05-06T07:08:09.123456Z'],
    ['0506 07:08:09,7', '0102 15:04:05', '2026-05-06T07:08:09.7Z'],
    ['2024-05-06 07:08.5', '', null],
  ],
  'blanks of a layout match any run of blanks, days have one digit or two, names any case': [
    ['May   6 07:08:09', '', '2026-05-06T07:08:09Z'],
    ['May 6 07:08:09', '', '2026-05-06T07:08:09Z'],
    ['May 06 07:08:09', '', '2026-05-06T07:08:09Z'],
    ['may 16 07:08:09', '', '2026-05-16T07:08:09Z'],
    ['mON MAY  6 07:08:09 2024', '', '2024-05-06T07:08:09Z'],
    ['06/MAY/2024:07:08:09   +0000', '', '2024-05-06T07:08:09Z'],
    ['May 6', '', null],
  ],
  'no zone is UTC, an abbreviation has offset zero, an offset stays': [
    ['2024-05-06 07:08:09 PDT', '2006-01-02 15:04:05 MST', '2024-05-06T07:08:09Z'],
    ['2024-05-06 07:08:09 +0000 XYZ', '', '2024-05-06T07:08:09Z'],
    ['2024-05-06 07:08:09 -0530 XYZ', '', '2024-05-06T07:08:09-05:30'],
    ['2024-05-06T07:08:09-00:00', '', '2024-05-06T07:08:09Z'],
  ],
  'text behind a date is no date': [
    ['2024-05-06T07:08:09Zx', '', null], ['2024-05-06 ', '', null], ['May  6 07:08:09 host', '', null], ['2024-05-06 07:08:09 +0200', '', null],
  ],
  'a date without a year is of this one, 29 February where there is none is 1 March, December is still to come': [
    ['Feb 28 01:02:03', '', '2026-02-28T01:02:03Z'], ['Feb 29 01:02:03', '', '2026-03-01T01:02:03Z'], ['Feb 30 01:02:03', '', null],
    ['Dec 31 23:59:59', '', '2026-12-31T23:59:59Z'],
  ],
  'Unix time counts from one second on and loses its fraction': [
    ['1700000000', '', '2023-11-14T22:13:20Z'], ['1700000000.999999999', '', '2023-11-14T22:13:20Z'], ['1.5', '', '1970-01-01T00:00:01Z'],
    ['0', '', null], ['0.5', '', null], ['-1700000000', '', null], ['1700000000s', '', null],
  ],
  'trailing zeros of a fraction go, offset zero is Z': [
    ['2024-05-06T07:08:09.120000000+00:00', '', '2024-05-06T07:08:09.12Z'], ['2024-05-06T07:08:09.000+01:00', '', '2024-05-06T07:08:09+01:00'],
  ],
  'the layouts of CrowdSec\'s hub': [
    ['2024-05-06T07:08:09.12Z', '2006-01-02T15:04:05.999Z', '2024-05-06T07:08:09.12Z'],
    ['Mon May  6 07:08:09 2024', 'Mon Jan _2 15:04:05 2006', '2024-05-06T07:08:09Z'],
    ['0506 07:08:09', '0102 15:04:05', '2026-05-06T07:08:09Z'],
    ['240506 07:08:09', '060102 15:04:05', '2024-05-06T07:08:09Z'],
    ['05/06/2024, 7:08:09 PM', '01/02/2006, 3:04:05 PM', '2024-05-06T19:08:09Z'],
    ['05/06/2024, 19:08:09', '01/02/2006, 15:04:05', '2024-05-06T19:08:09Z'],
    ['2024-05-06 07:08:09,123456789', '2006-01-02 15:04:05,999999999', '2024-05-06T07:08:09.123456789Z'],
    ['2024-05-06 07:08:09.123-0330', '2006-01-02 15:04:05.000-0700', '2024-05-06T07:08:09.123-03:30'],
  ],
};

for (const [sentence, rows] of Object.entries(sentences)) {
  test(sentence, () => {
    for (const [text, layout, marshaled] of rows) {
      assert.equal(parseDate(text, layout, now)?.marshaled ?? null, marshaled, JSON.stringify([text, layout]));
    }
  });
}

/** What the layouts say, in their order. */
function byLayouts(text: string): GoTime | null {
  for (const layout of dateLayouts) {
    const time = parseGoTime(layout, text);
    if (time !== null) return time;
  }
  return null;
}

const commonLayouts = ['2006-01-02T15:04:05Z07:00', '2006-01-02T15:04:05.999999999Z07:00', '02/Jan/2006:15:04:05 -0700',
  'Jan _2 15:04:05', 'Jan 2 15:04:05', 'Jan  2 15:04:05', '2006-01-02 15:04:05', '2006/01/02 15:04:05.000',
  '2006-01-02T15:04:05', '2006-01-02 15:04:05,999'];

test('the fast readers never say anything but what the layouts say', () => {
  const seed = Date.now() >>> 0;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let fast = 0;
  for (let i = 0; i < 20_000; i++) {
    const offset = [0, 7200, -18_000, 20_700][random(4)];
    const time = new GoTime(random(4_000_000_000), random(3) * random(1_000_000_000), offset, offset === 0 ? 'UTC' : '');
    let text = formatGoTime(time, commonLayouts[random(commonLayouts.length)]);
    for (let edits = random(3); edits > 0; edits--) {
      const at = random(text.length);
      text = text.slice(0, at) + ['', '0', '9', ' ', ':', '.', 'Z', '-', '/', 'a'][random(10)] + text.slice(at + random(2));
    }
    const read = readCommonShape(text);
    if (read === null) continue;
    fast++;
    assert.deepEqual(read, byLayouts(text), `seed ${seed}: ${JSON.stringify(text)}`);
  }
  assert.ok(fast > 5000, `seed ${seed}: only ${fast} texts took the fast way`);
});

test('plain spellings of the common shapes take the fast way', () => {
  for (const text of ['2026-11-23T01:02:03Z', '2026-11-23T01:02:03.123456+02:00', '23/Nov/2026:01:02:03 +0100',
    'Nov 23 01:02:03', 'Nov  3 01:02:03', '2026-11-23 01:02:03', '2026/11/23 01:02:03', '2026-11-23T01:02:03.5']) {
    assert.ok(readCommonShape(text) !== null, text);
  }
});

interface Fixture {
  readonly event: Event;
  readonly parse: Enricher;
  setNow(time: GoTime): void;
}

function fixture(): Fixture {
  let present = now();
  const names = newEventNames();
  names.enriched.declare('MarshaledTime');
  const enrichers = linkEnrichers(testContext({ now: () => present }));
  return { event: new Event(names), parse: enrichers.get('ParseDate') as Enricher, setNow: (time) => { present = time; } };
}

test('in time machine mode the date becomes the time of the event, live it does not', () => {
  const { event, parse } = fixture();
  const readAt = event.time;
  parse.enrich('Nov 22 01:02:03', event);
  assert.equal(event.enriched.get('MarshaledTime'), '2026-11-22T01:02:03Z');
  assert.equal(event.time, readAt);
  event.expectMode = ExpectMode.timeMachine;
  parse.enrich('Nov 22 01:02:03', event);
  assert.equal(event.time.toRfc3339Nano(), '2026-11-22T01:02:03Z');
});

test('a text that is no date leaves the time alone and shows the present in UTC', () => {
  for (const text of ['', 'soon', '2026-13-01']) {
    const { event, parse } = fixture();
    event.expectMode = ExpectMode.timeMachine;
    const readAt = event.time;
    parse.enrich(text, event);
    assert.equal(event.enriched.get('MarshaledTime'), '2026-11-23T12:00:00.000000005Z');
    assert.equal(event.time, readAt);
  }
});

test('the layout of the event is tried first, then the known ones', () => {
  const { event, parse } = fixture();
  event.strTimeFormat = '0102 15:04:05';
  parse.enrich('0704 01:02:03', event);
  assert.equal(event.enriched.get('MarshaledTime'), '2026-07-04T01:02:03Z');
  parse.enrich('2025-01-02 03:04:05', event);
  assert.equal(event.enriched.get('MarshaledTime'), '2025-01-02T03:04:05Z');
});

test('what is remembered of the last date does not outlive its layout, its year or the present', () => {
  const { event, parse, setNow } = fixture();
  const marshaled = (text: string): string => {
    parse.enrich(text, event);
    return event.enriched.get('MarshaledTime');
  };
  assert.equal(marshaled('Dec 31 23:59:59'), '2026-12-31T23:59:59Z');
  setNow(new GoTime(Date.UTC(2027, 0, 1) / 1000, 0));
  assert.equal(marshaled('Dec 31 23:59:59'), '2027-12-31T23:59:59Z');
  assert.equal(marshaled('01/02/2006 15:04:05'), '2006-01-02T15:04:05Z');
  event.strTimeFormat = '02/01/2006 15:04:05';
  assert.equal(marshaled('01/02/2006 15:04:05'), '2006-02-01T15:04:05Z');
  assert.equal(marshaled('never'), '2027-01-01T00:00:00Z');
  setNow(new GoTime(Date.UTC(2027, 0, 1) / 1000, 1_000_000));
  assert.equal(marshaled('never'), '2027-01-01T00:00:00.001Z');
});

test('a Unix time shows seconds in the zone of the process', () => {
  const { event, parse } = fixture();
  event.expectMode = ExpectMode.timeMachine;
  parse.enrich('1700000000.75', event);
  assert.equal(event.enriched.get('MarshaledTime'), '2023-11-14T22:13:20Z');
  assert.deepEqual(event.time, new GoTime(1_700_000_000, 0));
});
