// How far a grok pattern that does not match a text comes: the longest run of its pieces, from the left, that still
// matches, and the piece after it. Tries prefixes with RE2, so it says what the engine itself would find.

import type { Place } from '../ts/errors.js';
import { PalisadeError } from '../ts/errors.js';
import { compose } from '../ts/grok/compose.js';
import type { PatternLibrary } from '../ts/grok/patterns.js';
import type { SinglePatterns } from '../ts/grok/single.js';
import { type Piece, piecesOf } from '../ts/lint/pattern-pieces.js';

/** Where a pattern stopped. */
export interface Stop {
  /** UTF-16 offset in the text where what matched begins. */
  readonly from: number;
  /** UTF-16 offset where it ends. */
  readonly at: number;
  /** The references and groups that lead to the piece, outermost first, and at last the piece that found nothing. */
  readonly wanted: readonly string[];
  /** The piece may stand anywhere from there on, and does not. */
  readonly isSearched: boolean;
}

/** References inside references are followed so deep, and so many prefixes are tried for one pattern. */
const depthMax = 6;
const triesMax = 400;

/** Returns where the pattern stops in a text that it does not match. */
export function furthest(pattern: string, subject: string, library: PatternLibrary, regexes: SinglePatterns): Stop {
  return new Search(subject, library, regexes).among(piecesOf(pattern), '', '', { from: 0, end: 0 }, 0)
    ?? { from: 0, at: 0, wanted: [pattern], isSearched: true };
}

const nowhere: Place = { file: '', line: 1, column: 1 };

class Search {
  readonly #subject: string;
  readonly #library: PatternLibrary;
  readonly #regexes: SinglePatterns;
  #tries = 0;

  constructor(subject: string, library: PatternLibrary, regexes: SinglePatterns) {
    this.#subject = subject;
    this.#library = library;
    this.#regexes = regexes;
  }

  /** The furthest stop of several alternatives that stand after `before`; `after` closes what `before` opened. */
  among(alternatives: readonly (readonly Piece[])[], before: string, after: string, done: Span, depth: number): Stop | null {
    let best: Stop | null = null;
    for (const pieces of alternatives) {
      const stop = this.#along(pieces, before, after, done, depth);
      if (stop !== null && (best === null || lengthOf(stop) > lengthOf(best))) best = stop;
    }
    return best;
  }

  #along(pieces: readonly Piece[], before: string, after: string, done: Span, depth: number): Stop | null {
    const sources = pieces.map(({ source }) => this.#expanded(source));
    const prefix = (count: number): string => before + sources.slice(0, count).join('');
    let matched = 0;
    for (let low = 1, high = pieces.length; low <= high;) {
      const middle = (low + high) >> 1;
      if (this.#match(prefix(middle) + after) === null) high = middle - 1;
      else {
        matched = middle;
        low = middle + 1;
      }
    }
    // All of it matches: what fails stands after it.
    if (matched === pieces.length) return null;
    const piece = pieces[matched];
    const solid = this.#solidCount(pieces, matched);
    const span = solid === 0 ? done : this.#match(prefix(solid) + after) ?? done;
    const { from, end: at } = span;
    const isSearched = solid < matched || (matched === 0 && before === '' && piece.kind !== 'anchor');
    const inner = depth < depthMax ? this.#inside(piece, prefix(matched), after, span, depth) : null;
    if (inner !== null && lengthOf(inner) > at - from) return { ...inner, wanted: [shown(piece), ...inner.wanted] };
    return { from, at, isSearched, wanted: [textFrom(pieces, matched)] };
  }

  #inside(piece: Piece, before: string, after: string, done: Span, depth: number): Stop | null {
    if (piece.kind === 'group') {
      const open = piece.open.startsWith('(?') && piece.open.endsWith(':') ? piece.open : '(?:';
      return this.among(piece.alternatives, before + open, `)${after}`, done, depth + 1);
    }
    if (piece.kind !== 'reference' || !this.#library.has(piece.name)) return null;
    const text = this.#library.textOf(piece.name, nowhere);
    return this.among(piecesOf(text), `${before}(?:`, `)${after}`, done, depth + 1);
  }

  /** Pieces that free text at the end of a run does not count for: it can begin, and end, anywhere. */
  #solidCount(pieces: readonly Piece[], matched: number): number {
    let count = matched;
    while (count > 0 && /^\(?\.[*+]\??\)?$/.test(this.#expanded(pieces[count - 1].source))) count -= 1;
    return count;
  }

  #expanded(source: string): string {
    try {
      return compose(source, ({ name }) => this.#library.composed(name, nowhere), nowhere).regex;
    } catch (error) {
      if (error instanceof PalisadeError) return source;
      throw error;
    }
  }

  /** The first match of an expression, null when there is none or too many have been tried. */
  #match(regex: string): Span | null {
    if (++this.#tries > triesMax) return null;
    try {
      const match = this.#regexes.get(regex).exec(this.#subject);
      return match === null ? null : { from: match.index, end: match.index + match[0].length };
    } catch (error) {
      if (error instanceof PalisadeError) return null;
      throw error;
    }
  }
}

/** How much of the text a pattern matched before it stopped. */
export function lengthOf({ from, at }: Stop): number {
  return at - from;
}

interface Span {
  readonly from: number;
  readonly end: number;
}

/** A piece by its name; of a long group its beginning. */
function shown({ kind, source }: Piece): string {
  return kind === 'group' && source.length > 60 ? `${source.slice(0, 59)}…` : source;
}

/** Characters that follow one another are one text for the reader. */
function textFrom(pieces: readonly Piece[], from: number): string {
  if (pieces[from].kind !== 'text') return shown(pieces[from]);
  let end = from + 1;
  while (end < pieces.length && pieces[end].kind === 'text') end += 1;
  return pieces.slice(from, end).map(({ source }) => source).join('');
}
