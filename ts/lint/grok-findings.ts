// What can be wrong with a grok pattern that loads: an attacker's text may stand where an address is looked for, a part
// that nothing can match, a capture that is always overwritten.

import { PalisadeError } from '../errors.js';
import type { Located } from '../config/document.js';
import { referencesIn } from '../grok/compose.js';
import type { PatternLibrary } from '../grok/patterns.js';
import { compileSingle } from '../grok/single.js';
import type { GrokNodeSpec } from '../parser/spec.js';
import { type Finding, placeWithin, warning } from './finding.js';
import { isOptional, type Piece, piecesOf } from './pattern-pieces.js';

const addressNames: ReadonlySet<string> = new Set(['IP', 'IPV4', 'IPV6', 'IPORHOST', 'HOSTPORT']);
const freeNames: ReadonlySet<string> = new Set(['DATA', 'GREEDYDATA']);
/** References inside references are followed so deep. */
const depthMax = 8;

/** Checks the pattern of a grok. */
export function grokFindings({ grok, pattern }: GrokNodeSpec, library: PatternLibrary): Finding[] {
  const findings: Finding[] = [];
  if (grok.fields.length === 0) {
    findings.push(warning('grok-never-succeeds',
      'this pattern names no field: a grok without a named capture never succeeds, whatever it matches', pattern.place));
  }
  for (const pieces of piecesOf(pattern.text)) findings.push(...addressFindings(pieces, pattern, library));
  return [...findings, ...impossible(piecesOf(pattern.text), pattern, library), ...overwritten(pattern)];
}

/** Free text before an address, in a pattern that need not match from the first to the last character. */
function addressFindings(pieces: readonly Piece[], pattern: Located, library: PatternLibrary): Finding[] {
  const walk = new AddressWalk(library);
  const found = walk.along(pieces, '', 0);
  if (found === null) return [];
  const missing = [...(beginsAnchored(pieces, library, 0) ? [] : ['^ at its start']),
    ...(endsAnchored(pieces, library, 0) ? [] : ['$ at its end'])];
  if (missing.length === 0) return [];
  return [warning('unanchored-address', `whoever writes the free text before %{${found.address}} can put an address of his `
    + `choice there: the pattern has no ${missing.join(' and no ')}`, placeWithin(pattern, found.at))];
}

/** Looks for an address that is captured after free text. */
class AddressWalk {
  readonly #library: PatternLibrary;
  #hasFreeText = false;

  constructor(library: PatternLibrary) {
    this.#library = library;
  }

  /** `field` is what the whole of these pieces is captured as. */
  along(pieces: readonly Piece[], field: string, depth: number): { readonly address: string; readonly at: number } | null {
    for (const piece of pieces) {
      if (isFree(piece)) {
        this.#hasFreeText = true;
        continue;
      }
      const captured = piece.field || field;
      if (piece.kind === 'reference' && addressNames.has(piece.name)) {
        if (this.#hasFreeText && captured !== '') return { address: `${piece.name}:${captured}`, at: piece.at };
        continue;
      }
      const inner = this.#inside(piece, captured, depth);
      if (inner !== null) return { ...inner, at: piece.at };
    }
    return null;
  }

  #inside(piece: Piece, field: string, depth: number): ReturnType<AddressWalk['along']> {
    for (const alternative of depth < depthMax ? insideOf(piece, this.#library) : []) {
      const found = this.along(alternative, field, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
}

/** Any number of any characters. */
function isFree({ kind, name, source, quantifier }: Piece): boolean {
  return (kind === 'reference' && freeNames.has(name))
    || (kind === 'class' && source.startsWith('.') && /^[*+]/.test(quantifier));
}

function insideOf(piece: Piece, library: PatternLibrary): readonly (readonly Piece[])[] {
  if (piece.kind === 'group') return piece.alternatives;
  if (piece.kind !== 'reference' || !library.has(piece.name)) return [];
  return piecesOf(library.textOf(piece.name, { file: '', line: 1, column: 1 }));
}

function beginsAnchored(pieces: readonly Piece[], library: PatternLibrary, depth: number): boolean {
  const first = pieces.find(({ kind }) => kind !== 'flags');
  if (first === undefined || isOptional(first)) return false;
  if (first.kind === 'anchor') return first.source === '^' || first.source === '\\A';
  const inner = depth < depthMax ? insideOf(first, library) : [];
  return inner.length > 0 && inner.every((alternative) => beginsAnchored(alternative, library, depth + 1));
}

function endsAnchored(pieces: readonly Piece[], library: PatternLibrary, depth: number): boolean {
  const last = pieces.at(-1);
  if (last === undefined || isOptional(last)) return false;
  if (last.kind === 'anchor') return last.source === '$' || last.source === '\\z';
  const inner = depth < depthMax ? insideOf(last, library) : [];
  return inner.length > 0 && inner.every((alternative) => endsAnchored(alternative, library, depth + 1));
}

/** Parts that cannot match: text before `^` or after `$`, and an alternative that stands there twice. */
function impossible(alternatives: readonly (readonly Piece[])[], pattern: Located, library: PatternLibrary): Finding[] {
  if (/\(\?[a-zA-Z]*m/.test(pattern.text)) return [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const pieces of alternatives) {
    const text = pieces.map(({ source }) => source).join('');
    if (seen.has(text) && pieces.length > 0) {
      findings.push(warning('group-never-matches', `the alternative ${text} stands here twice: the second never matches`,
        placeWithin(pattern, pieces[0].at)));
    }
    seen.add(text);
    const misplaced = misplacedAnchor(pieces, library);
    if (misplaced !== null) {
      findings.push(warning('group-never-matches', `nothing can match this: ${misplaced.source} stands `
        + `${misplaced.source === '^' || misplaced.source === '\\A' ? 'after' : 'before'} text that must be there`,
      placeWithin(pattern, misplaced.at)));
    }
    for (const piece of pieces) if (piece.kind === 'group') findings.push(...impossible(piece.alternatives, pattern, library));
  }
  return findings;
}

function misplacedAnchor(pieces: readonly Piece[], library: PatternLibrary): Piece | null {
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind !== 'anchor' || isOptional(piece)) continue;
    const beyond = piece.source === '^' || piece.source === '\\A' ? pieces.slice(0, index)
      : piece.source === '$' || piece.source === '\\z' ? pieces.slice(index + 1) : [];
    if (beyond.some((other) => takesText(other, library))) return piece;
  }
  return null;
}

/** Whether a piece cannot match the empty text. */
function takesText(piece: Piece, library: PatternLibrary): boolean {
  if (isOptional(piece) || piece.kind === 'anchor' || piece.kind === 'flags') return false;
  if (piece.kind === 'text' || piece.kind === 'class') return true;
  try {
    const regex = piece.source.replaceAll(/%\{(\w+)(?::\w+)?\}/g, (_, name: string) =>
      `(?:${library.composed(name, { file: '', line: 1, column: 1 }).regex})`);
    return !compileSingle(`^(?:${regex})$`).test('');
  } catch (error) {
    if (error instanceof PalisadeError) return false;
    throw error;
  }
}

/** A field that is named twice has the text of its last place, even when only an earlier one took part. */
function overwritten(pattern: Located): Finding[] {
  const references = referencesIn(pattern.text).filter(({ field }) => field !== '');
  return references.flatMap(({ field, start }, index) => (
    references.slice(index + 1).some((later) => later.field === field)
      ? [warning('field-captured-twice', `${field} is captured again further on, and only the last place counts: it is `
        + 'empty when that one takes no part', placeWithin(pattern, start))] : []));
}
