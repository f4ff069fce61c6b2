// The human output format: how lists, key-value sheets and numbers look. Drawing is table.ts.

import { renderTable, type Look } from './table.js';
import { printable } from './text.js';

const cellWidthMax = 60;
const units = [[1e18, 'E'], [1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const;

/** A boxed list: centred headings, cells wrapped at 60 columns. What comes from logs is made printable here. */
export function boxedList(headings: readonly string[], rows: readonly (readonly string[])[], look: Look,
  title?: string): string {
  return renderTable({ style: 'boxed', title, header: headings, headerAlignment: 'center', cellWidthMax,
    rows: rows.map((row) => row.map(printable)) }, look);
}

/** A light list, as the hub and the lists of bouncers and machines have. */
export function lightList(headings: readonly string[], rows: readonly (readonly string[])[], look: Look,
  title?: string): string {
  return renderTable({ style: 'light', title, header: headings, rows: rows.map((row) => row.map(printable)) }, look);
}

/** 1234 as `1.23k`; whole below a thousand or when units are not wanted. */
export function shortNumber(value: number, withUnit: boolean): string {
  const unit = withUnit ? units.find(([size]) => value >= size) : undefined;
  if (unit === undefined) return String(Math.trunc(value));
  return `${(Math.round((value / unit[0]) * 100) / 100).toFixed(2)}${unit[1]}`;
}
