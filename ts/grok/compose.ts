// Puts grok patterns together: replaces each %{NAME} and %{NAME:field} by the text behind the name, in a group of its
// own, and keeps track of where each field's group stands. Works on texts only; knows no dictionary and no RE2.

import { PalisadeError, type Place } from '../errors.js';
import { limits } from '../limits.js';

/** A pattern without references: a regular expression and, for each field, the offset of its group's parenthesis. */
export interface Composed {
  readonly regex: string;
  readonly fields: ReadonlyMap<string, number>;
}

/** One %{NAME} or %{NAME:field} in a pattern. Anything else between the braces is plain text, as in CrowdSec. */
export interface Reference {
  readonly name: string;
  /** '' when the reference names no field. */
  readonly field: string;
  readonly start: number;
  readonly end: number;
}

/** Returns the references of a pattern in order. */
export function referencesIn(text: string): Reference[] {
  const found = text.matchAll(/%\{(\w+)(?::(\w+))?\}/g);
  return Array.from(found, ({ 0: whole, 1: name, 2: field = '', index }) => (
    { name, field, start: index, end: index + whole.length }));
}

/**
 * Returns the pattern with every reference replaced. Which group a field reads: a field named at this level belongs to
 * its last reference here, whatever the patterns below name; otherwise to the last reference that brings it from below.
 * Throws E_PATTERN when the result is longer than limits.patternTextCharsMax.
 */
export function compose(text: string, lookup: (reference: Reference) => Composed, place: Place): Composed {
  const references = referencesIn(text);
  const ownFields = new Set(references.map(({ field }) => field));
  const fields = new Map<string, number>();
  let regex = '';
  let copied = 0;
  for (const reference of references) {
    const inner = lookup(reference);
    regex += text.slice(copied, reference.start);
    copied = reference.end;
    const group = regex.length;
    if (reference.field !== '') fields.set(reference.field, group);
    for (const [field, offset] of inner.fields) {
      if (!ownFields.has(field)) fields.set(field, group + 1 + offset);
    }
    regex += `(${inner.regex})`;
    if (regex.length > limits.patternTextCharsMax) throw tooLong(place);
  }
  regex += text.slice(copied);
  return { regex, fields };
}

function tooLong(place: Place): PalisadeError {
  return new PalisadeError('E_PATTERN',
    `the grok pattern is longer than ${limits.patternTextCharsMax} characters when its names are replaced`, place);
}
