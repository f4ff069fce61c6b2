// What Go's strings package does where JavaScript's own methods differ: case mapping rune by rune, Unicode white space,
// byte offsets, cutsets. Strings are JavaScript strings; a rune is a code point.

/** Go's unicode.IsSpace (JavaScript's trim also takes U+FEFF and leaves U+0085). */
const space = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leadingSpace = new RegExp(`^[${space}]+`);
const spaceRun = new RegExp(`[${space}]+`);
const spaceChar = new RegExp(`[${space}]`);

/** Letters whose upper case is one code point in Go while JavaScript gives the longer full mapping. */
const iotaSubscriptRanges: readonly (readonly [number, number])[] = [[0x1f80, 0x1f87], [0x1f90, 0x1f97],
  [0x1fa0, 0x1fa7]];
const iotaSubscripts: Readonly<Record<number, number>> = { 0x1fb3: 0x1fbc, 0x1fc3: 0x1fcc, 0x1ff3: 0x1ffc };

/** strings.ToUpper: each rune by itself, so ß stays ß. */
export function goToUpper(text: string): string {
  // JavaScript maps each rune by itself too, and where it differs from Go the text grows. Nothing ever shrinks.
  const mapped = text.toUpperCase();
  if (mapped.length === text.length) return mapped;
  let upper = '';
  for (const char of text) upper += upperRune(char);
  return upper;
}

/** strings.ToLower: each rune by itself, so a final sigma is like any other. */
export function goToLower(text: string): string {
  const mapped = text.toLowerCase();
  if (mapped.length === text.length && !text.includes('\u03a3')) return mapped;
  let lower = '';
  for (const char of text) lower += char === '\u0130' ? 'i' : char.toLowerCase();
  return lower;
}

/** strings.TrimSpace. */
export function goTrimSpace(text: string): string {
  const start = text.replace(leadingSpace, '');
  let end = start.length;
  while (end > 0 && spaceChar.test(start[end - 1])) end--;
  return start.slice(0, end);
}

/** strings.Fields: the words between runs of white space. */
export function goFields(text: string): string[] {
  const trimmed = goTrimSpace(text);
  return trimmed === '' ? [] : trimmed.split(spaceRun);
}

/** strings.SplitN (and SplitAfterN when `keep`): at most `count` parts when positive, none for 0, all when negative. */
export function goSplit(text: string, separator: string, count = -1, keep = false): string[] {
  if (count === 0) return [];
  if (separator === '') return splitRunes(text, count);
  const parts: string[] = [];
  let from = 0;
  while (count < 0 || parts.length < count - 1) {
    const at = text.indexOf(separator, from);
    if (at < 0) break;
    parts.push(text.slice(from, keep ? at + separator.length : at));
    from = at + separator.length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** strings.Replace: the first `count` occurrences, all when negative. An empty `old` stands before every rune and at the end. */
export function goReplace(text: string, old: string, by: string, count = -1): string {
  if (count === 0 || old === by) return text;
  if (old !== '') {
    const parts = goSplit(text, old, count < 0 ? -1 : count + 1);
    return parts.join(by);
  }
  let replaced = '';
  let left = count < 0 ? Infinity : count;
  for (const char of text) replaced += left-- > 0 ? by + char : char;
  return left > 0 ? replaced + by : replaced;
}

/** strings.TrimLeft, TrimRight or Trim with a cutset: removes leading and trailing runes that occur in it. */
export function goTrim(text: string, cutset: string, side: 'left' | 'right' | 'both'): string {
  const cut = new Set(cutset);
  const runes = [...text];
  let from = 0;
  let to = runes.length;
  if (side !== 'right') while (from < to && cut.has(runes[from])) from++;
  if (side !== 'left') while (to > from && cut.has(runes[to - 1])) to--;
  return runes.slice(from, to).join('');
}

/** strings.Index in bytes of UTF-8, -1 when absent. */
export function goIndex(text: string, part: string): number {
  return byteOffset(text, text.indexOf(part));
}

/** strings.IndexAny in bytes: where the first rune stands that occurs in `chars`. */
export function goIndexAny(text: string, chars: string): number {
  const wanted = new Set(chars);
  let at = 0;
  for (const char of text) {
    if (wanted.has(char)) return byteOffset(text, at);
    at += char.length;
  }
  return -1;
}

/** Bytes of UTF-8 before an index of a string; -1 stays -1. */
export function byteOffset(text: string, index: number): number {
  return index <= 0 ? index : Buffer.byteLength(text.slice(0, index), 'utf8');
}

function splitRunes(text: string, count: number): string[] {
  const runes = [...text];
  if (count < 0 || runes.length <= count) return runes;
  return [...runes.slice(0, count - 1), runes.slice(count - 1).join('')];
}

function upperRune(char: string): string {
  const upper = char.toUpperCase();
  const code = char.codePointAt(0)!;
  if (upper.length === (upper.codePointAt(0)! > 0xffff ? 2 : 1)) return upper;
  if (iotaSubscriptRanges.some(([from, to]) => code >= from && code <= to)) return String.fromCodePoint(code + 8);
  return code in iotaSubscripts ? String.fromCodePoint(iotaSubscripts[code]) : char;
}
