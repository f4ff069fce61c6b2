// Writing one element of a Go layout. The walk over the layout is in go-layout.ts.

import { type GoTime, monthNames, numericOffset, twoDigits, weekdayNames, yearText } from './go-time.js';
import type { LayoutElement, OffsetForm } from './go-layout.js';

/** The text of one element of a layout for a time. */
export function appendElement(time: GoTime, element: LayoutElement): string {
  switch (element.kind) {
    case 'literal': return element.text;
    case 'year': return twoDigits(Math.abs(time.year) % 100);
    case 'longYear': return yearText(time.year);
    case 'month': return monthNames[time.month - 1].slice(0, 3);
    case 'longMonth': return monthNames[time.month - 1];
    case 'numMonth': return padded(time.month, element);
    case 'weekday': return weekdayNames[time.weekday].slice(0, 3);
    case 'longWeekday': return weekdayNames[time.weekday];
    case 'day': return padded(time.day, element);
    case 'yearDay': return String(time.yearDay).padStart(3, element.zeroPadded ? '0' : ' ');
    case 'hour': return twoDigits(time.hour);
    case 'hour12': return padded(time.hour % 12 || 12, element);
    case 'minute': return padded(time.minute, element);
    case 'second': return padded(time.second, element);
    case 'pm': return halfOfDay(time.hour, element.text === 'PM');
    case 'zone': return time.zone === '' ? numericOffset(time.offsetSeconds, '') : time.zone;
    case 'offset': return offsetText(time.offsetSeconds, element.offset!);
    case 'fraction': return fractionText(time.nanos, element);
  }
}

function padded(value: number, element: LayoutElement): string {
  if (element.zeroPadded) return twoDigits(value);
  return element.spacePadded ? String(value).padStart(2, ' ') : String(value);
}

function halfOfDay(hour: number, upper: boolean): string {
  const text = hour >= 12 ? 'PM' : 'AM';
  return upper ? text : text.toLowerCase();
}

function offsetText(offsetSeconds: number, form: OffsetForm): string {
  if (form.z && offsetSeconds === 0) return 'Z';
  const separator = form.colons ? ':' : '';
  const text = numericOffset(offsetSeconds, separator);
  if (!form.minutes) return text.slice(0, 3);
  return form.seconds ? text + separator + twoDigits(Math.abs(offsetSeconds) % 60) : text;
}

function fractionText(nanos: number, element: LayoutElement): string {
  const digits = String(nanos).padStart(9, '0').slice(0, element.digits);
  const kept = element.trims ? digits.replace(/0+$/, '') : digits.padEnd(element.digits, '0');
  return kept === '' ? '' : element.text + kept;
}
