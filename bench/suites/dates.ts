// Dates of logs as the enricher reads them.

import assert from 'node:assert/strict';
import { parseDate } from '../../ts/enrich/date.js';
import { GoTime } from '../../ts/util/go-time.js';
import type { Step } from './step.js';

const now = (): GoTime => GoTime.fromMs(Date.UTC(2026, 4, 28));

const dates: readonly (readonly [name: string, text: string, layout: string, marshaled: string])[] = [
  ['of an access log', '28/May/2026:20:26:40 +0200', '', '2026-05-28T20:26:40+02:00'],
  ['of syslog, without a year', 'May 28 20:26:40', '', '2026-05-28T20:26:40Z'],
  ['in RFC 3339', '2026-05-28T20:26:40.123456Z', '', '2026-05-28T20:26:40.123456Z'],
  ['in Unix seconds', '1780000000', '', '2026-05-28T20:26:40Z'],
  ['in a layout of the rule', '2026/05/28 20:26:40', '2006/01/02 15:04:05', '2026-05-28T20:26:40Z'],
];

/** A step for each form of date. */
export function dateSteps(): Step[] {
  return dates.map(([name, text, layout, marshaled]) => {
    const run = (): unknown => parseDate(text, layout, now);
    assert.equal(parseDate(text, layout, now)?.marshaled, marshaled, name);
    return { name: `date ${name}`, perRun: 1, run, seconds: 0.5 };
  });
}
