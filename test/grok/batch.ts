// Texts laid out as a batch, and rows of GrokProgram in a form that compares well.

import type { GrokProgram } from '../../ts/grok/program.js';

export interface Batch {
  readonly bytes: Buffer;
  readonly spans: Uint32Array;
  readonly count: number;
}

/** Lays texts one behind the other, a line feed between them. */
export function batchOf(texts: readonly (string | Buffer)[]): Batch {
  const spans: number[] = [];
  const parts: Buffer[] = [];
  let at = 0;
  for (const text of texts) {
    const part = Buffer.from(text as string);
    spans.push(at, at + part.length);
    parts.push(part, Buffer.from('\n'));
    at += part.length + 1;
  }
  return { bytes: Buffer.concat(parts), spans: Uint32Array.from(spans), count: texts.length };
}

/** Returns what a program finds in each text: fields as "start-end" or "-", null where it does not match. */
export function rangesOf(program: GrokProgram, batch: Batch): (Record<string, string> | null)[] {
  const rows = program.exec(batch.bytes, batch.spans, batch.count);
  return Array.from({ length: batch.count }, (_, index) => {
    const row = rows.subarray(index * program.stride, (index + 1) * program.stride);
    if (row[0] === 0) return null;
    const entries = program.fields.map(({ name }, field) => {
      const [start, end] = row.subarray(1 + 2 * field, 3 + 2 * field);
      return [name, start < 0 ? '-' : `${start}-${end}`] as const;
    });
    return Object.fromEntries(entries);
  });
}

/** Returns what a program reads in one text, null where it does not match; a field that took no part is ''. */
export function fieldsOf(program: GrokProgram, text: string): Record<string, string> | null {
  const batch = batchOf([text]);
  const [ranges] = rangesOf(program, batch);
  if (ranges === null) return null;
  const read = (range: string): string => (range === '-' ? '' : batch.bytes.toString('utf8', ...range.split('-').map(Number)));
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, read(range)]));
}
