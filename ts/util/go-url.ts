// Percent encoding as Go's net/url does it: which bytes stay as they are depends on where the text goes.
// Works on bytes; what decodes to invalid UTF-8 becomes U+FFFD.

const unreserved = /^[A-Za-z0-9\-_.~]$/;

/** Bytes that a path segment may hold besides the unreserved ones. */
const pathExtras = new Set('$&+:=@');

/** `a b/c` becomes `a+b%2Fc`: for the key or value of a query. */
export function queryEscape(text: string): string {
  return escape(text, (char) => unreserved.test(char), '+');
}

/** `a b/c` becomes `a%20b%2Fc`: for one segment of a path. */
export function pathEscape(text: string): string {
  return escape(text, (char) => unreserved.test(char) || pathExtras.has(char), '%20');
}

/** Decodes percent escapes and `+`; null when an escape is malformed. */
export function queryUnescape(text: string): string | null {
  return unescape(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

/** Decodes percent escapes, `+` stays; null when an escape is malformed. */
export function pathUnescape(text: string): string | null {
  return unescape(text);
}

function escape(text: string, stays: (char: string) => boolean, space: string): string {
  let escaped = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    if (byte < 0x80 && stays(char)) escaped += char;
    else if (char === ' ') escaped += space;
    else escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

function unescape(text: string): string | null {
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text, 'utf8'));
  let length = 0;
  let at = 0;
  for (let percent = text.indexOf('%'); percent >= 0; percent = text.indexOf('%', at)) {
    length += bytes.write(text.slice(at, percent), length, 'utf8');
    bytes[length++] = Number.parseInt(text.slice(percent + 1, percent + 3), 16);
    at = percent + 3;
  }
  length += bytes.write(text.slice(at), length, 'utf8');
  return bytes.toString('utf8', 0, length);
}
