// Go's quoted string: the %q verb, and how Go's errors quote what they complain about.

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\',
};

/** What Go's strconv.IsPrint refuses: controls, separators but the plain space, private use, unassigned. */
const unprintable = /[\p{C}\p{Z}]/u;

/** The text in double quotes with Go's escapes. With `asciiOnly` everything above 0x7f is escaped too. */
export function goQuote(text: string, asciiOnly = false): string {
  return `"${escaped(text, '"', asciiOnly)}"`;
}

/** A code point as Go's rune literal: `'x'`. */
export function goQuoteRune(codePoint: number, asciiOnly = false): string {
  const valid = codePoint >= 0 && codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint <= 0xdfff);
  return `'${escaped(String.fromCodePoint(valid ? codePoint : 0xfffd), "'", asciiOnly)}'`;
}

function escaped(text: string, quote: string, asciiOnly: boolean): string {
  let quoted = '';
  for (const char of text) quoted += escapedChar(char, quote, asciiOnly);
  return quoted;
}

function escapedChar(char: string, quote: string, asciiOnly: boolean): string {
  if (char === quote) return `\\${char}`;
  if (Object.hasOwn(named, char)) return named[char];
  const code = char.codePointAt(0)!;
  if (char === ' ' || (code < 0x80 && code > 0x20 && code !== 0x7f)) return char;
  if (code >= 0x80 && !asciiOnly && !unprintable.test(char)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  // Half a surrogate pair cannot be in a Go string; Go would show its replacement.
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
