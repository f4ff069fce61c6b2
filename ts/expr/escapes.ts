// What stands between the quotes of a string or bytes literal, with its escapes resolved.

import { SyntaxFault } from './syntax-error.js';

const simple: Readonly<Record<string, string>> = {
  a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"',
};
const escape = /\\(?:u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([^]))|\r\n?/g;

/** The text of a string literal. `at` is where `inner` starts, for errors. */
export function textOfLiteral(inner: string, quote: string, at: number): string {
  if (!inner.includes('\\') && !inner.includes('\r')) return inner;
  return inner.replace(escape, (whole: string, ...groups: (string | undefined)[]) => {
    const [braced, two, four, eight, octal, letter] = groups;
    const offset = groups[6] as unknown as number;
    if (whole[0] === '\r') return '\n';
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = braced ?? two ?? four ?? eight;
    if (hex !== undefined) return codePoint(Number.parseInt(hex, 16), at + offset);
    return simpleEscape(letter as string, quote, at + offset);
  });
}

/** The bytes of a bytes literal: \x and octal escapes are single bytes, other text is UTF-8. */
export function bytesOfLiteral(inner: string, quote: string, at: number): Uint8Array {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of inner.matchAll(escape)) {
    parts.push(Buffer.from(inner.slice(from, match.index), 'utf8'));
    const [whole, braced, two, four, eight, octal, letter] = match;
    if (whole[0] === '\r') parts.push(Buffer.from('\n'));
    else if (two !== undefined) parts.push(Buffer.of(Number.parseInt(two, 16)));
    else if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8)));
    else if (braced ?? four ?? eight) throw new SyntaxFault('unable to unescape string', at + match.index);
    else parts.push(Buffer.from(simpleEscape(letter, quote, at + match.index)));
    from = match.index + whole.length;
  }
  parts.push(Buffer.from(inner.slice(from), 'utf8'));
  return new Uint8Array(Buffer.concat(parts));
}

function simpleEscape(letter: string, quote: string, at: number): string {
  // The other quote is no escape: "\'" is refused as CrowdSec refuses it.
  if (!Object.hasOwn(simple, letter) || ((letter === "'" || letter === '"') && letter !== quote)) {
    throw new SyntaxFault('invalid char escape', at);
  }
  return simple[letter];
}

function codePoint(code: number, at: number): string {
  if (code > 0x10ffff) throw new SyntaxFault('unable to unescape string', at);
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
}
