// Finds one value in a JSON text by its path without parsing the rest: what follows the value, or lies beside its path,
// may even be broken. For JsonExtract and its kin, which ask a line several times.

export type JsonKind = 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object';

/** Where a value lies in a text: `start` and `end` enclose it, quotes of a string left out. */
export interface JsonSpan {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
}

/**
 * The value at a path of keys and indexes (`[0]`), or null when it is missing or what leads to it is malformed. The
 * first of equal keys counts.
 */
export function findJson(text: string, path: readonly string[]): JsonSpan | null {
  let at = skipSpace(text, 0);
  // Text before the first object does not matter, as long as a key is asked for.
  if (path.length > 0 && !isIndex(path[0])) at = firstObject(text, at);
  for (const key of path) {
    if (at < 0 || at >= text.length) return null;
    at = isIndex(key) ? elementAt(text, at, Number(key.slice(1, -1))) : memberAt(text, at, key);
  }
  return at < 0 ? null : spanAt(text, at);
}

/** The path that CrowdSec's notation `a.b[0].c` stands for. */
export function jsonPath(notation: string): string[] {
  const dotted = notation.startsWith('[') ? notation : notation.replaceAll('[', '.[');
  return dotted.split('.');
}

/** A JSON string's content without its escapes; null when one is malformed. */
export function unescapeJson(raw: string): string | null {
  if (!raw.includes('\\')) return raw;
  if (/\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})/.test(raw.replaceAll('\\\\', ''))) return null;
  return raw.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? simpleEscapes[char] : String.fromCharCode(Number.parseInt(hex, 16)));
}

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t',
};

function isIndex(key: string): boolean {
  return /^\[[0-9]+\]$/.test(key);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

function firstObject(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '{') return at;
    if (char !== '[' && char !== '"') continue;
    const end = char === '"' ? stringEnd(text, at + 1) : blockEnd(text, at);
    if (end < 0) return -1;
    at = char === '"' ? end : end - 1;
  }
  return -1;
}

/** Where the value of a key of the object at `at` begins, or -1. */
function memberAt(text: string, from: number, key: string): number {
  if (text[from] !== '{') return -1;
  let at = skipSpace(text, from + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at + 1);
    if (keyEnd < 0) return -1;
    const isWanted = sameKey(text, at + 1, keyEnd, key);
    at = skipSpace(text, keyEnd + 1);
    if (text[at] !== ':') return -1;
    at = skipSpace(text, at + 1);
    if (isWanted) return at;
    at = skipSpace(text, valueEnd(text, at));
    if (text[at] !== ',') return -1;
    at = skipSpace(text, at + 1);
  }
  return -1;
}

function sameKey(text: string, start: number, end: number, key: string): boolean {
  const length = end - start;
  if (length === key.length && text.startsWith(key, start)) return !key.includes('\\');
  const raw = text.slice(start, end);
  return raw.includes('\\') && unescapeJson(raw) === key;
}

/** Where element `index` of the array at `at` begins, or -1. */
function elementAt(text: string, from: number, index: number): number {
  if (text[from] !== '[') return -1;
  let at = skipSpace(text, from + 1);
  for (let left = index; left > 0; left--) {
    at = skipSpace(text, valueEnd(text, at));
    if (text[at] !== ',') return -1;
    at = skipSpace(text, at + 1);
  }
  return text[at] === ']' ? -1 : at;
}

function spanAt(text: string, start: number): JsonSpan | null {
  const end = valueEnd(text, start);
  if (end > text.length || end <= start) return null;
  switch (text[start]) {
    case '"': return { kind: 'string', start: start + 1, end: end - 1 };
    case '{': return { kind: 'object', start, end };
    case '[': return { kind: 'array', start, end };
  }
  const token = text.slice(start, end);
  if (token === 'true' || token === 'false') return { kind: 'boolean', start, end };
  if (token === 'null') return { kind: 'null', start, end };
  return /^[-0-9]/.test(token) ? { kind: 'number', start, end } : null;
}

/** Index after the value at `at`. One that is never closed ends beyond the text, so nothing more is found. */
function valueEnd(text: string, at: number): number {
  const char = text[at];
  if (char === '"') {
    const end = stringEnd(text, at + 1);
    return end < 0 ? text.length + 1 : end + 1;
  }
  if (char === '{' || char === '[') {
    const end = blockEnd(text, at);
    return end < 0 ? text.length + 1 : end;
  }
  let end = at;
  while (end < text.length && !' \n\r\t,}]'.includes(text[end])) end++;
  return end;
}

/** Index of the quote that closes a string, or -1. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (at - backslashes > from && text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

/** Index after the bracket that closes an object or array, or -1. Only brackets of its own kind count. */
function blockEnd(text: string, from: number): number {
  const open = text.charCodeAt(from);
  const close = open + 2;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at + 1);
      if (at < 0) return -1;
    } else if (code === open) {
      depth++;
    } else if (code === close && --depth === 0) {
      return at + 1;
    }
  }
  return -1;
}
