// Takes a grok pattern apart as it is written: texts, classes, %{references}, groups and anchors in a row. For showing
// where a pattern stopped and for linting; whether the pattern is valid is for RE2 to say.

/** A part of a pattern with its quantifier. `source` is its text, `at` where it starts in the pattern. */
export interface Piece {
  readonly kind: 'text' | 'class' | 'reference' | 'group' | 'anchor' | 'flags';
  readonly source: string;
  readonly at: number;
  /** '', or `?`, `*`, `+`, `{2,3}`, each perhaps followed by `?`. */
  readonly quantifier: string;
  /** Of a reference: the pattern's name and the field, '' for none. */
  readonly name: string;
  readonly field: string;
  /** Of a group: how it opens, and what may stand in it. */
  readonly open: string;
  readonly alternatives: readonly (readonly Piece[])[];
}

/** The alternatives of a pattern, each a row of pieces; what cannot be taken apart is one text. */
export function piecesOf(pattern: string): readonly (readonly Piece[])[] {
  return new PieceReader(pattern).read();
}

/** Whether a piece may be left out: nothing of the text need match it. */
export function isOptional({ quantifier }: Piece): boolean {
  return /^(?:[?*]|\{0)/.test(quantifier);
}

const reference = /%\{(\w+)(?::(\w+))?\}/y;
const quantifier = /(?:[?*+]|\{\d+(?:,\d*)?\})\??/y;
const groupOpen = /\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?/y;
const flagsOnly = /\(\?[a-zA-Z-]+\)/y;

class PieceReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Piece[][] {
    const alternatives = this.#alternatives();
    // A parenthesis too many: RE2 refuses the pattern, and so would any reading of it be wrong.
    if (this.#at < this.#text.length) alternatives.at(-1)?.push(this.#piece('text', this.#text.length, this.#at));
    return alternatives;
  }

  #alternatives(): Piece[][] {
    const alternatives: Piece[][] = [[]];
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      if (this.#text[this.#at] === '|') {
        this.#at += 1;
        alternatives.push([]);
      } else alternatives[alternatives.length - 1].push(this.#next());
    }
    return alternatives;
  }

  #next(): Piece {
    const start = this.#at;
    const text = this.#text;
    const char = text[start];
    const named = this.#match(reference);
    if (named !== null) {
      return this.#piece('reference', start + named[0].length, start, { name: named[1], field: named[2] ?? '' });
    }
    if (char === '(') return this.#group(start);
    if (char === '[') return this.#piece('class', classEnd(text, start), start);
    if (char === '.') return this.#piece('class', start + 1, start);
    if (char === '^' || char === '$') return this.#piece('anchor', start + 1, start);
    if (char !== '\\') return this.#piece('text', start + (text.codePointAt(start)! > 0xffff ? 2 : 1), start);
    const escape = text[start + 1] ?? '';
    if (escape === 'Q') {
      const end = text.indexOf('\\E', start);
      return this.#piece('text', end < 0 ? text.length : end + 2, start);
    }
    const kind = /[bBAzZ]/.test(escape) ? 'anchor' : /[dDsSwWpPC]/.test(escape) ? 'class' : 'text';
    const length = /^\\(?:x(?:\{[^}]*\}|..)|[pP](?:\{[^}]*\}|.)|.)/s.exec(text.slice(start))?.[0].length ?? 1;
    return this.#piece(kind, start + length, start);
  }

  #group(start: number): Piece {
    const flags = this.#match(flagsOnly);
    if (flags !== null) return this.#piece('flags', start + flags[0].length, start);
    const open = this.#match(groupOpen)?.[0] ?? '(';
    this.#at = start + open.length;
    const alternatives = this.#alternatives();
    return this.#piece('group', Math.min(this.#at + 1, this.#text.length), start, { open, alternatives });
  }

  /** Ends a piece at `end` and takes the quantifier that follows. */
  #piece(kind: Piece['kind'], end: number, start: number, more: Partial<Piece> = {}): Piece {
    this.#at = Math.min(end, this.#text.length);
    const times = kind === 'flags' ? '' : this.#match(quantifier)?.[0] ?? '';
    this.#at += times.length;
    return { kind, at: start, source: this.#text.slice(start, this.#at), quantifier: times, name: '', field: '', open: '',
      alternatives: [], ...more };
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }
}

/** End of a character class; a bracket right after the opening, an escaped one or that of [:name:] does not close it. */
function classEnd(text: string, start: number): number {
  const whole = /^\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]/s.exec(text.slice(start));
  return start + (whole?.[0].length ?? 1);
}
