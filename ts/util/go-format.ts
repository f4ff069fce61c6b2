// Go's Sprintf: reads the directives of a format and picks their operands. How one operand looks under a verb is in
// go-format-value.ts. Mistakes print what Go prints for them (`%!d(string=x)`), they never throw.

import { formatValue, type FormatFlags, typeName } from './go-format-value.js';
import { GoInt } from './go-value.js';

/** Widths and precisions beyond this are a mistake (Go's own limit). */
const sizeMax = 1_000_000;

/** Formats operands by Go's verbs: %v %+v %#v %T %s %q %x %d %t %f %e %g %c %U %b %o, flags, widths, `*`, `[n]`. */
export function sprintf(format: string, ...operands: readonly unknown[]): string {
  return new Formatter(format, operands).run();
}

class Formatter {
  readonly #format: string;
  readonly #operands: readonly unknown[];
  #at = 0;
  #next = 0;
  #reordered = false;
  #goodIndex = true;
  #text = '';

  constructor(format: string, operands: readonly unknown[]) {
    this.#format = format;
    this.#operands = operands;
  }

  run(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const literalEnd = percent < 0 ? this.#format.length : percent;
      this.#text += this.#format.slice(this.#at, literalEnd);
      this.#at = literalEnd + 1;
      if (percent >= 0) this.#text += this.#directive();
    }
    return this.#text + this.#extraOperands();
  }

  #directive(): string {
    this.#goodIndex = true;
    const flags: FormatFlags = { ...this.#readFlags(), width: null, precision: null };
    let afterIndex = this.#readIndex();
    const width = this.#readSize(afterIndex, '%!(BADWIDTH)');
    flags.width = width.value;
    if (flags.width !== null && flags.width < 0) {
      flags.width = -flags.width;
      flags.minus = true;
      flags.zero = false;
    }
    afterIndex = width.afterIndex;
    let complaint = width.complaint;
    if (this.#format[this.#at] === '.') {
      this.#at++;
      if (afterIndex) this.#goodIndex = false;
      const precision = this.#readSize(this.#readIndex(), '%!(BADPREC)');
      flags.precision = precision.value !== null && precision.value < 0 ? null : precision.value ?? 0;
      if (precision.value !== null && precision.value < 0) complaint += '%!(BADPREC)';
      if (precision.complaint !== '') flags.precision = null;
      complaint += precision.complaint;
      afterIndex = precision.afterIndex;
    }
    if (!afterIndex) this.#readIndex();
    return complaint + this.#operandText(flags);
  }

  #operandText(flags: FormatFlags): string {
    if (this.#at >= this.#format.length) return '%!(NOVERB)';
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at)!);
    this.#at += verb.length;
    if (verb === '%') return '%';
    if (!this.#goodIndex) return `%!${verb}(BADINDEX)`;
    if (this.#next >= this.#operands.length) return `%!${verb}(MISSING)`;
    // With %v a plus asks for field names of structs, not for a sign.
    const asked = verb === 'v' ? { ...flags, plus: false } : flags;
    return formatValue(this.#operands[this.#next++], verb, asked);
  }

  #readFlags(): Omit<FormatFlags, 'width' | 'precision'> {
    const flags = { plus: false, minus: false, sharp: false, space: false, zero: false };
    for (;; this.#at++) {
      switch (this.#format[this.#at]) {
        case '+': flags.plus = true; break;
        case '-': flags.minus = true; break;
        case '#': flags.sharp = true; break;
        case ' ': flags.space = true; break;
        case '0': flags.zero = true; break;
        default: return { ...flags, zero: flags.zero && !flags.minus };
      }
    }
  }

  /** `[n]`: the operand to go on with, counted from 1. Returns whether there was one. */
  #readIndex(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at);
    const text = close < 0 ? '' : this.#format.slice(this.#at + 1, close);
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    const index = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
    if (index < 1 || index > this.#operands.length) this.#goodIndex = false;
    else this.#next = index - 1;
    return this.#goodIndex;
  }

  #readSize(afterIndex: boolean, bad: string): { value: number | null; complaint: string; afterIndex: boolean } {
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const operand = this.#operands[this.#next++];
      const size = operand instanceof GoInt ? operand.value : operand;
      const usable = typeof size === 'number' && Number.isInteger(size) && Math.abs(size) <= sizeMax;
      return { value: usable ? size : null, complaint: usable ? '' : bad, afterIndex: false };
    }
    const digits = /^[0-9]*/.exec(this.#format.slice(this.#at, this.#at + 8))![0];
    this.#at += digits.length;
    if (digits === '') return { value: null, complaint: '', afterIndex };
    if (afterIndex) this.#goodIndex = false;
    return { value: Number(digits) > sizeMax ? null : Number(digits), complaint: '', afterIndex };
  }

  #extraOperands(): string {
    if (this.#reordered || this.#next >= this.#operands.length) return '';
    const plain: FormatFlags = {
      plus: false, minus: false, sharp: false, space: false, zero: false, width: null, precision: null,
    };
    const extra = this.#operands.slice(this.#next).map((operand) => operand === null || operand === undefined
      ? '<nil>' : `${typeName(operand)}=${formatValue(operand, 'v', plain)}`);
    return `%!(EXTRA ${extra.join(', ')})`;
  }
}
