// The raw output format: comma-separated values as Go's csv writer makes them, and plain lines.

import { printable } from './text.js';

/** The rows as CSV, each ended by a line feed. Fields are quoted only where they must be. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map((field) => csvField(printable(field))).join(',')}\n`).join('');
}

function csvField(field: string): string {
  if (field === '') return '';
  const needsQuotes = field === '\\.' || /[",\r\n]/.test(field) || /^\s/u.test(field);
  return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
}
