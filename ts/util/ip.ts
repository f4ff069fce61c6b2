// IP addresses and networks with the semantics of Go's net/netip: an IPv4 address inside IPv6 (::ffff:1.2.3.4) is not
// the IPv4 address until unmapped. Four 32-bit words, compared as numbers; no BigInt where it is hot.

/** An address. IPv4 lies in the last word, the others are then 0 (not the mapped form). */
export class IpAddress {
  constructor(
    readonly version: 4 | 6,
    readonly w0: number,
    readonly w1: number,
    readonly w2: number,
    readonly w3: number,
    /** IPv6 zone without the `%`, '' for none. */
    readonly zone = '',
  ) {}

  /** An address from 4 or 16 bytes in network order. */
  static fromBytes(bytes: Uint8Array): IpAddress {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length === 4) return ipv4(view.getUint32(0));
    return new IpAddress(6, view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12));
  }

  get bits(): 32 | 128 {
    return this.version === 4 ? 32 : 128;
  }

  /** Whether this is IPv6 of the form ::ffff:a.b.c.d. */
  get isMapped(): boolean {
    return this.version === 6 && this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff;
  }

  /** The IPv4 address inside a mapped one; any other address itself. */
  unmap(): IpAddress {
    return this.isMapped ? ipv4(this.w3) : this;
  }

  equals(other: IpAddress): boolean {
    return this.version === other.version && this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1
      && this.w0 === other.w0 && this.zone === other.zone;
  }

  /** Order by version, then by number, then by zone. */
  compare(other: IpAddress): number {
    return this.version - other.version || this.w0 - other.w0 || this.w1 - other.w1 || this.w2 - other.w2
      || this.w3 - other.w3 || (this.zone < other.zone ? -1 : this.zone > other.zone ? 1 : 0);
  }

  /** 4 or 16 bytes in network order. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.bits / 8);
    const view = new DataView(bytes.buffer);
    const words = this.version === 4 ? [this.w3] : [this.w0, this.w1, this.w2, this.w3];
    words.forEach((word, index) => view.setUint32(4 * index, word));
    return bytes;
  }

  /** The address as one number. */
  toBigInt(): bigint {
    return (BigInt(this.w0) << 96n) | (BigInt(this.w1) << 64n) | (BigInt(this.w2) << 32n) | BigInt(this.w3);
  }

  /** Canonical text (RFC 5952): lower case, the longest run of zero groups shortened. */
  toString(): string {
    if (this.version === 4) return ipv4Text(this.w3);
    const zone = this.zone === '' ? '' : `%${this.zone}`;
    if (this.isMapped) return `::ffff:${ipv4Text(this.w3)}${zone}`;
    return ipv6Text([this.w0, this.w1, this.w2, this.w3]) + zone;
  }
}

/** A network: an address and how many of its leading bits count. Its host bits may be set; `masked` clears them. */
export class IpPrefix {
  constructor(readonly address: IpAddress, readonly bits: number) {}

  /** Whether an address of the same version lies in this network. Addresses with a zone lie in none. */
  contains(address: IpAddress): boolean {
    if (address.version !== this.address.version || address.zone !== '') return false;
    const from = address.version === 4 ? 96 : 0;
    const bits = this.bits + from;
    const own = this.address;
    return sameLeadingBits(own.w0, address.w0, bits) && sameLeadingBits(own.w1, address.w1, bits - 32)
      && sameLeadingBits(own.w2, address.w2, bits - 64) && sameLeadingBits(own.w3, address.w3, bits - 96);
  }

  /** The lowest address, which with the same bits is the network's usual name. */
  get first(): IpAddress {
    return this.#withHostBits(0);
  }

  /** The highest address (for IPv4 the broadcast address). */
  get last(): IpAddress {
    return this.#withHostBits(0xffffffff);
  }

  masked(): IpPrefix {
    return new IpPrefix(this.first, this.bits);
  }

  /** `1.2.3.4/24`, host bits as they are. */
  toString(): string {
    return `${this.address}/${this.bits}`;
  }

  #withHostBits(fill: number): IpAddress {
    const { version, w0, w1, w2, w3 } = this.address;
    const bits = this.bits + (version === 4 ? 96 : 0);
    const word = (value: number, kept: number): number => ((value & maskOf(kept)) | (fill & ~maskOf(kept))) >>> 0;
    return new IpAddress(version, word(w0, bits), word(w1, bits - 32), word(w2, bits - 64), word(w3, bits - 96));
  }
}

/** An IPv4 address from its number. */
export function ipv4(value: number): IpAddress {
  return new IpAddress(4, 0, 0, 0, value >>> 0);
}

/** An address from its number. */
export function ipFromBigInt(value: bigint, version: 4 | 6): IpAddress {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return version === 4 ? ipv4(word(0n)) : new IpAddress(6, word(96n), word(64n), word(32n), word(0n));
}

/** Parses an address (netip.ParseAddr): dotted IPv4 without leading zeros, or IPv6, with a zone or a dotted tail. */
export function parseIp(text: string): IpAddress | null {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value < 0 ? null : ipv4(value);
  }
  const percent = text.indexOf('%');
  if (percent < 0) return parseIpv6(text, '');
  return percent === text.length - 1 ? null : parseIpv6(text.slice(0, percent), text.slice(percent + 1));
}

/** Parses `address/bits` (netip.ParsePrefix); no zone, no leading zero in bits. Host bits are kept. */
export function parseCidr(text: string): IpPrefix | null {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return null;
  const address = parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (address === null || address.zone !== '' || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return null;
  return Number(bits) > address.bits ? null : new IpPrefix(address, Number(bits));
}

/** Parses an address as Go's older net.ParseIP: no zone, and a mapped address is the IPv4 address. */
export function parseLooseIp(text: string): IpAddress | null {
  const address = parseIp(text);
  return address === null || address.zone !== '' ? null : address.unmap();
}

/** Parses a network as Go's older net.ParseCIDR: masked, a mapped one of 96 bits or more is an IPv4 network. */
export function parseLooseCidr(text: string): IpPrefix | null {
  const slash = text.indexOf('/');
  const bits = text.slice(slash + 1);
  const address = slash < 0 ? null : parseIp(text.slice(0, slash));
  if (address === null || address.zone !== '' || !/^[0-9]+$/.test(bits) || Number(bits) > address.bits) return null;
  const prefix = new IpPrefix(address, Number(bits)).masked();
  if (!prefix.address.isMapped || prefix.bits < 96) return prefix;
  return new IpPrefix(prefix.address.unmap(), prefix.bits - 96);
}

/** An address as those count it who mind whom they meet again: of IPv6 its /64, which one host has whole. Other text stays. */
export function siteOf(text: string): string {
  const address = parseIp(text)?.unmap();
  if (address === undefined || address.version === 4) return address?.toString() ?? text;
  return new IpPrefix(address, 64).masked().toString();
}

/** Reads an address or a network as a network, its host bits cleared, a mapped one as IPv4; null when it is neither. */
export function prefixOf(text: string): IpPrefix | null {
  if (text.includes('/')) return parseLooseCidr(text);
  const address = parseLooseIp(text);
  return address === null ? null : new IpPrefix(address, address.bits);
}

/** The IPv4 number of a dotted text, or -1. */
export function parseIpv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 46;
    if (code === 46) {
      if (octet < 0 || (dots === 3 && i < text.length)) return -1;
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else {
      if (code < 48 || code > 57 || octet === 0) return -1;
      octet = Math.max(octet, 0) * 10 + code - 48;
      if (octet > 255) return -1;
    }
  }
  return dots === 4 ? value : -1;
}

function parseIpv6(text: string, zone: string): IpAddress | null {
  const gap = text.indexOf('::');
  const head = gap < 0 ? groupsOf(text) : groupsOf(text.slice(0, gap));
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2));
  if (head === null || tail === null) return null;
  // A dotted tail may stand only at the very end, so not before `::`.
  if (gap >= 0 && text.slice(0, gap).includes('.')) return null;
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (index: number): number => groups[2 * index] * 0x10000 + groups[2 * index + 1];
  return new IpAddress(6, word(0), word(1), word(2), word(3), zone);
}

/** The 16-bit groups of a part of an IPv6 text, the last of which may be dotted IPv4; null when malformed. */
function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const dotted = i === parts.length - 1 ? parseIpv4(part) : -1;
    if (dotted < 0) return null;
    groups.push(Math.floor(dotted / 0x10000), dotted & 0xffff);
  }
  return groups;
}

function ipv4Text(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function ipv6Text(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let runStart = -1;
  let runLength = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > runLength) {
      runStart = from;
      runLength = to - from;
    }
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (runStart < 0) return hex(groups);
  return `${hex(groups.slice(0, runStart))}::${hex(groups.slice(runStart + runLength))}`;
}

/** A 32-bit mask of the first `kept` bits; less than 0 keeps none, more than 32 all. */
function maskOf(kept: number): number {
  if (kept <= 0) return 0;
  return kept >= 32 ? -1 : -1 << (32 - kept);
}

function sameLeadingBits(a: number, b: number, kept: number): boolean {
  return ((a ^ b) & maskOf(kept)) === 0;
}
