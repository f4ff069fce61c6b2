// Loads one rule file and finds all its faults, not only the first: each is reported, taken out, and the rest is loaded
// again. What is left in the end is what the other checks look at.

import { PalisadeError } from '../errors.js';
import { type Finding, faultOf } from './finding.js';
import { mask } from './mask.js';

/** Faults reported of one file. */
const faultsMax = 200;

export interface Loaded<T> {
  readonly file: string;
  /** What could be loaded; null when nothing could. */
  readonly value: T | null;
  readonly faults: readonly Finding[];
  /** Lines that were taken out: what is found there is not the file's. */
  readonly isMasked: (line: number) => boolean;
}

/** Calls `load` with the text, then with what is left of it. */
export function loadWithFaults<T>(file: string, text: string, load: (text: string) => T): Loaded<T> {
  const faults: Finding[] = [];
  const masked: (readonly [first: number, last: number])[] = [];
  const touched = new Set<number>();
  const isMasked = (line: number): boolean => masked.some(([first, last]) => line >= first && line <= last);
  let rest = text;
  for (let round = 0; round < 2 * faultsMax && faults.length < faultsMax; round++) {
    try {
      return { file, value: load(rest), faults, isMasked };
    } catch (error) {
      if (!(error instanceof PalisadeError)) throw error;
      const without = mask(rest, error);
      // That a document lacks something may come of what was taken out of it.
      const isConsequence = without !== null && ((without.isWholeDocument && touched.has(without.document))
        || (error.place !== undefined && !without.isWholeDocument && isMasked(error.place.line)));
      if (!isConsequence) faults.push(faultOf(error, file));
      if (without === null || without.text === rest) break;
      masked.push(...without.lines);
      touched.add(without.document);
      rest = without.text;
    }
  }
  return { file, value: null, faults, isMasked };
}
