// Turns a grok pattern into what a worker needs: one regular expression and the group of each field. Load time only.

import { PalisadeError, type Place } from '../errors.js';
import { compose, type Composed, type Reference } from './compose.js';
import { captureOffsets, keepCaptures } from './groups.js';
import type { PatternLibrary } from './patterns.js';
import { checkRegex } from './program.js';

/** A field of a grok pattern and the number of the group that holds its text. */
export interface GrokField {
  readonly name: string;
  readonly group: number;
}

/** A grok pattern ready to run: plain data, the same in every thread. Only groups that belong to a field capture. */
export interface GrokSpec {
  readonly regex: string;
  /** In the order they are first named. Empty means the grok can never succeed: CrowdSec wants a named capture. */
  readonly fields: readonly GrokField[];
}

/** Returns a pattern text, expanded. Throws E_PATTERN at `place`: empty text, unknown name, or refused by RE2. */
export function expand(text: string, library: PatternLibrary, place: Place): GrokSpec {
  if (text === '') throw new PalisadeError('E_PATTERN', 'the grok pattern is empty', place);
  const lookup = ({ name, start }: Reference): Composed => library.composed(name, placeWithin(place, text, start));
  const { regex, fields } = compose(text, lookup, place);
  const captures = new Set(captureOffsets(regex));
  for (const [field, offset] of fields) {
    if (captures.has(offset)) continue;
    throw new PalisadeError('E_PATTERN', `the field ${field} stands where nothing can be captured`, place);
  }
  const kept = [...fields.values()].sort((a, b) => a - b);
  const spec = {
    regex: keepCaptures(regex, new Set(kept)),
    fields: Array.from(fields, ([name, offset]) => ({ name, group: kept.indexOf(offset) + 1 })),
  };
  checkRegex(spec.regex, place, 'program');
  return spec;
}

/** Returns a pattern of the library by its name, expanded. Throws E_PATTERN at `place` when there is none. */
export function expandName(name: string, library: PatternLibrary, place: Place): GrokSpec {
  return expand(library.textOf(name, place), library, place);
}

/** The place of a reference, where the text stands as written in its line (not folded or quoted over several). */
function placeWithin(place: Place, text: string, offset: number): Place {
  const at = place.excerpt?.indexOf(text) ?? -1;
  return at < 0 ? place : { ...place, column: at + 1 + offset };
}
