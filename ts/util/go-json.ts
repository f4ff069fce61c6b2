// Says what is wrong with a JSON text in the words of Go's encoding/json, which CrowdSec shows to its users.
// Only for texts that JSON.parse refused; it builds no value.

class SyntaxFault extends Error {}

/** The first fault of a text that is not JSON, e.g. `invalid character 'z' looking for beginning of value`. */
export function goJsonError(text: string): string {
  try {
    const end = skipValue(text, 0);
    const after = skipSpace(text, end);
    if (after < text.length) fail(text, after, 'after top-level value');
  } catch (error) {
    if (error instanceof SyntaxFault) return error.message;
    throw error;
  }
  return 'invalid JSON';
}

function skipValue(text: string, from: number): number {
  const at = skipSpace(text, from);
  const first = text[at];
  if (first === '{') return skipObject(text, at + 1);
  if (first === '[') return skipArray(text, at + 1);
  if (first === '"') return skipString(text, at + 1);
  if (first === 't') return skipWord(text, at, 'true');
  if (first === 'f') return skipWord(text, at, 'false');
  if (first === 'n') return skipWord(text, at, 'null');
  if (first === '-' || isDigit(first)) return skipNumber(text, at);
  return fail(text, at, 'looking for beginning of value');
}

function skipObject(text: string, from: number): number {
  let at = skipSpace(text, from);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (text[at] !== '"') fail(text, at, 'looking for beginning of object key string');
    at = skipSpace(text, skipString(text, at + 1));
    if (text[at] !== ':') fail(text, at, 'after object key');
    at = skipSpace(text, skipValue(text, at + 1));
    if (text[at] === '}') return at + 1;
    if (text[at] !== ',') fail(text, at, 'after object key:value pair');
    at = skipSpace(text, at + 1);
  }
}

function skipArray(text: string, from: number): number {
  let at = skipSpace(text, from);
  if (text[at] === ']') return at + 1;
  for (;;) {
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') fail(text, at, 'after array element');
    at += 1;
  }
}

function skipString(text: string, from: number): number {
  for (let at = from; ; at++) {
    const char = text[at];
    if (char === '"') return at + 1;
    if (char === undefined || char < ' ') fail(text, at, 'in string literal');
    if (char !== '\\') continue;
    at += 1;
    if (text[at] === 'u') {
      for (const end = at + 4; at < end; at++) {
        if (!/^[0-9A-Fa-f]$/.test(text[at + 1] ?? '')) fail(text, at + 1, 'in \\u hexadecimal character escape');
      }
    } else if (text[at] === undefined || !'"\\/bfnrt'.includes(text[at])) {
      fail(text, at, 'in string escape code');
    }
  }
}

function skipWord(text: string, from: number, word: string): number {
  for (let i = 1; i < word.length; i++) {
    if (text[from + i] !== word[i]) fail(text, from + i, `in literal ${word} (expecting ${quoted(word[i])})`);
  }
  return from + word.length;
}

function skipNumber(text: string, from: number): number {
  let at = text[from] === '-' ? from + 1 : from;
  if (!isDigit(text[at])) fail(text, at, 'in numeric literal');
  at = text[at] === '0' ? at + 1 : skipDigits(text, at);
  if (text[at] === '.') {
    if (!isDigit(text[at + 1])) fail(text, at + 1, 'after decimal point in numeric literal');
    at = skipDigits(text, at + 1);
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at += text[at + 1] === '+' || text[at + 1] === '-' ? 2 : 1;
    if (!isDigit(text[at])) fail(text, at, 'in exponent of numeric literal');
    at = skipDigits(text, at);
  }
  return at;
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text[at])) at += 1;
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text[at])) at += 1;
  return at;
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function quoted(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${JSON.stringify(char).slice(1, -1)}'`;
}

function fail(text: string, at: number, context: string): never {
  if (at >= text.length) throw new SyntaxFault('unexpected end of JSON input');
  throw new SyntaxFault(`invalid character ${quoted(String.fromCodePoint(text.codePointAt(at) as number))} ${context}`);
}
