// Syslog messages as log lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSyslog, withoutPriority } from '../../ts/acquisition/syslog-message.js';
import { GoTime } from '../../ts/util/go-time.js';

const now = GoTime.fromMs(Date.UTC(2026, 6, 8, 9, 10, 11));

test('RFC 3164 messages', () => {
  const cases: readonly (readonly [message: string, line: string | null])[] = [
    ['<34>Oct 11 22:14:15 mymachine su[123]: failed for lonvick', 'Oct 11 22:14:15 mymachine su[123]: failed for lonvick'],
    ['<34>Oct  1 02:04:05 host sshd: hello\n', 'Oct 1 02:04:05 host sshd: hello'],
    ['<13>May 20 09:33:54 2021 host app[4]: with a year', 'May 20 09:33:54 host app[4]: with a year'],
    ['<13>2026-01-02T03:04:05+02:00 host app: in its own zone', 'Jan 2 03:04:05 host app: in its own zone'],
    ['<13>Jan 02 03:04:05 ::1 app:no space', 'Jan 2 03:04:05 ::1 app: no space'],
    ['<13>Jan 02 03:04:05 host app[]: empty id', 'Jan 2 03:04:05 host app: empty id'],
    ['<13>Jan 02 03:04:05 host app no colon', 'Jan 2 03:04:05 host app: no colon'],
    ['<0007>Jan 02 03:04:05 host app: zeros', 'Jan 2 03:04:05 host app: zeros'],
    ['<13>Jan 02 03:04:05 host my-app[1]: the tag ends early', 'Jan 2 03:04:05 host my: -app[1]: the tag ends early'],
    ['<13>Jan 02 03:04:05 host app: two\nlines\n\n', 'Jan 2 03:04:05 host app: two\nlines\n'],
    ['<13>Jan 02 03:04:05 host app: \xff\x00\xe9', 'Jan 2 03:04:05 host app: \xff\x00\xe9'],
    ['<1000>Jan 02 03:04:05 host app: x', null], ['<1a>Jan 02 03:04:05 host app: x', null], ['13>Jan 02 03:04:05 host app: x', null],
    ['<13', null], ['', null], ['<13>', null], ['<13>Jan 42 03:04:05 host app: x', null], ['<13>Jan 02 03:04:05 host', null],
    ['<13>Jan 02 03:04:05 host app:', null], ['<13>Jan 02 03:04:05 host app[12: x', null], ['<13>Jan 02 03:04:05 host app[a]: x', null],
    ['<13>Jan 02 03:04:05 host : x', null], ['<13>2026-01-02T03:04:05Z host app: too short for the layout', null],
  ];
  for (const [message, line] of cases) {
    assert.deepEqual(readSyslog(message, now), line === null ? null : { line, form: 'rfc3164' }, JSON.stringify(message));
  }
});

test('RFC 5424 messages', () => {
  const cases: readonly (readonly [message: string, line: string | null])[] = [
    ['<34>1 2026-10-11T22:14:15.003Z host.example su 77 ID47 - failed for lonvick', 'Oct 11 22:14:15 host.example su[77]: failed for lonvick'],
    ['<34>1 2026-10-01T02:04:05-07:00 host app - - [a@1 k="v"][b@2 x="\\] y"] text', 'Oct 1 02:04:05 host app: text'],
    ['<34>1 - - - - - - nothing known', 'Jul 8 09:10:11 unknownhost: nothing known'],
    ['<34>1 2026-10-11T22:14:15Z host my-app[x] 12-a - - text\n', 'Oct 11 22:14:15 host my-app[x][12-a]: text'],
    ['<34>1 2026-10-11T22:14:15Z host app - - - \ufeff'.slice(0, -1) + '\xef\xbb\xbfmarked', 'Oct 11 22:14:15 host app: \xef\xbb\xbfmarked'],
    ['<34>2 2026-10-11T22:14:15Z host app - - - x', null], ['<34>1 2026-13-11T22:14:15Z host app - - - x', null],
    ['<34>1 2026-10-11T22:14:15Z host app - - -', null], ['<34>1 2026-10-11T22:14:15Z host app - - - ', null],
    ['<34>1 2026-10-11T22:14:15Z host app - - [unclosed x', null], ['<34>1 2026-10-11T22:14:15Z host app - - x y', null],
    [`<34>1 2026-10-11T22:14:15Z host ${'a'.repeat(49)} - - - x`, null], [`<34>1 2026-10-11T22:14:15Z host a ${'1'.repeat(129)} - - x`, null],
    [`<34>1 2026-10-11T22:14:15Z host a - ${'m'.repeat(33)} - x`, null],
  ];
  for (const [message, line] of cases) {
    assert.deepEqual(readSyslog(message, now), line === null ? null : { line, form: 'rfc5424' }, JSON.stringify(message));
  }
});

test('with the parser off only the priority is removed', () => {
  const cases: readonly (readonly [message: string, line: string | null])[] = [
    ['<13>anything\n', 'anything'], ['<999>x', 'x'], ['<>x', 'x'], ['<1000>x', null], ['x', null], ['<a>x', null], ['<1', null], ['<>', null],
  ];
  for (const [message, line] of cases) assert.equal(withoutPriority(message), line, message);
});

test('hostile messages are read in linear time', () => {
  const hostile = [`<13>Jan 02 03:04:05 ${'a'.repeat(60_000)}`, `<13>Jan 02 03:04:05 h ${'a'.repeat(60_000)}[`,
    `<34>1 - - - - - [${'\\] '.repeat(20_000)}`, `<34>1 ${'- '.repeat(30_000)}`, `<${'1'.repeat(60_000)}`];
  const start = performance.now();
  for (const message of hostile) readSyslog(message, now);
  assert.ok(performance.now() - start < 500);
});
