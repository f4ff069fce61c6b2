// Finds texts of which one must stand in whatever a regular expression (RE2's syntax) matches: looking for them first
// saves most runs of the expression. Sound, never complete: what it does not understand requires nothing.

/** Reads one expression; `null` results mean that nothing is required. */
class Reader {
  readonly #regex: string;
  #at = 0;

  constructor(regex: string) {
    this.#regex = regex;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#regex.length;
  }

  /** Alternatives: one of what each requires. */
  alternatives(): Required {
    let all: Required = this.#sequence();
    while (this.#take('|')) {
      const next = this.#sequence();
      all = all === null || next === null ? null : [...all, ...next];
    }
    return all;
  }

  /** Pieces one after the other: the most telling of what they require. */
  #sequence(): Required {
    let best: Required = null;
    let run = '';
    const endRun = (): void => {
      if (run !== '') best = better(best, [run]);
      run = '';
    };
    while (!this.isAtEnd && this.#peek() !== '|' && this.#peek() !== ')') {
      const piece = this.#piece();
      const repeat = this.#repeat();
      if (typeof piece === 'string' && repeat.min > 0) run += piece;
      if (typeof piece !== 'string' || !repeat.once) endRun();
      if (typeof piece !== 'string' && repeat.min > 0) best = better(best, piece);
    }
    endRun();
    return best;
  }

  /** A character as text, else what the piece requires. */
  #piece(): string | Required {
    const char = this.#next();
    switch (char) {
      case '(': return this.#group();
      case '[': return this.#class();
      case '.': case '^': case '$': return null;
      case '\\': return this.#escape();
      case '*': case '+': case '?': throw new Unclear();
      // A text that is no Unicode reads as U+FFFD, so only ASCII characters are sure to look alike to RE2 and to us.
      default: return char <= '\x7f' ? char : null;
    }
  }

  #escape(): string | Required {
    const char = this.#next();
    if (/[dDwWsSbBAzafnrtv]/.test(char)) return null;
    if (/[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/.test(char)) return char;
    throw new Unclear();
  }

  #group(): Required {
    if (this.#take('?')) {
      const opening = /^(:|P?<\w+>)/.exec(this.#regex.slice(this.#at, this.#at + 100));
      if (opening === null) throw new Unclear();
      this.#at += opening[0].length;
    }
    const inner = this.alternatives();
    if (!this.#take(')')) throw new Unclear();
    return inner;
  }

  #class(): null {
    this.#take('^');
    this.#take(']');
    while (!this.#take(']')) {
      const rest = this.#regex.slice(this.#at, this.#at + 20);
      const named = /^\[:\^?\w+:\]/.exec(rest);
      if (named !== null) this.#at += named[0].length;
      else if (this.#next() === '\\') this.#next();
    }
    return null;
  }

  #repeat(): { readonly min: number; readonly once: boolean } {
    let min = 1;
    let once = true;
    for (;;) {
      const counted = this.#peek() === '{' ? /^\{(\d+)(,\d*)?\}/.exec(this.#regex.slice(this.#at, this.#at + 20)) : null;
      if (counted !== null) {
        this.#at += counted[0].length;
        min = Math.min(min, Number(counted[1]));
      } else if (this.#take('*')) min = 0;
      else if (this.#take('?')) min = 0;
      else if (!this.#take('+')) return { min, once };
      once = false;
    }
  }

  #peek(): string {
    return this.#regex[this.#at];
  }

  #next(): string {
    if (this.isAtEnd) throw new Unclear();
    return this.#regex[this.#at++];
  }

  #take(char: string): boolean {
    if (this.#regex[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

type Required = readonly string[] | null;

/** Something this reader does not understand, or that is no expression. */
class Unclear extends Error {}

/** Returns texts of which at least one is in every text the expression matches; null when none are known. */
export function requiredLiterals(regex: string): readonly string[] | null {
  try {
    const reader = new Reader(regex);
    const required = reader.alternatives();
    return reader.isAtEnd ? required : null;
  } catch (error) {
    if (error instanceof Unclear || error instanceof RangeError) return null;
    throw error;
  }
}

/** Longer texts are rarer; of equal ones fewer are. */
function better(a: Required, b: Required): Required {
  if (a === null || b === null) return a ?? b;
  const shortest = (texts: readonly string[]): number => Math.min(...texts.map((text) => text.length));
  const difference = shortest(a) - shortest(b);
  return difference > 0 || (difference === 0 && a.length <= b.length) ? a : b;
}
