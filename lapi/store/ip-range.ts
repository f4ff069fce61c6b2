// Addresses and ranges as the signed 64-bit numbers that CrowdSec's tables hold, for comparison inside SQL.
// The numbers go in as BigInt and are never read back: a JavaScript number would lose their last bits.

/** An address, or the first and last address of a range. Numeric order is address order. */
export interface IpRange {
  /** Bytes of an address: 4 or 16. */
  readonly size: 4 | 16;
  readonly start: bigint;
  readonly startSuffix: bigint;
  readonly end: bigint;
  readonly endSuffix: bigint;
}

const signedMax = 2n ** 63n - 1n;
const low64 = 2n ** 64n - 1n;

/** An address or range that cannot be read; the message is CrowdSec's. */
export class IpRangeError extends Error {}

/** Returns the numbers of `1.2.3.4`, `2001:db8::1` or a range in CIDR form. Throws IpRangeError. */
export function parseIpRange(text: string): IpRange {
  const v4 = plainV4(text);
  if (v4 >= 0) {
    const start = BigInt(v4) - signedMax;
    return { size: 4, start, startSuffix: -signedMax, end: start, endSuffix: -signedMax };
  }
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (slash < 0) {
    if (address === null) throw new IpRangeError(`invalid ip address '${text}'`);
    return toRange(address.bits, address.value, address.value);
  }
  const prefix = text.slice(slash + 1);
  const length = /^(0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : -1;
  if (address === null || length < 0 || length > address.bits) {
    throw new IpRangeError(`invalid ip range '${text}': invalid CIDR address: ${text}`);
  }
  const hostMask = (1n << BigInt(address.bits - length)) - 1n;
  const first = address.value & ~hostMask;
  return toRange(address.bits, first, first | hostMask);
}

/** The number of an IPv4 address in its usual form; -1 for anything else, which may still be an address. */
export function plainV4(text: string): number {
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 46) {
      if (part < 0 || ++dots > 3) return -1;
      value = value * 256 + part;
      part = -1;
      continue;
    }
    // A leading zero could mean octal elsewhere: it is not the usual form.
    if (code < 48 || code > 57 || part === 0) return -1;
    part = (part < 0 ? 0 : part * 10) + code - 48;
    if (part > 255) return -1;
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
}

/** Whether `inner` lies within `outer`, both read as addresses or ranges of the same family. */
export function rangeContains(outer: IpRange, inner: IpRange): boolean {
  if (outer.size !== inner.size) return false;
  const startsBefore = outer.start < inner.start
    || (outer.start === inner.start && outer.startSuffix <= inner.startSuffix);
  const endsAfter = outer.end > inner.end || (outer.end === inner.end && outer.endSuffix >= inner.endSuffix);
  return startsBefore && endsAfter;
}

function parseAddress(text: string): { bits: 32 | 128; value: bigint } | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { bits: 32, value: v4 };
  const v6 = parseV6(text);
  return v6 === null ? null : { bits: 128, value: v6 };
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value * 256n + BigInt(part);
  }
  return value;
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return null;
  const head = groupsOf(halves[0]);
  const tail = halves.length === 2 ? groupsOf(halves[1]) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce((value, group) => value * 65536n + group, 0n);
}

function groupsOf(text: string): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = index === parts.length - 1 ? parseV4(part) : null;
      if (v4 === null) return null;
      groups.push(v4 >> 16n, v4 & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}

function toRange(bits: 32 | 128, first: bigint, last: bigint): IpRange {
  // IPv4 inside IPv6 (`::ffff:1.2.3.4`) counts as IPv4, as in CrowdSec.
  if (bits === 128 && first >> 32n === 0xffffn && last >> 32n === 0xffffn) {
    return toRange(32, first & 0xffff_ffffn, last & 0xffff_ffffn);
  }
  if (bits === 32) {
    return { size: 4, start: first - signedMax, startSuffix: -signedMax, end: last - signedMax, endSuffix: -signedMax };
  }
  return { size: 16, start: rebase(first >> 64n), startSuffix: rebase(first & low64), end: rebase(last >> 64n),
    endSuffix: rebase(last & low64) };
}

/** Moves 0..2^64-1 into the signed range and keeps the order; the top value joins its neighbour, as in CrowdSec. */
function rebase(value: bigint): bigint {
  return value === low64 ? signedMax : value - signedMax;
}
