// Cutting bytes into lines, natively.

import assert from 'node:assert/strict';
import { loadIngestAddon, readNumber, readNumbers } from '../../native/index.js';
import { accessLog, lineCount, type Step } from './step.js';

/** One step: a chunk of a log. */
export function framingSteps(): Step[] {
  const chunk = accessLog();
  const framer = new (loadIngestAddon().LineFramer)(65_534);
  const bytes = new Uint8Array(chunk.length + 1);
  const spans = new Uint32Array(2 * lineCount + 2);
  const flags = new Uint8Array(lineCount + 1);
  const numbers = new Float64Array(readNumbers);
  const run = (): number => framer.push(chunk, 0, false, bytes, spans, flags, numbers);
  assert.equal(run(), lineCount);
  assert.equal(numbers[readNumber.used] > 0, true);
  return [{ name: 'framing, a line', perRun: lineCount, run }];
}
