// Text of an expression to tokens. It knows words, numbers, strings and comments, no grammar.

import { bytesOfLiteral, textOfLiteral } from './escapes.js';
import { SyntaxFault } from './syntax-error.js';

export type TokenKind = 'Identifier' | 'Number' | 'String' | 'Bytes' | 'Operator' | 'Bracket' | 'EOF';

export interface Token {
  readonly kind: TokenKind;
  /** The word itself; for strings what they hold. */
  readonly value: string;
  /** Where it starts in the text, and where it ends. */
  readonly at: number;
  readonly end: number;
  /** What a bytes literal holds. */
  readonly bytes?: Uint8Array;
}

const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const wordChar = /[\p{L}\p{Nd}_$]/u;
const numberText = /0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9_]+/y;
const fractionText = /\.(?!\.)[0-9_]*/y;
const exponentText = /[eE][+-]?[0-9_]*/y;
const operatorWords = new Set(['in', 'or', 'and', 'matches', 'contains', 'startsWith', 'endsWith', 'let', 'if', 'else']);
const negatable = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);

/** Returns all tokens, the last one EOF. Throws SyntaxFault. */
export function tokenize(text: string): Token[] {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Token[] {
    while (this.#at < this.#text.length) this.#next();
    const end = this.#text.length;
    this.#tokens.push({ kind: 'EOF', value: '', at: Math.max(end - 1, 0), end });
    return this.#tokens;
  }

  #next(): void {
    const text = this.#text;
    const char = text[this.#at];
    const after = text[this.#at + 1];
    if (space.test(char)) this.#at += 1;
    else if (char === "'" || char === '"') this.#quoted(this.#at, this.#at);
    else if (char === '`') this.#raw();
    else if ((char === 'b' || char === 'B') && (after === "'" || after === '"')) this.#quoted(this.#at, this.#at + 1);
    else if (isDigit(char) || (char === '.' && isDigit(after))) this.#number();
    else if (char === '/' && (after === '/' || after === '*')) this.#comment(after);
    else if ('([{)]}'.includes(char)) this.#emit('Bracket', 1);
    else if (char === '#') this.#pointer();
    else if (this.#operator(char, after)) return;
    else this.#word();
  }

  /** One or two characters; true when one was taken. */
  #operator(char: string, after: string | undefined): boolean {
    const doubled = { '|': '|', ':': ':', '?': '.?', '.': '.', '&': '&=*', '!': '&=*', '=': '&=*', '*': '&=*', '<': '&=*',
      '>': '&=*' } as Readonly<Record<string, string>>;
    if (Object.hasOwn(doubled, char)) {
      this.#emit('Operator', after !== undefined && doubled[char].includes(after) ? 2 : 1);
      return true;
    }
    if (!',;%+-^/'.includes(char)) return false;
    this.#emit('Operator', 1);
    return true;
  }

  #emit(kind: TokenKind, length: number): void {
    const end = this.#at + length;
    this.#tokens.push({ kind, value: this.#text.slice(this.#at, end), at: this.#at, end });
    this.#at = end;
  }

  #word(): void {
    const length = this.#wordLength(this.#at);
    if (length === 0) {
      const code = this.#text.codePointAt(this.#at) as number;
      const hex = code.toString(16).toUpperCase().padStart(4, '0');
      throw new SyntaxFault(`unrecognized character: U+${hex} '${String.fromCodePoint(code)}'`, this.#at);
    }
    const word = this.#text.slice(this.#at, this.#at + length);
    if (word === 'not') this.#not();
    else this.#emit(operatorWords.has(word) ? 'Operator' : 'Identifier', length);
  }

  /** After `not` a comparison word is an operator even where it would else be read otherwise. */
  #not(): void {
    this.#emit('Operator', 3);
    while (this.#text[this.#at] === ' ') this.#at += 1;
    const length = this.#wordLength(this.#at);
    if (negatable.has(this.#text.slice(this.#at, this.#at + length))) this.#emit('Operator', length);
  }

  #pointer(): void {
    this.#emit('Operator', this.#text[this.#at + 1] === '#' ? 2 : 1);
    const length = this.#wordLength(this.#at);
    if (length > 0) this.#emit('Identifier', length);
  }

  #wordLength(from: number): number {
    let at = from;
    while (at < this.#text.length) {
      const char = String.fromCodePoint(this.#text.codePointAt(at) as number);
      if (!wordChar.test(char)) break;
      at += char.length;
    }
    return at - from;
  }

  #number(): void {
    let end = this.#match(numberText, this.#at);
    end = this.#match(fractionText, end);
    end = this.#match(exponentText, end);
    const more = this.#wordLength(end);
    if (more > 0) {
      const read = this.#text.slice(this.#at, end + 1);
      throw new SyntaxFault(`bad number syntax: ${JSON.stringify(read)}`, end);
    }
    this.#emit('Number', end - this.#at);
  }

  #match(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    return pattern.test(this.#text) ? pattern.lastIndex : from;
  }

  #quoted(start: number, quoteAt: number): void {
    const quote = this.#text[quoteAt];
    let at = quoteAt + 1;
    while (this.#text[at] !== quote) {
      const char = this.#text[at];
      if (char === undefined || char === '\n') throw new SyntaxFault('literal not terminated', Math.min(at, this.#text.length));
      at += char === '\\' ? 2 : 1;
    }
    const inner = this.#text.slice(quoteAt + 1, at);
    const end = at + 1;
    if (start === quoteAt) {
      const value = textOfLiteral(inner, quote, quoteAt + 1);
      this.#tokens.push({ kind: 'String', value, at: start, end });
    } else {
      const bytes = bytesOfLiteral(inner, quote, quoteAt + 1);
      this.#tokens.push({ kind: 'Bytes', value: inner, at: start, end, bytes });
    }
    this.#at = end;
  }

  /** Backticks: nothing is an escape, two backticks stand for one. */
  #raw(): void {
    let at = this.#at + 1;
    for (;;) {
      at = this.#text.indexOf('`', at);
      if (at < 0) throw new SyntaxFault('literal not terminated', this.#text.length);
      if (this.#text[at + 1] !== '`') break;
      at += 2;
    }
    const value = this.#text.slice(this.#at + 1, at).replaceAll('``', '`');
    this.#tokens.push({ kind: 'String', value, at: this.#at, end: at + 1 });
    this.#at = at + 1;
  }

  #comment(kind: string): void {
    const end = kind === '/' ? this.#text.indexOf('\n', this.#at) : this.#text.indexOf('*/', this.#at + 2);
    if (kind === '*' && end < 0) throw new SyntaxFault('unclosed comment', this.#text.length);
    this.#at = end < 0 ? this.#text.length : end + (kind === '/' ? 1 : 2);
  }
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}
