import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur3 } from '../../ts/util/murmur.js';

// Published with the algorithm and its ports.
const known: [text: string, seed: number, hash: number][] = [
  ['', 0, 0], ['', 1, 0x514e28b7], ['', 0xffffffff, 0x81f16f39], ['test', 0, 0xba6bd213], ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43], ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd], ['aaaa', 0x9747b28c, 0x5a97808a], ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726], ['a', 0x9747b28c, 0x7fa09ea6], ['ππππππππ', 0x9747b28c, 0xd58063c1],
];

test('murmur3 gives the published hashes', () => {
  for (const [text, seed, hash] of known) assert.equal(murmur3(text, seed), hash, `"${text}", seed ${seed}`);
});

test('murmur3 of a long text is that of its bytes, whatever the alphabet', () => {
  const naive = (text: string, seed: number): number => {
    const bytes = [...new TextEncoder().encode(text)].map(BigInt);
    const low = (value: bigint): bigint => value & 0xffffffffn;
    const turn = (value: bigint, by: bigint): bigint => low(value << by | value >> 32n - by);
    let hash = BigInt(seed);
    for (let at = 0; at < bytes.length; at += 4) {
      const block = bytes.slice(at, at + 4);
      const mixed = low(turn(low(block.reduceRight((sum, byte) => sum << 8n | byte, 0n) * 0xcc9e2d51n), 15n) * 0x1b873593n);
      hash ^= mixed;
      if (block.length === 4) hash = low(turn(hash, 13n) * 5n + 0xe6546b64n);
    }
    hash ^= BigInt(bytes.length);
    hash = low((hash ^ hash >> 16n) * 0x85ebca6bn);
    hash = low((hash ^ hash >> 13n) * 0xc2b2ae35n);
    return Number(hash ^ hash >> 16n);
  };
  for (const text of ['x', 'é', '€uro', '7 192.0.2.1', 'ü'.repeat(999), 'z'.repeat(5001), '😀'.repeat(77)]) {
    for (const seed of [0, 1, 99]) assert.equal(murmur3(text, seed), naive(text, seed), text.slice(0, 20));
  }
});
