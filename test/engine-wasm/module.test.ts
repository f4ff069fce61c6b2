// The shipped module itself: what it imports, exports and may not contain, and its hash against a naive one.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as abi from '../../engine-wasm/abi.js';
import { BucketEngine, createBuckets } from '../../ts/buckets/memory.js';
import { Staging } from '../../ts/buckets/staging.js';
import { allScenarios } from '../buckets/random-log.js';
import { randomFrom } from '../../ts/util/random.js';

const bytes = readFileSync(new URL('../../engine-wasm/engine.wasm', import.meta.url));
const section = { import: 2, memory: 5, global: 6, export: 7, start: 8, data: 11, dataCount: 12 } as const;

test('the module imports one shared memory and nothing else', () => {
  assert.deepEqual(imports(), [{ module: 'env', name: 'memory', kind: 2, shared: true }]);
  assert.equal(sections().get(section.memory), undefined, 'it has no memory of its own');
});

test('the module exports at most a dozen functions, and no allocator', () => {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes));
  assert.ok(names.length <= 12, `${names.length} exports`);
  for (const { name, kind } of names) {
    assert.equal(kind, 'function', name);
    assert.doesNotMatch(name, /^__|alloc|heap|malloc|free$/i);
  }
});

test('the module has no mutable global, no data segment and no start function', () => {
  assert.deepEqual(globalMutability().filter((mutable) => mutable), []);
  for (const id of [section.data, section.dataCount, section.start]) assert.equal(sections().get(id), undefined, `section ${id}`);
});

test('keys are hashed with SipHash-1-3 and the seed of the memory', () => {
  const random = randomFrom(7);
  const hashSeed = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  const scenarios = allScenarios();
  const engine = new BucketEngine(createBuckets(scenarios, { workerCount: 1, slotsMax: 64, arenaBytesMax: 1 << 20, hashSeed }));
  const staging = new Staging(engine, 0);
  const words = new DataView(hashSeed.buffer);
  const k0 = words.getBigUint64(0, true);
  const k1 = words.getBigUint64(8, true);
  const keys = Array.from({ length: 200 }, (_, length) => Array.from({ length: length % 41 },
    () => String.fromCharCode(Math.floor(random() * 256))).join(''));
  staging.begin(0);
  for (const [index, key] of keys.entries()) {
    const at = staging.writeText(key);
    staging.addRecord(index % scenarios.length, at, staging.textLength, 0, 0, 0);
  }
  staging.finish(false);
  engine.exports.stage(0);
  const view = new DataView(engine.bytes.buffer);
  for (const [index, key] of keys.entries()) {
    const hash = view.getBigUint64(engine.stagingAt(0) + abi.stagingRecordsAt + index * abi.recordBytes + abi.recordHash, true);
    const keyBytes = Buffer.from(key, 'latin1');
    const head = Buffer.alloc(8);
    head.writeUInt32LE(index % scenarios.length, 0);
    head.writeUInt32LE(keyBytes.length, 4);
    assert.equal(hash, sipHash13(k0, k1, head, keyBytes), `key ${index}`);
  }
});

/** The naive one. The word before the key holds its number and length; the length byte at the end counts the key alone. */
function sipHash13(k0: bigint, k1: bigint, head: Buffer, key: Buffer): bigint {
  const mask = (1n << 64n) - 1n;
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask;
  let [v0, v1, v2, v3] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const round = (): void => {
    v0 = (v0 + v1) & mask; v1 = rotate(v1, 13n) ^ v0; v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask; v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask; v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask; v1 = rotate(v1, 17n) ^ v2; v2 = rotate(v2, 32n);
  };
  const padded = Buffer.alloc(8 + Math.floor(key.length / 8) * 8 + 8);
  head.copy(padded);
  key.copy(padded, 8);
  padded[padded.length - 1] = key.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

/** Sections of the module by id. */
function sections(): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at];
    const [length, from] = leb(bytes, at + 1);
    if (id !== 0) found.set(id, bytes.subarray(from, from + length));
    at = from + length;
  }
  return found;
}

function imports(): { module: string; name: string; kind: number; shared: boolean }[] {
  const body = sections().get(section.import) as Buffer;
  const [count, start] = leb(body, 0);
  const list = [];
  for (let i = 0, at = start; i < count; i++) {
    const [module, afterModule] = text(body, at);
    const [name, afterName] = text(body, afterModule);
    const kind = body[afterName];
    // Limits: bit 0 says a maximum follows, bit 1 that the memory is shared.
    const flags = body[afterName + 1];
    list.push({ module, name, kind, shared: kind === 2 && (flags & 2) !== 0 });
    const [, afterMin] = leb(body, afterName + 2);
    at = (flags & 1) !== 0 ? leb(body, afterMin)[1] : afterMin;
  }
  return list;
}

function globalMutability(): boolean[] {
  const body = sections().get(section.global);
  if (body === undefined) return [];
  const [count, start] = leb(body, 0);
  const list = [];
  for (let i = 0, at = start; i < count; i++) {
    list.push(body[at + 1] === 1);
    at = body.indexOf(0x0b, at + 2) + 1;
  }
  return list;
}

function text(body: Buffer, at: number): [string, number] {
  const [length, from] = leb(body, at);
  return [body.toString('utf8', from, from + length), from + length];
}

function leb(body: Buffer, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = body[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return [value, at];
  }
}
