// Globs as CrowdSec's Match helper reads them: `*` is any run of characters, `?` one byte, everything else itself.
// Linear in the length of the text for each star: the last star alone is ever tried again.

/** Whether a glob matches a whole text. The empty pattern matches only the empty text. */
export function matchGlob(pattern: string, text: string): boolean {
  if (isAscii(pattern) && isAscii(text)) return matchUnits(pattern, text);
  // `?` stands for a byte of UTF-8, so other texts are compared byte by byte.
  return matchUnits(Buffer.from(pattern, 'utf8').toString('latin1'), Buffer.from(text, 'utf8').toString('latin1'));
}

function matchUnits(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let retryFrom = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      starAt = p++;
      retryFrom = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++retryFrom;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}
