// What lint has to say about one place of a rule file.

import type { Located } from '../config/document.js';
import { PalisadeError, type Place } from '../errors.js';

/** What can be wrong besides faults that keep a file from loading (those go by the code of their error). */
export const findingCodes = ['load-warning', 'unanchored-address', 'group-never-matches', 'grok-never-succeeds',
  'field-captured-twice', 'filter-never-true', 'whole-file-scan', 'unknown-field', 'data-pattern-refused',
  'profile-without-effect'] as const;

export type FindingCode = (typeof findingCodes)[number];

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode | PalisadeError['code'];
  readonly text: string;
  /** Without one, the file as a whole. */
  readonly place: Place;
}

/** A warning at a place. */
export function warning(code: FindingCode, text: string, place: Place): Finding {
  return { severity: 'warning', code, text, place };
}

/** What keeps a file from loading. */
export function faultOf(error: PalisadeError, file: string): Finding {
  return { severity: 'error', code: error.code, text: error.detail, place: error.place ?? { file, line: 1, column: 1 } };
}

/** A sentence with its place, a line of the file and a caret under the fault. */
export function findingText({ severity, code, text, place }: Finding): string {
  return new PalisadeError('E_RULE', `${severity}: ${text} [${code}]`, place).message;
}

/** The place of an offset in a text that stands in a file, as far as the text stands there as it is. */
export function placeWithin({ text, place }: Located, at: number): Place {
  const before = text.slice(0, at).split('\n');
  const column = before[before.length - 1].length;
  if (before.length === 1 && place.excerpt !== undefined) {
    const isAsWritten = place.excerpt.slice(place.column - 1).startsWith(text.slice(0, Math.min(at + 1, 40)));
    return isAsWritten ? { ...place, column: place.column + column } : place;
  }
  return { file: place.file, line: place.line + before.length - 1, column: column + 1,
    excerpt: text.split('\n')[before.length - 1] };
}
