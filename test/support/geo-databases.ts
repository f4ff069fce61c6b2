// Makes GeoLite2 databases out of a few networks, in MaxMind's file format: what is tested is what becomes of their answers,
// not where an address really is. Only what these databases need: IPv4, records of 24 bits, no pointers.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asnDatabaseName, cityDatabaseName } from '../../ts/expr-helpers/geo-reader.js';

/** A network and what is known of it. */
export interface KnownNetwork {
  /** `192.0.2.0/24` */
  readonly network: string;
  readonly country: string;
  readonly isInEuropeanUnion: boolean;
  readonly latitude: number;
  readonly longitude: number;
  readonly asn?: { readonly number: number; readonly organization: string };
}

/** Writes both databases into a folder. */
export function writeGeoDatabases(folder: string, networks: readonly KnownNetwork[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, cityDatabaseName), database('GeoLite2-City', networks.map(({ network, ...known }) => [network, {
    country: { iso_code: known.country, is_in_european_union: known.isInEuropeanUnion },
    location: { latitude: known.latitude, longitude: known.longitude } }])));
  writeFileSync(join(folder, asnDatabaseName), database('GeoLite2-ASN', networks.flatMap(({ network, asn }) => (asn === undefined ? []
    : [[network, { autonomous_system_number: asn.number, autonomous_system_organization: asn.organization }]]))));
}

type Value = string | number | boolean | readonly string[] | { readonly [key: string]: Value };

/** A node of the tree: what follows a 0 and a 1. Numbers from 0 are nodes, null is nothing, Data is a record. */
type Branch = number | null | { readonly data: number };

/** The tree, 16 zeros, the records, and behind a marker what file this is. */
function database(type: string, networks: readonly (readonly [network: string, record: Value])[]): Buffer {
  const nodes: [Branch, Branch][] = [[null, null]];
  const records: Buffer[] = [];
  let recordsBytes = 0;
  for (const [network, record] of networks) {
    insert(nodes, network, { data: recordsBytes });
    records.push(encoded(record));
    recordsBytes += records[records.length - 1].length;
  }
  const tree = Buffer.alloc(6 * nodes.length);
  for (const [index, node] of nodes.entries()) {
    for (const [side, branch] of node.entries()) {
      const value = branch === null ? nodes.length : typeof branch === 'number' ? branch : nodes.length + 16 + branch.data;
      tree.writeUIntBE(value, 6 * index + 3 * side, 3);
    }
  }
  const metadata = { binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 0, database_type: type,
    description: { en: 'made by a test' }, ip_version: 4, languages: ['en'], node_count: nodes.length, record_size: 24 };
  return Buffer.concat([tree, Buffer.alloc(16), ...records, Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com'),
    encoded(metadata)]);
}

function insert(nodes: [Branch, Branch][], network: string, record: Branch): void {
  const [address, length] = network.split('/');
  const bits = address.split('.').map((octet) => Number(octet).toString(2).padStart(8, '0')).join('').slice(0, Number(length));
  let at = 0;
  for (const [index, bit] of [...bits].entries()) {
    const side = bit === '1' ? 1 : 0;
    if (index === bits.length - 1) nodes[at][side] = record;
    else {
      const next = nodes[at][side];
      if (typeof next === 'number') at = next;
      else at = nodes[at][side] = nodes.push([null, null]) - 1;
    }
  }
}

/** Types of MaxMind's format: a control byte with type and size, then the bytes of the value. */
function encoded(value: Value, key = ''): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0, 14 - 7]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([value.length, 11 - 7]), ...value.map((item) => encoded(item as string))]);
  if (typeof value === 'number') return encodedNumber(value, key);
  const pairs = Object.entries(value as { readonly [key: string]: Value });
  return Buffer.concat([control(7, pairs.length), ...pairs.flatMap(([name, item]) => [encoded(name), encoded(item, name)])]);
}

/** Coordinates are doubles, everything else is a number of 32 bits. */
function encodedNumber(value: number, key: string): Buffer {
  const isDouble = key === 'latitude' || key === 'longitude';
  const bytes = Buffer.alloc(isDouble ? 8 : 4);
  if (isDouble) bytes.writeDoubleBE(value);
  else bytes.writeUInt32BE(value);
  return Buffer.concat([control(isDouble ? 3 : 6, bytes.length), bytes]);
}

function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.from([(type << 5) | size]) : Buffer.from([(type << 5) | 29, size - 29]);
}
