// Go's reference-time layouts ("2006-01-02 15:04:05"): a layout is read once into a list of elements; times are
// written and parsed by walking that list. The behaviour is that of Go's time package, down to its leniency.

import { GoTime } from './go-time.js';
import { TimeTextParser } from './go-time-parse.js';
import { appendElement } from './go-time-format.js';
import { remembered } from './remembered.js';

/** What an element of a layout stands for. */
export type ElementKind =
  | 'literal' | 'year' | 'longYear' | 'month' | 'longMonth' | 'numMonth' | 'weekday' | 'longWeekday' | 'day'
  | 'yearDay' | 'hour' | 'hour12' | 'minute' | 'second' | 'pm' | 'zone' | 'offset' | 'fraction';

/** One element of a layout. Which of the details count depends on the kind. */
export interface LayoutElement {
  readonly kind: ElementKind;
  /** The text of a literal; 'PM' or 'pm' for pm; '.' or ',' for fraction. */
  readonly text: string;
  /** Two (or three) digits are required and written. */
  readonly zeroPadded: boolean;
  /** Leading spaces are accepted and written in place of zeros (`_2`). */
  readonly spacePadded: boolean;
  /** Digits of a fraction. */
  readonly digits: number;
  /** Whether a fraction may be absent and drops trailing zeros (`.999`). */
  readonly trims: boolean;
  /** How an offset is written. */
  readonly offset: OffsetForm | null;
  /** For seconds: a fraction element follows as the next element that is not literal. */
  readonly beforeFraction: boolean;
}

/** `-07`, `-0700`, `-07:00:00` …; `z` accepts and writes `Z` for zero. */
export interface OffsetForm {
  readonly z: boolean;
  readonly minutes: boolean;
  readonly seconds: boolean;
  readonly colons: boolean;
}

/** Layouts by Go's names. */
export const goLayouts = {
  rfc3339: '2006-01-02T15:04:05Z07:00',
  rfc3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
} as const;

/**
 * Parses a text by a Go layout. Returns null when it does not fit or a field is out of range. Without a zone in
 * the text the time is UTC; a layout without a year gives year 0.
 */
export function parseGoTime(layout: string, text: string): GoTime | null {
  return new TimeTextParser(text).parse(layoutElements(layout));
}

/** Writes a time by a Go layout. */
export function formatGoTime(time: GoTime, layout: string): string {
  let text = '';
  for (const element of layoutElements(layout)) text += appendElement(time, element);
  return text;
}

const layoutElements = remembered(readLayout);

const plain: LayoutElement = {
  kind: 'literal', text: '', zeroPadded: false, spacePadded: false, digits: 0, trims: false, offset: null,
  beforeFraction: false,
};

const element = (kind: ElementKind, details: Partial<LayoutElement> = {}): LayoutElement =>
  ({ ...plain, kind, ...details });

const offset = (z: boolean, minutes: boolean, seconds: boolean, colons: boolean): LayoutElement =>
  element('offset', { offset: { z, minutes, seconds, colons } });

/** Every fixed spelling; where two could match at one place the first in this list wins. */
const spellings: readonly (readonly [string, LayoutElement])[] = [
  ['January', element('longMonth')], ['Jan', element('month')],
  ['Monday', element('longWeekday')], ['Mon', element('weekday')], ['MST', element('zone')],
  ['01', element('numMonth', { zeroPadded: true })], ['02', element('day', { zeroPadded: true })],
  ['03', element('hour12', { zeroPadded: true })], ['04', element('minute', { zeroPadded: true })],
  ['05', element('second', { zeroPadded: true })], ['06', element('year')],
  ['002', element('yearDay', { zeroPadded: true })],
  ['15', element('hour')], ['1', element('numMonth')],
  ['2006', element('longYear')], ['2', element('day')],
  ['_2', element('day', { spacePadded: true })], ['__2', element('yearDay', { spacePadded: true })],
  ['3', element('hour12')], ['4', element('minute')], ['5', element('second')],
  ['PM', element('pm', { text: 'PM' })], ['pm', element('pm', { text: 'pm' })],
  ['-070000', offset(false, true, true, false)], ['-07:00:00', offset(false, true, true, true)],
  ['-0700', offset(false, true, false, false)], ['-07:00', offset(false, true, false, true)],
  ['-07', offset(false, false, false, false)],
  ['Z070000', offset(true, true, true, false)], ['Z07:00:00', offset(true, true, true, true)],
  ['Z0700', offset(true, true, false, false)], ['Z07:00', offset(true, true, false, true)],
  ['Z07', offset(true, false, false, false)],
];

function readLayout(layout: string): LayoutElement[] {
  const elements: LayoutElement[] = [];
  let literal = '';
  for (let at = 0; at < layout.length;) {
    const found = fractionAt(layout, at) ?? spellingAt(layout, at);
    if (found === null) {
      literal += layout[at++];
      continue;
    }
    if (literal !== '') elements.push(element('literal', { text: literal }));
    literal = '';
    elements.push(found.element);
    at += found.length;
  }
  if (literal !== '') elements.push(element('literal', { text: literal }));
  return markSecondsBeforeFraction(elements);
}

interface Found {
  readonly element: LayoutElement;
  readonly length: number;
}

function spellingAt(layout: string, at: number): Found | null {
  for (const [text, found] of spellings) {
    if (!layout.startsWith(text, at)) continue;
    // "Jan" and "Mon" inside a longer word are plain text; "_2006" is an underscore before a year.
    if ((text === 'Jan' || text === 'Mon') && /[a-z]/.test(layout[at + 3] ?? '')) continue;
    if (text === '_2' && layout.startsWith('2006', at + 1)) continue;
    return { element: found, length: text.length };
  }
  return null;
}

/** `.000` or `,999`: a run of one digit that no other digit follows. */
function fractionAt(layout: string, at: number): Found | null {
  const mark = layout[at];
  const digit = layout[at + 1];
  if ((mark !== '.' && mark !== ',') || (digit !== '0' && digit !== '9')) return null;
  let end = at + 1;
  while (layout[end] === digit) end++;
  if (/[0-9]/.test(layout[end] ?? '')) return null;
  const details = { text: mark, digits: end - at - 1, trims: digit === '9' };
  return { element: element('fraction', details), length: end - at };
}

function markSecondsBeforeFraction(elements: readonly LayoutElement[]): LayoutElement[] {
  return elements.map((one, index) => {
    if (one.kind !== 'second') return one;
    const next = elements.slice(index + 1).find((later) => later.kind !== 'literal');
    return { ...one, beforeFraction: next?.kind === 'fraction' };
  });
}
