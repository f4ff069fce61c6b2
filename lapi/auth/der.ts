// The little of DER (ASN.1) that certificates and revocation lists are looked up in: elements by position. It checks
// bounds and nothing else; what an element means is the caller's.

/** A place in the bytes: what kind of element, where its content begins and ends. */
export interface DerElement {
  readonly tag: number;
  /** Where the element begins, its tag and length included. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** Tags that are looked for. */
export const derTags = { integer: 0x02, sequence: 0x30, utcTime: 0x17, generalTime: 0x18 } as const;

/** The bytes are no DER. */
export class DerError extends Error {
  constructor(at: number) {
    super(`no DER at byte ${at}`);
    this.name = 'DerError';
  }
}

/** Returns the element at a position. Throws a DerError when it is cut or longer than `end`. */
export function readElement(bytes: Uint8Array, at: number, end = bytes.length): DerElement {
  if (at + 2 > end) throw new DerError(at);
  const tag = bytes[at];
  let start = at + 2;
  let length = bytes[at + 1];
  if (length > 0x7f) {
    const count = length & 0x7f;
    // Four bytes of length are 4 GiB; none is a form that DER does not have.
    if (count === 0 || count > 4 || start + count > end) throw new DerError(at);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i];
    start += count;
  }
  if (start + length > end) throw new DerError(at);
  return { tag, from: at, start, end: start + length };
}

/** Returns the elements inside one. Throws a DerError. */
export function childrenOf(bytes: Uint8Array, { start, end }: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = start; at < end;) {
    const child = readElement(bytes, at, end);
    children.push(child);
    at = child.end;
  }
  return children;
}

/** Returns one of the elements inside one. Throws a DerError when it is not there. */
export function childOf(bytes: Uint8Array, element: DerElement, index: number): DerElement {
  const child = childrenOf(bytes, element)[index];
  if (child === undefined) throw new DerError(element.start);
  return child;
}

/** The bytes of a whole element as hexadecimal digits, to compare and to look up. */
export function hexOf(bytes: Buffer, { from, end }: DerElement): string {
  return bytes.toString('hex', from, end);
}

/** The content of an integer as hexadecimal digits without leading zeros. */
export function integerHex(bytes: Buffer, { start, end }: DerElement): string {
  return bytes.toString('hex', start, end).replace(/^(00)+(?=.)/, '');
}

/** Milliseconds since 1970 of a time element. Throws a DerError. */
export function readTime(bytes: Buffer, { tag, from, start, end }: DerElement): number {
  const text = bytes.toString('latin1', start, end);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null || (match[1].length === 2) !== (tag === derTags.utcTime)) throw new DerError(from);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  // Two digits are 1950 to 2049 (RFC 5280).
  const century = tag === derTags.utcTime ? (year >= 50 ? 1900 : 2000) : 0;
  return Date.UTC(century + year, month - 1, day, hour, minute, second);
}
