// The networks of a country or an autonomous system, out of MaxMind databases: the whole search tree is walked, neighbours
// with the same answer are one network. Simple version: ask the database about every address.

import { readFileSync } from 'node:fs';
import { Reader, type AsnResponse, type CountryResponse } from 'maxmind';
import { PalisadeError } from '../ts/errors.js';
import { IpAddress, IpPrefix } from '../ts/util/ip.js';

/** Paths of databases; null: none. */
export interface GeoFiles {
  readonly country: string | null;
  readonly asn: string | null;
}

/** Country and AS as networks. */
export class GeoNetworks {
  readonly #country: Tree<CountryResponse> | null;
  readonly #asn: Tree<AsnResponse> | null;

  /** Throws E_FILE when a database cannot be read or is none. */
  constructor({ country, asn }: GeoFiles) {
    this.#country = country === null ? null : open(country);
    this.#asn = asn === null ? null : open(asn);
  }

  /** The networks of a decision's scope and value, `Country` `FR` or `AS` `AS64496`; null when they cannot be known. */
  networksOf(scope: string, value: string): readonly IpPrefix[] | null {
    if (/^country$/i.test(scope)) {
      const code = value.toUpperCase();
      return this.#country?.networks((record) => record.country?.iso_code === code) ?? null;
    }
    const number = /^(?:AS)?(\d+)$/i.exec(value)?.[1];
    if (!/^as$/i.test(scope) || number === undefined) return null;
    return this.#asn?.networks((record) => record.autonomous_system_number === Number(number)) ?? null;
  }
}

function open<T extends CountryResponse | AsnResponse>(path: string): Tree<T> {
  try {
    return new Tree<T>(readFileSync(path));
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot use the database ${path}: ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** The search tree of a database. A node is two records: a node's number, nothing (the number of nodes), or data. */
class Tree<T extends CountryResponse | AsnResponse> {
  readonly #bytes: Buffer;
  readonly #reader: Reader<T>;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#reader = new Reader<T>(bytes);
  }

  /** Networks whose record a question holds for, IPv4 first. */
  networks(holds: (record: T) => boolean): IpPrefix[] {
    const { ipVersion } = this.#reader.metadata;
    const v4Root = ipVersion === 4 ? 0 : this.#ipv4Root();
    const found: IpPrefix[] = [];
    new Walk(this, holds, 4, found).from(v4Root, null);
    // Other ways to write an IPv4 address lead to the same node: they are no networks of their own.
    if (ipVersion !== 4) new Walk(this, holds, 6, found).from(0, v4Root);
    return found;
  }

  get nodeCount(): number {
    return this.#reader.metadata.nodeCount;
  }

  /** The record of an address. */
  recordOf(address: IpAddress): T | null {
    return this.#reader.get(address.toString());
  }

  /** What lies behind a 0 or a 1 at a node. */
  child(node: number, bit: 0 | 1): number {
    const bytes = this.#bytes;
    const at = node * this.#reader.metadata.nodeByteSize;
    switch (this.#reader.metadata.recordSize) {
      case 24: return bytes.readUIntBE(at + 3 * bit, 3);
      case 28: return bit === 0 ? ((bytes[at + 3] & 0xf0) << 20 | bytes.readUIntBE(at, 3)) >>> 0
        : ((bytes[at + 3] & 0x0f) << 24 | bytes.readUIntBE(at + 4, 3)) >>> 0;
      default: return bytes.readUInt32BE(at + 4 * bit);
    }
  }

  #ipv4Root(): number {
    let node = 0;
    for (let depth = 0; depth < 96 && node < this.nodeCount; depth++) node = this.child(node, 0);
    return node;
  }
}

/** One walk through a tree, depth first. */
class Walk<T extends CountryResponse | AsnResponse> {
  readonly #tree: Tree<T>;
  readonly #holds: (record: T) => boolean;
  readonly #version: 4 | 6;
  readonly #found: IpPrefix[];
  /** The way to the node, as the bits of an address. */
  readonly #path = new Uint32Array(4);
  /** By record. */
  readonly #answers = new Map<number, boolean>();
  #passedOver: number | null = null;

  constructor(tree: Tree<T>, holds: (record: T) => boolean, version: 4 | 6, found: IpPrefix[]) {
    this.#tree = tree;
    this.#holds = holds;
    this.#version = version;
    this.#found = found;
  }

  /** Walks from a node; another one and what is below is passed over. */
  from(root: number, passedOver: number | null): void {
    this.#passedOver = passedOver;
    if (this.#isWhole(root, 0)) this.#found.push(this.#prefix(0));
  }

  /** Whether all below belongs to it; parts of what does not are found on the way. */
  #isWhole(node: number, depth: number): boolean {
    if (node === this.#tree.nodeCount || node === this.#passedOver) return false;
    if (node > this.#tree.nodeCount) return this.#answer(node);
    const isLeft = this.#isWhole(this.#tree.child(node, 0), depth + 1);
    this.#setBit(depth, 1);
    const isRight = this.#isWhole(this.#tree.child(node, 1), depth + 1);
    if (isRight && !isLeft) this.#found.push(this.#prefix(depth + 1));
    this.#setBit(depth, 0);
    if (isLeft && !isRight) this.#found.push(this.#prefix(depth + 1));
    return isLeft && isRight;
  }

  #answer(record: number): boolean {
    let answer = this.#answers.get(record);
    if (answer === undefined) {
      const data = this.#tree.recordOf(this.#address());
      this.#answers.set(record, answer = data !== null && this.#holds(data));
    }
    return answer;
  }

  #setBit(depth: number, bit: 0 | 1): void {
    const word = this.#version === 4 ? 3 : depth >> 5;
    const mask = 1 << (31 - (depth & 31));
    if (bit === 1) this.#path[word] |= mask;
    else this.#path[word] &= ~mask;
  }

  #address(): IpAddress {
    const [w0, w1, w2, w3] = this.#path;
    return new IpAddress(this.#version, w0, w1, w2, w3);
  }

  #prefix(bits: number): IpPrefix {
    return new IpPrefix(this.#address(), bits);
  }
}
